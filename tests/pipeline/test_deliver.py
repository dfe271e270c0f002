"""Runs whose tables are delivered to DynamoDB: changes, a run killed in between, throttled writes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from definition.paths import ROOT
from emulator.tests.iam.support import Role
from tests.delivered import arm, disarm, items, of_dynamodb, of_parquet
from tests.documents import popular, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.guarding import denied
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

TABLE = "delivered-test--popular-top"
ROWS = planted(users=60, events=20)


@pytest.fixture(scope="module")
def shared(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline that offers everybody what is popular, in DynamoDB too."""
    solution = popular(num_results=5)
    solution["batch_inference"][0]["deliver"] = "dynamodb"
    document = shop(name="delivered", schedule=..., solutions=[solution])
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("delivered"))


@pytest.fixture
def delivering(shared: Rig) -> Iterator[Rig]:
    """The same without faults, and with data of its own time."""
    disarm(shared.aws)
    yield shared
    disarm(shared.aws)


def night(rig: Rig, number: int) -> None:
    """Put the raw data of a night: some users come and some go, and what is popular changes every other night."""
    gone = {f"{'ab'[user % 2]}{user}" for user in range(number, 60, 13)}
    kept = [row for row in ROWS if row.split(",")[0] not in gone]
    trend = [f"a0,A{number // 2:02},{1_700_100_000 + count}" for count in range(60)]
    rig.put_raw("events/a.csv", csv([*kept, *trend]))


def is_equal(rig: Rig, run: Run) -> bool:
    """Return whether the DynamoDB table equals the Parquet table of a run, and is not empty."""
    s3, bucket = rig.aws.client("s3"), rig.deployment.bucket
    published = of_parquet(s3, bucket, f"curated/popular/top/run={run.id}/", "user_id")
    return bool(published) and published == of_dynamodb(rig.aws, TABLE, "user_id")


def delivery(run: Run) -> dict[str, Any]:
    """Return what the manifest says of the delivery."""
    assert run.manifest is not None, run.cause
    (found,) = run.manifest["deliveries"]
    assert ("popular", "top", TABLE) == (found["solution"], found["job"], found["table"])
    return dict(found)


def test_five_runs_with_changes(delivering: Rig) -> None:
    """After each of them both tables are the same, and the manifest counts who was written, deleted and left."""
    before: dict[str, Any] = {}
    since = None
    for number in range(5):
        night(delivering, number)
        run = delivering.run()
        assert ("SUCCEEDED", "") == (run.status, run.cause)
        assert is_equal(delivering, run)
        found = delivery(run)
        now = items(delivering.aws, TABLE, "user_id")
        lists = {user: item["results"] for user, item in now.items()}
        changed = sum(1 for user in lists if lists[user] != before.get(user))
        gone = len(before.keys() - lists.keys())
        assert (changed, gone, len(lists) - changed, 0) == tuple(
            found[name] for name in ("written", "removed", "unchanged", "refused")
        )
        assert (since, len(lists)) == (found["since"], found["lists"])
        assert changed == sum(1 for item in now.values() if item["run"] == run.id)
        before, since = lists, run.id


def test_a_run_that_is_killed_in_the_middle_and_continued(delivering: Rig) -> None:
    """Its note says that it began, readers of latest.json see the run before, and a redrive writes what is missing."""
    night(delivering, 6)
    first = delivering.run()
    night(delivering, 11)
    stepfunctions = delivering.aws.client("stepfunctions")
    # Some lists are written, and then none, for as long as it takes to kill the run.
    arm(delivering.aws, operation="PutItem", table=TABLE, after=20, times=10_000)
    arn = delivering.start()
    delivering.wait_until(lambda: len(written_since(delivering, first)) == 20)
    stepfunctions.stop_execution(executionArn=arn, error="Killed", cause="in the middle")
    delivering.wait_until(lambda: stepfunctions.describe_execution(executionArn=arn)["status"] == "ABORTED")
    disarm(delivering.aws)

    assert not is_equal(delivering, first)
    assert first.id == stands(delivering)["equals"]["run"]
    assert first.id == json.loads(delivering.read("curated/popular/top/latest.json"))["run"]
    stepfunctions.redrive_execution(executionArn=arn)
    run = delivering.ended(arn)
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert first.id == delivery(run)["since"]
    assert is_equal(delivering, run)
    assert (run.id, []) == (stands(delivering)["equals"]["run"], stands(delivering)["begun"])


