"""Hyperparameter optimization: a random search over the ranges that `hpoConfig` or the recipe gives.

Rules: Developer Guide, customizing-solution-config-hpo, API_HPOResourceConfig (at most 40 training jobs). The service
searches by Bayesian optimization; a handful of drawn values is what stands for it here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from embedded_aws.personalize.metrics import GAIN_AT_25
from embedded_aws.personalize.recipes import kind
from embedded_aws.personalize.recipes.base import Parameter, Recipe

MOST_TRIALS: Final = 40
DEFAULT_TRIALS: Final = 5

_Trial = tuple[Any, dict[str, float]]
_Draw = Callable[[np.random.Generator], str]


def tunable(recipe: Recipe) -> dict[str, Parameter]:
    """Return the hyperparameters of a recipe that HPO may choose."""
    parameters = recipe.parameters.get("algorithmHyperParameters", {})
    return {name: parameter for name, parameter in parameters.items() if parameter.tunable}


def search(
    recipe: Recipe, config: Mapping[str, Any], trial: Callable[[Mapping[str, str]], _Trial]
) -> tuple[dict[str, str], _Trial]:
    """Return the hyperparameters with the best NDCG at 25, and what `trial` returned for them.

    Args:
        recipe: has one tunable hyperparameter or more.
        config: `hpoConfig`; its ranges replace the recipe's, its maxNumberOfTrainingJobs bounds the trials.
        trial: fits and measures with hyperparameters.
    """
    draws = _draws(recipe, config.get("algorithmHyperParameterRanges", {}))
    most = int(config.get("hpoResourceConfig", {}).get("maxNumberOfTrainingJobs", DEFAULT_TRIALS))
    dice = np.random.default_rng(0)
    best: tuple[dict[str, str], _Trial] | None = None
    tried: list[dict[str, str]] = []
    for _ in range(max(1, min(most, MOST_TRIALS))):
        drawn = {name: draw(dice) for name, draw in draws.items()}
        if drawn in tried:
            continue
        tried.append(drawn)
        result = trial(drawn)
        if best is None or result[1].get(GAIN_AT_25, 0) > best[1][1].get(GAIN_AT_25, 0):
            best = drawn, result
    assert best is not None
    return best


def _draws(recipe: Recipe, ranges: Mapping[str, Any]) -> dict[str, _Draw]:
    """Return, by hyperparameter, how to draw a value: from the given ranges, or else from the recipe's."""
    given = {
        entry["name"]: (member, entry)
        for member in (
            "integerHyperParameterRanges",
            "continuousHyperParameterRanges",
            "categoricalHyperParameterRanges",
        )
        for entry in ranges.get(member, [])
    }
    if given:
        return {name: _draw(member, entry) for name, (member, entry) in given.items()}
    return {
        name: _draw(
            kind(parameter),
            {"minValue": parameter.low, "maxValue": parameter.high, "values": sorted(parameter.words)},
        )
        for name, parameter in tunable(recipe).items()
    }


def _draw(member: str, entry: Mapping[str, Any]) -> _Draw:
    if member == "categoricalHyperParameterRanges":
        values = list(entry["values"])
        return lambda dice: str(values[int(dice.integers(len(values)))])
    low, high = entry["minValue"], entry["maxValue"]
    if member == "integerHyperParameterRanges":
        return lambda dice: str(int(dice.integers(int(low), int(high) + 1)))
    return lambda dice: f"{dice.uniform(float(low), float(high)):.6f}"
