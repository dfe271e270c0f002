"""What a run spent its time with, from the histories of its executions.

Step Functions writes down when each state was entered and left, and when each call was scheduled, has failed and was
repeated. From that follow three kinds of time: the pipeline's own work, Personalize at work, and waiting until a call
that was refused could be repeated. Of what goes on in Personalize only its looks tell, every half minute to five.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from definition.contract.report import Phase
from definition.plan.executions import FOLLOWED
from definition.service.resource_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

_PAGE = 1000
MOST_PAGES = 300
"""Of all histories together: a page takes a tenth of a second."""

MOST_PHASES = 400
"""The longest ones are kept."""

_OWN = "run"


class HistoryTooLongError(Exception):
    """There are more histories than a report reads."""


@dataclass
class Histories:
    """Reads the histories of an execution and its child executions.

    Attributes:
        stepfunctions: a boto3 Step Functions client.
    """

    stepfunctions: Any
    _pages: int = field(default=0)

    def phases(self, execution: str) -> list[Phase]:
        """Return the phases of a run in the order of their beginnings, as far as it has got, the longest if many.

        Raises:
            HistoryTooLongError: there are more histories than a report reads.
        """
        found: list[Phase] = []
        waiting = [(_OWN, execution)]
        while waiting:
            above, arn = waiting.pop(0)
            events = self._events(arn)
            lane = _lane(above, events)
            found += stretches(lane, events)
            for map_run in _map_runs(events):
                waiting += [(lane, child) for child in self._children(map_run)]
        longest = sorted(found, key=lambda each: each.start - each.end)[:MOST_PHASES]
        return sorted(longest, key=lambda each: (each.start, each.lane, each.name))

    def _events(self, arn: str) -> list[dict[str, Any]]:
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=True, PaginationConfig={"PageSize": _PAGE}
        )
        return [event for page in self._counted(pages) for event in page["events"]]

    def _children(self, map_run: str) -> list[str]:
        pages = self.stepfunctions.get_paginator("list_executions").paginate(mapRunArn=map_run)
        return [each["executionArn"] for page in self._counted(pages) for each in page["executions"]]

    def _counted(self, pages: Any) -> Iterator[dict[str, Any]]:
        for page in pages:
            self._pages += 1
            if self._pages > MOST_PAGES:
                raise HistoryTooLongError(f"the histories of this run have more than {MOST_PAGES} pages")
            yield page


def stretches(lane: str, events: list[dict[str, Any]]) -> list[Phase]:
    """Return the phases of one execution from its events.

    Args:
        lane: whose they are.
        events: of its history, the oldest first.
    """
    found: list[Phase] = []
    service: dict[tuple[str, str], _Span] = {}
    for visit in _visits(events):
        name = f"{visit.state} {visit.of}".rstrip()
        start = visit.start
        if visit.repeated > start:
            found.append(Phase(lane=lane, name=name, kind="waiting", start=start, end=visit.repeated))
            start = visit.repeated
        kind = _made(visit.state)
        if kind is not None:
            span = service.setdefault((kind, visit.of), _Span(start, visit.end))
            span.end = max(span.end, visit.end)
        else:
            own: Literal["work", "waiting"] = "waiting" if visit.waits else "work"
            found.append(Phase(lane=lane, name=name, kind=own, start=start, end=visit.end))
    for (kind, of), span in service.items():
        found.append(Phase(lane=lane, name=f"{kind} {of}".rstrip(), kind="service", start=span.start, end=span.end))
    return found


@dataclass
class _Span:
    start: int
    end: int


@dataclass(frozen=True)
class _Visit:
    """A state that calls or waits, from its entry to its exit.

    Attributes:
        of: dataset of the iteration that it is in.
        waits: whether it does nothing but wait.
        start: milliseconds since 1970.
        end: likewise.
        repeated: when its call was repeated for the last time, 0 where it was not.
    """

    state: str
    of: str
    waits: bool
    start: int
    end: int
    repeated: int


@dataclass
class _Context:
    """Where an event stands: the iteration of a Map, the state that was entered last, and the calls since then."""

    of: str = ""
    begins: bool = False
    start: int = 0
    calls: int = 0
    scheduled: int = 0


def _visits(events: list[dict[str, Any]]) -> Iterator[_Visit]:
    """Yield the visits of an execution; iterations of a Map run at once, so each event is asked what was before it."""
    contexts: dict[int, _Context] = {0: _Context()}
    for event in events:
        before = contexts.get(event.get("previousEventId", 0)) or _Context()
        kind, at = event["type"], _ms(event)
        if kind == "MapIterationStarted":
            contexts[event["id"]] = _Context(begins=True)
        elif entered := event.get("stateEnteredEventDetails"):
            of = _dataset(entered) if before.begins else before.of
            contexts[event["id"]] = _Context(of=of, start=at)
        elif kind == "MapStateExited":
            contexts[event["id"]] = _Context()
        elif kind == "TaskScheduled":
            contexts[event["id"]] = replace(before, calls=before.calls + 1, scheduled=at)
        else:
            contexts[event["id"]] = before
            if kind in {"TaskStateExited", "WaitStateExited"}:
                yield _Visit(
                    state=event["stateExitedEventDetails"]["name"],
                    of=before.of,
                    waits=kind == "WaitStateExited",
                    start=before.start,
                    end=at,
                    repeated=before.scheduled if before.calls > 1 else 0,
                )


def _made(state: str) -> str | None:
    """Return the kind of what Personalize makes if a state asks for it, or looks how far it is."""
    words = ("Create ", "Wait for ", "Describe ", "Update ")
    return next((kind.label for kind in KINDS if any(state == f"{word}{kind.label}" for word in words)), None)


def _dataset(entered: dict[str, Any]) -> str:
    """Return the dataset that an iteration of a Map is about, nothing where it is about something else."""
    given = _json(entered.get("input"))
    return str(given["dataset"]) if isinstance(given.get("dataset"), str) else ""


def _lane(lane: str, events: list[dict[str, Any]]) -> str:
    """Return whose execution it is: what child executions are given names it."""
    given = _json(events[0]["executionStartedEventDetails"].get("input")) if events else {}
    item, of = given.get("item"), given.get("given")
    if lane == _OWN and not (isinstance(item, dict) and isinstance(of, dict)):
        return lane
    if isinstance(item, dict) and "job" in item:
        return f"{item['solution']}/{item['job']}"
    named = str(item.get("name")) if isinstance(item, dict) else lane
    return f"{of['solution']}/{named}" if isinstance(of, dict) and "solution" in of else named


def _map_runs(events: list[dict[str, Any]]) -> list[str]:
    """Return the Map Runs whose child executions people wait for."""
    begun = (event.get("mapRunStartedEventDetails") for event in events)
    arns = [str(each["mapRunArn"]) for each in begun if each]
    return [arn for arn in arns if arn.rpartition(":")[0].rpartition("/")[2] in FOLLOWED]


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:  # data that is too long is cut off
        return {}
    return found if isinstance(found, dict) else {}


def _ms(event: dict[str, Any]) -> int:
    return int(event["timestamp"].timestamp() * 1000)
