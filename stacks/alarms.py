"""Alarms that ring on the topic of the runs: runs, dead letters, functions, age of tables, cost of a month.

All are evaluated by CloudWatch: also a run that never starts, or cannot tell of itself, is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from definition.plan import names
from stacks.function import TIMEOUT
from stacks.states import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as sfn

    from definition.file.pipeline import Pipeline

_HOUR = 3600
_PERIOD = 300

_SLOW = 0.8
"""Share of its timeout that a function may take before somebody should look."""


@dataclass(frozen=True)
class Alarm:
    """An alarm on one metric.

    Attributes:
        name: what stands behind the prefix of all names.
        meaning: one sentence, for the description.
        namespace: of the metric.
        metric: its name.
        of: its dimensions.
        statistic: of each period.
        threshold: reached or passed it rings; with ``rings_below`` it rings below.
        period: in seconds.
        periods: that must all be so.
        rings_below: whether it rings below the threshold, and without any data.
        lasts: whether it rings above the threshold only, and stays as it is while there is no data.
    """

    name: str
    meaning: str
    namespace: str
    metric: str
    of: Mapping[str, str]
    statistic: str = "Sum"
    threshold: float = 1
    period: int = _PERIOD
    periods: int = 1
    rings_below: bool = False
    lasts: bool = False

    @property
    def compared(self) -> str:
        """How the statistic is compared with the threshold, in CloudWatch's words."""
        if self.rings_below:
            return "LessThanThreshold"
        return "GreaterThanThreshold" if self.lasts else "GreaterThanOrEqualToThreshold"

    @property
    def missing(self) -> str:
        """What a period without data means, in CloudWatch's words."""
        if self.lasts:
            return "ignore"
        # Failures are counted where there are some; tables that nobody counted were not made.
        return "breaching" if self.rings_below else "notBreaching"


@dataclass(frozen=True)
class Watched:
    """What there is to watch of a pipeline and stage.

    Attributes:
        pipeline: the pipeline file.
        prefix: what every name begins with.
        state_machine: that runs it.
        functions: of a run, by their names without the prefix.
        dead_letters: queues, by what could not be delivered.
    """

    pipeline: Pipeline
    prefix: str
    state_machine: sfn.IStateMachine
    functions: Mapping[str, lambda_.IFunction]
    dead_letters: Mapping[str, sqs.IQueue]


def _alarms(watched: Watched) -> list[Alarm]:
    expected = _expected(watched.pipeline)
    return [
        *_on_runs(watched.state_machine.state_machine_arn),
        *(_on_letters(what, queue) for what, queue in watched.dead_letters.items()),
        *(
            alarm
            for name, function in watched.functions.items()
            for alarm in _on_function(name, function.function_name)
            if alarm.name not in expected
        ),
        *_on_tables(watched.pipeline, watched.prefix),
        *_on_budget(watched.pipeline, watched.prefix),
    ]


def _expected(pipeline: Pipeline) -> set[str]:
    """Return the alarms on what is no fault, by their names."""
    # A function says with an error that something is too large for it, and the state machine takes the other way.
    handed_over = {"publish/errors", *(set() if pipeline.engine == "lambda" else {"transform/errors"})}
    # It waits for deletions until its time is up, and one that the account has no place for is tried again. Nothing
    # waits for a report: the message of the run says where there is none.
    # A delivery's call ends itself before its time is up, and the next one goes on.
    handed_over |= {"deliver/duration"}
    return handed_over | {"cleanup/duration", "cleanup/throttles", "report/duration", "report/throttles"}


def _on_runs(state_machine: str) -> Iterator[Alarm]:
    of = {"StateMachineArn": state_machine}
    for name, metric, meaning in (
        ("failed", "ExecutionsFailed", "A run failed; the message of the run says why, and what to do"),
        ("timed-out", "ExecutionsTimedOut", "A run took longer than all its timeouts together"),
        ("aborted", "ExecutionsAborted", "A run was stopped from outside"),
    ):
        yield Alarm(f"run/{name}", meaning, "AWS/States", metric, of)


