"""What the report makes of an execution's history: events as Step Functions documents them, put together by hand."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from definition.contract.delivery import Delivered
from definition.plan.executions import DELIVERY
from lambdas.report import phases
from lambdas.report.phases import Histories, HistoryTooLongError, stretches

BEGAN = dt.datetime(2026, 11, 29, 3, tzinfo=dt.UTC)
ROOT = "arn:aws:states:eu-west-1:1:execution:shop-dev:a"
MAP_RUN = "arn:aws:states:eu-west-1:1:mapRun:shop-dev/{label}:b"


@dataclass
class History:
    """Events in their order; each follows the one whose id it is given, or the last one."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, second: float, *, after: int | None = None, **details: Any) -> int:
        """Add an event; return its id."""
        number = len(self.events) + 1
        previous = number - 1 if after is None else after
        at = BEGAN + dt.timedelta(seconds=second)
        self.events.append({"id": number, "previousEventId": previous, "type": kind, "timestamp": at, **details})
        return number

    def enter(self, kind: str, name: str, second: float, *, after: int | None = None, given: Any = None) -> int:
        """Enter a state."""
        details = {"name": name, "input": json.dumps(given)}
        return self.add(f"{kind}StateEntered", second, after=after, stateEnteredEventDetails=details)

    def leave(self, kind: str, name: str, second: float, *, after: int | None = None) -> int:
        """Leave a state."""
        return self.add(f"{kind}StateExited", second, after=after, stateExitedEventDetails={"name": name})

    def task(self, name: str, *seconds: float, after: int | None = None) -> int:
        """Go through a task that is entered, called at each second but the last, and left; return its last event."""
        entered, *calls, left = seconds
        self.enter("Task", name, entered, after=after)
        for number, call in enumerate(calls):
            if number:
                self.add("TaskFailed", call)
            self.add("TaskScheduled", call)
        return self.leave("Task", name, left)

    def wait(self, name: str, entered: float, left: float) -> int:
        """Go through a state that waits."""
        self.enter("Wait", name, entered)
        return self.leave("Wait", name, left)

    def told(self) -> list[tuple[str, str, float, float]]:
        """Return name, kind, and seconds of beginning and end of each phase."""
        first = BEGAN.timestamp() * 1000
        return [
            (each.name, each.kind, (each.start - first) / 1000, (each.end - first) / 1000)
            for each in stretches("run", self.events)
        ]


def test_a_job_is_the_services_work_from_its_acceptance_to_the_last_look() -> None:
    """Until the call that was accepted it is waited for; waits and looks after it are one stretch."""
    history = History()
    history.task("Create solution version", 0, 0, 60, 150, 151)
    history.wait("Wait for solution version", 151, 181)
    history.task("Describe solution version", 181, 181, 182)
    history.wait("Wait for solution version", 182, 212)
    history.task("Describe solution version", 212, 212, 213)

    assert [
        ("Create solution version", "waiting", 0, 150),
        ("solution version", "service", 150, 213),
    ] == history.told()


def test_functions_are_the_pipelines_own_work() -> None:
    """A call that is repeated is waiting up to its repetition; states that call nothing are no phase, waits are."""
    history = History()
    history.enter("Pass", "Begin run", 0)
    history.leave("Pass", "Begin run", 0)
    history.task("Transform", 1, 1, 20)
    history.task("Publish", 20, 20, 50, 55)
    history.wait("Wait to find out", 55, 60)

    assert [
        ("Transform", "work", 1, 20),
        ("Publish", "waiting", 20, 50),
        ("Publish", "work", 50, 55),
        ("Wait to find out", "waiting", 55, 60),
    ] == history.told()


