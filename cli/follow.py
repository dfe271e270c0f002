"""Follow an execution: what happened since the last look, in the words of the state machine."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from definition.plan.executions import FOLLOWED
from definition.service.resource_kinds import ACTIVE, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST_PAGE = 1000
_PAGE = 20
_DENIED = "AccessDeniedException"
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
    """Reads the history of an execution, and those of the child executions in which its solutions and jobs are made.

    Safe to ask again and again: of each history only what is new is read. It takes the permissions GetExecutionHistory,
    DescribeExecution and ListExecutions; without the last one what happens inside of the solutions is not shown.

    Args:
        stepfunctions: a boto3 Step Functions client.
        execution_arn: the execution.
    """

    stepfunctions: Any
    execution_arn: str
    _seen_states: set[str] = field(default_factory=set)
    _statuses: dict[str, str] = field(default_factory=dict)
    _last_events: dict[str, int] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _refused: bool = False
    _refusal: str = ""

    def progress(self) -> Iterator[Progress]:
        """Yield what is new since the last call, in the order in which it happened."""
        events = self._read(self.execution_arn)
        looked: set[str] = set()
        # What happens in a child execution may begin Map Runs of its own.
        while due := [map_run for map_run in self._owners if map_run not in looked]:
            for map_run in due:
                looked.add(map_run)
                events += self._read_map_run(map_run)
        for event in sorted(events, key=lambda event: event["timestamp"]):
            if entered := event.get("stateEnteredEventDetails"):
                name = entered["name"]
                if name not in self._seen_states:
                    self._seen_states.add(name)
                    yield Progress(name)
            elif succeeded := event.get("taskSucceededEventDetails"):
                yield from self._job_status(json.loads(succeeded.get("output") or "null"))
        if self._refusal:
            yield Progress("ListExecutions", self._refusal)
            self._refusal = ""

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

    def _read_map_run(self, map_run: str) -> list[dict[str, Any]]:
        owner_ended = self._owners[map_run] in self._ended
        try:
            pages = self.stepfunctions.get_paginator("list_executions").paginate(mapRunArn=map_run)
            children = [each for page in pages for each in page["executions"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != _DENIED:
                raise
            self._owners.clear()
            self._refused, self._refusal = True, f"what happens in child executions cannot be shown: {error}"
            return []
        events: list[dict[str, Any]] = []
        for child in children:
            arn, running = child["executionArn"], child["status"] in _RUNNING
            if running or arn not in self._ended:
                events += self._read(arn)
            (self._ended.discard if running else self._ended.add)(arn)
        if owner_ended and all(child["executionArn"] in self._ended for child in children):
            # Nothing happens there any more, unless a redrive tells of it again.
            self._owners.pop(map_run, None)
        return events

    def _read(self, arn: str) -> list[dict[str, Any]]:
        """Return the new events of an execution, and remember the Map Runs that it has begun."""
        events = self._new_events(arn)
        for event in events:
            begun = event.get("mapRunStartedEventDetails") or event.get("mapRunRedrivenEventDetails")
            if begun and _label(begun["mapRunArn"]) in FOLLOWED and not self._refused:
                self._owners[begun["mapRunArn"]] = arn
        return events

    def _new_events(self, arn: str) -> list[dict[str, Any]]:
        """Return what a history has gained since the last look, read from its end: long ones have many pages."""
        last = self._last_events.get(arn, 0)
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(
            executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": _PAGE if last else _LARGEST_PAGE}
        )
        found: list[dict[str, Any]] = []
        for page in pages:
            new = [event for event in page["events"] if event["id"] > last]
            found += new
            if len(new) < len(page["events"]):
                break
        if found:
            self._last_events[arn] = found[0]["id"]
        return found[::-1]

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


def _label(map_run: str) -> str:
    """Return the label of a Map Run: what stands last before its id, ``…:mapRun:<state machine>/<label>:<id>``."""
    return map_run.rpartition(":")[0].rpartition("/")[2]
