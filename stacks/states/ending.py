"""How a run ends once its work is done: as succeeded, after a clean-up, or with the failures of what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from stacks.states import cleanup, events, failure, report
from stacks.states.asl import State, States, jsonata, when
from stacks.states.calls import notify

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Did everything succeed?"
_NOTIFY = "Notify success"


def _manifest(before: str = "") -> str:
    """Return JSONata of the manifest's S3 URL, with a text before it."""
    return layout.MANIFEST.jsonata(before=f"{before}s3://${{Bucket}}/", run="$run")


def _cost() -> str:
    """Return JSONata of what the run was reckoned to cost, nothing where a report of before does not say."""
    nobody = "$report.cost.parts[usd = null].part"
    return (
        "$exists($report.cost.usd) ? 'By the counts of its data this run costs about ' & "
        "$string($round($number($report.cost.usd), 4)) & ' USD' & "
        f"($exists({nobody}) ? ', and what nobody knows: ' & $join([{nobody}], ', ') : '') & '.' : ()"
    )


def _said(pipeline: Pipeline) -> str:
    """Return JSONata of the paragraphs that the message of a success has below the manifest."""
    said = f"$remarks, {cleanup.REMAINS}[$ != ''], $reported"
    if pipeline.max_cost:
        said = f"({_cost()}), {said}"
    if pipeline.compares:
        said = f"$solutions[$exists(best_of.told)].(name & ': ' & best_of.told), {said}"
    return said


def _notify(pipeline: Pipeline) -> State:
    return notify(
        "succeeded",
        f"{_manifest('Manifest: ')} & $join([{_said(pipeline)}].('\\n\\n' & $))",
        comment="Tell who subscribed to the topic.",
        next_state="Tell bus of success",
    )


def states(pipeline: Pipeline, *, has_failed: str) -> States:
    """Return the fragment; ``has_failed`` is JSONata of whether a solution or a recommender has failed."""
    failures = "$solutions.failure, $solutions.batch_inference.failure, $solutions.batch_segment.failure"
    if pipeline.recommenders:
        failures = f"$recommenders.failure, {failures}"
    if pipeline.delivers:
        failures = f"{failures}, $deliveries.failure"
    return {
        FIRST_STATE: {
            "Type": "Choice",
            "Comment": "One failed job makes the run fail, with what succeeded published.",
            "Choices": [when("one failed", has_failed, "Solutions failed")],
            "Default": cleanup.FIRST_STATE,
        },
        **cleanup.states(pipeline, next_state=report.PAGE),
        **report.states(pipeline, report.PAGE, "SUCCEEDED", next_state=report.first_told(pipeline, _NOTIFY)),
        **report.told(pipeline, _NOTIFY, _notify(pipeline)),
        "Tell bus of success": events.of_run(
            "SUCCEEDED", next_state="Succeeded", record=jsonata(layout.MANIFEST.jsonata(run="$run"))
        ),
        "Succeeded": {
            "Type": "Succeed",
            "Comment": "The results are in the bucket.",
            "Output": {
                "run": jsonata("$run"),
                "manifest": jsonata(_manifest()),
            },
        },
        "Solutions failed": {
            "Type": "Pass",
            "Comment": "Collect the failures of all solutions and jobs.",
            "Assign": {
                "failures": jsonata(f"[{failures}]"),
            },
            "Next": failure.FIRST_STATE,
        },
        "Run failed": {
            "Type": "Pass",
            "Comment": "A failure before or after the solutions.",
            "Assign": {"failures": [jsonata("$failure")]},
            "Next": failure.FIRST_STATE,
        },
    }
