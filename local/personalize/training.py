"""The work of a solution version: filter the events, check the minimums, measure, learn from everything.

Rules: Developer Guide, event-values-types and limits.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from local.personalize.exceptions import JobFailedError
from local.personalize.metrics import evaluate, hold_out
from local.personalize.recipes import find_recipe
from local.personalize.recipes.base import Model, Recipe
from local.personalize.recipes.interactions import Interactions

MINIMUM_INTERACTIONS: Final = 1000
MINIMUM_USERS: Final = 25
MINIMUM_SHARE: Final = 0.01


@dataclass(frozen=True)
class Trained:
    """What training leaves: the model, what it learned from, and what the API tells about it.

    `training_hours` are the CPU hours that the training's thread took; the service counts and bills otherwise.
    """

    recipe: Recipe
    model: Model
    interactions: Interactions
    metrics: dict[str, float]
    training_hours: float


def train(solution: dict[str, Any], events: pl.DataFrame, items: pl.DataFrame | None) -> Trained:
    """Train by a solution's members.

    Args:
        solution: `recipeArn`, `eventType` and `solutionConfig` count.
        events: the interactions dataset.
        items: the items dataset, whose items without events join the catalogue; None if there is none.

    Raises:
        JobFailedError: too little is left to learn from.
    """
    started = time.thread_time()
    config = solution.get("solutionConfig", {})
    selected = select_events(events, solution.get("eventType"), config.get("eventValueThreshold"))
    check_minimums(selected)
    interactions = Interactions.of(
        selected.get_column("USER_ID"),
        selected.get_column("ITEM_ID"),
        selected.get_column("TIMESTAMP"),
        [] if items is None else items.get_column("ITEM_ID"),
    )
    recipe = find_recipe(solution["recipeArn"])
    parameters = {
        **config.get("algorithmHyperParameters", {}),
        **config.get("featureTransformationParameters", {}),
    }
    training, inputs, answers = hold_out(interactions)
    measured = recipe.fit(training, parameters)
    metrics = evaluate(measured, inputs, answers)
    model = measured.refit(interactions)
    hours = (time.thread_time() - started) / 3600
    return Trained(recipe, model, interactions, metrics, hours)


def select_events(events: pl.DataFrame, event_type: str | None, threshold: str | None) -> pl.DataFrame:
    """Return the events of a type (case ignored) and with EVENT_VALUE of at least `threshold`.

    Raises:
        JobFailedError: the dataset has no such column.
    """
    for setting, column in ((event_type, "EVENT_TYPE"), (threshold, "EVENT_VALUE")):
        if setting is not None and column not in events.columns:
            raise JobFailedError(f"The solution selects by {column}, but the interactions dataset has no such column")
    if event_type is not None:
        events = events.filter(pl.col("EVENT_TYPE").str.to_lowercase() == event_type.lower())
    if threshold is not None:
        events = events.filter(pl.col("EVENT_VALUE") >= float(threshold))
    return events


def check_minimums(events: pl.DataFrame) -> None:
    """Check that there is enough to learn from.

    Raises:
        JobFailedError: fewer than 1000 interactions, fewer than 25 users with two of them, or those are less
            than 1 % of all users.
    """
    if events.height < MINIMUM_INTERACTIONS:
        raise JobFailedError(
            f"{events.height} interactions are left after filtering by event type and value; training needs "
            f"at least {MINIMUM_INTERACTIONS}"
        )
    lengths = events.group_by("USER_ID").len().get_column("len")
    able = int((lengths > 1).sum())
    if able < MINIMUM_USERS:
        raise JobFailedError(
            f"{able} users have two or more interactions each; training needs at least {MINIMUM_USERS}"
        )
    if able < MINIMUM_SHARE * len(lengths):
        raise JobFailedError(
            f"{able} of {len(lengths)} users have two or more interactions each; training needs at least 1 %"
        )
