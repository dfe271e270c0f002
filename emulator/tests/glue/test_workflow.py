"""Runs that a state machine starts."""

import json
from typing import Any

import pytest

from emulator.tests.conftest import SPEED
from emulator.tests.glue.support import Jobs, runs_jobs
from emulator.tests.support import ended, eventually, machine, run

SHORT = int(5 * SPEED)  # 5 real seconds of the fast clock, which is what remains for all but the job's own 6


def task(job: str, *, sync: bool, **fields: Any) -> dict[str, Any]:
    """Return a state that starts a run of a job."""
    arguments = {"JobName": job, "Arguments": {"--given": "{% $states.input.text %}"}}
    resource = "arn:aws:states:::glue:startJobRun" + (".sync" if sync else "")
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True, **fields}


@runs_jobs
class TestFromStepFunctions:
    def test_a_run_is_waited_for(self, jobs: Jobs) -> None:
        """The result is the ended run with times in milliseconds; a fast clock does not shorten timeouts."""
        job = jobs.job("import time\ntime.sleep(6)")
        state = task(job, sync=True, TimeoutSeconds=SHORT)
        description = run(jobs.aws, {"J": state}, {"text": "é"}, TimeoutSeconds=SHORT)
        assert description["status"] == "SUCCEEDED", description
        result = description["output"]
        assert (result["JobName"], result["JobRunState"], result["Arguments"]) == (job, "SUCCEEDED", {"--given": "é"})
        assert result["CompletedOn"] == int(jobs.found(job, result["Id"])["CompletedOn"].timestamp() * 1000)
        assert list(result) == sorted(result)

    def test_a_failed_run_fails_the_task(self, jobs: Jobs) -> None:
        """The error is States.TaskFailed and its cause the run."""
        job = jobs.job("raise ValueError('too few rows')")
        description = run(jobs.aws, {"J": task(job, sync=True)}, {"text": "x"})
        assert (description["status"], description["error"]) == ("FAILED", "States.TaskFailed")
        cause = json.loads(description["cause"])
        assert (cause["JobName"], cause["JobRunState"]) == (job, "FAILED")
        assert cause["ErrorMessage"] == "ValueError: too few rows"

    def test_without_sync(self, jobs: Jobs) -> None:
        """The request alone answers with the run's id while the run goes on."""
        job = jobs.job("import time\ntime.sleep(300)")
        result = run(jobs.aws, {"J": task(job, sync=False)}, {"text": "x"})["output"]
        assert set(result) == {"JobName", "JobRunId"}
        assert jobs.found(job, result["JobRunId"])["JobRunState"] in {"STARTING", "RUNNING"}
        jobs.client.batch_stop_job_run(JobName=job, JobRunIds=[result["JobRunId"]])
        jobs.ended(job, result["JobRunId"])

    def test_errors_have_glues_name(self, jobs: Jobs) -> None:
        """What StartJobRun refuses is Glue's error."""
        description = run(jobs.aws, {"J": task("none", sync=True)}, {"text": "x"})
        assert description["error"] == "Glue.EntityNotFoundException"

    @pytest.mark.parametrize("ending", ["StopExecution", "TimeoutSeconds"])
    def test_nobody_waits_any_more(self, jobs: Jobs, ending: str) -> None:
        """A run whose execution is stopped, or whose state times out, is stopped too."""
        job = jobs.job("import time\ntime.sleep(300)")
        fields = {"TimeoutSeconds": 2} if ending == "TimeoutSeconds" else {}
        client = jobs.aws.client("stepfunctions")
        arn = machine(jobs.aws, {"J": task(job, sync=True, **fields)})
        execution = client.start_execution(stateMachineArn=arn, input='{"text": "x"}')["executionArn"]
        (started,) = eventually(lambda: jobs.client.get_job_runs(JobName=job)["JobRuns"])
        if ending == "StopExecution":
            client.stop_execution(executionArn=execution)
        else:
            assert ended(jobs.aws, execution)["error"] == "States.Timeout"
        assert jobs.ended(job, started["Id"])["JobRunState"] == "STOPPED"
