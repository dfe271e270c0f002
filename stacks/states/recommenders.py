"""The recommenders of a domain dataset group: made once, updated where the pipeline file has changed, else left alone.

They train by themselves, first on what this run has imported. Each is a child execution, which ends with a result, also
a failed one: siblings and solutions go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.contract.manifest import RecommenderResult
from definition.contract.plans import RecommenderPlan
from definition.plan.executions import RECOMMENDER as LABEL
from definition.plan.names import recommender_name
from definition.plan.requests import recommender_config
from definition.service.recipes import USE_CASES
from definition.service.resource_kinds import RECOMMENDER
from stacks import tags
from stacks.states.asl import State, States, document, jsonata, merged
from stacks.states.children import Children
from stacks.states.job import Job

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from definition.file.realtime import Recommender

FIRST_STATE = "Begin recommenders"

_FAILURE = "recommenderFailure"
_FAILED = "End of failed recommender"


def states(pipeline: Pipeline, stage: str, *, next_state: str, on_failure: str) -> States:
    """Return the fragment, which is empty without recommenders; it assigns ``$recommenders``, their results."""
    if not pipeline.recommenders:
        return {}
    return Children(
        name="Recommenders",
        begin=FIRST_STATE,
        label=LABEL,
        comment="Every recommender by itself: one that fails does not stop the others, nor the solutions.",
        items=[_plan(pipeline, stage, recommender).document() for recommender in pipeline.recommenders],
        given={},
        states=_each(pipeline),
        start="Begin recommender",
        variable="recommenders",
        next=next_state,
        on_failure=on_failure,
    ).fragment()


def _plan(pipeline: Pipeline, stage: str, recommender: Recommender) -> RecommenderPlan:
    return RecommenderPlan(
        name=recommender.name,
        resource=recommender_name(pipeline, stage, recommender),
        recipe=USE_CASES[recommender.recipe].arn,
        config=recommender_config(recommender),
    )


def _each(pipeline: Pipeline) -> States:
    job = Job(
        kind=RECOMMENDER,
        name="$plan.resource",
        arguments=(
            "{'DatasetGroupArn': '${DatasetGroupArn}', 'RecipeArn': $plan.recipe, 'RecommenderConfig': $plan.config}"
        ),
        tags=tags.of_job(pipeline),
        timeout=pipeline.timeouts.recommender,
        next="Recommender result",
        on_failure=_FAILED,
        failure_variable=_FAILURE,
        wanted="{'RecommenderConfig': $plan.config}",
    )
    begin: State = {
        "Type": "Pass",
        "Comment": "Name, use case and configuration, from the pipeline file.",
        "Assign": {"plan": jsonata("$states.input.item")},
        "Next": job.first_state,
    }
    # Failures of solutions are told with their solution; here the name stands beside the state.
    told = f"{{'state': ${_FAILURE}.state & ' (' & $plan.name & ')', 'recommender': $plan.name}}"
    results = {
        "Recommender result": _result(
            "What the manifest says of this recommender.",
            arn=jsonata(f"${RECOMMENDER.variable}.arn"),
            status=jsonata(f"${RECOMMENDER.variable}.status"),
            # Described by the state before; a recommender at rest has none.
            metrics=jsonata("$exists($states.input.ModelMetrics) ? $states.input.ModelMetrics : {}"),
        ),
        _FAILED: _result(
            "The recommender's result is its failure; the others go on.",
            status="FAILED",
            failure=jsonata(f"$merge([${_FAILURE}, {told}])"),
        ),
    }
    return merged({"Begin recommender": begin}, job.states(), results)


def _result(comment: str, **more: str) -> State:
    output = document(RecommenderResult, name=jsonata("$plan.name"), recipe=jsonata("$plan.recipe"), **more)
    return {"Type": "Pass", "Comment": comment, "Output": output, "End": True}
