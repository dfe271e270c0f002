"""What the pipeline file names no more goes, once what took its place is published.

    everything succeeded → Clean up → Was anything removed? → Record removals → next
    a dataset group has as many solutions as it may → Was room made? → Make room → Create solution

A dataset group has at most ten solutions, and each change of a configuration makes a new one. What may go and what must
stay is in lambdas/cleanup. A clean-up that fails changes nothing about the run, which says so where it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition import layout
from stacks.states import retries
from stacks.states.asl import States, jsonata, when
from stacks.states.calls import write_json
from stacks.states.job import caught

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from stacks.states.asl import State

FIRST_STATE = "Clean up"

_KNOWN = "[$known.{'name': name, 'resource': resource, 'campaign': campaign.resource}]"
"""JSONata of the solutions of one recipe that the file names, with names in Personalize, also of their campaigns."""

REMAINS = (
    "($exists($cleanup.failure) ? 'The clean-up failed: ' & $cleanup.failure.reason : "
    "$count($cleanup.remaining) > 0 ? 'Not cleaned up, and perhaps billed: ' & "
    "$join($cleanup.remaining.(arn & ' (' & reason & ')'), '; ') : '')"
)
"""JSONata of what people should hear of a clean-up, an empty text if nothing."""


def states(pipeline: Pipeline, *, next_state: str) -> States:
    """Return the fragment at the end of a run that succeeded; ``$cleanup`` says how that ended."""
    (failed,) = caught("clean-up", go_to=next_state)
    failed["Assign"] = {"cleanup": {"deleted": [], "remaining": [], **failed["Assign"]}}
    return {
        FIRST_STATE: {
            "Type": "Task",
            "Comment": "Remove the solutions that the file names no more and nothing published rests on.",
            **_invoke(jsonata(known(pipeline))),
            "Catch": [failed],
            "Assign": {"cleanup": jsonata("$states.result.Payload")},
            "Output": {},
            "Next": "Was anything removed?",
        },
        "Was anything removed?": {
            "Type": "Choice",
            "Comment": "Most runs leave nothing to remove.",
            "Choices": [
                when("yes", "$count($cleanup.deleted) + $count($cleanup.remaining) > 0", "Record removals"),
            ],
            "Default": next_state,
        },
        "Record removals": write_json(
            jsonata(layout.CLEANUP.jsonata(run="$run")),
            jsonata("$cleanup"),
            comment="Write runs/<run>/cleanup.json: what was removed, and what could not be, with the reason.",
            catch=[{"ErrorEquals": ["States.ALL"], "Output": {}, "Next": next_state}],
            Next=next_state,
        ),
    }


def known(pipeline: Pipeline) -> str:
    """Return JSONata of what the pipeline file names: each solution with each of its recipes."""
    if not pipeline.compares:
        return _KNOWN
    return (
        "[$known.($plan := $; $plan.candidates."
        "{'name': $plan.name, 'resource': resource, 'campaign': $plan.campaign.resource})]"
    )


def room(
    *,
    again: str,
    on_failure: str,
    failure_variable: str,
    of: str = "$plan.name",
    given: str = "$given.known",
    variable: str = "room",
) -> States:
    """Return the fragment that makes room for a solution, once.

    Args:
        again: the state that makes the solution.
        on_failure: the state after a failure, which reads ``failure_variable``: ``again`` has put there what was
            in the way.
        failure_variable: its name.
        of: JSONata of the solution's name in the pipeline file.
        given: JSONata of what the file names.
        variable: that holds what was deleted: asked, deleted, remaining.
    """
    blocked = f"$join(${variable}.remaining.(arn & ' (' & reason & ')'), '; ')"
    told = f"${failure_variable}.reason & ($count(${variable}.remaining) > 0 ? ' In the way: ' & {blocked} : '')"
    return {
        "Was room made?": {
            "Type": "Choice",
            "Comment": "The dataset group has as many solutions as it may; what is not needed goes, once.",
            "Choices": [
                when(
                    "tried before",
                    f"$exists(${variable}.asked)",
                    on_failure,
                    **{failure_variable: jsonata(f"$merge([${failure_variable}, {{'reason': {told}}}])")},
                )
            ],
            "Default": "Make room",
        },
        "Make room": {
            "Type": "Task",
            "Comment": "Remove what nothing needs; if all is needed, the former solution of this name.",
            **_invoke(jsonata(given), room_for=jsonata(of)),
            "Catch": caught("room for the solution", go_to=on_failure, variable=failure_variable),
            "Assign": {variable: jsonata("$merge([$states.result.Payload, {'asked': true}])")},
            "Output": {},
            "Next": again,
        },
    }


def _invoke(known: str, **more: Any) -> State:
    return {
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": "${CleanupFunctionArn}",
            "Payload": {
                "dataset_group_arn": "${DatasetGroupArn}",
                "prefix": "${ResourcePrefix}",
                "bucket": "${Bucket}",
                "solutions": known,
                **more,
            },
        },
        "Retry": retries.INVOKE,
    }
