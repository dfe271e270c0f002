"""The batch jobs of one solution: score, then publish the result as a table.

The fragment is the item processor of a Map over the jobs; each iteration ends with a result, also a failed one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.limits import MAX_BATCH_JOBS_IN_PROGRESS
from spec.resources import BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB
from stacks.states import publish
from stacks.states.asl import State, States, inlined, jsonata, merged
from stacks.states.job import Job, caught
from stacks.states.transform import BATCH_FOLDER

if TYPE_CHECKING:
    from datetime import timedelta

    from spec.pipeline import Pipeline
    from spec.resources import ResourceKind

_BUCKET = "'s3://${Bucket}/' & "
_FAILED = "Batch job failed"

# An argument cannot be left out within an object that is written down: it would be an error to evaluate to nothing.
_BY_FILTER = "$exists($job.filter) ? {'FilterArn': '${PersonalizeArn}:filter/${Prefix}-' & $job.filter} : {}"
_WITH_THEMES = (
    "$exists($job.themes_from) ? {'BatchInferenceJobMode': 'THEME_GENERATION', "
    "'ThemeGenerationConfig': {'FieldsForThemeGeneration': {'ItemName': $job.themes_from}}} : {}"
)


def jobs_map(pipeline: Pipeline, *, next_state: str, on_failure: str) -> State:
    """Return the Map over the batch jobs of ``$plan``; its results are in ``$jobs``."""
    return {
        "Type": "Map",
        "Comment": f"All batch jobs of the solution, as many at once as the service takes "
        f"({MAX_BATCH_JOBS_IN_PROGRESS} per account and region).",
        "Items": jsonata("$plan.jobs"),
        "MaxConcurrency": MAX_BATCH_JOBS_IN_PROGRESS,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Begin batch job",
            "States": _states(pipeline),
        },
        "Catch": caught("batch jobs", go_to=on_failure, variable="solutionFailure"),
        "Assign": {"jobs": jsonata("$states.result")},
        "Output": {},
        "Next": next_state,
    }


def _states(pipeline: Pipeline) -> States:
    timeouts = pipeline.timeouts
    jobs = [job for solution in pipeline.solutions for job in solution.jobs]
    filters = [_BY_FILTER] if any(job.filter for job in jobs) else []
    themes = [_WITH_THEMES] if any(getattr(job, "themes_from", None) for job in jobs) else []
    inference = _job(BATCH_INFERENCE_JOB, timeouts.batch_inference, [*filters, *themes])
    segment = _job(BATCH_SEGMENT_JOB, timeouts.batch_segment, filters)
    begin: States = {
        "Begin batch job": {
            "Type": "Pass",
            "Comment": "Name and options of the job, from the pipeline file.",
            "Assign": {"job": jsonata("$states.input")},
            "Next": "Inference or segments?",
        },
        "Inference or segments?": {
            "Type": "Choice",
            "Comment": "Recipes of user segmentation find users for items; all others find items.",
            "Choices": [{"Condition": jsonata("$job.kind = 'segment'"), "Next": segment.first_state}],
            "Default": inference.first_state,
        },
    }
    end: States = {
        _FAILED: {
            "Type": "Pass",
            "Comment": "The job's result is its failure; the other jobs go on.",
            "Output": {
                "name": jsonata("$job.name"),
                "kind": jsonata("$job.kind"),
                "status": "FAILED",
                "failure": jsonata("$merge([$jobFailure, {'solution': $plan.name, 'job': $job.name}])"),
            },
            "End": True,
        },
    }
    published = publish.states(pipeline, on_failure=_FAILED)
    return merged(begin, inference.states(), segment.states(), published, end)


def _job(kind: ResourceKind, timeout: timedelta, more: list[str]) -> Job:
    arguments = {
        "SolutionVersionArn": jsonata("$solutionVersion.arn"),
        "RoleArn": "${ServiceRoleArn}",
        "NumResults": jsonata("$job.num_results"),
        "JobInput": {"S3DataSource": {"Path": jsonata(f"{_BUCKET}{BATCH_FOLDER} & 'input/'")}},
        "JobOutput": {"S3DataDestination": {"Path": jsonata(f"{_BUCKET}{BATCH_FOLDER} & 'output/'")}},
    }
    return Job(
        kind=kind,
        name="'${Prefix}-' & $plan.name & '-' & $job.name & '-' & $run",
        arguments=f"$merge([{', '.join([inlined(arguments), *more])}])" if more else arguments,
        timeout=timeout,
        next=publish.FIRST_STATE,
        on_failure=_FAILED,
        failure_variable="jobFailure",
    )
