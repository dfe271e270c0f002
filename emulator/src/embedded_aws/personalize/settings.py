"""The settings of solutions, campaigns, recommenders and batch jobs that recipes document, checked.

Rules: the recipes' own pages of the Developer Guide; optimizing-solution-events-config, customizing-solution-config-hpo
and optimizing-solution-for-objective; TrainingDataConfig and AutoTrainingConfig in the API reference.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from embedded_aws.personalize.exceptions import InvalidInputException, NotImplementedException
from embedded_aws.personalize.recipes import Recipe, kind
from embedded_aws.personalize.recipes.base import NUMBER, Exploration, Settings
from embedded_aws.personalize.schemas import Schema

_SCHEDULE: Final = re.compile(r"rate\((\d+) (days?)\)")
_LONGEST_SCHEDULE: Final = 30
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,149}")
_DATASETS: Final = {"ITEMS": {"ITEM_ID"}, "USERS": {"USER_ID"}, "INTERACTIONS": {"USER_ID", "ITEM_ID", "TIMESTAMP"}}
_RANGES: Final = ("integerHyperParameterRanges", "continuousHyperParameterRanges", "categoricalHyperParameterRanges")
_MOST_JOBS: Final = {"maxNumberOfTrainingJobs": 40, "maxParallelTrainingJobs": 10}
_INFLUENCES: Final = {"POPULARITY", "FRESHNESS"}

INSTEAD_OF_AUTO_ML: Final = (
    "it chooses among HRNN recipes, which the service no longer offers; train a solution version with each recipe, and "
    "compare their get_solution_metrics"
)
"""Source: Developer Guide, training-solution-auto-ml."""


def check_solution_config(params: dict[str, Any], recipe: Recipe, schemas: Mapping[str, Schema]) -> None:
    """Check `solutionConfig` and `performHPO` against what the recipe documents.

    Args:
        params: the request of CreateSolution.
        recipe: what is to be trained.
        schemas: of the dataset group, by dataset type.

    Raises:
        InvalidInputException: an unknown hyperparameter, a value out of range, a setting of another recipe.
        NotImplementedException: a part of it is not emulated.
    """
    config = params.get("solutionConfig", {})
    if config.get("autoMLConfig"):
        raise NotImplementedException("solutionConfig.autoMLConfig", INSTEAD_OF_AUTO_ML)
    for group in ("algorithmHyperParameters", "featureTransformationParameters"):
        allowed = recipe.parameters.get(group, {})
        for name, value in config.get(group, {}).items():
            if name not in allowed:
                known = ", ".join(allowed) or "none"
                raise InvalidInputException(f"{name} is not one of the {group} of {recipe.arn}: {known}")
            allowed[name].check(name, value)
        _check_percentiles(config.get(group, {}))
    threshold = config.get("eventValueThreshold")
    if threshold is not None:
        number("eventValueThreshold", threshold)
    check_events(config, recipe)
    check_columns(config.get("trainingDataConfig", {}), schemas)
    _check_objective(config.get("optimizationObjective", {}), recipe, schemas)
    _check_hpo(params, recipe)


def _check_percentiles(parameters: Mapping[str, str]) -> None:
    """Check that of two percentiles the minimum is not above the maximum."""
    for name, value in parameters.items():
        other = name.replace("min_", "max_", 1)
        if name.startswith("min_") and other in parameters and float(value) > float(parameters[other]):
            raise InvalidInputException(f"{name} must not be above {other}")


def check_events(config: dict[str, Any], recipe: Recipe) -> None:
    """Check `eventsConfig`: event types with a weight, for recipes that weigh events.

    Raises:
        InvalidInputException: the recipe has no such setting, or an event type is missing or given twice.
    """
    events = config.get("eventsConfig", {}).get("eventParametersList")
    if not events:
        return
    if not recipe.weighs_events:
        raise InvalidInputException(f"eventsConfig is not a setting of {recipe.arn}")
    names = [event.get("eventType", "").lower() for event in events]
    if "" in names or len(set(names)) != len(names):
        raise InvalidInputException("eventParametersList must name an eventType in each entry, each of them once")


def check_columns(config: dict[str, Any], schemas: Mapping[str, Schema]) -> None:
    """Check `trainingDataConfig`: columns by dataset type, without those that training cannot do without.

    Raises:
        InvalidInputException: a dataset type or a column that is not there, or one that is required.
    """
    excluded, included = config.get("excludedDatasetColumns", {}), config.get("includedDatasetColumns", {})
    for dataset, columns in [*excluded.items(), *included.items()]:
        required = _DATASETS.get(dataset.upper())
        if required is None:
            raise InvalidInputException(f"trainingDataConfig names {', '.join(_DATASETS)}, not {dataset}")
        known = None if dataset.upper() not in schemas else schemas[dataset.upper()].names
        for column in columns:
            if not _COLUMN.fullmatch(column) or (known is not None and column not in known):
                raise InvalidInputException(f"The dataset {dataset} has no column {column}")
    for dataset, columns in excluded.items():
        needed = _DATASETS[dataset.upper()] & set(columns)
        if needed:
            raise InvalidInputException(f"Training needs {', '.join(sorted(needed))} of the dataset {dataset}")
        if dataset.upper() in {name.upper() for name in included}:
            raise InvalidInputException(f"Columns of {dataset} are both included and excluded")


def _check_objective(objective: dict[str, Any], recipe: Recipe, schemas: Mapping[str, Schema]) -> None:
    if not objective:
        return
    if not recipe.optimizes:
        raise InvalidInputException(f"optimizationObjective is not a setting of {recipe.arn}")
    name = objective.get("itemAttribute")
    fields = {field.name: field for field in schemas["ITEMS"].fields} if "ITEMS" in schemas else {}
    if name not in fields or not fields[name].numeric or fields[name].nullable:
        raise InvalidInputException(
            f"itemAttribute must be a numeric column of the Items dataset that cannot be null, not {name}"
        )


def _check_hpo(params: dict[str, Any], recipe: Recipe) -> None:
    config = params.get("solutionConfig", {}).get("hpoConfig", {})
    tunable = {
        name for name, parameter in recipe.parameters.get("algorithmHyperParameters", {}).items() if parameter.tunable
    }
    if params.get("performHPO") and not tunable:
        raise InvalidInputException(f"performHPO: {recipe.arn} has no hyperparameter that can be tuned")
    if not config:
        return
    if not params.get("performHPO"):
        raise InvalidInputException("hpoConfig needs performHPO")
    if config.get("hpoObjective"):
        raise InvalidInputException("hpoObjective is not supported")
    for name, most in _MOST_JOBS.items():
        value = config.get("hpoResourceConfig", {}).get(name, "1")
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise InvalidInputException(f"{name} must be from 1 to {most}, not {value}")
    ranges = config.get("algorithmHyperParameterRanges", {})
    if ranges and set(ranges) != set(_RANGES):
        raise InvalidInputException(f"algorithmHyperParameterRanges must hold {', '.join(_RANGES)}, empty or not")
    for member, entries in ranges.items():
        for entry in entries:
            _check_range(member, entry, recipe, tunable)


def _check_range(member: str, entry: Mapping[str, Any], recipe: Recipe, tunable: AbstractSet[str]) -> None:
    """Check one range of hyperparameters: of the right kind, with both ends or some values, all of them allowed."""
    name = str(entry.get("name"))
    if name not in tunable:
        raise InvalidInputException(f"{name} is not a hyperparameter of {recipe.arn} that can be tuned")
    parameter = recipe.parameters["algorithmHyperParameters"][name]
    if kind(parameter) != member:
        raise InvalidInputException(f"{name} belongs into {kind(parameter)}, not into {member}")
    if parameter.words:
        values = entry.get("values") or []
    else:
        values = [str(entry[end]) for end in ("minValue", "maxValue") if end in entry]
        if len(values) < len(("minValue", "maxValue")) or entry["minValue"] > entry["maxValue"]:
            raise InvalidInputException(f"{name} needs a minValue and a maxValue that is not below it")
    if not values:
        raise InvalidInputException(f"{name} needs values")
    for value in values:
        parameter.check(name, value)


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
    """Check `itemExplorationConfig`: exploration can be set for recipes that explore as told, no others.

    Raises:
        InvalidInputException: the recipe has no such setting, or a value is out of range.
    """
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


def check_influence(config: dict[str, Any], recipe: Recipe) -> None:
    """Check `rankingInfluence`: how much popularity and freshness count, for recipes that document it.

    Raises:
        InvalidInputException: the recipe has no such setting, or a name is unknown.
    """
    influence = config.get("rankingInfluence")
    if not influence:
        return
    if not recipe.ranks_by_influence:
        raise InvalidInputException(f"rankingInfluence is not a setting of {recipe.arn}")
    unknown = sorted(set(influence) - _INFLUENCES)
    if unknown:
        raise InvalidInputException(f"rankingInfluence knows {', '.join(sorted(_INFLUENCES))}, not {unknown[0]}")


def number(name: str, value: str) -> float:
    """Return a setting that the API takes as a string.

    Raises:
        InvalidInputException: it is no number.
    """
    if not NUMBER.fullmatch(value):
        raise InvalidInputException(f"{name} must be a number, not {value!r}")
    return float(value)


def settings_of(config: dict[str, Any], recipe: Recipe) -> Settings:
    """Return what a campaign, a recommender or a batch job sets, with the recipe's defaults for the rest."""
    explored = config.get("itemExplorationConfig", {})
    influence = config.get("rankingInfluence", {})
    default = Exploration()
    exploration = Exploration(
        float(explored.get("explorationWeight", default.weight)),
        float(explored.get("explorationItemAgeCutOff", default.age_cut_off)),
    )
    return Settings(
        exploration if recipe.explores else None, influence.get("POPULARITY", 0.0), influence.get("FRESHNESS", 0.0)
    )
