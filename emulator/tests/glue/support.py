"""Glue jobs made of the texts of their scripts."""

import textwrap
from typing import Any

import pytest

from embedded_aws.glue import spark
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import eventually, unique

LACKING = spark.missing()
runs_jobs = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))
TERMINAL = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"}


def put(aws: EmbeddedAWS, bucket: str, key: str, body: bytes | str) -> str:
    """Put an object; return its URL."""
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return f"s3://{bucket}/{key}"


def text(aws: EmbeddedAWS, bucket: str, key: str) -> str:
    """Return an object's text."""
    body: bytes = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body.decode()


def keys(aws: EmbeddedAWS, bucket: str, prefix: str) -> list[str]:
    """Return the keys that begin so."""
    found = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [entry["Key"] for entry in found]


class Jobs:
    """Makes jobs from the texts of their scripts, and runs them."""

    def __init__(self, aws: EmbeddedAWS, bucket: str, role_arn: str) -> None:
        self.aws = aws
        self.client = aws.client("glue")
        self.bucket = bucket
        self.role = role_arn

    def job(self, script: str, **settings: Any) -> str:
        """Create a job; return its name."""
        name = unique("job")
        location = put(self.aws, self.bucket, f"scripts/{name}.py", textwrap.dedent(script))
        command = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": location}
        self.client.create_job(**{"Name": name, "Role": self.role, "Command": command, **settings})
        return name

    def started(self, job: str, **settings: Any) -> str:
        """Start a run; return its id."""
        return str(self.client.start_job_run(JobName=job, **settings)["JobRunId"])

    def found(self, job: str, run_id: str) -> dict[str, Any]:
        """Describe a run."""
        found: dict[str, Any] = self.client.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        return found

    def ended(self, job: str, run_id: str, *, deadline: float = 120) -> dict[str, Any]:
        """Wait for a run's end; return its description."""

        def over() -> dict[str, Any] | None:
            described = self.found(job, run_id)
            return described if described["JobRunState"] in TERMINAL else None

        return eventually(over, deadline=deadline)

    def ran(self, script: str, **settings: Any) -> dict[str, Any]:
        """Run a script in a job of its own; return the ended run."""
        job = self.job(script, **settings)
        return self.ended(job, self.started(job))

    def begun(self, job: str, **settings: Any) -> str:
        """Start a run and wait until its script runs; return its id."""
        run_id = self.started(job, **settings)
        eventually(lambda: self.found(job, run_id)["JobRunState"] == "RUNNING")
        return run_id
