"""The function that delivers published tables to DynamoDB: what one call reads, writes and answers."""

from __future__ import annotations

import io
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from lambdas.deliver import deliver
from lambdas.deliver.deliver import NewerDeliveryError
from lambdas.deliver.handler import handler
from lambdas.deliver.lists import KeyMissingError
from tests.delivered import arm, disarm, items, of_dynamodb, of_parquet
from tests.functions.handlers import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.server import EmbeddedAWS
    from tests.functions.handlers import Bucket

# What is not counted has no metrics; Powertools says so at every call.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

SCHEMA = {"user_id": pl.String, "rank": pl.Int32, "item_id": pl.String, "score": pl.Float64}
ADDED = ("written", "removed", "unchanged", "refused")
FIRST = {"a": [("x", 0.5), ("y", 0.25)], "b": [("y", 0.75)], "c": [("z", None)]}
"""Three users, one of whom has what pads a list, which has no score."""


@dataclass
class Delivering:
    """A job's published tables, and its DynamoDB table."""

    aws: EmbeddedAWS
    bucket: Bucket
    table: str

    def publish(self, run: str, lists: dict[str | None, list[tuple[str, float | None]]]) -> None:
        """Write the table of a run, in two parts, by our own hand."""
        rows = [
            {"user_id": user, "rank": rank, "item_id": item, "score": score}
            for user, found in lists.items()
            for rank, (item, score) in enumerate(found, 1)
        ]
        for part, half in enumerate((rows[::2], rows[1::2])):
            body = io.BytesIO()
            pl.DataFrame(half, schema=SCHEMA).write_parquet(body)
            self.bucket.put(f"curated/a/top/run={run}/part-0000{part}.parquet", body.getvalue())

    def call(self, run: str, step: str, *, milliseconds: int = 300_000, **more: Any) -> dict[str, Any]:
        """Call the function for a step of a run's delivery."""
        asked = {
            "bucket": self.bucket.name,
            "run": run,
            "solution": "a",
            "job": "top",
            "kind": "inference",
            "line": "user",
            "themed": False,
            "location": f"s3://{self.bucket.name}/curated/a/top/run={run}/",
            "lists": 3,
            "table": self.table,
        }
        return handler({**asked, "step": step, **more}, Context(milliseconds=milliseconds))

    def work(self, run: str, parts: list[dict[str, Any]], **how: Any) -> dict[str, int]:
        """Call for some parts until each is done, as the state machine does; return what was counted."""
        sums = dict.fromkeys(ADDED, 0)
        for part in parts:
            found: dict[str, Any] = {"done": False, "after": None}
            while not found["done"]:
                found = self.call(run, **part, after=found["after"], **how)
                assert found["failure"] is None
                sums = {name: sums[name] + found[name] for name in ADDED}
        return sums

    def deliver(self, run: str, **how: Any) -> dict[str, Any]:
        """Deliver the table of a run; return since when, and what was counted."""
        begun = self.call(run, "begin")
        sums = self.work(run, begun["parts"], **how)
        swept = self.work(run, begun["sweeps"], **how)
        self.call(run, "end")
        return {"since": begun["since"], **{name: sums[name] + swept[name] for name in ADDED}}

    @property
    def lists(self) -> Any:
        """The lists that stand in DynamoDB."""
        return of_dynamodb(self.aws, self.table, "user_id")

    def published(self, run: str) -> Any:
        """Return the lists that stand in a published table."""
        return of_parquet(self.bucket.s3, self.bucket.name, f"curated/a/top/run={run}/", "user_id")

    def make(self) -> None:
        """Make the DynamoDB table."""
        self.aws.client("dynamodb").create_table(
            TableName=self.table,
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )


@pytest.fixture
def job(aws: EmbeddedAWS, bucket: Bucket, request: pytest.FixtureRequest) -> Iterator[Delivering]:
    """A job whose DynamoDB table is empty, and no faults."""
    made = Delivering(aws, bucket, f"table-{zlib.crc32(request.node.nodeid.encode())}")
    made.make()
    disarm(aws)
    yield made
    disarm(aws)


