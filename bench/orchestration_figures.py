"""What an execution's history says of its time and its price."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Interval = tuple[dt.datetime, dt.datetime]

DOLLARS_PER_TRANSITION = 0.025 / 1000
"""Standard workflows in us-east-1, beyond the free 4,000 a month: https://aws.amazon.com/step-functions/pricing/"""


@dataclass(frozen=True)
class Figures:
    """An execution in numbers.

    Attributes:
        total: seconds from its start to its end.
        idle: seconds of it in which no job works and no call is under way.
        transitions: state transitions that are billed: each state that is entered, each retry.
        events: events of its history.
    """

    total: float
    idle: float
    transitions: int
    events: int

    @property
    def idle_share(self) -> float:
        """Share of the time that is idle."""
        return self.idle / self.total

    @property
    def dollars(self) -> float:
        """Price of the transitions."""
        return self.transitions * DOLLARS_PER_TRANSITION


def mean(runs: Sequence[Figures]) -> Figures:
    """Return the arithmetic means of several executions, counts rounded."""
    total = statistics.mean(run.total for run in runs)
    idle = statistics.mean(run.idle for run in runs)
    transitions = round(statistics.mean(run.transitions for run in runs))
    return Figures(total, idle, transitions, round(statistics.mean(run.events for run in runs)))


def figures(events: Sequence[dict[str, Any]], jobs: Iterable[Interval]) -> Figures:
    """Return the numbers of an execution whose calls follow one another.

    Args:
        events: its whole history, as GetExecutionHistory returns it.
        jobs: creation and end of each job that it waited for.
    """
    start, end = events[0]["timestamp"], events[-1]["timestamp"]
    kinds = [event["type"] for event in events]
    entered = sum(kind.endswith("StateEntered") for kind in kinds)
    retries = kinds.count("TaskScheduled") - kinds.count("TaskStateEntered")
    busy = covered([*jobs, *_calls(events)], (start, end))
    total = (end - start).total_seconds()
    return Figures(total, total - busy, entered + retries, len(events))


def histories(stepfunctions: Any, execution_arn: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the histories of an execution and of all its child executions, each with the label of its Map Run."""
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    label = execution_arn.split(":")[6].partition("/")[2].rpartition("/")[2]
    yield label, [event for page in pages for event in page["events"]]
    for run in stepfunctions.list_map_runs(executionArn=execution_arn)["mapRuns"]:
        for page in stepfunctions.get_paginator("list_executions").paginate(mapRunArn=run["mapRunArn"]):
            for child in page["executions"]:
                yield from histories(stepfunctions, child["executionArn"])


def covered(intervals: Iterable[Interval], within: Interval) -> float:
    """Return the seconds of an interval that at least one of others covers."""
    seconds, reached = 0.0, within[0]
    for begin, end in sorted(intervals):
        upto = min(end, within[1])
        if upto > reached:
            seconds += (upto - max(begin, reached)).total_seconds()
            reached = upto
    return seconds


def _calls(events: Iterable[dict[str, Any]]) -> Iterable[Interval]:
    begun = None
    for event in events:
        if event["type"] == "TaskScheduled":
            begun = event["timestamp"]
        elif event["type"] in {"TaskSucceeded", "TaskFailed"} and begun is not None:
            yield begun, event["timestamp"]
