"""The work of a solution version or recommender: select, check the minimums, measure, learn from everything.

Rules: Developer Guide, event-values-types, optimizing-solution-events-config, limits, API_TrainingDataConfig.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from embedded_aws.personalize.contents import Datasets
from embedded_aws.personalize.metrics import measure
from embedded_aws.personalize.recipes import find_recipe
from embedded_aws.personalize.recipes.base import Model, Recipe, Segmenter, TrainingData
from embedded_aws.personalize.selection import item_rewards, training_data
from embedded_aws.personalize.tuning import search, tunable

_HOUR: Final = 3600


@dataclass(frozen=True)
class Trained:
    """What training leaves: the model, what it learned from, and what the API tells about it.

    `training_hours` are the CPU hours that the training's thread took; the service counts and bills otherwise.
    `tuned_hpo_params` are the hyperparameters that HPO chose, empty without HPO.
    """

    recipe: Recipe
    model: Model | Segmenter
    data: TrainingData
    metrics: dict[str, float]
    training_hours: float
    tuned_hpo_params: dict[str, str]


def train(solution: Mapping[str, Any], datasets: Datasets) -> Trained:
    """Train by a solution's members.

    Args:
        solution: `recipeArn`, `eventType`, `solutionConfig` and `performHPO` count.
        datasets: what the dataset group holds, by type.

    Raises:
        JobFailedError: too little is left to learn from, or a column that the solution names is not there.
    """
    started = time.thread_time()
    recipe = find_recipe(solution["recipeArn"])
    data = training_data(recipe, solution, datasets)
    config = solution.get("solutionConfig", {})
    rewards = item_rewards(data.interactions.item_ids, datasets.get("ITEMS"), config.get("optimizationObjective", {}))
    given = {**config.get("algorithmHyperParameters", {}), **config.get("featureTransformationParameters", {})}
    weighted = bool(config.get("eventsConfig", {}).get("eventParametersList"))

    def trial(tuned: Mapping[str, str]) -> tuple[Model | Segmenter, dict[str, float]]:
        return measure(recipe, data, {**given, **tuned}, weighted=weighted, rewards=rewards)

    tuned: dict[str, str] = {}
    if solution.get("performHPO") and tunable(recipe):
        tuned, (measured, metrics) = search(recipe, config.get("hpoConfig", {}), trial)
    else:
        measured, metrics = trial({})
    model = measured.refit(data)
    return Trained(recipe, model, data, metrics, (time.thread_time() - started) / _HOUR, tuned)


def update(trained: Trained, solution: Mapping[str, Any], datasets: Datasets) -> Trained:
    """Return what was trained, refitted to the datasets of today with the choices that were made then.

    Raises:
        JobFailedError: as `train`.
    """
    started = time.thread_time()
    data = training_data(trained.recipe, solution, datasets)
    model = trained.model.refit(data)
    hours = (time.thread_time() - started) / _HOUR
    return Trained(trained.recipe, model, data, trained.metrics, hours, trained.tuned_hpo_params)