def test_datasets_that_are_imported_at_once_are_told_apart() -> None:
    """Events of iterations come mixed: what each follows says to which it belongs, up to the end of the Map."""
    history = History()
    begun = history.enter("Map", "Import datasets", 0)
    last = {}
    for name in ("items", "users"):
        iteration = history.add("MapIterationStarted", 0, after=begun)
        history.enter("Pass", "Begin import", 0, after=iteration, given={"dataset": name})
        last[name] = history.leave("Pass", "Begin import", 0)
    for name, second in (("items", 1), ("users", 2)):
        last[name] = history.task("Create import job", second, second, second + 1, after=last[name])
    for name, second in (("users", 10), ("items", 30)):
        last[name] = history.task("Describe import job", second, second, second + 1, after=last[name])
    history.leave("Map", "Import datasets", 31)
    history.task("Remember imports", 31, 31, 32)

    assert {
        ("import job items", "service", 1, 31),
        ("import job users", "service", 2, 11),
        ("Remember imports", "work", 31, 32),
    } == set(history.told())


@dataclass
class Service:
    """A Step Functions client that knows some histories, and the children of Map Runs."""

    histories: dict[str, History]
    children: dict[str, list[str]]
    asked: list[str] = field(default_factory=list)

    def get_paginator(self, operation: str) -> Any:
        """Return what answers in one page."""
        self.operation = operation
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        """Return the only page."""
        if self.operation == "get_execution_history":
            self.asked.append(given["executionArn"])
            return [{"events": self.histories[given["executionArn"]].events}]
        return [{"executions": [{"executionArn": arn} for arn in self.children[given["mapRunArn"]]]}]


def execution(given: Any, task: str, *map_runs: str) -> History:
    """Return the history of an execution that goes through a task and starts Map Runs."""
    history = History()
    history.add("ExecutionStarted", 0, after=0, executionStartedEventDetails={"input": json.dumps(given)})
    history.task(task, 1, 1, 2, after=0)
    for arn in map_runs:
        history.add("MapRunStarted", 2, mapRunStartedEventDetails={"mapRunArn": arn})
    return history


def family() -> Service:
    """Return a run with a solution with a job whose table has parts."""
    solutions, jobs, parts = (MAP_RUN.format(label=label) for label in ("solution", "job", "publish"))
    given = {"item": {"name": "for-you"}, "given": {"run": "r"}}
    of_job = {"item": {"name": "top"}, "given": {"run": "r", "solution": "for-you"}}
    histories = {
        ROOT: execution({"solutions": ["for-you"]}, "Transform", solutions),
        "solution": execution(given, "Get training metrics", jobs),
        "job": execution(of_job, "Publish", parts),
    }
    return Service(histories, {solutions: ["solution"], jobs: ["job"]})


def test_child_executions_have_lanes_of_their_own() -> None:
    """Named after the solution, and the solution and job, that they are given; parts of a table are not looked into."""
    service = family()
    found = Histories(service).phases(ROOT)

    assert [ROOT, "solution", "job"] == service.asked
    assert {("run", "Transform"), ("for-you", "Get training metrics"), ("for-you/top", "Publish")} == {
        (each.lane, each.name) for each in found
    }


def test_a_delivery_goes_by_the_table_that_is_delivered() -> None:
    """Its child execution is given the table itself, and no name: the chart said None of it."""
    map_run = MAP_RUN.format(label=DELIVERY)
    names = dict.fromkeys(("bucket", "run", "location", "table"), "x")
    table = Delivered(**names, solution="for-you", job="top", kind="inference", line="user", lists=1)
    item = {"item": table.model_dump(mode="json"), "given": {}}
    histories = {ROOT: execution({}, "Transform", map_run), "delivery": execution(item, "Find changed lists")}
    found = Histories(Service(histories, {map_run: ["delivery"]})).phases(ROOT)

    assert {("run", "Transform"), ("for-you/top", "Find changed lists")} == {(each.lane, each.name) for each in found}


def test_of_many_phases_the_longest_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is short, and the order is still that of the beginnings."""
    monkeypatch.setattr(phases, "MOST_PHASES", 2)
    history = execution({}, "Transform")
    history.task("Short", 3, 3, 3.1)
    history.task("Publish", 4, 4, 60)

    assert ["Transform", "Publish"] == [each.name for each in Histories(Service({ROOT: history}, {})).phases(ROOT)]


def test_histories_without_end_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report reads so many pages and no more."""
    monkeypatch.setattr(phases, "MOST_PAGES", 3)
    with pytest.raises(HistoryTooLongError, match="more than 3 pages"):
        Histories(family()).phases(ROOT)
