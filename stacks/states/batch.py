"""The batch jobs of one solution: score, then publish the result as a table.

Each job is a child execution, which ends with a result, also a failed one: days of waiting for many jobs would fill the
history of their solution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from definition.contract.manifest import BatchJobResult
from definition.plan.batch_jobs import batch_plans
from definition.plan.executions import BATCH_JOB
from definition.plan.history import quota_wait
from definition.service.limits import MAX_BATCH_JOBS_IN_PROGRESS
from definition.service.resource_kinds import BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB
from stacks import tags
from stacks.states import publish
from stacks.states.asl import States, document, inlined, jsonata, merged, when
from stacks.states.children import Children
from stacks.states.job import Job

if TYPE_CHECKING:
    from datetime import timedelta

    from definition.file.pipeline import Pipeline
    from definition.service.resource_kinds import ResourceKind

_FAILED = "Batch job failed"

# An argument cannot be left out within an object that is written down: it would be an error to evaluate to nothing.
_BY_FILTER = "$exists($job.filter) ? {'FilterArn': '${PersonalizeArn}:filter/${ResourcePrefix}' & $job.filter} : {}"
_WITH_THEMES = (
    "$exists($job.themes_from) ? {'BatchInferenceJobMode': 'THEME_GENERATION', "
    "'ThemeGenerationConfig': {'FieldsForThemeGeneration': {'ItemName': $job.themes_from}}} : {}"
)
_CONFIGURED = "$exists($job.config) ? {'BatchInferenceJobConfig': $job.config} : {}"


FIRST_STATE = "Begin batch jobs"


def jobs(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the Map over the batch jobs of ``$plan``; its results are in ``$jobs``."""
    return Children(
        name="Run batch jobs",
        begin=FIRST_STATE,
        label=BATCH_JOB,
        comment=f"All batch jobs of the solution, as many at once as the service takes "
        f"({MAX_BATCH_JOBS_IN_PROGRESS} per account and region).",
        items=jsonata("$plan.jobs"),
        given={
            "run": jsonata("$given.run"),
            "solution": jsonata("$plan.name"),
            "version": jsonata("$solutionVersion.arn"),
        },
        states=_states(pipeline),
        start="Begin batch job",
        variable="jobs",
        next=next_state,
        on_failure=on_failure,
        failure_variable="solutionFailure",
        at_once=MAX_BATCH_JOBS_IN_PROGRESS,
    ).fragment()


def _states(pipeline: Pipeline) -> States:
    timeouts = pipeline.timeouts
    every = [job for solution in pipeline.solutions for job in solution.jobs]
    filters = [_BY_FILTER] if any(job.filter for job in every) else []
    themes = [_WITH_THEMES] if any(getattr(job, "themes_from", None) for job in every) else []
    plans = [plan for solution in pipeline.solutions for plan in batch_plans(pipeline, solution)]
    configs = [_CONFIGURED] if any(plan.config for plan in plans) else []
    inference = _job(pipeline, BATCH_INFERENCE_JOB, timeouts.batch_inference, [*filters, *themes, *configs])
    segment = _job(pipeline, BATCH_SEGMENT_JOB, timeouts.batch_segment, filters)
    begin: States = {
        "Begin batch job": {
            "Type": "Pass",
            "Comment": "Name and options of the job, from the pipeline file.",
            "Assign": {"job": jsonata("$states.input.item"), "task": jsonata("$states.input.given")},
            "Next": "Inference or segments?",
        },
        "Inference or segments?": {
            "Type": "Choice",
            "Comment": "Recipes of user segmentation find users for items; all others find items.",
            "Choices": [when("segments", "$job.kind = 'segment'", segment.first_state)],
            "Default": inference.first_state,
        },
    }
    end: States = {
        _FAILED: {
            "Type": "Pass",
            "Comment": "The job's result is its failure; the other jobs go on.",
            "Output": document(
                BatchJobResult,
                name=jsonata("$job.name"),
                kind=jsonata("$job.kind"),
                status="FAILED",
                failure=jsonata("$merge([$jobFailure, {'solution': $task.solution, 'job': $job.name}])"),
            ),
            "End": True,
        },
    }
    published = publish.states(pipeline, on_failure=_FAILED)
    return merged(begin, inference.states(), segment.states(), published, end)


def _url(place: layout.Place) -> str:
    return jsonata(place.jsonata(before="s3://${Bucket}/", **publish.OF_RUN))


def _job(pipeline: Pipeline, kind: ResourceKind, timeout: timedelta, more: list[str]) -> Job:
    key = {"KmsKeyArn": "${KeyArn}"} if pipeline.encryption else {}
    arguments = {
        "SolutionVersionArn": jsonata("$task.version"),
        "RoleArn": "${ServiceRoleArn}",
        "NumResults": jsonata("$job.num_results"),
        "JobInput": {"S3DataSource": {"Path": _url(layout.BATCH_INPUT), **key}},
        "JobOutput": {"S3DataDestination": {"Path": _url(layout.BATCH_OUTPUT), **key}},
    }
    return Job(
        kind=kind,
        name="'${ResourcePrefix}' & $task.solution & '-' & $job.name & '-' & $task.run",
        arguments=f"$merge([{', '.join([inlined(arguments), *more])}])" if more else arguments,
        tags=tags.of_job(pipeline, run="$task.run"),
        timeout=timeout,
        quota=quota_wait(pipeline),
        next=publish.FIRST_STATE,
        on_failure=_FAILED,
        failure_variable="jobFailure",
        shared_variable="batchJob",
    )
