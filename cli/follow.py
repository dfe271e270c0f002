"""Follow an execution: what happened since the last look, in the words of the state machine."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spec.resources import ACTIVE, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST_PAGE = 1000
_RUNNING = {"RUNNING", "PENDING_REDRIVE"}


@dataclass(frozen=True)
class Progress:
    """One thing worth a line: a state that is entered for the first time, or a job's new status.

    Attributes:
        state: name of the state.
        detail: what it is about: empty for a state, resource and status for a job.
    """

    state: str
    detail: str = ""


@dataclass
class Follower:
    """Reads an execution's history; safe to ask again and again.

    Args:
        stepfunctions: a boto3 Step Functions client.
        execution_arn: the execution.
    """

    stepfunctions: Any
    execution_arn: str
    _seen_states: set[str] = field(default_factory=set)
    _statuses: dict[str, str] = field(default_factory=dict)
    _last_event: int = 0

    def progress(self) -> Iterator[Progress]:
        """Yield what is new since the last call."""
        for event in self._new_events():
            if entered := event.get("stateEnteredEventDetails"):
                name = entered["name"]
                if name not in self._seen_states:
                    self._seen_states.add(name)
                    yield Progress(name)
            elif succeeded := event.get("taskSucceededEventDetails"):
                yield from self._job_status(json.loads(succeeded.get("output") or "null"))

    def finished(self) -> dict[str, Any] | None:
        """Return the execution once it has ended, as DescribeExecution does; None while it runs."""
        execution: dict[str, Any] = self.stepfunctions.describe_execution(executionArn=self.execution_arn)
        return None if execution["status"] in _RUNNING else execution

    def watch(self, *, every: float) -> Iterator[Progress]:
        """Yield progress until the execution has ended, looking every ``every`` seconds."""
        while True:
            ended = self.finished() is not None
            yield from self.progress()
            if ended:
                return
            time.sleep(every)

    def _new_events(self) -> Iterator[dict[str, Any]]:
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(
            executionArn=self.execution_arn, PaginationConfig={"PageSize": _LARGEST_PAGE}
        )
        for page in pages:
            for event in page["events"]:
                if event["id"] > self._last_event:
                    self._last_event = event["id"]
                    yield event

    def _job_status(self, output: Any) -> Iterator[Progress]:
        for kind in KINDS:
            described = output.get(kind.name) if isinstance(output, dict) else None
            if not isinstance(described, dict):
                continue
            arn, status = described[kind.arn_field], described["Status"]
            update = described.get(kind.latest_update)
            # What is updated stays ACTIVE meanwhile.
            if kind.updatable and update and status == ACTIVE:
                status = f"update {update['Status']}"
            if self._statuses.get(arn) != status:
                self._statuses[arn] = status
                yield Progress(f"Describe {kind.label}", f"{arn.split('/', 1)[1]}: {status}")
