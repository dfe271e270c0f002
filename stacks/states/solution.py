"""What happens to one solution: ensure it, train a version, look at its quality, score with it.

Where recipes are compared, candidates stands in the place of the first two.

Each solution is a child execution, so a further one adds data and no state, and no events to the history of the run. It
ends with a result, also a failed one: siblings go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.contract.manifest import Comparison, QualityResult, SolutionResult
from definition.plan.executions import SOLUTION as LABEL
from definition.plan.kinds import kinds_of
from definition.service.resource_kinds import CAMPAIGN, SOLUTION, SOLUTION_VERSION
from stacks import tags
from stacks.states import batch, candidates, cleanup, training
from stacks.states.asl import State, States, document, inlined, jsonata, merged, when
from stacks.states.children import Children
from stacks.states.job import Job

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline


FIRST_STATE = "Begin solutions"

_WITHOUT_TABLE = "$sift($, function($value, $key) { $key != 'table' })"
_ITEMS = f"[$plans.($plan := $; $merge([$plan, {{'jobs': [$plan.jobs.{_WITHOUT_TABLE}]}}]))]"
"""JSONata of the plans without their tables, which the run itself keeps: what travels has at most 256 KiB."""

_FAILURE = "solutionFailure"
_FAILED = "End of failed solution"


def solutions(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the Map over ``$plans``, empty without solutions; it assigns ``$solutions``, their ``SolutionResult``."""
    if not pipeline.solutions:
        return {}
    return Children(
        name="Solutions",
        begin=FIRST_STATE,
        label=LABEL,
        comment="Every solution by itself: one that fails does not stop the others.",
        items=jsonata(_ITEMS),
        given={
            "run": jsonata("$run"),
            "importMode": jsonata("$importMode"),
            "trainingMode": jsonata("$trainingMode"),
            "report": {"fingerprint": jsonata("$report.fingerprint")},
            # A solution that needs room asks for it with all that the file names.
            "known": jsonata(cleanup.known(pipeline)),
        },
        states=_solution_states(pipeline),
        start="Begin solution",
        variable="solutions",
        next=next_state,
        on_failure=on_failure,
    ).fragment()


def _solution_states(pipeline: Pipeline) -> States:
    campaign, deploy = _campaign(pipeline, next_state=batch.FIRST_STATE, on_failure=_FAILED)
    if pipeline.compares:
        first = training.FIRST_STATE
        trained = candidates.states(pipeline, next_state=deploy, on_failure=_FAILED)
    else:
        first, trained = _of_one_recipe(pipeline, next_state=deploy)
    return merged(
        {"Begin solution": _begin(first)},
        trained,
        campaign,
        batch.jobs(pipeline, next_state="Solution result", on_failure=_FAILED),
        {"Solution result": _result(pipeline), _FAILED: _solution_failed(pipeline)},
    )


def _begin(first: str) -> State:
    return {
        "Type": "Pass",
        "Comment": "Name, recipe, configuration and batch jobs, from the pipeline file.",
        "Assign": {
            "plan": jsonata("$states.input.item"),
            "given": jsonata("$states.input.given"),
            "misses": [],
            "kept": False,
            "room": {"deleted": [], "remaining": []},
        },
        "Next": first,
    }


def _of_one_recipe(pipeline: Pipeline, *, next_state: str) -> tuple[str, States]:
    """Return the first state and all that make a solution and train it."""
    solution = Job(
        kind=SOLUTION,
        name="$plan.resource",
        arguments="$merge([{'DatasetGroupArn': '${DatasetGroupArn}'}, $plan.config])",
        tags=tags.of_job(pipeline),
        timeout=pipeline.timeouts.solution,
        next=training.FIRST_STATE,
        on_failure=_FAILED,
        failure_variable=_FAILURE,
        on_limit="Was room made?",
    )
    return solution.first_state, merged(
        solution.states(),
        cleanup.room(again=solution.first_state, on_failure=_FAILED, failure_variable=_FAILURE),
        training.states(pipeline, next_state=next_state, on_failure=_FAILED),
    )


