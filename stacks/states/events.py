"""Events on the account's default bus: programs go on from there, be it a run or a table that they wait for.

A run does not fail for an event that the bus does not take.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.contract.events import RUN_CHANGED, SOURCE, TABLE_PUBLISHED, VERSION, RunChanged, TablePublished
from stacks.states import retries
from stacks.states.asl import State, catch_all, document, inlined, jsonata
from stacks.states.program import program

if TYPE_CHECKING:
    from definition.contract.events import RunStatus

BEGUN = "Tell bus of begin"
TABLES = "Tell bus of tables"
_BUS = "default"
_HAS = {"BEGUN": "begun", "SUCCEEDED": "succeeded", "FAILED": "failed", "SKIPPED": "been skipped"}


def of_run(status: RunStatus, *, next_state: str, **more: Any) -> State:
    """Return the state that tells of a run.

    Args:
        status: of the run.
        next_state: goes on, told or not.
        more: further fields of the detail.
    """
    fields = {"run": jsonata("$run"), "bucket": "${Bucket}", "execution": jsonata("$states.context.Execution.Id")}
    detail = document(
        RunChanged, version=VERSION, pipeline="${Pipeline}", stage="${Stage}", status=status, **{**fields, **more}
    )
    entry = {"Source": SOURCE, "DetailType": RUN_CHANGED, "Detail": detail, "EventBusName": _BUS}
    state = _put([entry], f"Programs that wait for the run hear that it has {_HAS[status]}.")
    return {**state, "Catch": catch_all(next_state), "Next": next_state}


def of_tables(*, next_state: str) -> State:
    """Return the Map that tells of each table that the run has published."""
    detail = document(
        TablePublished,
        version=VERSION,
        pipeline="${Pipeline}",
        stage="${Stage}",
        run=jsonata("$run"),
        solution=jsonata("$trained.name"),
        job=jsonata("$scored.name"),
        kind=jsonata("$scored.kind"),
        location=jsonata("$scored.published.location"),
        rows=jsonata("$scored.published.rows"),
    )
    entry = {"Source": SOURCE, "DetailType": TABLE_PUBLISHED, "Detail": jsonata(inlined(detail)), "EventBusName": _BUS}
    entries = program("table_events", entry=f"function($trained, $scored) {{ {inlined(entry)} }}")
    return {
        "Type": "Map",
        "Comment": "Tell the event bus of each table, ten at a time.",
        "Items": jsonata(entries),
        "MaxConcurrency": 1,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Put table events",
            "States": {
                "Put table events": {**_put(jsonata("$states.input.entries"), "Up to ten tables."), "End": True}
            },
        },
        "Catch": catch_all(next_state),
        "Output": {},
        "Next": next_state,
    }


def _put(entries: Any, comment: str) -> State:
    return {
        "Type": "Task",
        "Comment": comment,
        "Resource": "arn:aws:states:::events:putEvents",
        "Arguments": {"Entries": entries},
        "Retry": retries.AWS_CALL,
        "Output": {},
    }
