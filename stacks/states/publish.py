"""The output of one batch job as a table: in one call, or in parts if it is too large for one.

    Publish ──OutputTooLargeError──> Publish parts → Did a part fail? → Add up parts
                                       └ for each object: Publish part    │
    Published <── Did a comparison fail? <── Compare with table before <──┘
                                               └ for each range of keys: Compare part

The function looks at the size before it begins, so the usual case is one state. Parts are child executions, with
histories of their own: a thousand objects would fill that of the run. They see no variables of the run, so what they
need travels in their input; one that fails ends with its reason as a result, which the Map's own error would hide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition import layout
from definition.contract.manifest import BatchJobResult
from definition.contract.publishing import Job, PublishRequest, TotalRequest
from definition.plan.capacity import PUBLISH_BYTES
from definition.plan.executions import COMPARED_PART, PUBLISHED_PART
from stacks.states import retries
from stacks.states.asl import State, States, document, jsonata, when
from stacks.states.job import caught

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Publish"


OF_RUN = {"run": "$task.run", "solution": "$task.solution", "job": "$job.name"}
"""JSONata of run, solution and job of this child execution: the parts of its keys."""


_PARTS_AT_ONCE = 10
"""Of one job; five jobs at once then take 50 of the 1,000 calls at once that an account has."""

_REASON_LENGTH = 1000
"""Characters of the reason of a part that failed: all results together may have 256 KiB, and the largest inputs come to
some 150 objects (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

_JOB = document(
    Job,
    bucket="${Bucket}",
    **{name: jsonata(expression) for name, expression in OF_RUN.items()},
    kind=jsonata("$job.kind"),
    line=jsonata("$job.input.line"),
    max_errors=jsonata("$job.max_errors"),
    themed=jsonata("$exists($job.themes_from)"),
    formats=jsonata("[$job.formats]"),
)


def states(pipeline: Pipeline, *, on_failure: str) -> States:
    """Return the fragment, which ends with the job's result; it goes to ``on_failure`` with ``$jobFailure``."""
    most = 0 if pipeline.publish == "parts" else PUBLISH_BYTES
    # What Maps put into each of their items lacks only what differs: it is merged where the function is called.
    of_parts = {"job": {**_JOB, "step": "part"}}
    too_large: State = {"ErrorEquals": ["OutputTooLargeError"], "Output": of_parts, "Next": "Publish parts"}
    catch = caught("published table", go_to=on_failure, variable="jobFailure")
    return {
        FIRST_STATE: {
            "Type": "Task",
            "Comment": "Turn Personalize's lines into one Parquet table; readers see it when the run is complete.",
            **_invoke(document(PublishRequest, **_JOB, step="whole", max_bytes=most)),
            "Catch": [too_large, *catch],
            **_end(jsonata("$states.result.Payload")),
        },
        "Publish parts": _parts(catch),
        "Did a part fail?": _failed_part("parts", next_state="Add up parts", on_failure=on_failure),
        "Add up parts": _add_up(catch),
        "Compare with table before": _comparison(catch),
        "Did a comparison fail?": _failed_part("compared", next_state="Published", on_failure=on_failure),
        "Published": {
            "Type": "Pass",
            "Comment": "The parts are one table; readers see it when the run is complete.",
            **_end(jsonata(f"$merge([$total.table, {{'keys': $compared.keys, 'changes': {_CHANGES}}}])")),
        },
    }


_CHANGES = (
    "$total.since = null ? null : {'since': $total.since, 'location': $total.changes, "
    "'added': $compared.added, 'removed': $compared.removed, 'moved': $compared.moved}"
)


def _parts(catch: list[State]) -> State:
    output = layout.BATCH_OUTPUT.jsonata(**{name: f"$states.input.job.{name}" for name in OF_RUN})
    return {
        "Type": "Map",
        "Comment": f"Too much for one call: a call for each object that Personalize wrote, {_PARTS_AT_ONCE} at once.",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Arguments": {"Bucket": jsonata("$states.input.job.bucket"), "Prefix": jsonata(output)},
        },
        **_calls(
            PUBLISHED_PART,
            {"part": jsonata("$states.context.Map.Item.Value.Key")},
            state="Publish part",
            comment="One object's part of the table; what is no output of Personalize is passed over.",
        ),
        "Catch": catch,
        "Assign": {"parts": _sums("lines", "errors")},
        "Output": {},
        "Next": "Did a part fail?",
    }


