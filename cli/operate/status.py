"""How a deployed pipeline stands: its schedule, runs and alarms, the age of its tables, what answers in real time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.account import DENIED, said
from cli.operate import arrivals, runs, schedule
from cli.results import newest_table, newest_version
from definition.plan.names import alarm_of, prefix, resource_prefix
from pricing.reckoning.charges import recipe_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import boto3

    from cli.deployment import Deployment
    from cli.operate.runs import Run
    from cli.operate.schedule import Schedule
    from definition.file.pipeline import Pipeline

SHOWN_RUNS = 5


@dataclass(frozen=True)
class Table:
    """The newest complete table of a batch job; ``run`` and ``published`` are None while there is none."""

    solution: str
    job: str
    run: str | None
    published: datetime | None


@dataclass(frozen=True)
class Winner:
    """The recipe of a solution that was the best of several when its version was published, and the run that did so."""

    solution: str
    recipe: str
    run: str


@dataclass(frozen=True)
class Alarm:
    """An alarm that rings: what it watches in a sentence, since when, and why in the words of CloudWatch."""

    name: str
    meaning: str
    since: datetime
    why: str


@dataclass(frozen=True)
class Live:
    """What answers in real time, and is billed for as long as it is there, unless it is a stopped recommender."""

    kind: str
    name: str
    status: str
    arn: str


@dataclass(frozen=True)
class Status:
    """How a pipeline stands.

    Attributes:
        schedule: None where the pipeline has none.
        trigger: the raw data that starts runs by its arrival; None: none does.
        runs: the newest ones, the newest first.
        tables: one for each batch job of the file.
        winners: of solutions whose recipes are compared, once one was published.
        alarms: those that ring.
        live: campaigns and recommenders of this pipeline and stage.
        unknown: what could not be read, each with the reason.
    """

    pipeline: str
    stage: str
    bucket: str
    state_machine: str
    topic: str
    schedule: Schedule | None = None
    trigger: str | None = None
    runs: list[Run] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    winners: list[Winner] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    live: list[Live] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def status_of(session: boto3.Session, deployment: Deployment, pipeline: Pipeline, stage: str) -> Status:
    """Look how a pipeline stands; what the credentials may not read is named, and hides nothing else.

    Raises:
        ClientError: a service answers with another error than that it must not be asked.
    """
    own, unknown = prefix(pipeline.name, stage), list[str]()

    def looked(what: str, look: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return look()
        except ClientError as error:
            if error.response["Error"]["Code"] not in DENIED:
                raise
            unknown.append(f"{what}: {said(error)}")
            return otherwise

    machine, s3 = deployment.state_machine_arn, session.client("s3")
    return Status(
        pipeline.name,
        stage,
        deployment.bucket,
        machine,
        deployment.topic_arn,
        schedule=looked("schedule", lambda: schedule.read(session.client("scheduler"), own), None),
        trigger=looked("trigger", lambda: arrivals.told(session.client("events"), pipeline, stage), None),
        runs=looked("runs", lambda: runs.newest(session.client("stepfunctions"), machine, SHOWN_RUNS), []),
        tables=looked("tables", lambda: _tables(s3, deployment.bucket, pipeline), []),
        winners=looked("recipes", lambda: _winners(s3, deployment.bucket, pipeline), []),
        alarms=looked("alarms", lambda: _alarms(session.client("cloudwatch"), own), []),
        live=looked("real time", lambda: _live(session.client("personalize"), resource_prefix(own)), []),
        unknown=unknown,
    )


def _tables(s3: Any, bucket: str, pipeline: Pipeline) -> list[Table]:
    return [_table(s3, bucket, solution.name, job.name) for solution in pipeline.solutions for job in solution.jobs]


def _table(s3: Any, bucket: str, solution: str, job: str) -> Table:
    found = newest_table(s3, bucket, solution, job)
    return Table(solution, job, found.run, found.published) if found else Table(solution, job, None, None)


def _winners(s3: Any, bucket: str, pipeline: Pipeline) -> list[Winner]:
    found = [
        (solution.name, newest_version(s3, bucket, solution.name)) for solution in pipeline.solutions if solution.by
    ]
    return [Winner(name, recipe_name(it.recipe), it.run) for name, it in found if it and it.recipe]


def _alarms(cloudwatch: Any, own: str) -> list[Alarm]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=alarm_of(own, ""), StateValue="ALARM")
    return [
        Alarm(each["AlarmName"], each.get("AlarmDescription", ""), each["StateUpdatedTimestamp"], each["StateReason"])
        for page in pages
        for each in page["MetricAlarms"]
    ]


def _live(personalize: Any, own: str) -> list[Live]:
    found = []
    for kind, listing in (("campaign", "campaigns"), ("recommender", "recommenders")):
        for page in personalize.get_paginator(f"list_{listing}").paginate():
            found += [
                Live(kind, each["name"], each["status"], each[f"{kind}Arn"])
                for each in page[listing]
                if each["name"].startswith(own)
            ]
    return found
