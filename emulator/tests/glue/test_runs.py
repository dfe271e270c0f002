"""How runs end, and what they see of the machine."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.glue.support import Jobs, keys, put, runs_jobs, text
from emulator.tests.support import eventually


@runs_jobs
class TestRuns:
    @pytest.mark.parametrize(
        ("script", "message"),
        [
            ("raise ValueError('no such film')", "ValueError: no such film"),
            ("raise KeyError('x')", "KeyError: 'x'"),
            ("import sys\nsys.exit(3)", "SystemExit: 3"),
            ("exit('too few rows')", "SystemExit: too few rows"),
            ("import os\nos._exit(7)", "Command failed with exit code 7"),
            ("import nothing_there", "ModuleNotFoundError: No module named 'nothing_there'"),
            ("import definition", "ModuleNotFoundError: No module named 'definition'"),
        ],
    )
    def test_failures(self, jobs: Jobs, script: str, message: str) -> None:
        """However a script fails, its run is FAILED and says why; modules of the project's work tree are not there."""
        ran = jobs.ran(script)
        assert (ran["JobRunState"], ran["ErrorMessage"]) == ("FAILED", message)

    def test_the_trace_is_logged(self, aws: EmbeddedAWS, jobs: Jobs) -> None:
        """The log of stderr has the trace of the script alone."""
        ran = jobs.ran("def deep(): raise ValueError('x')\ndeep()")
        events = aws.client("logs").get_log_events(logGroupName="/aws-glue/jobs/error", logStreamName=ran["Id"])
        lines = [event["message"] for event in events["events"]]
        assert lines[0] == "Traceback (most recent call last):"
        assert [line.split(", in ")[1] for line in lines if line.startswith("  File")] == ["<module>", "deep"]
        assert lines[-1] == "ValueError: x"

    def test_glues_own_library_is_refused(self, jobs: Jobs) -> None:
        """A script that wants awsglue is told what there is instead."""
        ran = jobs.ran("from awsglue.utils import getResolvedOptions")
        assert ran["ErrorMessage"].startswith("ModuleNotFoundError: No module named 'awsglue'")
        assert "SparkSession" in ran["ErrorMessage"]

    @pytest.mark.parametrize("ending", ["exit()", "exit(0)", "pass"])
    def test_good_ends(self, jobs: Jobs, ending: str) -> None:
        """A script may end by itself or by a good exit."""
        assert jobs.ran(ending)["JobRunState"] == "SUCCEEDED"

    def test_the_environment_is_the_jobs_own(
        self, aws: EmbeddedAWS, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of the serving process's environment reaches the script; times are in UTC, as on AWS."""
        monkeypatch.setenv("SECRET_OF_THE_LAPTOP", "x")
        script = f"""
            import boto3, json, os, time
            told = json.dumps([dict(os.environ), time.tzname[0]])
            boto3.client("s3").put_object(Bucket="{jobs.bucket}", Key="environment", Body=told)
        """
        assert jobs.ran(script)["JobRunState"] == "SUCCEEDED"
        variables, zone = json.loads(text(aws, jobs.bucket, "environment"))
        assert variables["AWS_ENDPOINT_URL"] == aws.endpoint_url
        assert not {"SECRET_OF_THE_LAPTOP", "VIRTUAL_ENV"} & variables.keys()
        assert variables["TZ"] == zone == "UTC"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"--scriptLocation": "s3://{bucket}/none.py"}, "There is no object s3://{bucket}/none.py"),
            ({"--extra-py-files": "s3://{bucket}/none.zip"}, "There is no object s3://{bucket}/none.zip"),
            ({"--extra-py-files": "s3://{bucket}/lib.so"}, "--extra-py-files takes zip archives and Python files"),
            ({"--extra-py-files": "lib.zip"}, "lib.zip is not of the form s3://bucket/key"),
        ],
    )
    def test_what_is_not_there(self, jobs: Jobs, arguments: dict[str, str], message: str) -> None:
        """A script or library that cannot be fetched fails the run by its name."""
        given = {name: value.format(bucket=jobs.bucket) for name, value in arguments.items()}
        ran = jobs.ran("pass", DefaultArguments=given)
        assert ran["JobRunState"] == "FAILED"
        assert message.format(bucket=jobs.bucket) in ran["ErrorMessage"]

    @pytest.mark.parametrize("unlike_files", [["both", "both/inner"], ["empty//name"], ["up/../name"]])
    def test_objects_that_cannot_be_files(self, aws: EmbeddedAWS, jobs: Jobs, unlike_files: list[str]) -> None:
        """Objects that Spark could not be shown as files fail the run, which names one, instead of being hidden."""
        for key in unlike_files:
            put(aws, jobs.bucket, key, "x")
        ran = jobs.ran("pass")
        for key in unlike_files:
            aws.client("s3").delete_object(Bucket=jobs.bucket, Key=key)
        assert ran["JobRunState"] == "FAILED"
        assert f"s3://{jobs.bucket}/{unlike_files[-1]} cannot be one" in ran["ErrorMessage"]

    def test_timeout(self, aws: EmbeddedAWS, jobs: Jobs) -> None:
        """Minutes of a timeout are real ones, at any speed of the clock; time that is skipped counts."""
        job = jobs.job("import time\ntime.sleep(300)", Timeout=1)
        run_id = jobs.begun(job)
        time.sleep(1.5)  # a minute and a half on the embedded clock
        assert jobs.found(job, run_id)["JobRunState"] == "RUNNING"
        aws.skip(60)
        ran = jobs.ended(job, run_id, deadline=20)
        assert ran["JobRunState"] == "TIMEOUT"
        assert ran["ErrorMessage"] == "The job run took longer than its timeout of 1 min"

    def test_stop(self, aws: EmbeddedAWS, jobs: Jobs) -> None:
        """A run can be stopped once, with all that it started, and keeps what it wrote."""
        script = f"""
            import boto3, os, subprocess, time
            child = subprocess.Popen(["sleep", "300"])
            boto3.client("s3").put_object(Bucket="{jobs.bucket}", Key="pid", Body=str(child.pid))
            time.sleep(300)
        """
        job = jobs.job(script)
        run_id = jobs.begun(job)
        eventually(lambda: keys(aws, jobs.bucket, "pid"))
        answer = jobs.client.batch_stop_job_run(JobName=job, JobRunIds=[run_id, "jr_none"])
        assert answer["SuccessfulSubmissions"] == [{"JobName": job, "JobRunId": run_id}]
        assert [(e["JobRunId"], e["ErrorDetail"]["ErrorCode"]) for e in answer["Errors"]] == [
            ("jr_none", "EntityNotFoundException")
        ]
        assert jobs.ended(job, run_id)["JobRunState"] == "STOPPED"
        status = Path("/proc", text(aws, jobs.bucket, "pid"), "status")
        assert not status.exists() or "Z (zombie)" in status.read_text(encoding="utf-8")
        (error,) = jobs.client.batch_stop_job_run(JobName=job, JobRunIds=[run_id])["Errors"]
        assert error["ErrorDetail"]["ErrorCode"] == "JobRunInTerminalStateException"

    def test_concurrent_runs(self, jobs: Jobs) -> None:
        """As many runs at once as the job allows, and one more when one has ended; the newest is listed first."""
        job = jobs.job("import time\ntime.sleep(300)", ExecutionProperty={"MaxConcurrentRuns": 2})
        first, second = jobs.started(job), jobs.started(job)
        with pytest.raises(jobs.client.exceptions.ConcurrentRunsExceededException):
            jobs.started(job)
        jobs.client.batch_stop_job_run(JobName=job, JobRunIds=[first])
        jobs.ended(job, first)
        third = jobs.started(job)
        listed = [found["Id"] for found in jobs.client.get_job_runs(JobName=job)["JobRuns"]]
        assert listed == [third, second, first]
        jobs.client.batch_stop_job_run(JobName=job, JobRunIds=[second, third])
        jobs.ended(job, second)
        jobs.ended(job, third)


