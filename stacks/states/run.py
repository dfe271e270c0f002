"""The whole run, from the input to the notification.

    Begin run → inputs.states() → flight.states() → data.states() → solutions → manifest → latest.json → notify
    any failure → failure.states()

``${Name}`` in a definition is filled in by CloudFormation with what the stacks made.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spec import names
from spec.batch import batch_plans
from spec.limits import MAX_BATCH_JOBS_IN_PROGRESS
from spec.realtime import campaign_request
from spec.resources import CAMPAIGN, RECOMMENDER, kinds_of
from spec.tables import columns_of, table_input
from spec.training import solution_config
from stacks.states import data, failure, flight, inputs, recommenders, retries, training
from stacks.states.asl import State, States, jsonata, machine, merged, sdk
from stacks.states.calls import notify, write_json
from stacks.states.job import caught
from stacks.states.solution import solutions_map

if TYPE_CHECKING:
    from spec.pipeline import Pipeline
    from spec.realtime_section import Campaign
    from spec.solution_section import Solution

_FUNCTIONS_SECONDS = 3 * 3600
"""Transform and publishing with all their retries."""


def definition(pipeline: Pipeline, stage: str, *, spec_hash: str) -> dict[str, Any]:
    """Return the state machine of a pipeline.

    Args:
        pipeline: the pipeline file.
        stage: part of every name.
        spec_hash: hash of the pipeline, for the manifest.
    """
    first = recommenders.FIRST_STATE if pipeline.recommenders else "Solutions"
    states = merged(
        {"Begin run": _begin(pipeline, stage)},
        inputs.states(pipeline, next_state=flight.FIRST_STATE, on_failure="Run failed"),
        flight.states(names.datasets_digest(pipeline, stage), next_state=data.FIRST_STATE, on_failure="Run failed"),
        data.states(pipeline, stage, next_state=first, on_failure="Run failed", on_failures=failure.FIRST_STATE),
        recommenders.states(pipeline, stage, next_state="Solutions", on_failure="Run failed"),
        {
            "Solutions": solutions_map(pipeline, next_state="Write manifest", on_failure="Run failed"),
            "Write manifest": _manifest(pipeline, spec_hash),
            "Point to new tables": _point(with_catalog=pipeline.catalog),
        },
        _end_states(pipeline),
        failure.states(go_on_at=flight.FIRST_STATE),
    )
    comment = f"{pipeline.description or pipeline.name}. Start it with {{}}."
    return machine(states, start="Begin run", comment=comment, timeout_seconds=_whole_timeout(pipeline))


def _whole_timeout(pipeline: Pipeline) -> int:
    """Return seconds above the sum of all parts, so that a job's own timeout, which explains itself, comes first."""
    timeouts = pipeline.timeouts
    batch = max(timeouts.batch_inference, timeouts.batch_segment)
    waves = max(math.ceil(len(solution.jobs) / MAX_BATCH_JOBS_IN_PROGRESS) for solution in pipeline.solutions)
    live = {CAMPAIGN: timeouts.campaign, RECOMMENDER: timeouts.recommender}
    jobs = [timeouts.import_, timeouts.solution, timeouts.training, *([batch] * waves)]
    jobs += [live[kind] for kind in kinds_of(pipeline) if kind in live]
    waits = sum(job.total_seconds() for job in jobs) + len(jobs) * retries.LONGEST_CREATE
    return int(waits) + _FUNCTIONS_SECONDS


def _begin(pipeline: Pipeline, stage: str) -> State:
    run_id = (
        "$replace($substring($states.context.Execution.StartTime, 0, 19), /[-:]/, '')"
        " & '-' & $substring($hash($states.context.Execution.Name, 'SHA-256'), 0, 6)"
    )
    return {
        "Type": "Pass",
        "Comment": "The run id: start time and a few characters of the execution's name. Every name carries it.",
        "Assign": {"run": jsonata(run_id), "known": _plans(pipeline, stage)},
        "Next": inputs.FIRST_STATE,
    }


def _plans(pipeline: Pipeline, stage: str) -> list[dict[str, Any]]:
    return [
        {
            "name": solution.name,
            "resource": names.solution_name(pipeline, stage, solution),
            "config": solution_config(solution),
            "training": {
                "mode": solution.training_mode,
                "automatic": solution.auto_training is not None,
                "unchanged_data": solution.unchanged_data,
            },
            "quality": solution.quality.model_dump(mode="json"),
            "jobs": [
                job | ({"table": _newest_table(solution.name, job)} if pipeline.catalog else {})
                for job in batch_plans(pipeline, solution)
            ],
            **(_campaign(pipeline, stage, solution, solution.campaign) if solution.campaign else {}),
        }
        for solution in pipeline.solutions
    ]


def _newest_table(solution: str, job: dict[str, Any]) -> dict[str, Any]:
    """Return the table of a job's newest results; a run puts in where its own lie."""
    described = table_input(solution, job["name"], "newest", columns_of(job), folder="")
    described["StorageDescriptor"].pop("Location")
    return described


def _campaign(pipeline: Pipeline, stage: str, solution: Solution, campaign: Campaign) -> dict[str, Any]:
    name = names.campaign_name(pipeline.name, stage, solution)
    return {"campaign": {"resource": name, "request": campaign_request(campaign)}}


def _has_failed(pipeline: Pipeline) -> str:
    """Return JSONata of whether a solution or a recommender has failed."""
    if not pipeline.recommenders:
        return "'FAILED' in $solutions.status"
    return "'FAILED' in $append($solutions.status, $recommenders.status)"