def _campaign(pipeline: Pipeline, *, next_state: str, on_failure: str) -> tuple[States, str]:
    """Return the states that serve the version in real time and the first of them; none if no solution has a campaign.

    The campaign bears no hash: its ARN is what applications know. It is left alone where it serves the version already,
    which may well be that of an earlier run.
    """
    if CAMPAIGN not in kinds_of(pipeline):
        return {}, next_state
    follows = "$plan.campaign.request.CampaignConfig.SyncWithLatestSolutionVersion"
    version = f"{follows} ? $solution.arn & '/$LATEST' : ${SOLUTION_VERSION.variable}.arn"
    wanted = f"$merge([$plan.campaign.request, {{'SolutionVersionArn': {version}}}])"
    # What follows the newest version may be described with that version's ARN: which one it is says nothing then.
    any_version = f"{follows} and $contains($described.SolutionVersionArn, $solution.arn & '/')"
    compared = (
        f"$merge([$plan.campaign.request, "
        f"{{'SolutionVersionArn': {any_version} ? $described.SolutionVersionArn : ({version})}}])"
    )
    campaign = Job(
        kind=CAMPAIGN,
        name="$plan.campaign.resource",
        arguments=wanted,
        tags=tags.of_job(pipeline),
        timeout=pipeline.timeouts.campaign,
        next=next_state,
        on_failure=on_failure,
        failure_variable=_FAILURE,
        wanted=wanted,
        compared=compared,
    )
    first = "Is there a campaign?"
    choice: State = {
        "Type": "Choice",
        "Comment": "Only solutions with a campaign in the pipeline file answer in real time.",
        "Choices": [when("yes", "$exists($plan.campaign)", campaign.first_state)],
        "Default": next_state,
    }
    return merged({first: choice}, campaign.states()), first


def _result(pipeline: Pipeline) -> State:
    campaign = (
        f"$exists($plan.campaign) ? {{'arn': ${CAMPAIGN.variable}.arn, 'status': ${CAMPAIGN.variable}.status}} : null"
    )
    return {
        "Type": "Pass",
        "Comment": "What the manifest says of this solution.",
        "Output": document(
            SolutionResult,
            name=jsonata("$plan.name"),
            **_recipe(pipeline),
            status=jsonata("'FAILED' in $jobs.status ? 'FAILED' : 'SUCCEEDED'"),
            arn=jsonata("$solution.arn"),
            version_arn=jsonata("$solutionVersion.arn"),
            training_hours=jsonata("$training.hours"),
            metrics=jsonata("$training.metrics"),
            quality=document(QualityResult, misses=jsonata("$misses"), kept_version=jsonata("$kept")),
            **({"campaign": jsonata(campaign)} if CAMPAIGN in kinds_of(pipeline) else {}),
            batch_inference=jsonata("[$jobs[kind = 'inference']]"),
            batch_segment=jsonata("[$jobs[kind = 'segment']]"),
        ),
        "End": True,
    }


def _recipe(pipeline: Pipeline) -> dict[str, Any]:
    """Return what a result says of its recipe, and of how that was chosen."""
    if not pipeline.compares:
        return {"recipe": jsonata("$plan.config.RecipeArn")}
    how = document(
        Comparison,
        by=jsonata("$plan.by"),
        told=jsonata("$comparison.told"),
        candidates=jsonata("$comparison.candidates"),
    )
    only = "$count($plan.candidates) = 1 ? $plan.candidates.config.RecipeArn : null"
    return {
        "recipe": jsonata(f"$exists($solution.recipe) ? $solution.recipe : {only}"),
        "best_of": jsonata(f"$exists($comparison.told) ? {inlined(how)} : null"),
    }


def _solution_failed(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "Type": "Pass",
        "Comment": "The solution's result is its failure; the other solutions go on.",
        "Output": document(
            SolutionResult,
            name=jsonata("$plan.name"),
            **_recipe(pipeline),
            status="FAILED",
            failure=jsonata(f"$merge([${_FAILURE}, {{'solution': $plan.name}}])"),
            batch_inference=[],
            batch_segment=[],
        ),
        "End": True,
    }