def written_since(rig: Rig, run: Run) -> list[str]:
    """Return the users whose items are of a later run."""
    return [user for user, item in items(rig.aws, TABLE, "user_id").items() if item["run"] > run.id]


def stands(rig: Rig) -> dict[str, Any]:
    """Return the note of what the DynamoDB table holds."""
    return dict(json.loads(rig.read("curated/popular/top/delivered.json")))


def test_every_second_write_is_throttled(delivering: Rig) -> None:
    """The run takes longer, and ends as any other."""
    night(delivering, 6)
    delivering.run()
    night(delivering, 8)
    arm(delivering.aws, operation="PutItem", table=TABLE, every=2, times=10_000)
    arm(delivering.aws, operation="DeleteItem", table=TABLE, every=2, times=10_000)
    run = delivering.run()

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert is_equal(delivering, run)
    assert delivery(run)["written"] - 1 <= disarm(delivering.aws)["fired"]


def test_a_delivery_that_fails_says_how_far_it_came(delivering: Rig) -> None:
    """The run fails with the reason and the counts, its table is published all the same, and the next run mends it."""
    night(delivering, 6)
    first = delivering.run()
    night(delivering, 9)
    arm(delivering.aws, operation="PutItem", table=TABLE, error="ValidationException", every=3, times=1)
    run = delivering.run()

    assert run.failure is not None
    (failure,) = run.failure["failures"]
    assert ("popular", "top", "DynamoDB.ValidationException") == tuple(
        failure[name] for name in ("solution", "job", "error")
    )
    found = delivery(run)
    assert ("FAILED", first.id) == (found["status"], found["since"])
    told = f"By then {found['written']} lists were written, {found['removed']} deleted and {found['unchanged']} found"
    assert told in failure["reason"]
    there = items(delivering.aws, TABLE, "user_id").values()
    assert found["written"] == sum(1 for item in there if item["run"] == run.id)
    assert run.id == json.loads(delivering.read("curated/popular/top/latest.json"))["run"]

    night(delivering, 4)
    again = delivering.run()
    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert is_equal(delivering, again)


def test_a_delivery_that_cannot_begin(delivering: Rig) -> None:
    """It leaves the table as it was, says so, and a redrive delivers."""
    night(delivering, 6)
    delivering.run()
    night(delivering, 10)
    before = items(delivering.aws, TABLE, "user_id")
    with denied(delivering, "curated/popular/top/delivered.json"):
        run = delivering.run()
    assert run.failure is not None
    (failure,) = run.failure["failures"]
    assert "Nothing was written: the DynamoDB table" in failure["reason"]
    assert before == items(delivering.aws, TABLE, "user_id")

    arn = run.execution["executionArn"]
    delivering.aws.client("stepfunctions").redrive_execution(executionArn=arn)
    again = delivering.ended(arn)
    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert is_equal(delivering, again)


def test_an_application_reads_one_list(delivering: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's own code prints the items of a user, under the page's policy, which lets it do nothing else."""
    night(delivering, 6)
    delivering.run()
    page = (ROOT / "docs" / "results.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(import boto3\n.*?)```", page, re.DOTALL)
    assert "movielens-prod--for-you-top25" in code
    policy = (ROOT / "docs" / "policies" / "asker.json").read_text().replace("movielens-dev", "delivered-test")
    asker = Role(delivering.aws, *json.loads(policy)["Statement"])
    keys = asker.keys()
    for name, value in {
        **delivering.aws.environment(),
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }.items():
        monkeypatch.setenv(name, value)
    expected = [each["item_id"] for each in of_dynamodb(delivering.aws, TABLE, "user_id")["a0"]]
    # Its names are those of a program that runs by itself.
    found: dict[str, Any] = {}
    own = code.replace("movielens-prod--for-you-top25", TABLE).replace('"1"', '"a0"').replace("print(", "str(")
    exec(own, found)  # noqa: S102  # the page's own code is what is tested

    assert expected == found["offered"]
    client = asker.client("dynamodb")
    for call, more in ((client.scan, {}), (client.delete_item, {"Key": {"user_id": {"S": "a0"}}})):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            call(TableName=TABLE, **more)