def _on_letters(what: str, queue: sqs.IQueue) -> Alarm:
    return Alarm(
        f"dead-letters/{what}",
        f"Something of the {what} could not be delivered for good, and lies in its dead-letter queue",
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": queue.queue_name},
        statistic="Maximum",
    )


def _on_function(name: str, function: str) -> Iterator[Alarm]:
    of = {"FunctionName": function}
    yield Alarm(f"{name}/errors", f"The function {name} failed", "AWS/Lambda", "Errors", of)
    yield Alarm(
        f"{name}/throttles",
        f"For a quarter of an hour the account had no free place for the function {name}",
        "AWS/Lambda",
        "Throttles",
        of,
        periods=3,
    )
    yield Alarm(
        f"{name}/duration",
        f"The function {name} took more than {_SLOW:.0%} of the {TIMEOUT.to_minutes()} minutes that it has",
        "AWS/Lambda",
        "Duration",
        of,
        statistic="Maximum",
        threshold=_SLOW * TIMEOUT.to_milliseconds(),
    )


def _on_tables(pipeline: Pipeline, prefix: str) -> Iterator[Alarm]:
    """Yield an alarm for each batch job, on the age of its newest table."""
    if pipeline.freshness is None:
        return
    hours = int(pipeline.freshness.total_seconds()) // _HOUR
    for solution in pipeline.solutions:
        for job in solution.jobs:
            found = metrics.dimensions(prefix, Solution=solution.name, Job=job.name)
            yield Alarm(
                f"freshness/{solution.name}/{job.name}",
                f"The newest complete table of {solution.name}/{job.name} is older than {hours} h",
                metrics.NAMESPACE,
                metrics.TABLES,
                {each["Name"]: each["Value"] for each in found},
                period=_HOUR,
                periods=hours,
                rings_below=True,
            )


def _on_budget(pipeline: Pipeline, prefix: str) -> Iterator[Alarm]:
    """Yield the alarm on what the runs of a month have cost.

    It looks at what the last run said, however long ago: CloudWatch looks back a week at most (API reference, page
    API_PutMetricAlarm, Period), and keeps the state where missing data is ignored (user guide, page
    alarms-and-missing-data).
    """
    if (budget := pipeline.budget_usd) is None:
        return
    yield Alarm(
        "budget",
        f"The runs of a calendar month (UTC) have cost more than the {budget:.2f} USD of budget, by what is known. "
        "Nothing is stopped: see usd in the table runs for the dearest ones, make runs cheaper or fewer "
        "(pipelines cost, pipelines pause), or raise budget. The first run of the next month clears it",
        metrics.NAMESPACE,
        metrics.COST_OF_MONTH,
        {each["Name"]: each["Value"] for each in metrics.dimensions(prefix)},
        statistic="Maximum",
        threshold=float(budget),
        lasts=True,
    )


class Alarms(Construct):
    """The alarms of a pipeline and stage.

    Attributes:
        arns: of all of them.
    """

    def __init__(self, scope: Construct, construct_id: str, *, watched: Watched, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        self.arns = [self._make(watched.prefix, topic, alarm).attr_arn for alarm in _alarms(watched)]

    def _make(self, prefix: str, topic: sns.ITopic, alarm: Alarm) -> cloudwatch.CfnAlarm:
        return cloudwatch.CfnAlarm(
            self,
            alarm.name.replace("/", "-"),
            alarm_name=names.alarm_of(prefix, alarm.name),
            alarm_description=alarm.meaning,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in alarm.of.items()
            ],
            statistic=alarm.statistic,
            period=alarm.period,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.periods,
            threshold=alarm.threshold,
            comparison_operator=alarm.compared,
            treat_missing_data=alarm.missing,
            alarm_actions=[topic.topic_arn],
            # That tables are new again, or a month, is news; that nothing more has failed for five minutes is none.
            ok_actions=[topic.topic_arn] if alarm.rings_below or alarm.lasts else None,
        )
