"""What a job may be, and how its runs begin, in place of moto's jobs that only count down to success."""

import re
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from moto.glue.exceptions import (
    ConcurrentRunsExceededException,
    EntityNotFoundException,
    InvalidInputException,
    JobRunNotFoundException,
)
from moto.glue.models import FakeJob, GlueBackend
from moto.iam.models import iam_backends

from embedded_aws.glue import spark
from embedded_aws.glue.arguments import merged, sorted_out
from embedded_aws.glue.exceptions import JobAlreadyExistsException
from embedded_aws.glue.runs import SERVICE, TERMINAL, JobRun, new_run_id
from embedded_aws.glue.security import security_of
from embedded_aws.iam.sessions import may_assume
from embedded_aws.patches import replaces

_PARTITION: Final = "aws"
_DEFAULT_TIMEOUT: Final = 2880
_LONGEST_TIMEOUT: Final = 7 * 24 * 60
_NOT_EMULATED: Final = (
    "connections",
    "source_control_details",
    "code_gen_configuration_nodes",
)
_create_job = GlueBackend.create_job
_start_job_run = GlueBackend.start_job_run
_as_dict = FakeJob.as_dict
_starting = Lock()


@replaces(GlueBackend, "create_job")
def create_job_that_can_run(self: Any, name: str, **settings: Any) -> None:
    """Create a job.

    moto: takes any, and overwrites one of the same name. AWS: AlreadyExistsException. Here: what cannot be run is
    refused (see `check`).
    """
    if name in self.jobs:
        raise JobAlreadyExistsException
    check("CreateJob", settings)
    security_of(self, settings.get("security_configuration"))
    _create_job(self, name, **settings)


def update_job(backend: Any, name: str, **settings: Any) -> None:
    """Give an existing job other settings, with the names of `GlueBackend.create_job`; what is left out is gone.

    Raises:
        EntityNotFoundException: there is no such job.
    """
    check("UpdateJob", settings)
    security_of(backend, settings.get("security_configuration"))
    old = backend.get_job(name)
    new = FakeJob(name=name, backend=backend, **settings)
    new.created_on, new.job_runs = old.created_on, old.job_runs
    backend.jobs[name] = new


def check(operation: str, settings: Mapping[str, Any]) -> None:
    """Check what a job is to be, with the names of `GlueBackend.create_job`.

    Raises:
        InvalidInputException: Glue would refuse it.
        NotImplementedError: it is not emulated.
    """
    command = settings["command"] or {}
    location = command.get("ScriptLocation") or ""
    if not re.fullmatch(r"s3a?://[^/]+/.+", location):
        raise InvalidInputException(operation, f"ScriptLocation must be of the form s3://bucket/key: {location}")
    if command.get("Name") != "glueetl":
        raise NotImplementedError(f"a job with the command {command.get('Name')}; glueetl is")
    if settings.get("glue_version") not in {None, *spark.GLUE_VERSIONS}:
        versions = " and ".join(spark.GLUE_VERSIONS)
        raise NotImplementedError(f"Glue {settings['glue_version']}, another Spark; {versions} are")
    for member in _NOT_EMULATED:
        if settings.get(member):
            raise NotImplementedError(f"a job with {member}")
    if settings.get("max_retries"):
        raise NotImplementedError(f"MaxRetries {settings['max_retries']}; 0 is")
    timeout = settings.get("timeout")
    if timeout is not None and not 1 <= timeout <= _LONGEST_TIMEOUT:
        raise InvalidInputException(operation, f"Timeout must be between 1 and {_LONGEST_TIMEOUT} minutes: {timeout}")


@replaces(FakeJob, "as_dict")
def describe_with_defaults(self: Any) -> dict[str, Any]:
    """Describe a job.

    moto: leaves out what the service fills in. AWS: tells it.
    """
    filled = {
        "ExecutionProperty": {"MaxConcurrentRuns": _most_runs(self)},
        "GlueVersion": self.glue_version or spark.GLUE_VERSIONS[-1],
        "MaxRetries": 0,
        "Timeout": self.timeout or _DEFAULT_TIMEOUT,
    }
    return {name: value for name, value in {**_as_dict(self), **filled}.items() if value is not None}


