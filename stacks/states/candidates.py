"""How a solution comes to its version where recipes are compared: all are trained, and the best one is gone on with.

    Read published version → Train? ──yes──> Candidates → Compare candidates → Is there a best one? → Quality gate
                               └──skipped, or nothing is new──> Keep published version      └──no──> fails

Each recipe is a child execution: ensure its solution, train a version, read the metrics. In a pipeline that compares
recipes anywhere, a solution of one recipe goes the same way, with one candidate. Once one is chosen, ``$solution``,
``$solutionVersion`` and ``$training`` are what they are elsewhere; so what a candidate assigns has other names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.contract.manifest import CandidateResult
from definition.plan.executions import CANDIDATE
from definition.service.resource_kinds import SOLUTION, SOLUTION_VERSION
from stacks import tags
from stacks.states import cleanup, training
from stacks.states.asl import State, States, document, jsonata, merged, when
from stacks.states.children import Children
from stacks.states.job import Job
from stacks.states.program import program
from stacks.states.training import OF, Trained
from stacks.states.versions import VersionJob

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

_OF_CANDIDATE = Trained("candidateSolution", "candidateVersion", "candidateTraining", "candidateFailure")
_FAILED = "End of failed candidate"
_RESULT = "Candidate result"
_CANDIDATE = program("published_candidate", before=f"'${{PersonalizeArn}}:{SOLUTION.arn_type}/'")
_KNOWN_HERE = f"$exists({_CANDIDATE})"
"""JSONata of whether the version that was published last is of a recipe that the file names."""


def states(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the fragment.

    It reads ``$plan``, and leaves the solution in ``$solution``, with its recipe; the rest is as ``training.states``
    leaves it. ``$comparison`` says how the recipes compare.

    Args:
        pipeline: the pipeline file.
        next_state: the state after it.
        on_failure: the state after a failure, which reads ``$solutionFailure``.
    """
    given = {
        "run": jsonata(f"{OF}run"),
        "trainingMode": jsonata(f"{OF}trainingMode"),
        "solution": jsonata("$plan.name"),
        "training": jsonata("$plan.training"),
        "known": jsonata(f"{OF}known"),
        "published": jsonata("$exists($published.solution_arn) ? $published.solution_arn : 'none'"),
    }
    map_of_all = Children(
        name="Candidates",
        begin="Begin candidates",
        label=CANDIDATE,
        comment="Every recipe by itself, all of them at once.",
        items=jsonata("[$plan.candidates]"),
        given=given,
        states=_candidate(pipeline),
        start="Begin candidate",
        variable="candidates",
        next="Compare candidates",
        on_failure=on_failure,
        failure_variable="solutionFailure",
    )
    return merged(
        {training.FIRST_STATE: training.read_published(on_failure), "Train?": _choice(map_of_all.begin)},
        map_of_all.fragment(),
        _compare(on_failure),
        training.gate(next_state, on_failure),
        training.keep(next_state, on_failure, recipe=f"$exists($published.recipe) ? $published.recipe : {_RECIPE}"),
    )


_RECIPE = f"({_KNOWN_HERE} ? {_CANDIDATE}.config.RecipeArn : null)"


def _choice(train: str) -> State:
    unchanged = (
        f"$plan.training.unchanged_data = 'skip' and {OF}trainingMode != 'full' "
        f"and $published.data = {training.data(OF)} and {_KNOWN_HERE} "
        "and ($exists($plan.comparison) ? $published.comparison = $plan.comparison : true)"
    )
    return {
        "Type": "Choice",
        "Comment": "A run trains, unless its input skips that, or nothing is new: neither data nor what is compared.",
        "Choices": [
            when("training: skip", f"{OF}trainingMode = 'skip' and {_KNOWN_HERE}", "Keep published version"),
            when("nothing to keep", f"{OF}trainingMode = 'skip'", "No version to keep"),
            when("nothing is new", unchanged, "Keep published version"),
        ],
        "Default": train,
    }