def test_a_machine_without_java(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Spark's prerequisites a run fails and says what to install."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    ran = jobs.ran("pass")
    assert ran["JobRunState"] == "FAILED"
    assert ran["ErrorMessage"].startswith("A Spark job needs ")


@runs_jobs
def test_no_run_outlives_the_aws() -> None:
    """Stopping the embedded AWS ends its runs at once, with their processes and folders."""
    code = """
import json, sys, time
from pathlib import Path
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import administrator

script = '''
import boto3, json, os, time
boto3.client("s3").put_object(Bucket="scripts", Key="where", Body=json.dumps([os.getpid(), os.getcwd()]))
time.sleep(300)
'''
with EmbeddedAWS() as aws:
    s3, glue = aws.client("s3"), aws.client("glue")
    s3.create_bucket(Bucket="scripts")
    s3.put_object(Bucket="scripts", Key="job.py", Body=script)
    role = administrator(aws, "glue.amazonaws.com")
    glue.create_job(Name="j", Role=role, Command=dict(Name="glueetl", ScriptLocation="s3://scripts/job.py"))
    glue.start_job_run(JobName="j")
    while "Contents" not in s3.list_objects_v2(Bucket="scripts", Prefix="where"):
        time.sleep(0.05)
    pid, folder = json.loads(s3.get_object(Bucket="scripts", Key="where")["Body"].read())
print(Path("/proc", str(pid)).exists(), Path(folder).exists())
"""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    assert time.monotonic() - start < 100
