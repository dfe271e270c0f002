"""A job may do what its role may: Glue itself, boto3 in the script, and what Spark does with files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.glue.access import Access
from embedded_aws.glue.exceptions import RunFailedError
from embedded_aws.iam.principals import role_session
from emulator.tests.glue.support import put, runs_jobs, text
from emulator.tests.iam.support import Role

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS
    from emulator.tests.glue.support import Jobs

GLUE = {"Service": "glue.amazonaws.com"}
READ_AND_WRITE = """
    from pyspark.sql import SparkSession
    session = SparkSession.builder.getOrCreate()
    session.read.csv("s3://BUCKET/in/").write.csv("s3://BUCKET/out/", mode="overwrite")
"""


def role(aws: EmbeddedAWS, bucket: str, **patterns: tuple[str, ...]) -> str:
    """Create a role of a job that may read its script, list the bucket, and do actions on these patterns of it."""
    arn = f"arn:aws:s3:::{bucket}"
    named = {"get": "s3:GetObject", "put": "s3:PutObject", "delete": "s3:DeleteObject"}
    own: list[dict[str, Any]] = [
        {"Action": named[name], "Resource": [f"{arn}/{pattern}" for pattern in given]}
        for name, given in patterns.items()
    ]
    script = {"Action": "s3:GetObject", "Resource": f"{arn}/scripts/*"}
    listing = {"Action": "s3:ListBucket", "Resource": arn}
    return Role(aws, script, listing, *own, principal=GLUE).arn


@runs_jobs
def test_the_script_is_its_role(aws: EmbeddedAWS, jobs: Jobs) -> None:
    """boto3 in the script signs as the role, in the session that Glue's jobs have."""
    arn = role(aws, jobs.bucket, put=("who",))
    ran = jobs.ran(
        f"""
        import boto3
        who = boto3.client("sts").get_caller_identity()["Arn"]
        boto3.client("s3").put_object(Bucket="{jobs.bucket}", Key="who", Body=who)
        """,
        Role=arn,
    )
    assert "SUCCEEDED" == ran["JobRunState"], ran
    name = arn.rpartition("/")[2]
    assert f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/GlueJobRunnerSession" == text(aws, jobs.bucket, "who")


@runs_jobs
def test_glue_reads_the_script_in_the_role(aws: EmbeddedAWS, jobs: Jobs) -> None:
    """A role that may not read the script cannot run it."""
    ran = jobs.ran("pass", Role=Role(aws, principal=GLUE).arn)

    assert "FAILED" == ran["JobRunState"]
    assert "is not authorized to perform: s3:GetObject on resource: " in ran["ErrorMessage"]


@runs_jobs
@pytest.mark.parametrize(
    ("lacking", "action"),
    [
        ({}, None),
        ({"get": ("out", "out/*")}, "s3:GetObject"),
        ({"get": ("in/*", "in", "out", "out/_temporary", "out/_temporary/*")}, "s3:GetObject"),
        ({"put": ("elsewhere",)}, "s3:PutObject"),
    ],
    ids=["nothing", "read", "look", "write"],
)
def test_spark_may_what_the_role_may(
    aws: EmbeddedAWS, jobs: Jobs, lacking: dict[str, tuple[str, ...]], action: str | None
) -> None:
    """Reading, writing and looking before writing are asked for; the first refusal ends the run."""
    put(aws, jobs.bucket, "in/part.csv", "1,2\n")
    everything = {"get": ("in/*", "out", "out/*"), "put": ("out/*",), "delete": ("out/*",)}
    arn = role(aws, jobs.bucket, **{**everything, **lacking})
    ran = jobs.ran(READ_AND_WRITE.replace("BUCKET", jobs.bucket), Role=arn)

    if action is None:
        assert "SUCCEEDED" == ran["JobRunState"], ran
        return
    assert "FAILED" == ran["JobRunState"]
    assert ran["ErrorMessage"].startswith("java.nio.file.AccessDeniedException: s3a://")
    assert f"is not authorized to perform: {action} on resource: " in ran["ErrorMessage"]


@runs_jobs
def test_objects_that_the_role_never_meets(aws: EmbeddedAWS, jobs: Jobs) -> None:
    """A key that cannot be a file stops no job whose role may neither read nor list it."""
    foreign = f"{jobs.bucket}-foreign"
    aws.client("s3").create_bucket(Bucket=foreign)
    put(aws, foreign, "up/../name", "x")
    named = f"arn:aws:s3:::{foreign}"
    reads = {"Action": "s3:GetObject", "Resource": f"{named}/up/*"}
    lists = {"Action": "s3:ListBucket", "Resource": named}
    roles: tuple[list[dict[str, Any]], ...] = ([], [reads], [lists])
    script = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{jobs.bucket}/scripts/*"}
    ended = [jobs.ran("pass", Role=Role(aws, script, *own, principal=GLUE).arn) for own in roles]
    aws.client("s3").delete_object(Bucket=foreign, Key="up/../name")

    assert ["SUCCEEDED", "FAILED", "FAILED"] == [ran["JobRunState"] for ran in ended]
    assert all(f"s3://{foreign}/up/../name cannot be one" in ran["ErrorMessage"] for ran in ended[1:])


def test_what_nobody_watched_is_not_let_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel's words do not arrive, a run fails instead of passing unasked."""
    monkeypatch.setattr("embedded_aws.glue.access._LONGEST_QUEUE", 0.1)
    access = Access(role_session(ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:role/none", "session"), tmp_path, {})
    access.__enter__()
    access._observer.stop()
    access._observer.join()
    with pytest.raises(RunFailedError, match="could not watch"):
        access.__exit__(None, None, None)