def _manifest(pipeline: Pipeline, spec_hash: str) -> State:
    arn = "{'import_job_arn': import_job_arn}"
    body = {
        "run": jsonata("$run"),
        "pipeline": "${Pipeline}",
        "stage": "${Stage}",
        "spec_hash": spec_hash,
        "execution": jsonata("$states.context.Execution.Id"),
        "status": jsonata(f"{_has_failed(pipeline)} ? 'FAILED' : 'SUCCEEDED'"),
        "started": jsonata("$states.context.Execution.StartTime"),
        "finished": jsonata("$now()"),
        "engine": jsonata("$report.engine"),
        "warnings": jsonata("$report.warnings"),
        "fingerprint": jsonata("$report.fingerprint"),
        "unchanged_since": jsonata("$report.unchanged_since"),
        "datasets": jsonata(f"[$report.datasets.($name := dataset; $merge([$, $imports[dataset = $name].{arn}]))]"),
        "batch_inputs": jsonata("$report.batch_inputs"),
        "solutions": jsonata("$solutions"),
        **({"recommenders": jsonata("$recommenders")} if pipeline.recommenders else {}),
    }
    return write_json(
        jsonata("'runs/' & $run & '/manifest.json'"),
        body,
        comment="Write runs/<run>/manifest.json: what went in, what was made of it, where the results are.",
        catch=caught("manifest", go_to="Run failed"),
        Next="Point to new tables",
    )


def _point(*, with_catalog: bool) -> State:
    """Return the Map that makes the run's tables the newest ones, all at its end: no reader sees half a run."""
    folder = "'curated/' & $s.name & '/' & $j.name & '/latest.json'"
    jobs = "$append($s.batch_inference, $s.batch_segment)[status = 'SUCCEEDED']"
    location = "$j.published.location"
    described = "$plans[name = $s.name].jobs[name = $j.name and kind = $j.kind].table"
    moved = f"$merge([$t, {{'StorageDescriptor': $merge([$t.StorageDescriptor, {{'Location': {location}}}])}}])"
    table = (
        f"($j := $; $t := {described}; {{'key': {folder}, 'body': {{'run': $run, 'location': {location}}}, "
        f"'table': {moved}}})"
    )
    version = (
        "{'key': 'curated/' & $s.name & '/latest.json', 'body': {'run': $run, 'solution_arn': $s.arn, "
        f"'version_arn': $s.version_arn, 'metrics': $s.metrics, 'data': {training.DATA}}}}}"
    )
    # The version of an earlier run is published already, with the solution that it really is of.
    versions = f"($s.status = 'SUCCEEDED' and $not($s.quality.kept_version) ? {version} : [])"
    written = {"Next": "Is it a table?"} if with_catalog else {"End": True}
    pointer = write_json(
        jsonata("$states.input.key"),
        jsonata("$states.input.body"),
        comment="Readers go by latest.json: from here on they see this run.",
        **written,
    )
    if with_catalog:
        pointer["Output"] = jsonata("$states.input")
    return {
        "Type": "Map",
        "Comment": "The run is complete: let each latest.json name its new table or version.",
        "Items": jsonata(f"[$solutions.($s := $; $append({jobs}.{table}, {versions}))]"),
        "MaxConcurrency": 10,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Point to table",
            "States": {"Point to table": pointer, **(_catalog() if with_catalog else {})},
        },
        "Catch": caught("latest.json", go_to="Run failed"),
        "Output": {},
        "Next": "Did everything succeed?",
    }


def _catalog() -> States:
    return {
        "Is it a table?": {
            "Type": "Choice",
            "Comment": "Tables stand in the data catalog too; versions of solutions do not.",
            "Choices": [{"Condition": jsonata("$exists($states.input.table)"), "Next": "Update table"}],
            "Default": "Pointed",
        },
        "Update table": {
            "Type": "Task",
            "Comment": "Who asks Athena for the newest results sees this run too.",
            "Resource": sdk("glue", "UpdateTable"),
            "Arguments": {"DatabaseName": "${Database}", "TableInput": jsonata("$states.input.table")},
            "Retry": retries.AWS_CALL,
            "Output": {},
            "Next": "Pointed",
        },
        "Pointed": {"Type": "Pass", "Comment": "Readers see this run.", "Output": {}, "End": True},
    }


def _end_states(pipeline: Pipeline) -> States:
    failures = "$solutions.failure, $solutions.batch_inference.failure, $solutions.batch_segment.failure"
    if pipeline.recommenders:
        failures = f"$recommenders.failure, {failures}"
    return {
        "Did everything succeed?": {
            "Type": "Choice",
            "Comment": "One failed job makes the run fail, with what succeeded published.",
            "Choices": [{"Condition": jsonata(_has_failed(pipeline)), "Next": "Solutions failed"}],
            "Default": "Notify success",
        },
        "Notify success": notify(
            "succeeded",
            "'Manifest: s3://${Bucket}/runs/' & $run & '/manifest.json'",
            comment="Tell who subscribed to the topic.",
            next_state="Succeeded",
        ),
        "Succeeded": {
            "Type": "Succeed",
            "Comment": "The results are in the bucket.",
            "Output": {
                "run": jsonata("$run"),
                "manifest": jsonata("'s3://${Bucket}/runs/' & $run & '/manifest.json'"),
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
