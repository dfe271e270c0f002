"""Output that is too large for one call: a run publishes it in parts."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.documents import shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.server import EmbeddedAWS

ROWS = planted()
ITEMS = sorted({row.split(",")[1] for row in ROWS})
QUERIES = [f'ITEMS.PRICE = "{price}"' for price in range(12)]
"""More than a file of queries takes, so there are two objects of output."""


@pytest.fixture(scope="module")
def large(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline that publishes in parts whatever the size, with its raw data."""
    items = {
        "source": {"path": "items.csv"},
        "columns": {"ITEM_ID": "item", "PRICE": {"from": "price", "type": "categorical"}},
    }
    segments = [{"name": "job", "attributes": QUERIES, "num_results": 10, "max_errors": 0.2}]
    changes: dict[str, Any] = {
        "name": "large",
        "publish": "parts",
        "schedule": ...,
        "datasets__items": items,
        "solutions": [{"name": "by-price", "recipe": "aws-item-attribute-affinity", "batch_segment": segments}],
    }
    rig = Rig.deploy(aws, shop(**changes), tmp_path_factory.mktemp("large"))
    listed = [f"{item},{number % 12}" for number, item in enumerate(ITEMS)]
    for key, text in {"events/a.csv": csv(ROWS), "items.csv": "\n".join(["item,price", *listed]) + "\n"}.items():
        rig.add_raw(key, text)
    return rig


def published(rig: Rig, run: str) -> list[tuple[str, int, str]]:
    """Return the rows of a run's table, without scores."""
    keys = sorted(rig.keys(f"curated/by-price/job/run={run}/"))
    found = pl.concat([pl.read_parquet(io.BytesIO(rig.read(key))) for key in keys])
    return found.select("item_attributes", "rank", "user_id").rows()


def expected(rig: Rig, run: str) -> list[tuple[str, int, str]]:
    """Return what Personalize wrote in a run, as rows."""
    keys = sorted(key for key in rig.keys(f"batch/{run}/by-price/job/output/") if key.endswith(".out"))
    assert 2 == len(keys)
    return [
        (each["input"]["itemAttributes"], rank, user)
        for key in keys
        for each in rig.lines(key)
        if not each.get("error")
        for rank, user in enumerate(each["output"]["usersList"], 1)
    ]


@contextmanager
def denied(rig: Rig, key: str) -> Iterator[None]:
    """Let nobody write a key."""
    s3, bucket = rig.aws.client("s3"), rig.deployment.bucket
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    document = json.loads(policy)
    refusal = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/{key}"}
    document["Statement"].append(refusal)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def test_a_run_publishes_in_parts(large: Rig) -> None:
    """The table holds each line that Personalize wrote, in its order; lines with errors are counted and set aside."""
    large.arm(job="BatchSegmentJob", broken_lines=1, reason="Internal error")
    try:
        run = large.run()
    finally:
        large.disarm()

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    begun = run.states.index("Publish")
    assert run.states[begun : begun + 7] == [
        *("Publish", "Publish parts", "Did a part fail?", "Add up parts"),
        *("Compare with table before", "Did a comparison fail?", "Published"),
    ]
    assert run.manifest is not None
    ((job,),) = (solution["batch_segment"] for solution in run.manifest["solutions"])
    report = job["published"]
    rows = published(large, run.id)
    assert expected(large, run.id) == rows
    # One line of each object.
    assert (12, 2, "Internal error", 10, len(rows)) == tuple(
        report[name] for name in ("lines", "errors", "first_error", "keys", "rows")
    )
    assert report["rejects"] == f"s3://{large.deployment.bucket}/rejects/{run.id}/by-price/job/"
    keys = large.keys(f"rejects/{run.id}/by-price/job/")
    assert ["Internal error"] * 2 == [each["error"] for key in keys for each in large.lines(key)]


def test_a_part_that_fails_fails_the_job(large: Rig) -> None:
    """The run ends with the part's own reason and the execution that shows it, and a redrive publishes all of it."""
    large.messages()
    with denied(large, "curated/by-price/job/*queries-00001*.parquet"):
        run = large.run()
    assert run.failure is not None, run.status
    (failure,) = run.failure["failures"]
    assert ("Publish part", "by-price", "job") == (failure["state"], failure["solution"], failure["job"])
    assert "403" in failure["reason"]
    child = large.aws.client("stepfunctions").describe_execution(executionArn=failure["arn"])
    assert "queries-00001" in child["input"]
    assert f"Publish part (by-price/job): {failure['error']}: {failure['reason']} [{failure['arn']}]" in run.cause
    assert 1 == len(large.messages(run.id))
    assert [] == [key for key in large.keys("curated/by-price/job/latest") if run.id in large.read(key).decode()]

    arn = run.execution["executionArn"]
    large.aws.client("stepfunctions").redrive_execution(executionArn=arn)
    again = large.ended(arn)
    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert expected(large, again.id) == published(large, again.id)
    assert run.id == json.loads(large.read("curated/by-price/job/latest.json"))["run"]


def test_a_run_that_is_stopped_in_the_middle_of_its_parts(large: Rig) -> None:
    """Whoever stops it is told once, not for every part, and a redrive resumes the same Map Run."""
    large.messages()
    stepfunctions = large.aws.client("stepfunctions")
    arn = large.start()
    large.wait_for_state(arn, "Publish parts")
    stepfunctions.stop_execution(executionArn=arn, error="Mine", cause="because")
    large.wait_until(lambda: stepfunctions.describe_execution(executionArn=arn)["status"] == "ABORTED")
    stepfunctions.redrive_execution(executionArn=arn)
    run = large.ended(arn)

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert expected(large, run.id) == published(large, run.id)
    (job,) = [child for label, child in large.executions(arn) if label == "job"]
    runs = [each["mapRunArn"].split("/")[-1] for each in stepfunctions.list_map_runs(executionArn=job)["mapRuns"]]
    assert ["compare", "publish"] == sorted(label.split(":")[0] for label in runs)
    told = [message for message in large.messages() if "because" in message["Message"]]
    assert 1 == len(told)
