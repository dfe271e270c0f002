"""What the terminal shows of an execution and its child executions, from a Step Functions that is made up here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from cli.follow import Follower

RUN = "arn:aws:states:us-east-1:1:execution:shop-dev:run"
SOLUTION = "arn:aws:states:us-east-1:1:mapRun:shop-dev/solution:1"
JOB = "arn:aws:states:us-east-1:1:mapRun:shop-dev/solution/job:2"
PARTS = "arn:aws:states:us-east-1:1:mapRun:shop-dev/solution/job/publish:3"
START = datetime(2026, 1, 1, tzinfo=UTC)


class StepFunctions:
    """Histories by execution and child executions by Map Run, as the service pages them; it counts what is asked."""

    def __init__(self, *, may_list: bool = True) -> None:
        self.histories: dict[str, list[dict[str, Any]]] = {}
        self.children: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self._may_list = may_list

    def enter(self, execution: str, state: str, at: int) -> None:
        """Add a state to a history."""
        self.add(execution, at, stateEnteredEventDetails={"name": state})

    def begin(self, execution: str, map_run: str, children: dict[str, str], at: int) -> None:
        """Add a Map Run with the statuses of its child executions."""
        self.add(execution, at, mapRunStartedEventDetails={"mapRunArn": map_run})
        self.children[map_run] = children

    def get_paginator(self, operation: str) -> StepFunctions:
        """Return what pages the operation."""
        self._operation = operation
        return self

    def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
        """Return pages of two."""
        if self._operation == "list_executions":
            self.asked.append(arguments["mapRunArn"])
            if not self._may_list:
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "No"}}, "ListExecutions")
            listed = self.children[arguments["mapRunArn"]]
            return [{"executions": [{"executionArn": arn, "status": status} for arn, status in listed.items()]}]
        assert arguments["reverseOrder"] is True
        self.asked.append(arguments["executionArn"])
        events = self.histories.get(arguments["executionArn"], [])[::-1]
        return [{"events": events[first : first + 2]} for first in range(0, len(events), 2)]

    def add(self, execution: str, at: int, **details: Any) -> None:
        """Add an event to a history."""
        events = self.histories.setdefault(execution, [])
        events.append({"id": len(events) + 1, "timestamp": START + timedelta(seconds=at), **details})


def states(follower: Follower) -> list[str]:
    """Return the names of the states that are new."""
    return [progress.state for progress in follower.progress() if not progress.detail]


def test_what_happens_in_child_executions_is_shown() -> None:
    """States come in the order of their times, whoever entered them, each once; parts of tables are not looked at."""
    service = StepFunctions()
    service.enter(RUN, "Begin run", 0)
    service.begin(RUN, SOLUTION, {"s1": "RUNNING", "s2": "RUNNING"}, 1)
    service.enter("s1", "Create solution", 2)
    service.enter("s2", "Create solution", 3)
    service.begin("s2", JOB, {"j1": "RUNNING"}, 4)
    service.enter("j1", "Publish", 5)
    service.begin("j1", PARTS, {"p1": "RUNNING"}, 6)
    service.enter("s1", "Solution result", 7)
    follower = Follower(service, RUN)

    assert ["Begin run", "Create solution", "Publish", "Solution result"] == states(follower)
    assert PARTS not in service.asked
    assert [] == states(follower)
    service.enter("j1", "Published", 8)
    assert ["Published"] == states(follower)


def test_what_has_ended_is_not_asked_again() -> None:
    """Once a child execution has ended, and who began it, it is let alone; a redrive tells of it again."""
    service = StepFunctions()
    service.begin(RUN, SOLUTION, {"s1": "SUCCEEDED"}, 1)
    service.begin("s1", JOB, {"j1": "SUCCEEDED"}, 2)
    service.enter("j1", "Publish", 3)
    follower = Follower(service, RUN)
    assert ["Publish"] == states(follower)
    states(follower)
    service.asked.clear()
    assert [] == states(follower)

    assert [RUN, SOLUTION] == service.asked
    service.children[SOLUTION]["s1"] = service.children[JOB]["j1"] = "RUNNING"
    service.add("s1", 9, mapRunRedrivenEventDetails={"mapRunArn": JOB})
    service.enter("j1", "Published", 10)
    assert ["Published"] == states(follower)


def test_who_may_not_list_child_executions_is_told_once() -> None:
    """The run is followed all the same."""
    service = StepFunctions(may_list=False)
    service.enter(RUN, "Begin run", 0)
    service.begin(RUN, SOLUTION, {}, 1)
    follower = Follower(service, RUN)
    told = [progress.detail for progress in follower.progress() if progress.detail]
    service.enter(RUN, "Write manifest", 2)

    assert 1 == len(told)
    assert "child executions cannot be shown: An error occurred (AccessDeniedException)" in told[0]
    assert ["Write manifest"] == [progress.state for progress in follower.progress()]
