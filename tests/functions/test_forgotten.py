"""The functions where some users are to be forgotten: what is transformed, taken over from before, and published."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.functions.publishing import called, line
from tests.functions.test_transform_again import LATE, ROWS, USERS, lines, transform
from tests.pipeline.data import csv
from transform.errors import ForgottenUnreadableError

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket

SALT = "0123456789abcdef0123456789abcdef"

# A call that raises has nothing to count; Powertools says so at every one.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def forget(bucket: Bucket, *users: str) -> None:
    """Put the list of these users into the bucket, as docs/operate.md describes it."""
    digests = sorted(hashlib.sha256(f"{SALT}{user}".encode()).hexdigest() for user in users)
    bucket.put("forgotten/list.json", json.dumps({"version": 1, "salt": SALT, "digests": digests}))


def test_a_longer_list_is_changed_data(bucket: Bucket) -> None:
    """What an earlier run made serves again only under the same list: else all of it is imported anew."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    forget(bucket, "u2")
    first = transform(bucket, "r1", inputs={"all": USERS})
    again = transform(bucket, "r2", imported="r1", inputs={"all": USERS})
    forget(bucket, "u2", "u3")
    third = transform(bucket, "r3", imported="r1", add=True, inputs={"all": USERS})

    assert ("r1", first["fingerprint"]) == (again["unchanged_since"], again["fingerprint"])
    assert first["fingerprint"] != third["fingerprint"]
    (dataset,) = third["datasets"]
    assert ("FULL", "other users are to be forgotten than in run r1") == tuple(
        dataset["imports"][name] for name in ("mode", "reason")
    )
    assert 12 == dataset["rows_forgotten"] == dataset["rows_filtered"]
    assert 40 == dataset["rows_in"] == dataset["rows_out"] + dataset["rows_filtered"] + dataset["rows_rejected"]
    assert [{"userId": f"u{number}"} for number in (0, 1, 4, 5, 6)] == lines(bucket, "r3", "all")


def test_new_objects_under_the_same_list_are_added_without_its_users(bucket: Bucket) -> None:
    """An incremental import leaves them out as the whole does."""
    forget(bucket, "new7")
    bucket.put("raw/events/a.csv", csv(ROWS))
    transform(bucket, "r1")
    bucket.put("raw/events/b.csv", csv(LATE))
    report = transform(bucket, "r2", imported="r1", add=True)

    (dataset,) = report["datasets"]
    assert ("INCREMENTAL", 1499) == (dataset["imports"]["mode"], dataset["imports"]["records"])
    added = bucket.read("transformed/r2/interactions-increment/interactions.csv").decode()
    assert ",new7," not in f",{added}".replace("\n", ",")
    assert "new77" in added


@pytest.mark.parametrize("given", [{"users": ["u3", "u30", "u3"]}, {"users": {"file": "ids.csv", "column": "id"}}])
def test_inputs_name_nobody_who_is_forgotten(bucket: Bucket, given: dict[str, object]) -> None:
    """Neither where the pipeline file lists its users nor where a file of ids does."""
    forget(bucket, "u3")
    bucket.put("raw/events/a.csv", csv(ROWS))
    bucket.put("raw/ids.csv", "id\nu3\nu30\n")
    transform(bucket, "r1", inputs={"some": {"line": "user", **given}})

    assert [{"userId": "u30"}] == lines(bucket, "r1", "some")


def test_a_damaged_list_ends_the_run(bucket: Bucket) -> None:
    """To go on without it would bring everybody back."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    bucket.put("forgotten/list.json", '{"version": 1, "digests": []}')
    with pytest.raises(ForgottenUnreadableError, match="no list of users to leave out: Field required"):
        transform(bucket, "r1")
    assert [] == bucket.listed("transformed/")


def test_what_an_older_version_still_finds_is_not_published(bucket: Bucket) -> None:
    """Neither as users of a segment nor as lines of users, with errors or without; all others are, with their ranks."""
    forget(bucket, "u1")
    bucket.put(
        "batch/r1/a/top/output/a.json.out",
        "\n".join([line("u1", ["x"]), line("u11", ["y"]), *(_failed(user) for user in ("u1", "u11"))]),
    )
    called(bucket, "r1", step="whole", max_bytes=1_000_000, max_errors=0.6)
    assert [("u11", 1, "y")] == _rows(bucket, "r1")
    assert ["u11"] == [json.loads(each)["user_id"] for each in bucket.read("rejects/r1/a/top.jsonl").splitlines()]

    bucket.put("batch/r3/a/top/output/a.json.out", "\n".join([line("u2", ["x"]), _failed("u1")]))
    assert None is called(bucket, "r3", step="whole", max_bytes=1_000_000)["first_error"]

    bucket.put(
        "batch/r2/a/top/output/a.json.out",
        json.dumps({"input": {"itemId": "i"}, "output": {"usersList": ["u2", "u1", "u11"]}, "error": None}),
    )
    called(bucket, "r2", step="whole", max_bytes=1_000_000, kind="segment", line="item")
    assert [("i", 1, "u2"), ("i", 3, "u11")] == _rows(bucket, "r2")


def _failed(user: str) -> str:
    return json.dumps({"input": {"userId": user}, "output": None, "error": "no"})


def _rows(bucket: Bucket, run: str) -> list[tuple[object, ...]]:
    table = bucket.read(f"curated/a/top/run={run}/part-00000.parquet")
    return [row[:3] for row in pl.read_parquet(io.BytesIO(table)).rows()]
