"""What the functions and the state machine of a run wrote to their logs."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.operate.runs import Run

_LOG_GROUP = "AWS::Logs::LogGroup"
_AFTER = timedelta(minutes=2)
"""How long after the end of a run its last lines may come."""


@dataclass(frozen=True, order=True)
class Line:
    """A line of a log, of the group's last name."""

    at: datetime
    group: str
    text: str


def lines(cloudformation: Any, logs: Any, stacks: list[str], run: Run) -> Iterator[Line]:
    """Yield the lines of all log groups of some stacks while a run went on, in the order of their times.

    Two runs never go on at the same time, but lines of a start that was skipped meanwhile are among them.

    Args:
        cloudformation: a boto3 client.
        logs: a boto3 CloudWatch Logs client.
        stacks: names of the stacks.
        run: the run.
    """
    groups = [group for stack in stacks for group in _groups(cloudformation, stack)]
    yield from heapq.merge(*(_of_group(logs, group, run) for group in groups))


def _groups(cloudformation: Any, stack: str) -> list[str]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == _LOG_GROUP
    ]


def _of_group(logs: Any, group: str, run: Run) -> Iterator[Line]:
    window = {"startTime": _milliseconds(run.started)}
    if run.ended:
        window["endTime"] = _milliseconds(run.ended + _AFTER)
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, **window):
        for event in page["events"]:
            at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
            yield Line(at, group.rpartition("/")[2], event["message"].rstrip())


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
