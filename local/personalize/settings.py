"""The settings of solutions and batch jobs that recipes document, checked."""

import re
from typing import Any

from local.personalize.exceptions import InvalidInputException, NotImplementedException
from local.personalize.recipes import Recipe

_SCHEDULE = re.compile(r"rate\((\d+) (days?)\)")
_LONGEST_SCHEDULE = 30
_NOT_EMULATED = ("hpoConfig", "autoMLConfig", "eventsConfig", "optimizationObjective", "trainingDataConfig")


def check_solution_config(config: dict[str, Any], recipe: Recipe) -> None:
    """Check `solutionConfig` against what the recipe documents.

    Raises:
        InvalidInputException: an unknown hyperparameter, a value out of range, a threshold that is no number.
        NotImplementedException: a part of it is not emulated.
    """
    for part in _NOT_EMULATED:
        if config.get(part):
            raise NotImplementedException(f"solutionConfig.{part}")
    for group in ("algorithmHyperParameters", "featureTransformationParameters"):
        allowed = recipe.parameters.get(group, {})
        for name, value in config.get(group, {}).items():
            if name not in allowed:
                known = ", ".join(allowed) or "none"
                raise InvalidInputException(f"{name} is not one of the {group} of {recipe.arn}: {known}")
            allowed[name].check(name, value)
    threshold = config.get("eventValueThreshold")
    if threshold is not None:
        number("eventValueThreshold", threshold)


def check_auto_training(params: dict[str, Any]) -> None:
    """Check `performAutoTraining` and its schedule (`AutoTrainingConfig`: a rate of 1 to 30 days).

    Raises:
        InvalidInputException: the schedule is out of range, or given with automatic training switched off.
    """
    config = params.get("solutionConfig", {}).get("autoTrainingConfig")
    if config is None:
        return
    if params.get("performAutoTraining") is False:
        raise InvalidInputException("autoTrainingConfig needs performAutoTraining")
    match = _SCHEDULE.fullmatch(config.get("schedulingExpression", ""))
    if match is None or not 1 <= int(match[1]) <= _LONGEST_SCHEDULE:
        raise InvalidInputException("schedulingExpression must be rate(N days) with N from 1 to 30")


def check_exploration(config: dict[str, Any], recipe: Recipe) -> None:
    """Check `batchInferenceJobConfig`: exploration can be set for User-Personalization only.

    Raises:
        InvalidInputException: the recipe has no such setting, or a value is out of range.
    """
    if config.get("rankingInfluence"):
        raise InvalidInputException(f"rankingInfluence is not a setting of {recipe.arn}")
    settings = config.get("itemExplorationConfig")
    if not settings:
        return
    if not recipe.explores:
        raise InvalidInputException(f"itemExplorationConfig is not a setting of {recipe.arn}")
    for name, value in settings.items():
        if name == "explorationWeight":
            if not 0 <= number(name, value) <= 1:
                raise InvalidInputException(f"{name} must be from 0 to 1, not {value}")
        elif name == "explorationItemAgeCutOff":
            if number(name, value) < 1:
                raise InvalidInputException(f"{name} must be at least 1, not {value}")
        else:
            raise InvalidInputException(f"{name} is not a setting of itemExplorationConfig")


def number(name: str, value: str) -> float:
    """Return a setting that the API takes as a string.

    Raises:
        InvalidInputException: it is no number.
    """
    try:
        return float(value)
    except ValueError as error:
        raise InvalidInputException(f"{name} must be a number, not {value!r}") from error
