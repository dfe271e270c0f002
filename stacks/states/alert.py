"""The small state machine that speaks for an execution which ended without a word of its own.

It leaves what a run that fails by itself leaves: the record of the failure, the page, the row, message and event.

Its input is EventBridge's event of the end (docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition import layout
from stacks.states import events, failure, report
from stacks.states.asl import State, jsonata, machine, merged
from stacks.states.calls import console_link, notify

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

_DETAIL = "$states.input.detail"
_ENDED = report.Ended(execution="$execution", started="$started", redrives="$redrives", jobs="[]")
_NOTIFY = "Notify end"
_RECORD = jsonata(layout.FAILURE.jsonata(run="$run"))
_REMEDY = "Redrive this execution to resume the run: what exists already is used, nothing is paid twice."

_OWN = (
    f"$fromMillis({_DETAIL}.startDate, '[Y0001][M01][D01]T[H01][m01][s01]')"
    f" & '-' & $substring($hash({_DETAIL}.name, 'SHA-256'), 0, 6)"
)
_RUN = (
    f"($input := $type({_DETAIL}.input) = 'string' ? $parse({_DETAIL}.input);"
    " $named := $type($input) = 'object' ? $input.run;"
    f" $type($named) = 'string' and $contains($named, /^{layout.RUN_ID}$/) ? $named : {_OWN})"
)
"""JSONata of the run: the one that the execution was to resume, else its own. Of a long input the event has nothing."""


def definition(pipeline: Pipeline) -> dict[str, Any]:
    """Return the definition."""
    message = (
        f"$cause & '\\n\\nTables of earlier runs are as they were. ' & $remedy & '\\n\\nExecution: ' & "
        f"{console_link('$execution')} & $join([$remarks, $reported].('\\n\\n' & $))"
    )
    told = notify(
        "ended without a word",
        message,
        comment="Tell the on-call person what nobody has told yet.",
        next_state="Tell bus of end",
    )
    page = report.PAGE_OF_FAILURE
    states = merged(
        {
            "Begin alert": _begin(),
            "Record failure": failure.record("$execution", next_state=page),
        },
        report.states(pipeline, page, "FAILED", next_state=report.first_told(pipeline, _NOTIFY), ended=_ENDED),
        report.told(pipeline, _NOTIFY, told),
        {
            "Tell bus of end": events.of_run(
                "FAILED",
                next_state="Told",
                execution=jsonata("$execution"),
                record=_RECORD,
                error=jsonata("$failures[0].error"),
            ),
            "Told": {"Type": "Succeed", "Comment": "Whoever waits for the run knows how it ended."},
        },
    )
    return machine(
        states, start="Begin alert", comment="Tells of a run that was stopped from outside.", timeout_seconds=7200
    )


def _begin() -> State:
    given = f"$exists({_DETAIL}.error) and {_DETAIL}.error != null"
    why = f"($exists({_DETAIL}.cause) and {_DETAIL}.cause != null ? {_DETAIL}.cause : 'No cause was given.')"
    ending = f"$lowercase($replace({_DETAIL}.status, '_', ' ')) & ({given} ? ' (' & {_DETAIL}.error & ')' : '')"
    error = f"{given} ? {_DETAIL}.error : {_DETAIL}.status"
    return {
        "Type": "Pass",
        "Comment": "The run's id, and how it ended.",
        "Assign": {
            "run": jsonata(_RUN),
            "execution": jsonata(f"{_DETAIL}.executionArn"),
            "started": jsonata(f"$fromMillis({_DETAIL}.startDate)"),
            "redrives": jsonata(f"$exists({_DETAIL}.redriveCount) ? {_DETAIL}.redriveCount : 0"),
            "cause": jsonata(f"'Run ' & {_RUN} & ' ended as ' & {ending} & '. ' & {why}"),
            "remedy": _REMEDY,
            "remarks": [],
            "failures": [{"state": "Execution", "error": jsonata(error), "reason": jsonata(why)}],
        },
        "Next": "Record failure",
    }