def _compare(on_failure: str) -> States:
    best = "$comparison.best"
    return {
        "Compare candidates": {
            "Type": "Pass",
            "Comment": "By the metric that the pipeline file names; of equal ones the first is taken.",
            "Assign": {
                "comparison": jsonata(program("best_candidate")),
                # The quality gate asks whether the version before is still there.
                "room": {"deleted": jsonata("[$candidates.deleted]")},
            },
            "Output": {},
            "Next": "Is there a best one?",
        },
        "Is there a best one?": {
            "Type": "Choice",
            "Comment": "Only if all were trained, and have the metric.",
            "Choices": [
                when(
                    "yes",
                    f"$exists({best})",
                    "Send training metrics",
                    solution={"arn": jsonata(f"{best}.arn"), "recipe": jsonata(f"{best}.recipe")},
                    **{SOLUTION_VERSION.variable: {"arn": jsonata(f"{best}.version_arn")}},
                    training={
                        "metrics": jsonata(f"{best}.metrics"),
                        "hours": jsonata(f"{best}.training_hours"),
                    },
                )
            ],
            "Default": "No best candidate",
        },
        "No best candidate": {
            "Type": "Pass",
            "Comment": "Nothing is scored; earlier tables stay as they are.",
            "Assign": {"solutionFailure": jsonata("$comparison.failure")},
            "Next": on_failure,
        },
    }


def _candidate(pipeline: Pipeline) -> States:
    of = _OF_CANDIDATE
    solution = Job(
        kind=SOLUTION,
        name="$candidate.resource",
        arguments="$merge([{'DatasetGroupArn': '${DatasetGroupArn}'}, $candidate.config])",
        tags=tags.of_job(pipeline),
        timeout=pipeline.timeouts.solution,
        next="Does the service train?",
        on_failure=_FAILED,
        failure_variable=of.failure,
        on_limit="Was room made?",
        shared_variable=of.solution,
    )
    update = (
        f"$trial.training.mode = 'update' and $trial.trainingMode != 'full' and $trial.published = ${of.solution}.arn"
    )
    version = VersionJob(
        solution=f"${of.solution}.arn",
        name="($candidate.version & '-' & $trial.run)",
        mode=f"{update} ? 'UPDATE' : 'FULL'",
        tags=tags.of_job(pipeline, run="$trial.run"),
        timeout=pipeline.timeouts.training,
        next="Get training metrics",
        on_failure=_FAILED,
        failure_variable=of.failure,
        variable=of.version,
    )
    room = cleanup.room(
        again=solution.first_state,
        on_failure=_FAILED,
        failure_variable=of.failure,
        of="$trial.solution",
        given="$trial.known",
        variable="madeRoom",
    )
    return merged(
        {"Begin candidate": _begin(solution.first_state)},
        solution.states(),
        room,
        {"Does the service train?": _automatic(version.first_state)},
        training.automatic(of, next_state=version.first_state, on_failure=_FAILED),
        version.states(),
        {
            "Get training metrics": training.get_metrics(of, next_state=_RESULT, on_failure=_FAILED),
            **_ends(),
        },
    )


def _begin(first: str) -> State:
    return {
        "Type": "Pass",
        "Comment": "The recipe and its configuration, from the pipeline file.",
        "Assign": {
            "candidate": jsonata("$states.input.item"),
            "trial": jsonata("$states.input.given"),
            "madeRoom": {"deleted": [], "remaining": []},
        },
        "Next": first,
    }


def _automatic(train: str) -> State:
    return {
        "Type": "Choice",
        "Comment": "With auto_training; what is compared is always trained by the run.",
        "Choices": [when("auto_training", "$trial.training.automatic", "Find automatic version")],
        "Default": train,
    }


def _ends() -> States:
    of = _OF_CANDIDATE
    recipe = jsonata("$candidate.config.RecipeArn")
    deleted = {"deleted": jsonata("$madeRoom.deleted")}
    result = document(
        CandidateResult,
        recipe=recipe,
        arn=jsonata(f"${of.solution}.arn"),
        version_arn=jsonata(f"${of.version}.arn"),
        training_hours=jsonata(f"${of.training}.hours"),
        metrics=jsonata(f"${of.training}.metrics"),
    )
    failed = document(
        CandidateResult,
        recipe=recipe,
        failure=jsonata(f"$merge([${of.failure}, {{'solution': $trial.solution}}])"),
    )
    return {
        _RESULT: {
            "Type": "Pass",
            "Comment": "What it is compared by.",
            "Output": result | deleted,
            "End": True,
        },
        _FAILED: {
            "Type": "Pass",
            "Comment": "Its result is its failure; the other recipes go on, and their versions are taken over later.",
            "Output": failed | deleted,
            "End": True,
        },
    }
