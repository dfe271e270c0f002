"""A start because raw data has arrived: one run for all that comes, once nothing more does.

    Has data arrived? ──no──> next
      v yes
    Note arrival → Wait for quiet → Read arrival → Is it the last? ──no──> Left to a later arrival
                                        ^            └──yes──> next: is another run active?
                                        └── once it has ended ── Wait for active run <──yes──┘

Each object that arrives starts an execution, which writes its name to ``runs/arrival.json`` and waits. Who finds
another name there leaves the run to it. S3 keeps the last of several writes, so exactly one goes on. What arrives while
a run is active is not lost: its execution waits for the end of that run, and looks again whether more has come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from definition.contract.pointers import Arrival
from stacks.states import flight
from stacks.states.asl import State, States, document, jsonata, when
from stacks.states.calls import Absent, read_json, write_json
from stacks.states.job import caught

if TYPE_CHECKING:
    from definition.file.pipeline import Trigger

FIRST_STATE = "Has data arrived?"
AGAIN = "Wait for active run"
"""State to go to while another run is active, if data has arrived."""

AFTER = "Read arrival"
"""State to go to when that run has ended."""

LATER = "Left to a later arrival"
_POLL = 300
_KEY = layout.ARRIVAL.key()


def states(trigger: Trigger | None, *, next_state: str, on_failure: str) -> States:
    """Return the fragment, empty without a trigger. It reads ``$arrived``, whether data has arrived.

    Args:
        trigger: what the pipeline file says.
        next_state: the state of whoever may try to become the run.
        on_failure: the state after a failure, which reads ``$failure``.
    """
    if trigger is None:
        return {}
    return {
        FIRST_STATE: {
            "Type": "Choice",
            "Comment": "Starts by hand and by the clock begin at once.",
            "Choices": [when("yes", "$arrived", "Note arrival")],
            "Default": next_state,
        },
        **_quiet(trigger, on_failure),
        AFTER: read_json(
            _KEY,
            comment="Has more arrived since?",
            resource="arrival",
            assign={"latest": jsonata("$parse($states.result.Body)")},
            next_state="Is it the last?",
            on_failure=on_failure,
            absent=Absent(next_state),
        ),
        "Is it the last?": {
            "Type": "Choice",
            "Comment": "The execution of the last arrival runs for all of them.",
            "Choices": [when("no", "$latest.execution != $states.context.Execution.Id", LATER)],
            "Assign": {"waited": False},
            "Default": next_state,
        },
        LATER: _later(),
        # A turn of this wait is some ten events of the 25,000 that a history may have.
        AGAIN: {
            "Type": "Wait",
            "Comment": "What has arrived is no part of the active run, so it is not left to it.",
            "Seconds": _POLL,
            "Assign": {"waited": True},
            "Next": flight.LOOK,
        },
    }


def _quiet(trigger: Trigger, on_failure: str) -> States:
    """Return the states that name this execution as the last, and wait for others."""
    body = document(
        Arrival,
        run=jsonata("$run"),
        execution=jsonata("$states.context.Execution.Id"),
        key=jsonata("$states.context.Execution.Input.arrival"),
    )
    return {
        "Note arrival": write_json(
            _KEY,
            body,
            comment="Say that this execution runs for what has arrived, unless more does.",
            catch=caught("arrival", go_to=on_failure),
            Next="Wait for quiet",
        ),
        "Wait for quiet": {
            "Type": "Wait",
            "Comment": "Several objects are one arrival.",
            "Seconds": int(trigger.quiet.total_seconds()),
            "Next": AFTER,
        },
    }


def _later() -> State:
    return {
        "Type": "Succeed",
        "Comment": "More arrived; this execution did nothing.",
        "Output": {
            "run": jsonata("$run"),
            "skipped": True,
            "later": {"run": jsonata("$latest.run"), "execution": jsonata("$latest.execution")},
        },
    }
