"""From a solution to the version that a run scores with.

    Read published version → Train? ──yes──> Find solution version … → Get training metrics → Quality gate
          │       └──by the service──> Find automatic version ──there is one──────^            │
          └──skipped──> Keep published version <──missed, on_miss: previous── is it good enough?
                                └──> next <──good, or on_miss: warn──────────────┘

``curated/<solution>/latest.json`` names the version that was last published, with its metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from definition import layout
from definition.service.resource_kinds import ACTIVE, SOLUTION_VERSION
from stacks import tags
from stacks.states import metrics, retries
from stacks.states.asl import State, States, jsonata, merged, sdk, when
from stacks.states.calls import Absent, read_json
from stacks.states.job import caught
from stacks.states.program import program
from stacks.states.versions import VersionJob

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Read published version"

OF = "$given."
"""Where a solution's child execution has run, importMode, trainingMode and report.fingerprint of the run."""

_FAILURE = "solutionFailure"
_VERSION = f"${SOLUTION_VERSION.variable}"
_SAME_SOLUTION = "$published.solution_arn = $solution.arn"


@dataclass(frozen=True)
class Trained:
    """Names of the variables of what is trained: child executions within others must have names of their own.

    Attributes:
        solution: the solution.
        version: the solution version.
        training: hours and metrics of the version.
        failure: what went wrong.
    """

    solution: str
    version: str
    training: str
    failure: str


OF_SOLUTION = Trained("solution", SOLUTION_VERSION.variable, "training", _FAILURE)


def data(of: str = "$") -> str:
    """Return JSONata of what a version is trained on; ``of`` is how variables of the run are named there.

    Without an import the fingerprint of the data is unknown; the id of the run takes its place, which equals no other.
    """
    return f"({of}importMode = 'skip' ? {of}run : {of}report.fingerprint)"


