"""A run whose data is too large for the function: the same work by the Spark job."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from definition.plan.capacity import FUNCTION_BYTES
from embedded_aws.glue import spark
from tests.permissions.policies import altered
from tests.pipeline.data import broken, csv, planted
from tests.pipeline.guarding import configured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.rig import Rig

LACKING = spark.missing()
pytestmark = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))
ROWS = planted()


@pytest.fixture
def small(rig: Rig) -> Iterator[Rig]:
    """The shop, whose engine is auto, with a function that takes ten bytes."""
    stepfunctions, arn = rig.aws.client("stepfunctions"), rig.deployment.state_machine_arn
    definition = stepfunctions.describe_state_machine(stateMachineArn=arn)["definition"]
    assert str(FUNCTION_BYTES) in definition
    stepfunctions.update_state_machine(stateMachineArn=arn, definition=definition.replace(str(FUNCTION_BYTES), "10"))
    yield rig
    stepfunctions.update_state_machine(stateMachineArn=arn, definition=definition)


def test_spark_takes_over_what_is_too_large(small: Rig) -> None:
    """The function refuses before it begins; the job accounts for every row, and the run goes on from its report."""
    small.put_raw("events/part.csv", csv(broken(ROWS, 36)))
    run = small.run({"solutions": ["popular"]})

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    landmarks = [
        "Transform",
        "Write transform request",
        "Transform with Spark",
        "Read report",
        "Data gate",
        "Succeeded",
    ]
    assert landmarks == [state for state in run.states if state in landmarks]
    assert run.manifest is not None
    (dataset,) = run.manifest["datasets"]
    assert "glue" == run.manifest["engine"]
    assert (1836, 1800, 0, 36) == tuple(dataset[f"rows_{fate}"] for fate in ("in", "out", "filtered", "rejected"))
    assert 60 == run.manifest["batch_inputs"][0]["lines"]
    written = [line for key in small.keys(f"transformed/{run.id}/") for line in small.read(key).decode().splitlines()]
    expected = sorted(f"{row},click" for row in ROWS)
    assert expected == sorted(line for line in written if not line.startswith("USER_ID"))
    assert 36 == sum(len(small.lines(key)) for key in small.keys(f"rejects/{run.id}/"))
    assert [] == small.keys("staging/")


def test_spark_takes_over_from_a_function_that_is_too_small(rig: Rig) -> None:
    """What ends the function for want of memory or time is read by the job."""
    rig.put_raw("events/part.csv", csv(planted(users=1000, events=600)))
    with configured(rig, "transform", MemorySize=128, Timeout=1):
        run = rig.run({"solutions": ["popular"]})

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert "Transform with Spark" in run.states
    assert run.manifest is not None
    assert ("glue", 600_000) == (run.manifest["engine"], run.manifest["datasets"][0]["rows_out"])


def test_an_error_of_the_job_is_told(small: Rig) -> None:
    """The cause holds the job's own message, not the description of its run, and nothing is published."""
    small.put_raw("events/part.csv", "user,thing,at\nu,i,1700000000\n")
    run = small.run()

    assert "FAILED" == run.status
    assert "ColumnMissingError" in run.cause
    assert "raw/events/part.csv has no column 'item'" in run.cause
    assert "JobRunState" not in run.cause
    assert [] == small.keys(f"transformed/{run.id}/")


def test_spark_must_be_allowed_to_look(small: Rig) -> None:
    """The job fails, in the words of its file system, if its role may not look at what it writes."""

    def reads_alone(statement: dict[str, Any]) -> dict[str, Any]:
        if statement["Action"] != "s3:GetObject":
            return statement
        looked_at = ("/staging", "/transformed", "/transformed/*", "/rejects", "/rejects/*")
        return {**statement, "Resource": [arn for arn in statement["Resource"] if not arn.endswith(looked_at)]}

    small.put_raw("events/part.csv", csv(ROWS))
    with altered(small.aws, "shop-test", "TransformJobRole", reads_alone):
        run = small.run({"solutions": ["popular"], "import": "full"})

    assert "FAILED" == run.status
    assert "java.nio.file.AccessDeniedException: s3a://" in run.cause
    assert "is not authorized to perform: s3:GetObject on resource: " in run.cause
    assert [] == small.keys(f"transformed/{run.id}/")


def test_the_job_leaves_out_who_is_to_be_forgotten(small: Rig) -> None:
    """It reads the list itself, with its own role, and neither dataset nor batch input nor rejects name the user."""
    small.put_raw("events/part.csv", csv([*ROWS, "a0,A01,never"]))
    s3, list_of = small.aws.client("s3"), {"Bucket": small.deployment.bucket, "Key": "forgotten/list.json"}
    salt = "0123456789abcdef0123456789abcdef"
    digest = hashlib.sha256(f"{salt}a0".encode()).hexdigest()
    s3.put_object(**list_of, Body=json.dumps({"salt": salt, "digests": [digest]}).encode())
    try:
        run = small.run({"solutions": ["popular"]})
    finally:
        s3.delete_object(**list_of)

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert run.manifest is not None
    (dataset,) = run.manifest["datasets"]
    assert "glue" == run.manifest["engine"]
    assert (1801, 1770, 31, 0) == tuple(dataset[f"rows_{fate}"] for fate in ("in", "out", "filtered", "rejected"))
    assert 31 == dataset["rows_forgotten"]
    assert 59 == run.manifest["batch_inputs"][0]["lines"]
    folders = (f"transformed/{run.id}/", f"batch/{run.id}/", f"rejects/{run.id}/")
    for key in (key for folder in folders for key in small.keys(folder)):
        assert not re.search(rb"\ba0\b", small.read(key)), key
