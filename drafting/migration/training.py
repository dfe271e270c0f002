"""Training options of a solution in the pipeline file from a request of CreateSolution (page API_SolutionConfig)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drafting.migration.found import Request

_RATE = re.compile(r"rate\((\d+) days?\)")
COUNTERPART = "recipe: {best_of: [recipes], by: metric} lets each run choose among several"
"""What pipeline files have in the place of AutoML, which chooses among recipes that are no longer offered."""

_SAID = {
    "algorithmHyperParameters",
    "autoTrainingConfig",
    "eventValueThreshold",
    "eventsConfig",
    "featureTransformationParameters",
    "hpoConfig",
    "optimizationObjective",
    "trainingDataConfig",
}
"""Parts of a SolutionConfig that pipeline files have."""


def training(request: Request, place: str, notes: list[str]) -> dict[str, Any]:
    """Return the options; those that a pipeline file does not have are noted with their place."""
    config = request.get("solutionConfig") or {}
    options: dict[str, Any] = {}
    if request.get("eventType"):
        options["event_type"] = request["eventType"]
    if config.get("eventValueThreshold"):
        options["event_value_threshold"] = float(config["eventValueThreshold"])
    for key, name in (
        ("algorithmHyperParameters", "hyperparameters"),
        ("featureTransformationParameters", "feature_transformation"),
    ):
        if config.get(key):
            options[name] = {each: number(value) for each, value in config[key].items()}
    if hpo := config.get("hpoConfig"):
        options["hpo"] = _hpo(hpo)
    options |= _what_counts(config) | columns_seen(config)
    if request.get("performAutoTraining"):
        rate = _RATE.fullmatch(config.get("autoTrainingConfig", {}).get("schedulingExpression", "rate(7 days)"))
        options["auto_training"] = {"every": f"{rate[1]}d" if rate else "7d"}
    if request.get("performHPO") and "hpo" not in options:
        notes.append(f"{place}: performHPO without ranges; write hpo with what the search shall vary")
    if request.get("performAutoML"):
        notes.append(f"{place}: performAutoML chose the recipe, which is named now; {COUNTERPART}")
    if request.get("performIncrementalUpdate"):
        options["incremental_updates"] = True
    notes += [f"{place}: solutionConfig.{key}" for key in sorted(config.keys() - _SAID) if config[key]]
    return options


def _what_counts(config: dict[str, Any]) -> dict[str, Any]:
    """Return weights of events, and what is weighed against relevance."""
    options: dict[str, Any] = {}
    if weights := config.get("eventsConfig", {}).get("eventParametersList"):
        options["event_weights"] = [_weight(each) for each in weights]
    if objective := config.get("optimizationObjective"):
        sensitivity = objective.get("objectiveSensitivity")
        options["objective"] = {"item_attribute": objective["itemAttribute"]} | (
            {"sensitivity": sensitivity} if sensitivity else {}
        )
    return options


def columns_seen(config: dict[str, Any]) -> dict[str, Any]:
    """Return which columns training sees, of a solution or a recommender."""
    given = config.get("trainingDataConfig") or {}
    chosen = {
        name: {dataset.lower(): columns for dataset, columns in given[key].items() if columns}
        for key, name in (
            ("excludedDatasetColumns", "excluded_columns"),
            ("includedDatasetColumns", "included_columns"),
        )
        if given.get(key)
    }
    return {name: columns for name, columns in chosen.items() if columns}


def number(value: Any) -> Any:
    """Return what the service keeps as a text as the number that it is; anything else as it is."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _hpo(given: dict[str, Any]) -> dict[str, Any]:
    resources = given.get("hpoResourceConfig") or {}
    ranges = given.get("algorithmHyperParameterRanges") or {}
    found: dict[str, Any] = {
        name: int(resources[key])
        for key, name in (
            ("maxNumberOfTrainingJobs", "max_training_jobs"),
            ("maxParallelTrainingJobs", "max_parallel_jobs"),
        )
        if resources.get(key)
    }
    for kind in ("integer", "continuous"):
        if listed := ranges.get(f"{kind}HyperParameterRanges"):
            found[kind] = {each["name"]: [number(each[end]) for end in ("minValue", "maxValue")] for each in listed}
    if listed := ranges.get("categoricalHyperParameterRanges"):
        found["categorical"] = {each["name"]: each["values"] for each in listed}
    return found


def _weight(given: dict[str, Any]) -> dict[str, Any]:
    named = (("eventType", "event_type"), ("weight", "weight"), ("eventValueThreshold", "event_value_threshold"))
    return {name: given[key] for key, name in named if given.get(key) is not None}