def states(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the fragment.

    It reads ``$plan`` and ``$solution``, and leaves the version in ``$solutionVersion``; ``$training`` has its
    metrics and billed hours, ``$misses`` what the quality gate found, ``$kept`` whether it is that of an earlier run.
    """
    update = f"$plan.training.mode = 'update' and {OF}trainingMode != 'full' and {_SAME_SOLUTION}"
    version = VersionJob(
        solution="$solution.arn",
        name=f"($plan.version & '-' & {OF}run)",
        mode=f"{update} ? 'UPDATE' : 'FULL'",
        tags=tags.of_job(pipeline, run=f"{OF}run"),
        timeout=pipeline.timeouts.training,
        next="Get training metrics",
        on_failure=on_failure,
        failure_variable=_FAILURE,
    )
    return merged(
        _choose(version, on_failure),
        version.states(),
        {"Get training metrics": get_metrics(OF_SOLUTION, next_state="Send training metrics", on_failure=on_failure)},
        gate(next_state, on_failure),
        keep(next_state, on_failure),
    )


def _choose(version: VersionJob, on_failure: str) -> States:
    """Return the states that find out whose version it will be: the run's own, the service's or an earlier one's."""
    unchanged = (
        f"$plan.training.unchanged_data = 'skip' and {OF}trainingMode != 'full' "
        f"and $published.data = {data(OF)} and {_SAME_SOLUTION}"
    )
    return {
        FIRST_STATE: read_published(on_failure),
        "Train?": {
            "Type": "Choice",
            "Comment": "A run trains, unless its input skips that, nothing is new, or the service trains by itself.",
            "Choices": [
                when("training: skip", f"{OF}trainingMode = 'skip' and {_SAME_SOLUTION}", "Keep published version"),
                when("nothing to keep", f"{OF}trainingMode = 'skip'", "No version to keep"),
                when("nothing is new", unchanged, "Keep published version"),
                when("auto_training", "$plan.training.automatic", "Find automatic version"),
            ],
            "Default": version.first_state,
        },
        **automatic(OF_SOLUTION, next_state=version.first_state, on_failure=on_failure),
    }


def keep(next_state: str, on_failure: str, *, recipe: str | None = None) -> States:
    """Return the states that go on with the version that was published last, or without any.

    Args:
        next_state: scores with it.
        on_failure: the state after a failure.
        recipe: JSONata of the version's recipe, where ``$solution`` is to become the one that it is of; left out: it
            is known already.
    """
    solution = {"arn": jsonata("$published.solution_arn"), "recipe": jsonata(str(recipe))}
    return {
        "Keep published version": {
            "Type": "Pass",
            "Comment": "Score with the version that was last published.",
            "Assign": {
                SOLUTION_VERSION.variable: {"arn": jsonata("$published.version_arn")},
                # Also a version that was refused is billed.
                "training": {
                    "metrics": jsonata("$published.metrics"),
                    "hours": jsonata("$exists($training.hours) ? $training.hours : null"),
                },
                "kept": True,
                **({"solution": solution} if recipe else {}),
            },
            "Next": next_state,
        },
        "No version to keep": {
            "Type": "Pass",
            "Comment": "Training is skipped, but nothing is trained.",
            "Assign": {
                _FAILURE: {
                    "state": "Train?",
                    "resource": "solution",
                    **({} if recipe else {"arn": jsonata("$solution.arn")}),
                    "error": "NothingTrained",
                    "reason": "no version of this configuration was published yet; start without training: skip",
                }
            },
            "Next": on_failure,
        },
    }


def read_published(on_failure: str) -> State:
    """Return the state that reads ``$published``, which is empty where nothing was published."""
    return read_json(
        jsonata(layout.LATEST_VERSION.jsonata(solution="$plan.name")),
        comment="The version that was last published: what a new one is measured by.",
        resource="published version",
        assign={"published": jsonata("$parse($states.result.Body)")},
        next_state="Train?",
        on_failure=on_failure,
        failure_variable=_FAILURE,
        absent=Absent("Train?", {"published": {}}),
    )


def automatic(of: Trained, *, next_state: str, on_failure: str) -> States:
    """Return the states that look for a version which the service has trained by itself.

    Args:
        of: names of the variables.
        next_state: the state after it where there is none.
        on_failure: the state after a failure.
    """
    return {
        "Find automatic version": _find_automatic(of, on_failure),
        "Is there an automatic version?": {
            "Type": "Choice",
            "Comment": "The service begins within an hour; until then the first version is the run's own.",
            "Choices": [when("yes", f"${of.version}.status = '{ACTIVE}'", "Get training metrics")],
            "Default": next_state,
        },
    }


def _find_automatic(of: Trained, on_failure: str) -> State:
    latest = f"$states.result.Solution.Latest{SOLUTION_VERSION.name}"
    found = f"{{'arn': {latest}.{SOLUTION_VERSION.arn_field}, 'status': {latest}.Status}}"
    return {
        "Type": "Task",
        "Comment": "Ask for the version that the service trained last.",
        "Resource": sdk("personalize", "DescribeSolution"),
        "Arguments": {"SolutionArn": jsonata(f"${of.solution}.arn")},
        "Retry": retries.READ,
        "Catch": caught("solution", go_to=on_failure, variable=of.failure),
        "Assign": {
            of.version: jsonata(f"$exists({latest}) ? {found} : {{}}"),
        },
        "Output": {},
        "Next": "Is there an automatic version?",
    }


def get_metrics(of: Trained, *, next_state: str, on_failure: str) -> State:
    """Return the state that asks for the metrics of a version.

    Args:
        of: names of the variables.
        next_state: goes on.
        on_failure: the state after a failure.
    """
    return {
        "Type": "Task",
        "Comment": "Offline metrics of the version, and the training hours that are billed.",
        "Resource": sdk("personalize", "GetSolutionMetrics"),
        "Arguments": {"SolutionVersionArn": jsonata(f"${of.version}.arn")},
        "Retry": retries.READ,
        "Catch": caught("metrics", go_to=on_failure, variable=of.failure),
        "Assign": {
            of.training: {
                "metrics": jsonata("$states.result.Metrics"),
                "hours": jsonata("$exists($states.input.TrainingHours) ? $states.input.TrainingHours : null"),
            }
        },
        "Output": {},
        "Next": next_state,
    }


def gate(next_state: str, on_failure: str) -> States:
    """Return the states that tell the metrics of a new version, and look whether they are good enough."""
    missed = "$count($misses) > 0"
    return {
        "Send training metrics": metrics.of_version(next_state="Quality gate"),
        "Quality gate": {
            "Type": "Pass",
            "Comment": "Compare with the floors, and with the version that was last published.",
            "Assign": {"misses": jsonata(program("quality_misses"))},
            "Next": "Is it good enough?",
        },
        "Is it good enough?": {
            "Type": "Choice",
            "Comment": "on_miss in the pipeline file says what becomes of a version that is not.",
            "Choices": [
                when(
                    "on_miss: previous",
                    f"{missed} and $plan.quality.on_miss = 'previous' and $exists($published.version_arn) "
                    "and $not($published.solution_arn in $room.deleted)",
                    "Keep published version",
                ),
                when("on_miss: fail", f"{missed} and $plan.quality.on_miss != 'warn'", "Quality missed"),
            ],
            "Default": next_state,
        },
        "Quality missed": {
            "Type": "Pass",
            "Comment": "Nothing is scored with it; earlier tables stay as they are.",
            "Assign": {
                _FAILURE: {
                    "state": "Quality gate",
                    "resource": SOLUTION_VERSION.label,
                    "arn": jsonata(f"{_VERSION}.arn"),
                    "error": "QualityMissed",
                    "reason": jsonata("$join($misses, '; ')"),
                }
            },
            "Next": on_failure,
        },
    }
