"""The kinds of Personalize resources and the recipes that a pipeline uses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from definition.service.resource_kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    KINDS,
    RECOMMENDER,
    SOLUTION,
    SOLUTION_VERSION,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.file.pipeline import Pipeline
    from definition.service.resource_kinds import ResourceKind


def kinds_of(pipeline: Pipeline) -> tuple[ResourceKind, ...]:
    """Return the kinds that runs of a pipeline make, with the parents that they have there."""
    made: dict[ResourceKind, Sequence[object]] = {
        SOLUTION: pipeline.solutions,
        SOLUTION_VERSION: pipeline.solutions,
        BATCH_INFERENCE_JOB: [job for solution in pipeline.solutions for job in solution.batch_inference],
        BATCH_SEGMENT_JOB: [job for solution in pipeline.solutions for job in solution.batch_segment],
        CAMPAIGN: [solution for solution in pipeline.solutions if solution.campaign],
        RECOMMENDER: pipeline.recommenders,
    }
    kinds = [kind for kind in KINDS if kind not in made or made[kind]]
    filtered = {kind for kind in kinds if any(getattr(each, "filter", None) for each in made.get(kind, ()))}
    return tuple(
        kind if kind in filtered else replace(kind, parents=tuple(each for each in kind.parents if each != "filter"))
        for kind in kinds
    )


def recipes_of(pipeline: Pipeline) -> dict[ResourceKind, list[str]]:
    """Return the names of the recipes of a pipeline by what is made of them, each once."""
    return {
        SOLUTION: sorted({recipe for solution in pipeline.solutions for recipe in solution.recipes}),
        RECOMMENDER: sorted({recommender.recipe for recommender in pipeline.recommenders}),
    }
