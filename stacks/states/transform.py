"""Raw data to datasets: by the function, by the Spark job, or by whichever the amount of data needs.

    lambda   Describe transform → Transform
    auto     Describe transform → Transform ──DataTooLargeError──> Write transform request → Transform with Spark
             → Read report
    glue     the same, and any data is too large for the function

The function refuses data that is too large for it before it begins; what only turns out to be so while it is unpacked
ends the function for want of memory or time, and Spark takes that over too. Before that the function looks whether the
data has changed: if it has not, the report of the earlier run serves again, whatever the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition import layout
from definition.plan.capacity import FUNCTION_BYTES
from definition.plan.mappings import dataset_mappings
from pricing.reckoning.budget import Budget, JobToPay, SolutionToPay
from stacks.states import queries, retries
from stacks.states.asl import State, States, document, inlined, jsonata
from stacks.states.calls import Absent, read_json, write_json
from stacks.states.job import caught
from stacks.states.rates import rates
from transform.contract import TransformRequest

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Describe transform"
_REQUEST_KEY = layout.TRANSFORM_REQUEST.jsonata(run="$run")
_REPORT_KEY = layout.DATA_REPORT.jsonata(run="$run")
_BEGIN_SPARK = "Write transform request"


def states(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the fragment; its result is in ``$report`` (``transform.contract.TransformReport``)."""
    with_spark = pipeline.engine != "lambda"
    most = 0 if pipeline.engine == "glue" else FUNCTION_BYTES
    return {
        FIRST_STATE: _describe(pipeline),
        "Transform": _function(next_state, on_failure, max_bytes=most, with_spark=with_spark),
        **(_spark(next_state, on_failure) if with_spark else {}),
    }


def read_report(*, next_state: str, on_failure: str, fresh: bool, missing: str | None = None) -> State:
    """Return the state that reads ``$report`` from the bucket; ``missing`` is where to go if it is not there."""
    return read_json(
        jsonata(_REPORT_KEY),
        comment="What the transform counted.",
        resource="data report",
        assign={"report": jsonata("$parse($states.result.Body)"), "fresh": fresh},
        next_state=next_state,
        on_failure=on_failure,
        absent=Absent(missing) if missing else None,
    )


def _describe(pipeline: Pipeline) -> State:
    folder = layout.BATCH_INPUT.jsonata(run="$run", solution="$plan.name", job="$job.name")
    inputs = f"[$plans.($plan := $; $plan.jobs.($job := $; $merge([$job.input, {{'prefix': {folder}}}])))]"
    return {
        "Type": "Pass",
        "Comment": "Where the raw data lies, how its columns map, and which batch inputs are made of it.",
        "Assign": {
            "request": document(
                TransformRequest,
                bucket="${Bucket}",
                run=jsonata("$run"),
                started=jsonata("$floor($toMillis($states.context.Execution.StartTime) / 1000)"),
                datasets=[queries.filled_in(mapping) for mapping in dataset_mappings(pipeline)],
                batch_inputs=jsonata(inputs),
                imported=jsonata("$importMode = 'full' ? [] : [$imported.{'dataset': dataset, 'run': run}]"),
                incremental=[
                    name
                    for name, dataset in pipeline.datasets.by_name().items()
                    if dataset.import_mode == "incremental"
                ],
                max_rejected=pipeline.max_rejected,
                **_budget(pipeline),
            )
        },
        "Next": "Transform",
    }


def _budget(pipeline: Pipeline) -> dict[str, Any]:
    """Return the field of a request that says what a run may cost, none where the file does not say."""
    if pipeline.max_usd is None:
        return {}
    prefix = layout.BATCH_INPUT.jsonata(run="$run", solution="$plan.name", job="$job.name")
    job = document(
        JobToPay,
        name=jsonata("$job.name"),
        kind=jsonata("$job.kind"),
        prefix=jsonata(prefix),
        all_users=jsonata("$exists($job.input.users) ? $job.input.users = 'all' : false"),
        themed=jsonata("$exists($job.themes_from)"),
        **({"delivered": jsonata("$exists($job.deliver) ? $job.num_results : 0")} if pipeline.delivers else {}),
    )
    recipe = "$plan.candidates[0].config.RecipeArn" if pipeline.compares else "$plan.config.RecipeArn"
    solution = document(
        SolutionToPay,
        name=jsonata("$plan.name"),
        recipe=jsonata(recipe),
        **({"recipes": jsonata("[$plan.candidates.config.RecipeArn]")} if pipeline.compares else {}),
        # What the service trains by itself is paid whatever a run does.
        trains=jsonata("$trainingMode != 'skip' and $not($plan.training.automatic)"),
        jobs=jsonata(f"[$plan.jobs.($job := $; {inlined(job)})]"),
    )
    budget = document(
        Budget,
        usd=str(pipeline.max_usd),
        region="${Region}",
        rates=rates(pipeline),
        imports=jsonata("$importMode != 'skip'"),
        solutions=jsonata(f"[$plans.($plan := $; {inlined(solution)})]"),
    )
    return {"budget": budget}


def _function(next_state: str, on_failure: str, *, max_bytes: int, with_spark: bool) -> State:
    too_large = {"ErrorEquals": ["DataTooLargeError", *retries.OUT_OF_BOUNDS], "Output": {}, "Next": _BEGIN_SPARK}
    return {
        "Type": "Task",
        "Comment": "Raw data to datasets and batch input; every row is out, filtered or rejected.",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": "${TransformFunctionArn}",
            "Payload": jsonata(f"$merge([$request, {{'max_bytes': {max_bytes}}}])"),
        },
        "Retry": retries.INVOKE,
        "Catch": [*([too_large] if with_spark else []), *caught("datasets", go_to=on_failure)],
        "Assign": {"report": jsonata("$states.result.Payload"), "fresh": True},
        "Output": {},
        "Next": next_state,
    }


def _spark(next_state: str, on_failure: str) -> States:
    return {
        _BEGIN_SPARK: write_json(
            jsonata(_REQUEST_KEY),
            jsonata("$request"),
            comment="Arguments of a job are short: what is to be done goes through the bucket.",
            catch=caught("transform request", go_to=on_failure),
            Next="Transform with Spark",
        ),
        "Transform with Spark": _job(on_failure),
        "Read report": read_report(next_state=next_state, on_failure=on_failure, fresh=True),
    }


def _job(on_failure: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Comment": "The same work as the function's, by a job of AWS Glue; minutes to start, no limit to grow.",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Arguments": {
            "JobName": "${TransformJob}",
            "Arguments": {"--bucket": "${Bucket}", "--request": jsonata(_REQUEST_KEY)},
        },
        "Retry": retries.START_JOB,
        "Catch": caught("Spark job", go_to=on_failure),
        "Output": {},
        "Next": "Read report",
    }
