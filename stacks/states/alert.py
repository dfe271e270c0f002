"""The small state machine that tells of an execution which ended without a word of its own.

Its input is EventBridge's event of the end (docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html).
"""

from __future__ import annotations

from typing import Any

from stacks.states.asl import jsonata, machine
from stacks.states.calls import console_link, notify

_DETAIL = "$states.input.detail"


def definition() -> dict[str, Any]:
    """Return the definition."""
    told = f"($exists({_DETAIL}.error) and {_DETAIL}.error != null ? ' (' & {_DETAIL}.error & ')' : '')"
    why = f"($exists({_DETAIL}.cause) and {_DETAIL}.cause != null ? {_DETAIL}.cause : 'No cause was given.')"
    run = (
        f"$fromMillis({_DETAIL}.startDate, '[Y0001][M01][D01]T[H01][m01][s01]')"
        f" & '-' & $substring($hash({_DETAIL}.name, 'SHA-256'), 0, 6)"
    )
    states = {
        "Begin alert": {
            "Type": "Pass",
            "Comment": "The run's id, and how it ended.",
            "Assign": {
                "run": jsonata(run),
                "ending": jsonata(f"$lowercase($replace({_DETAIL}.status, '_', ' ')) & {told}"),
                "why": jsonata(why),
                "execution": jsonata(f"{_DETAIL}.executionArn"),
            },
            "Next": "Notify end",
        },
        "Notify end": notify(
            "ended without a word",
            "'Run ' & $run & ' ended as ' & $ending & '. ' & $why & '\\n\\nTables of earlier runs are as they were. "
            "Redrive this execution to resume the run: what exists already is used, nothing is paid twice.\\n\\n"
            f"Execution: ' & {console_link('$execution')}",
            comment="Tell the on-call person what nobody has told yet.",
            next_state="Told",
        ),
        "Told": {"Type": "Succeed", "Comment": "The topic knows."},
    }
    return machine(
        states, start="Begin alert", comment="Tells of a run that was stopped from outside.", timeout_seconds=600
    )
