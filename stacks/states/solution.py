"""What happens to one solution: ensure it, train a version, look at its quality, score with it.

The fragment is the item processor of a Map over the solutions, so a further solution adds data and no state. Each
iteration ends with a result, also a failed one: siblings go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spec.resources import CAMPAIGN, SOLUTION, SOLUTION_VERSION, kinds_of
from stacks.states import training
from stacks.states.asl import State, States, jsonata, merged
from stacks.states.batch import jobs_map
from stacks.states.job import Job, caught

if TYPE_CHECKING:
    from spec.pipeline import Pipeline


def solutions_map(pipeline: Pipeline, *, next_state: str, on_failure: str) -> State:
    """Return the Map over the solutions of the run; its result is a list of ``SolutionResult``-shaped objects."""
    return {
        "Type": "Map",
        "Comment": "Every solution by itself: one that fails does not stop the others.",
        "Items": jsonata("$plans"),
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Begin solution",
            "States": _solution_states(pipeline),
        },
        # Each iteration ends with a result; this is for what no state of theirs catches.
        "Catch": caught("solutions", go_to=on_failure),
        "Assign": {"solutions": jsonata("$states.result")},
        "Output": {},
        "Next": next_state,
    }


def _solution_states(pipeline: Pipeline) -> States:
    failed, timeouts = "End of failed solution", pipeline.timeouts
    solution = Job(
        kind=SOLUTION,
        name="$plan.resource",
        arguments="$merge([{'DatasetGroupArn': '${DatasetGroupArn}'}, $plan.config])",
        timeout=timeouts.solution,
        next=training.FIRST_STATE,
        on_failure=failed,
        failure_variable="solutionFailure",
    )
    begin = {
        "Type": "Pass",
        "Comment": "Name, recipe, configuration and batch jobs, from the pipeline file.",
        "Assign": {"plan": jsonata("$states.input"), "misses": [], "kept": False},
        "Next": solution.first_state,
    }
    campaign, deploy = _campaign(pipeline, next_state="Run batch jobs", on_failure=failed)
    return merged(
        {"Begin solution": begin},
        solution.states(),
        training.states(timeouts.training, next_state=deploy, on_failure=failed),
        campaign,
        {
            "Run batch jobs": jobs_map(pipeline, next_state="Solution result", on_failure=failed),
            "Solution result": _result(pipeline),
            failed: _solution_failed(),
        },
    )


def _campaign(pipeline: Pipeline, *, next_state: str, on_failure: str) -> tuple[States, str]:
    """Return the states that serve the version in real time and the first of them; none if no solution has a campaign.

    The campaign bears no hash: its ARN is what applications know. It is left alone where it serves the version already,
    which may well be that of an earlier run.
    """
    if CAMPAIGN not in kinds_of(pipeline):
        return {}, next_state
    version = (
        "$plan.campaign.request.CampaignConfig.SyncWithLatestSolutionVersion ? $solution.arn & '/$LATEST' : "
        f"${SOLUTION_VERSION.variable}.arn"
    )
    wanted = f"$merge([$plan.campaign.request, {{'SolutionVersionArn': {version}}}])"
    campaign = Job(
        kind=CAMPAIGN,
        name="$plan.campaign.resource",
        arguments=wanted,
        timeout=pipeline.timeouts.campaign,
        next=next_state,
        on_failure=on_failure,
        failure_variable="solutionFailure",
        wanted=wanted,
    )
    first = "Is there a campaign?"
    choice: State = {
        "Type": "Choice",
        "Comment": "Only solutions with a campaign in the pipeline file answer in real time.",
        "Choices": [{"Condition": jsonata("$exists($plan.campaign)"), "Next": campaign.first_state}],
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
        "Output": {
            "name": jsonata("$plan.name"),
            "recipe": jsonata("$plan.config.RecipeArn"),
            "status": jsonata("'FAILED' in $jobs.status ? 'FAILED' : 'SUCCEEDED'"),
            "arn": jsonata("$solution.arn"),
            "version_arn": jsonata("$solutionVersion.arn"),
            "training_hours": jsonata("$training.hours"),
            "metrics": jsonata("$training.metrics"),
            "quality": {"misses": jsonata("$misses"), "kept_version": jsonata("$kept")},
            **({"campaign": jsonata(campaign)} if CAMPAIGN in kinds_of(pipeline) else {}),
            "batch_inference": jsonata("[$jobs[kind = 'inference']]"),
            "batch_segment": jsonata("[$jobs[kind = 'segment']]"),
        },
        "End": True,
    }


def _solution_failed() -> dict[str, Any]:
    return {
        "Type": "Pass",
        "Comment": "The solution's result is its failure; the other solutions go on.",
        "Output": {
            "name": jsonata("$plan.name"),
            "recipe": jsonata("$plan.config.RecipeArn"),
            "status": "FAILED",
            "failure": jsonata("$merge([$solutionFailure, {'solution': $plan.name}])"),
            "batch_inference": [],
            "batch_segment": [],
        },
        "End": True,
    }