def test_the_first_delivery_writes_every_list(job: Delivering) -> None:
    """Each user has an item with the run, and the items in their order with scores where there are any."""
    job.publish("r1", FIRST)

    assert {"since": None, "written": 3, "removed": 0, "unchanged": 0, "refused": 0} == job.deliver("r1")
    assert {
        "a": {
            "user_id": "a",
            "run": "r1",
            "results": [{"item_id": "x", "score": 0.5}, {"item_id": "y", "score": 0.25}],
        },
        "b": {"user_id": "b", "run": "r1", "results": [{"item_id": "y", "score": 0.75}]},
        "c": {"user_id": "c", "run": "r1", "results": [{"item_id": "z"}]},
    } == items(job.aws, job.table, "user_id")


def test_later_deliveries_write_what_changed(job: Delivering) -> None:
    """A changed order, score or length is written, who is gone is deleted, and others keep the item of their run."""
    job.publish("r1", {**FIRST, "d": [("x", 0.5)], "e": [("x", 0.5)], "f": [("x", 0.5)]})
    job.deliver("r1")
    job.publish("r2", {"a": [("y", 0.5), ("x", 0.25)], "b": [("y", 0.5)], "c": [("z", None)], "d": [("x", 0.5)],
                       "e": [("x", 0.5), ("y", 0.1)], "g": [("w", 1.0)]})  # fmt: skip

    assert {"since": "r1", "written": 4, "removed": 1, "unchanged": 2, "refused": 0} == job.deliver("r2")
    assert job.published("r2") == job.lists
    runs = {user: item["run"] for user, item in items(job.aws, job.table, "user_id").items()}
    assert {"a": "r2", "b": "r2", "c": "r1", "d": "r1", "e": "r2", "g": "r2"} == runs


def test_the_same_delivery_again_writes_nothing(job: Delivering) -> None:
    """A run that is resumed after its delivery finds every list as it is."""
    job.publish("r1", FIRST)
    job.deliver("r1")

    assert {"since": "r1", "written": 0, "removed": 0, "unchanged": 3, "refused": 0} == job.deliver("r1")


@pytest.mark.parametrize("run", ["r2", "r3"], ids=["continued", "left to the next run"])
def test_a_delivery_that_was_cut_off_is_mended(job: Delivering, run: str) -> None:
    """Lists that it had written already are told from those that it had not, without writing all of them."""
    many = {f"u{number:03}": [("x", number / 7)] for number in range(260)}
    job.publish("r1", many)
    job.deliver("r1")
    second = {**many, **{f"u{number:03}": [("y", 0.5)] for number in range(210)}}
    del second["u259"]
    job.publish("r2", second)
    cut = job.call("r2", "begin")
    # With no time left a call ends after its first lists.
    half = job.call("r2", **cut["parts"][0], milliseconds=0)
    assert (False, "u199", 200) == (half["done"], half["after"], half["written"])
    job.publish("r3", many)

    found = job.deliver(run)
    assert job.published(run) == job.lists
    assert "r1" == found["since"]
    # The next run gives back what r1 had: only what r2 changed, or might have, differs.
    assert {"r2": (210, 1, 49), "r3": (211, 0, 49)}[run] == (found["written"], found["removed"], found["unchanged"])


@pytest.mark.parametrize("milliseconds", [0, 300_000])
def test_a_call_that_ends_early_goes_on_where_it_came_to(job: Delivering, milliseconds: int) -> None:
    """However many calls it takes, each list is counted once."""
    before = {f"u{number:03}": [("x", 0.5)] for number in range(450)}
    job.publish("r1", before)
    job.deliver("r1", milliseconds=milliseconds)
    after = {user: [("y", 0.5)] if number % 3 else found for number, (user, found) in enumerate(before.items())}
    for gone in range(0, 450, 45):
        del after[f"u{gone:03}"]
    job.publish("r2", after)
    found = job.deliver("r2", milliseconds=milliseconds)

    assert job.published("r2") == job.lists
    changed = sum(1 for user in after if after[user] != before[user])
    assert (changed, 10, len(after) - changed) == (found["written"], found["removed"], found["unchanged"])


