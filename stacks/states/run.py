"""The whole run, from the input to the notification.

    Begin run → inputs.states() → arrival.states() → flight.states() → data.states() → solutions → deliveries → usage
      → manifest → latest.json → metrics → report → notify
    any failure → failure.states()

``${Name}`` in a definition is filled in by CloudFormation with what the stacks made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition import layout
from definition.contract.manifest import VERSION, Manifest
from definition.contract.plans import CampaignPlan, CandidatePlan, SolutionPlan, TrainingPlan
from definition.plan import names
from definition.plan.batch_jobs import batch_plans, columns_of
from definition.plan.requests import campaign_request, solution_config
from definition.plan.tables import table_input
from stacks.states import (
    arrival,
    data,
    deliver,
    ending,
    events,
    failure,
    flight,
    inputs,
    metrics,
    point,
    recommenders,
    report,
    solution,
)
from stacks.states.asl import State, document, jsonata, machine, merged
from stacks.states.calls import write_json
from stacks.states.job import caught
from stacks.states.timeout import whole_timeout

if TYPE_CHECKING:
    from definition.contract.plans import JobPlan
    from definition.file.pipeline import Pipeline
    from definition.file.solutions import Solution


def definition(pipeline: Pipeline, stage: str, *, spec_hash: str) -> dict[str, Any]:
    """Return the state machine of a pipeline.

    Args:
        pipeline: the pipeline file.
        stage: part of every name.
        spec_hash: hash of the pipeline, for the manifest.
    """
    claimed = arrival.FIRST_STATE if pipeline.trigger else flight.FIRST_STATE
    solved = solution.FIRST_STATE if pipeline.solutions else report.USAGE
    scored = deliver.FIRST_STATE if pipeline.delivers else report.USAGE
    first = recommenders.FIRST_STATE if pipeline.recommenders else solved
    states = merged(
        {"Begin run": _begin(pipeline, stage)},
        inputs.states(pipeline, next_state=claimed, on_failure="Run failed"),
        arrival.states(pipeline.trigger, next_state=flight.FIRST_STATE, on_failure="Run failed"),
        flight.states(
            names.datasets_digest(pipeline, stage),
            next_state=events.BEGUN,
            on_failure="Run failed",
            waits=(arrival.AGAIN, arrival.AFTER) if pipeline.trigger else None,
        ),
        {events.BEGUN: events.of_run("BEGUN", next_state=data.FIRST_STATE)},
        data.states(pipeline, stage, next_state=first, on_failure="Run failed", on_failures=failure.FIRST_STATE),
        recommenders.states(pipeline, stage, next_state=solved, on_failure="Run failed"),
        solution.solutions(pipeline, next_state=scored, on_failure="Run failed"),
        deliver.states(pipeline, next_state=report.USAGE, on_failure="Run failed"),
        {
            report.USAGE: report.usage(pipeline, next_state="Write manifest"),
            "Write manifest": _manifest(pipeline, spec_hash),
            "Point to new tables": point.tables(
                with_catalog=pipeline.catalog,
                compares=pipeline.compares,
                on_failure="Run failed",
                next_state="Send metrics",
            ),
            "Send metrics": metrics.of_run(next_state=events.TABLES),
            events.TABLES: events.of_tables(next_state=ending.FIRST_STATE),
        },
        ending.states(pipeline, has_failed=_has_failed(pipeline)),
        failure.states(pipeline, go_on_at=flight.FIRST_STATE),
    )
    comment = f"{pipeline.description or pipeline.name}. Start it with {{}}."
    return machine(states, start="Begin run", comment=comment, timeout_seconds=whole_timeout(pipeline))


def _begin(pipeline: Pipeline, stage: str) -> State:
    run_id = (
        "$replace($substring($states.context.Execution.StartTime, 0, 19), /[-:]/, '')"
        " & '-' & $substring($hash($states.context.Execution.Name, 'SHA-256'), 0, 6)"
    )
    return {
        "Type": "Pass",
        "Comment": "The run id: start time and a few characters of the execution's name. Every name carries it.",
        "Assign": {
            "run": jsonata(run_id),
            "known": [_plan(pipeline, stage, solution).document() for solution in pipeline.solutions],
            "remarks": [],
            "reported": [],
            # An execution whose input was refused can be redriven, and comes to the run without them.
            "plans": [],
            "importMode": "run",
            "trainingMode": "run",
            **({} if pipeline.solutions else {"solutions": []}),
            **({"arrived": False, "waited": False} if pipeline.trigger else {}),
        },
        "Next": inputs.FIRST_STATE,
    }


def _plan(pipeline: Pipeline, stage: str, solution: Solution) -> SolutionPlan:
    jobs = batch_plans(pipeline, solution)
    if pipeline.catalog:
        jobs = [job.model_copy(update={"table": _newest_table(solution.name, job)}) for job in jobs]
    campaign = solution.campaign and CampaignPlan(
        resource=names.campaign_name(pipeline.name, stage, solution), request=campaign_request(solution.campaign)
    )
    return SolutionPlan(
        name=solution.name,
        **_trained(pipeline, stage, solution),
        training=TrainingPlan(
            mode=solution.training_mode,
            automatic=solution.auto_training is not None,
            unchanged_data=solution.unchanged_data,
        ),
        quality=solution.quality,
        jobs=jobs,
        campaign=campaign,
    )


def _trained(pipeline: Pipeline, stage: str, solution: Solution) -> dict[str, Any]:
    """Return what a plan says of the recipes of its solution: of one what it makes, of several each and the metric."""
    candidates = [
        CandidatePlan(
            name=recipe,
            resource=names.solution_name(pipeline, stage, solution, recipe),
            version=names.version_base(pipeline, stage, solution, recipe),
            config=solution_config(solution, recipe),
        )
        for recipe in solution.recipes
    ]
    if not pipeline.compares:
        (only,) = candidates
        return {"resource": only.resource, "version": only.version, "config": only.config}
    compared = solution.by and names.comparison(pipeline, stage, solution)
    return {"candidates": candidates, "by": solution.by, "comparison": compared}


def _newest_table(owner: str, job: JobPlan) -> dict[str, Any]:
    """Return the table of a job's newest results; a run puts in where its own lie."""
    described = table_input(owner, job.name, "newest", columns_of(job), folder="")
    described["StorageDescriptor"].pop("Location")
    return described


