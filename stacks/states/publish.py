"""The output of one batch job as a table: in one call, or in parts if it is too large for one.

    Publish ──OutputTooLargeError──> Publish parts → Did a part fail? → Add up parts
                                       └ for each object: Publish part

The function looks at the size before it begins, so the usual case is one state. Parts are child executions, with
histories of their own: a thousand objects would fill that of the run. They see no variables of the run, so what they
need travels in their input; one that fails ends with its reason as a result, which the Map's own error would hide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spec.engines import PUBLISH_BYTES
from spec.resources import BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB
from stacks.states import retries
from stacks.states.asl import State, States, jsonata
from stacks.states.job import caught
from stacks.states.transform import BATCH_FOLDER

if TYPE_CHECKING:
    from spec.pipeline import Pipeline

FIRST_STATE = "Publish"
LABEL = "publish"
"""Of the Map Run: part of the ARN of its child executions."""

_PARTS_AT_ONCE = 10
"""Of one job; five jobs at once then take 50 of the 1,000 calls at once that an account has."""

_REASON_LENGTH = 1000
"""Characters of the reason of a part that failed: all results together may have 256 KiB, and the largest inputs come to
some 150 objects (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

_JOB: dict[str, Any] = {
    "bucket": "${Bucket}",
    "run": jsonata("$run"),
    "kind": jsonata("$job.kind"),
    "line": jsonata("$job.input.line"),
    "output": jsonata(f"{BATCH_FOLDER} & 'output/'"),
    "curated": jsonata("'curated/' & $plan.name & '/' & $job.name & '/'"),
    "rejects": jsonata("'rejects/' & $run & '/' & $plan.name & '/' & $job.name & '.jsonl'"),
    "max_errors": jsonata("$job.max_errors"),
    "themed": jsonata("$exists($job.themes_from)"),
}


def states(pipeline: Pipeline, *, on_failure: str) -> States:
    """Return the fragment, which ends with the job's result; it goes to ``on_failure`` with ``$jobFailure``."""
    most = 0 if pipeline.publish == "parts" else PUBLISH_BYTES
    too_large: State = {"ErrorEquals": ["OutputTooLargeError"], "Output": dict(_JOB), "Next": "Publish parts"}
    catch = caught("published table", go_to=on_failure, variable="jobFailure")
    return {
        FIRST_STATE: {
            "Type": "Task",
            "Comment": "Turn Personalize's lines into one Parquet table; readers see it when the run is complete.",
            **_invoke({**_JOB, "step": "whole", "max_bytes": most}),
            "Catch": [too_large, *catch],
            **_end(),
        },
        "Publish parts": _parts(catch),
        "Did a part fail?": {
            "Type": "Choice",
            "Comment": "One part that is missing makes the table wrong: its reason is the job's.",
            "Choices": [
                {
                    "Condition": jsonata("$exists($parts.failure)"),
                    "Assign": {"jobFailure": jsonata("$parts.failure")},
                    "Next": on_failure,
                }
            ],
            "Default": "Add up parts",
        },
        "Add up parts": {
            "Type": "Task",
            "Comment": "Count, look at the share of errors, and compare with the table before, as of one table.",
            **_invoke({**_JOB, "step": "total", "counts": jsonata("$parts.counts")}),
            "Catch": catch,
            **_end(),
        },
    }


def _parts(catch: list[State]) -> State:
    sums = "{'counts': {'lines': $sum($states.result.lines), 'errors': $sum($states.result.errors)}}"
    failure = "$exists($states.result.failure) ? {'failure': ($states.result.failure)[0]} : {}"
    return {
        "Type": "Map",
        "Comment": f"Too much for one call: a call for each object that Personalize wrote, {_PARTS_AT_ONCE} at once.",
        "Label": LABEL,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Arguments": {"Bucket": jsonata("$states.input.bucket"), "Prefix": jsonata("$states.input.output")},
        },
        "ItemSelector": {
            "job": jsonata("$states.input"),
            "part": jsonata("$states.context.Map.Item.Value.Key"),
        },
        "MaxConcurrency": _PARTS_AT_ONCE,
        "ToleratedFailureCount": 0,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Publish part",
            "States": _part_states(),
        },
        "Catch": catch,
        "Assign": {"parts": jsonata(f"$merge([{sums}, {failure}])")},
        "Output": {},
        "Next": "Did a part fail?",
    }


def _part_states() -> States:
    shortened = f"$substring($partFailure.reason, 0, {_REASON_LENGTH})"
    return {
        "Publish part": {
            "Type": "Task",
            "Comment": "One object's part of the table; what is no output of Personalize is passed over.",
            **_invoke(jsonata("$merge([$states.input.job, {'step': 'part', 'part': $states.input.part}])")),
            "Catch": caught("part of a table", go_to="Part failed", variable="partFailure"),
            "Output": jsonata("$states.result.Payload"),
            "End": True,
        },
        "Part failed": {
            "Type": "Pass",
            "Comment": "The part's result is its failure, with the execution that shows more.",
            "Output": {
                "failure": jsonata(
                    f"$merge([$partFailure, {{'reason': {shortened}, 'arn': $states.context.Execution.Id}}])"
                )
            },
            "End": True,
        },
    }


def _invoke(payload: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${PublishFunctionArn}", "Payload": payload},
        "Retry": retries.INVOKE,
    }


def _end() -> dict[str, Any]:
    # Only one of the two jobs has run.
    arns = ", ".join(f"${kind.variable}.arn" for kind in (BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB))
    return {
        "Output": {
            "name": jsonata("$job.name"),
            "kind": jsonata("$job.kind"),
            "status": "SUCCEEDED",
            "arn": jsonata(f"[{arns}][0]"),
            "output": jsonata(f"'s3://${{Bucket}}/' & {BATCH_FOLDER} & 'output/'"),
            "published": jsonata("$states.result.Payload"),
        },
        "End": True,
    }