def test_parts_come_to_the_same(job: Delivering, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is larger than memory is written in parts of its keys, and no key is in two or none of them."""
    monkeypatch.setattr(deliver, "ROWS_PER_PART", 100)
    job.publish("r1", {f"u{number:03}": [("x", 0.5), ("y", 0.25)] for number in range(200)})
    assert 4 <= len(job.call("r1", "begin")["parts"])
    assert 200 == job.deliver("r1")["written"]
    job.publish("r2", {f"u{number:03}": [("x", 0.5), ("z", 0.25)] for number in range(100, 300)})
    found = job.deliver("r2")

    assert job.published("r2") == job.lists
    assert (200, 100) == (found["written"], found["removed"])


def test_what_is_not_known_is_written_whole_and_swept(job: Delivering) -> None:
    """Without the note, lists that nobody knows of go, and all others are written."""
    job.publish("r1", {"a": [("x", 0.5)], "b": [("x", 0.5)]})
    job.deliver("r1")
    job.bucket.s3.delete_object(Bucket=job.bucket.name, Key="curated/a/top/delivered.json")
    stranger = {"user_id": {"S": "stranger"}, "results": {"L": []}}
    job.aws.client("dynamodb").put_item(TableName=job.table, Item=stranger)
    job.publish("r2", {"a": [("x", 0.5)]})

    assert {"since": None, "written": 1, "removed": 2, "unchanged": 0, "refused": 0} == job.deliver("r2")
    assert job.published("r2") == job.lists


def test_another_table_of_the_name_is_filled_anew(job: Delivering) -> None:
    """A table that was deleted and made again holds nothing, whatever the note says of the one before."""
    job.publish("r1", FIRST)
    job.deliver("r1")
    job.aws.client("dynamodb").delete_table(TableName=job.table)
    job.make()
    job.publish("r2", FIRST)

    found = job.deliver("r2")
    assert (None, 3) == (found["since"], found["written"])
    assert job.published("r2") == job.lists


def test_a_table_before_that_is_gone_is_not_missed(job: Delivering) -> None:
    """The bucket's owner may remove old tables: then every list is written."""
    job.publish("r1", FIRST)
    job.deliver("r1")
    for key in job.bucket.listed("curated/a/top/run=r1/"):
        job.bucket.s3.delete_object(Bucket=job.bucket.name, Key=key)
    job.publish("r2", {"a": [("w", 0.5)]})

    found = job.deliver("r2")
    assert (None, 1, 2) == (found["since"], found["written"], found["removed"])
    assert job.published("r2") == job.lists


def test_an_older_run_does_not_begin(job: Delivering) -> None:
    """Where a newer run has begun to write, an older one is refused before it writes anything."""
    for run in ("r1", "r2"):
        job.publish(run, FIRST)
    job.call("r2", "begin")

    with pytest.raises(NewerDeliveryError, match="lists of r2, which is newer than r1: nothing was written"):
        job.call("r1", "begin")
    with pytest.raises(NewerDeliveryError):
        job.call("r1", "end")


def test_a_late_call_of_an_older_run_changes_nothing(job: Delivering) -> None:
    """A call that comes after the newer run's leaves what that has written, and counts what it was refused."""
    job.publish("r1", {**FIRST, "d": [("x", 0.5)]})
    job.deliver("r1")
    job.publish("r2", {user: [("w", 0.5)] for user in FIRST})
    late = job.call("r2", "begin")["parts"][0]
    job.publish("r3", {user: [("v", 0.5)] for user in (*FIRST, "d")})
    job.deliver("r3")

    found = job.call("r2", **late)
    assert (0, 0, 4) == (found["written"], found["removed"], found["refused"])
    assert job.published("r3") == job.lists


@pytest.mark.parametrize(
    "error", ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
)
def test_every_second_write_is_throttled(job: Delivering, error: str) -> None:
    """Calls that DynamoDB does not take are made again, and each list is counted once."""
    job.publish("r1", {f"u{number}": [("x", number / 3)] for number in range(30)})
    arm(job.aws, operation="PutItem", table=job.table, error=error, every=2, times=1000)

    assert 30 == job.deliver("r1")["written"]
    assert job.published("r1") == job.lists
    assert 29 <= disarm(job.aws)["fired"]


def test_a_call_gives_up_where_nothing_is_taken(job: Delivering, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends, says that it was throttled and how far it came, and the next one writes the rest."""
    monkeypatch.setattr("lambdas.deliver.items._LONGEST_PAUSE", 0.01)
    monkeypatch.setattr("lambdas.deliver.items._FIRST_PAUSE", 0.01)
    monkeypatch.setattr(deliver, "_LISTS_AT_ONCE", 2)
    job.publish("r1", FIRST)
    (part,) = job.call("r1", "begin")["parts"]
    arm(job.aws, operation="PutItem", table=job.table, times=1000)
    found = job.call("r1", **part)
    assert (True, False, None, 0) == tuple(found[name] for name in ("throttled", "done", "after", "written"))
    disarm(job.aws)

    found = job.call("r1", **part, after=found["after"])
    assert (True, 3) == (found["done"], found["written"])
    assert job.published("r1") == job.lists


def test_a_list_that_does_not_fit_is_told_and_the_others_are_written(job: Delivering) -> None:
    """The call says which list is too large, by how much, and what would fit; what it wrote besides is counted."""
    large = [("x" * 250 + f"{number:06}", 0.5) for number in range(1500)]
    job.publish("r1", {**FIRST, "b": large})
    (part,) = job.call("r1", "begin")["parts"]
    found = job.call("r1", **part)

    assert (False, 2, "ListTooLargeError") == (found["done"], found["written"], found["failure"]["error"])
    # By the page's rules: 256 bytes of the id, 7 of its name, 5 and 21 of the score, 4 of members and map, 2 more.
    told = found["failure"]["reason"]
    assert "The list of b has 4" in told
    assert "its 1,500 results" in told
    assert "409,600: about 1,3" in told
    assert {"a", "c"} == job.lists.keys()


def test_what_dynamodb_refuses_is_told_by_its_name(job: Delivering) -> None:
    """An error that does not pass ends the call, with the service's own name and words."""
    job.publish("r1", {"": [("x", 0.5)], "a": [("x", 0.5)]})
    (part,) = job.call("r1", "begin")["parts"]
    found = job.call("r1", **part)

    assert ("DynamoDB.ValidationException", 1) == (found["failure"]["error"], found["written"])


def test_rows_without_a_key_are_no_list(job: Delivering) -> None:
    """A table of which rows name nobody is not delivered, rather than without them."""
    job.publish("r1", {"a": [("x", 0.5)], None: [("y", 0.5)]})
    (part,) = job.call("r1", "begin")["parts"]

    with pytest.raises(KeyMissingError, match=r"1 rows of .* have no user_id"):
        job.call("r1", **part)


def test_segments_and_themes_keep_their_words(job: Delivering) -> None:
    """Related items have their column's name, and the theme of a list stands beside it."""
    rows = {"item_id": ["1", "1"], "rank": [1, 2], "related_item_id": ["2", "3"], "score": [0.5, 0.25],
            "theme": ["Space", "Space"]}  # fmt: skip
    body = io.BytesIO()
    schema = {"item_id": pl.String, "rank": pl.Int32, "related_item_id": pl.String, "score": pl.Float64}
    pl.DataFrame(rows, schema={**schema, "theme": pl.String}).write_parquet(body)
    job.bucket.put("curated/a/top/run=r1/part-00000.parquet", body.getvalue())
    job.aws.client("dynamodb").delete_table(TableName=job.table)
    job.aws.client("dynamodb").create_table(
        TableName=job.table,
        AttributeDefinitions=[{"AttributeName": "item_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "item_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    of = {"line": "item", "themed": True}
    (part,) = job.call("r1", "begin", **of)["parts"]
    job.call("r1", **part, **of)

    (item,) = items(job.aws, job.table, "item_id").values()
    found = [{"related_item_id": "2", "score": 0.5}, {"related_item_id": "3", "score": 0.25}]
    assert {"item_id": "1", "run": "r1", "theme": "Space", "results": found} == item


def test_the_note_says_what_stands_there(job: Delivering) -> None:
    """While a delivery is under way it names both tables, and after it the new one."""
    for run in ("r1", "r2"):
        job.publish(run, FIRST)
    job.deliver("r1")
    job.call("r2", "begin")
    note = json.loads(job.bucket.read("curated/a/top/delivered.json"))
    assert ("r1", ["r2"]) == (note["equals"]["run"], [each["run"] for each in note["begun"]])
    job.call("r2", "end")

    note = json.loads(job.bucket.read("curated/a/top/delivered.json"))
    assert ("r2", []) == (note["equals"]["run"], note["begun"])