def _has_failed(pipeline: Pipeline) -> str:
    """Return JSONata of whether a solution, a recommender or a delivery has failed."""
    statuses = "$solutions.status"
    if pipeline.recommenders:
        statuses = f"$append({statuses}, $recommenders.status)"
    if pipeline.delivers:
        statuses = f"$append({statuses}, $deliveries.status)"
    return f"'FAILED' in {statuses}"


def _manifest(pipeline: Pipeline, spec_hash: str) -> State:
    body = document(
        Manifest,
        version=VERSION,
        run=jsonata("$run"),
        pipeline="${Pipeline}",
        stage="${Stage}",
        spec_hash=spec_hash,
        execution=jsonata("$states.context.Execution.Id"),
        status=jsonata(f"{_has_failed(pipeline)} ? 'FAILED' : 'SUCCEEDED'"),
        started=jsonata("$states.context.Execution.StartTime"),
        finished=jsonata("$now()"),
        engine=jsonata("$report.engine"),
        warnings=jsonata("$report.warnings"),
        fingerprint=jsonata("$report.fingerprint"),
        unchanged_since=jsonata("$report.unchanged_since"),
        datasets=jsonata(report.DATASETS),
        batch_inputs=jsonata("$report.batch_inputs"),
        solutions=jsonata("$solutions"),
        **({"recommenders": jsonata("$recommenders")} if pipeline.recommenders else {}),
        **({"deliveries": jsonata("$deliveries")} if pipeline.delivers else {}),
        **({"cost": jsonata("$exists($report.cost) ? $report.cost : null")} if pipeline.max_cost else {}),
        usage=jsonata("$usage"),
    )
    return write_json(
        jsonata(layout.MANIFEST.jsonata(run="$run")),
        body,
        comment="Write runs/<run>/manifest.json: what went in, what was made of it, where the results are.",
        catch=caught("manifest", go_to="Run failed"),
        Next="Point to new tables",
    )