@replaces(GlueBackend, "start_job_run")
def start_job_run(self: Any, name: str, *settings: Any) -> str:
    """Start a run.

    moto: names a job that is not there in words of its own. AWS: answers EntityNotFoundException in the
    service's words.
    """
    if name not in self.jobs:
        raise EntityNotFoundException("Failed to start job run due to missing metadata.")
    run_id: str = _start_job_run(self, name, *settings)
    return run_id


@replaces(FakeJob, "start_job_run")
def start_run(self: Any, *, arguments: Mapping[str, str] | None, previous_run_id: str | None, **capacity: Any) -> str:
    """Start a run of the job.

    moto: a run does nothing, and succeeds when it was looked at often enough. AWS: runs the script. Here on this
    machine, whatever capacity was asked for.
    """
    if previous_run_id is not None:
        raise NotImplementedError("a run that tries an earlier one again (JobRunId)")
    _check_role(self)
    run = _run(self, arguments or {}, capacity)
    with _starting:
        if sum(other.state not in TERMINAL for other in self.job_runs) >= _most_runs(self):
            raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {self.name}")
        self.job_runs.append(run)
    run.start()
    return run.job_run_id


def _run(job: Any, arguments: Mapping[str, str], capacity: Mapping[str, Any]) -> JobRun:
    """Return a run that has not begun."""
    run_id = new_run_id()
    given = merged(job.default_arguments, arguments, job.non_overridable_arguments)
    try:
        sorted_arguments = sorted_out(given, job_name=job.name, run_id=run_id)
    except ValueError as error:
        raise InvalidInputException("StartJobRun", str(error)) from error
    return JobRun(
        job_run_id=run_id,
        job_name=job.name,
        job_arn=job.arn,
        role_arn=role_arn(job.backend.account_id, job.role),
        account_id=job.backend.account_id,
        region=job.backend.region_name,
        script=sorted_arguments.location or job.command["ScriptLocation"],
        arguments=sorted_arguments,
        security=security_of(job.backend, capacity.get("security_configuration") or job.security_configuration),
        timeout=capacity["timeout"] or job.timeout or _DEFAULT_TIMEOUT,
        settings={
            "Arguments": arguments or None,
            "GlueVersion": job.glue_version or spark.GLUE_VERSIONS[-1],
            "ExecutionClass": job.execution_class,
            "SecurityConfiguration": job.security_configuration,
            "MaxCapacity": capacity["max_capacity"] or job.max_capacity,
            "WorkerType": capacity["worker_type"] or job.worker_type,
            "NumberOfWorkers": capacity["number_of_workers"] or job.number_of_workers,
        },
    )


@replaces(FakeJob, "get_job_run")
def get_run(self: Any, run_id: str) -> JobRun:
    """Return a run.

    moto: looking at it moves it on. AWS: looking changes nothing.
    """
    for run in self.job_runs:
        if run.job_run_id == run_id:
            found: JobRun = run
            return found
    raise JobRunNotFoundException(run_id)


@replaces(FakeJob, "get_job_runs")
def get_runs(self: Any) -> list[JobRun]:
    """Return the runs.

    moto: oldest first, and moves them on. AWS: newest first.
    """
    return list(reversed(self.job_runs))


def _most_runs(job: Any) -> int:
    return int(job.execution_property.get("MaxConcurrentRuns", 1))


def role_arn(account_id: str, role: str) -> str:
    """Return the ARN of a role that is given by its ARN or its name."""
    if role.startswith("arn:"):
        return role
    found = [known.arn for known in iam_backends[account_id][_PARTITION].roles.values() if known.name == role]
    return found[0] if found else f"arn:{_PARTITION}:iam::{account_id}:role/{role}"


def _check_role(job: Any) -> None:
    account_id = job.backend.account_id
    context = {"aws:SourceAccount": account_id, "aws:SourceArn": job.arn}
    if not may_assume(account_id, role_arn(account_id, job.role), service=SERVICE, context=context):
        raise InvalidInputException(
            "StartJobRun", f"Role {job.role} should be given assume role permissions for Glue Service."
        )