def _add_up(catch: list[State]) -> State:
    total = "$states.result.Payload"
    return {
        "Type": "Task",
        "Comment": "Count, and look at the share of errors, as of one table.",
        **_invoke(document(TotalRequest, **_JOB, step="total", counts=jsonata("$parts"))),
        "Catch": catch,
        "Assign": {"total": jsonata(total)},
        "Output": {
            "job": {**_JOB, "step": "range", "before": jsonata(f"{total}.before")},
            "ranges": jsonata(f"{total}.ranges"),
        },
        "Next": "Compare with table before",
    }


def _comparison(catch: list[State]) -> State:
    return {
        "Type": "Map",
        "Comment": "Keys, and what changed since the table before: a call for each range of keys that memory can hold.",
        "Items": jsonata("$states.input.ranges"),
        **_calls(
            COMPARED_PART,
            jsonata("$states.context.Map.Item.Value"),
            state="Compare part",
            comment="Count the keys of a range, and what changed among them.",
        ),
        "Catch": catch,
        "Assign": {"compared": _sums("keys", "added", "removed", "moved")},
        "Output": {},
        "Next": "Did a comparison fail?",
    }


def _calls(label: str, part: Any, *, state: str, comment: str) -> State:
    """Return how a distributed Map calls the function for each item.

    Args:
        label: of the Map.
        part: what is asked for beside the job of the Map's input.
        state: name of the state that calls.
        comment: of that state.
    """
    failed = f"{state} failed"
    variable = f"{label}Failure"
    shortened = f"$substring(${variable}.reason, 0, {_REASON_LENGTH})"
    states: States = {
        state: {
            "Type": "Task",
            "Comment": comment,
            **_invoke(jsonata("$merge([$states.input.job, $states.input.part])")),
            "Catch": caught("part of a table", go_to=failed, variable=variable),
            "Output": jsonata("$states.result.Payload"),
            "End": True,
        },
        failed: {
            "Type": "Pass",
            "Comment": "The part's result is its failure, with the execution that shows more.",
            "Output": {
                "failure": jsonata(
                    f"$merge([${variable}, {{'reason': {shortened}, 'arn': $states.context.Execution.Id}}])"
                )
            },
            "End": True,
        },
    }
    return {
        "Label": label,
        "ItemSelector": {"job": jsonata("$states.input.job"), "part": part},
        "MaxConcurrency": _PARTS_AT_ONCE,
        "ToleratedFailureCount": 0,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": state,
            "States": states,
        },
    }


def _sums(*names: str) -> str:
    """Return JSONata of the sums of what the calls of a Map counted, and the first failure among them."""
    sums = ", ".join(f"'{name}': $sum($states.result.{name})" for name in names)
    failure = "$exists($states.result.failure) ? {'failure': ($states.result.failure)[0]} : {}"
    return jsonata(f"$merge([{{{sums}}}, {failure}])")


def _failed_part(variable: str, *, next_state: str, on_failure: str) -> State:
    failure = f"${variable}.failure"
    return {
        "Type": "Choice",
        "Comment": "One part that is missing makes the table wrong: its reason is the job's.",
        "Choices": [when("one failed", f"$exists({failure})", on_failure, jobFailure=jsonata(failure))],
        "Default": next_state,
    }


def _invoke(payload: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${PublishFunctionArn}", "Payload": payload},
        "Retry": retries.INVOKE,
    }


def _end(published: str) -> dict[str, Any]:
    return {
        "Output": document(
            BatchJobResult,
            name=jsonata("$job.name"),
            kind=jsonata("$job.kind"),
            status="SUCCEEDED",
            arn=jsonata("$batchJob.arn"),
            output=jsonata(layout.BATCH_OUTPUT.jsonata(before="s3://${Bucket}/", **OF_RUN)),
            published=published,
        ),
        "End": True,
    }
