"""What the functions and the Spark job of a deployed pipeline have logged, in one order of time."""

from __future__ import annotations

import heapq
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from definition.plan.names import GLUE_LOGS, prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import boto3

    from cli.operate.runs import Run

Times = tuple[datetime, datetime | None]
"""From when to when; None is no end."""

JOB = "spark"
"""The source of a line of the Spark job."""

_STACKS = ("personalize", "workflow")
_JOB_GROUPS = (f"{GLUE_LOGS}/output", f"{GLUE_LOGS}/error")
_BEFORE, _AFTER = timedelta(minutes=1), timedelta(minutes=5)
"""Beside a run's own times: a function's last lines come after the state that called it has failed."""

_LEVEL = re.compile(r"\b(CRITICAL|FATAL|ERROR|WARN(?:ING)?|INFO|DEBUG)\b")
_LEVEL_WITHIN = 80
"""Characters of a line in which its level stands, if it has one."""

_FAILED = re.compile(
    r"Task timed out|Status: (?:timeout|error)|Runtime exited|signal: killed|Traceback \(most recent call last\)"
    r"|^\[ERROR\]"
)
_PLATFORM = re.compile(r"^(?:INIT_START|START RequestId|END RequestId|REPORT RequestId)")
_METRICS = '"CloudWatchMetrics"'
"""In lines by which functions send metrics (CloudWatch user guide, page CloudWatch_Embedded_Metric_Format)."""
BAD = frozenset({"WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"})
"""Levels of lines that somebody should look at."""


@dataclass(frozen=True)
class Line:
    """A line of a log.

    Attributes:
        time: when it was written.
        source: the function, such as ``transform``, or ``spark``.
        level: as the line has it, empty where it has none.
        message: what it says.
        fields: the other fields of a structured line.
        platform: whether Lambda itself wrote it, about an invocation, or it only carries metrics.
    """

    time: datetime
    source: str
    level: str
    message: str
    fields: dict[str, Any] = field(default_factory=dict)
    platform: bool = False


@dataclass(frozen=True)
class _Log:
    """A log group, or some streams of it."""

    group: str
    source: str
    streams: str | None = None


def sources(session: boto3.Session, pipeline: str, stage: str) -> list[str]:
    """Return what writes logs, by the stacks: functions, and ``spark`` where there is a job."""
    functions, job = _resources(session, prefix(pipeline, stage))
    return [*functions, *([JOB] if job else [])]


def around(run: Run) -> Times:
    """Return from when to when a run's lines were written; there is no end to one that goes on."""
    return run.started - _BEFORE, run.ended and run.ended + _AFTER


def read(
    session: boto3.Session,
    pipeline: str,
    stage: str,
    times: Times,
    wanted: Sequence[str] = (),
) -> Iterator[Line]:
    """Yield the lines of a time, the oldest first.

    Args:
        session: of the account.
        pipeline: name of the pipeline.
        stage: part of every name.
        times: from when to when.
        wanted: sources; none stands for all of them.
    """
    functions, job = _resources(session, prefix(pipeline, stage))
    logs = [_Log(f"/aws/lambda/{prefix(pipeline, stage)}-{name}", name) for name in functions]
    client = session.client("logs")
    if job:
        logs += _of_job(session.client("glue"), client, job, times)
    chosen = [log for log in logs if not wanted or log.source in wanted]
    yield from heapq.merge(*(_lines(client, log, times) for log in chosen), key=lambda line: line.time)


def line_of(source: str, event: dict[str, Any]) -> Line:
    """Return a log event as a line: JSON with a message is taken apart, other text is left as it is."""
    time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    text = str(event["message"]).rstrip("\n")
    if _METRICS in text:
        return Line(time, source, "", text, platform=True)
    fields = _structured(text)
    if fields is not None:
        level, message = str(fields.pop("level", "")).upper(), str(fields.pop("message"))
        if trouble := fields.get("exception_name"):
            message = f"{message} ({trouble})"
        return Line(time, source, level, message, fields)
    found = _LEVEL.search(text[:_LEVEL_WITHIN])
    level = "ERROR" if _FAILED.search(text) else found[1] if found else ""
    return Line(time, source, level, text, platform=bool(_PLATFORM.match(text)))


def _structured(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) and "message" in fields else None


def _resources(session: boto3.Session, name: str) -> tuple[list[str], str | None]:
    """Return the functions of the stacks by what stands behind the pipeline's prefix, and the name of the Spark job."""
    pages = session.client("cloudformation").get_paginator("list_stack_resources")
    found = [
        (each["ResourceType"], str(each.get("PhysicalResourceId", "")))
        for stack in _STACKS
        for page in pages.paginate(StackName=f"{name}-{stack}")
        for each in page["StackResourceSummaries"]
    ]
    functions = sorted(
        made.removeprefix(f"{name}-") for kind, made in found if kind == "AWS::Lambda::Function" and made
    )
    return functions, next((made for kind, made in found if kind == "AWS::Glue::Job"), None)


def _of_job(glue: Any, logs: Any, job: str, times: Times) -> list[_Log]:
    """Return the streams of the job's runs that began in a time; Glue names a stream by the run."""
    begun: list[dict[str, Any]] = []
    for page in glue.get_paginator("get_job_runs").paginate(JobName=job):
        begun += [each for each in page["JobRuns"] if _is_within(each["StartedOn"], times)]
        if page["JobRuns"] and page["JobRuns"][-1]["StartedOn"] < times[0]:
            break  # the newest come first
    groups = {name: _job_groups(logs, name) for name in {each.get("SecurityConfiguration") for each in begun}}
    return [_Log(group, JOB, each["Id"]) for each in begun for group in groups[each.get("SecurityConfiguration")]]


def _job_groups(logs: Any, security_configuration: str | None) -> list[str]:
    """Return the log groups of runs: under a security configuration they have its name within theirs.

    Where it stands there the guide and the API reference say in two ways, so all of Glue's groups are looked through.
    """
    if not security_configuration:
        return list(_JOB_GROUPS)
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GLUE_LOGS)
    names = [str(each["logGroupName"]) for page in pages for each in page["logGroups"]]
    return [name for name in names if security_configuration in name]


def _lines(client: Any, log: _Log, times: Times) -> Iterator[Line]:
    asked: dict[str, Any] = {"logGroupName": log.group, "startTime": _milliseconds(times[0])}
    if times[1] is not None:
        asked["endTime"] = _milliseconds(times[1])
    if log.streams:
        asked["logStreamNamePrefix"] = log.streams
    pages = client.get_paginator("filter_log_events").paginate(**asked)
    try:
        for page in pages:
            yield from (line_of(log.source, event) for event in page["events"])
    except ClientError as error:
        # Glue makes its groups with the first run of any job.
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _is_within(time: datetime, times: Times) -> bool:
    return times[0] <= time and (times[1] is None or time <= times[1])


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
