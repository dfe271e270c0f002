"""What happens to one solution: ensure it, train a version, score with it, publish.

The fragment is the item processor of a Map over the solutions, so a further solution adds data and no state. Each
iteration ends with a result, also a failed one: siblings go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spec.resources import SOLUTION, SOLUTION_VERSION
from stacks.states import retries
from stacks.states.asl import State, States, jsonata, sdk
from stacks.states.batch import jobs_map
from stacks.states.job import Job, caught

if TYPE_CHECKING:
    from spec.pipeline import Timeouts


def solutions_map(timeouts: Timeouts, *, next_state: str, on_failure: str) -> State:
    """Return the Map over the solutions of the run; its result is a list of ``SolutionResult``-shaped objects."""
    return {
        "Type": "Map",
        "Comment": "Every solution by itself: one that fails does not stop the others.",
        "Items": jsonata("$plans"),
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Begin solution",
            "States": _solution_states(timeouts),
        },
        # Each iteration ends with a result; this is for what no state of theirs catches.
        "Catch": caught("solutions", go_to=on_failure),
        "Assign": {"solutions": jsonata("$states.result")},
        "Output": {},
        "Next": next_state,
    }


def _solution_states(timeouts: Timeouts) -> States:
    failed = "Solution failed"
    create = (
        "$merge([{'DatasetGroupArn': '${DatasetGroupArn}', "
        # The service would otherwise train again every week, and bill it.
        "'PerformAutoTraining': false}, $plan.config])"
    )
    solution = Job(
        kind=SOLUTION,
        name="$plan.resource",
        arguments=create,
        timeout=timeouts.solution,
        next=f"Create {SOLUTION_VERSION.label}",
        on_failure=failed,
        failure_variable="solutionFailure",
    )
    version = Job(
        kind=SOLUTION_VERSION,
        # The run's name makes a repeated create fail as already existing instead of training twice.
        name="$run",
        arguments={"SolutionArn": jsonata("$solution.arn"), "TrainingMode": "FULL"},
        timeout=timeouts.training,
        next="Get training metrics",
        on_failure=failed,
        failure_variable="solutionFailure",
        latest_of="$solution.arn",
    )
    return {
        "Begin solution": {
            "Type": "Pass",
            "Comment": "Name, recipe, configuration and batch jobs, from the pipeline file.",
            "Assign": {"plan": jsonata("$states.input")},
            "Next": solution.first_state,
        },
        **solution.states(),
        **version.states(),
        "Get training metrics": _metrics(failed),
        "Run batch jobs": jobs_map(timeouts, next_state="Solution result", on_failure=failed),
        "Solution result": _result(),
        failed: _solution_failed(),
    }


def _metrics(failed: str) -> State:
    return {
        "Type": "Task",
        "Comment": "Offline metrics of the version, and the training hours that are billed.",
        "Resource": sdk("personalize", "GetSolutionMetrics"),
        "Arguments": {"SolutionVersionArn": jsonata("$solutionVersion.arn")},
        "Retry": retries.READ,
        "Catch": caught("metrics", go_to=failed, variable="solutionFailure"),
        "Assign": {
            "training": {
                "metrics": jsonata("$states.result.Metrics"),
                "hours": jsonata("$exists($states.input.TrainingHours) ? $states.input.TrainingHours : null"),
            }
        },
        "Output": {},
        "Next": "Run batch jobs",
    }


def _result() -> State:
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
