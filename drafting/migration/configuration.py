"""Read a configuration of the retired AWS solution "Maintaining Personalized Experiences with Machine Learning".

Its form: https://github.com/aws-solutions/maintaining-personalized-experiences-with-machine-learning, README. Each
``serviceConfig`` holds parameters of a create call of Amazon Personalize, each ``workflowConfig`` schedules.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from drafting.errors import DraftError
from drafting.migration.found import ENCRYPTION, Found, FoundSolution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.service.dataset_types import DatasetName

_REMEDY = "Give the config.json that lies under train/<dataset group>/ in the solution's bucket"
_DATASETS: tuple[DatasetName, ...] = ("interactions", "items", "users")
_KEYS = ("kmsKeyArn", "roleArn")
_OF_SOLUTION = ("campaigns", "batchInferenceJobs", "batchSegmentJobs")
_PART: dict[str, Any] = {"serviceConfig": None, "workflowConfig": None}
_FORM: dict[str, Any] = {
    "datasetGroup": _PART,
    "datasets": {**{name: {"dataset": None, "schema": None} for name in _DATASETS}, **_PART},
    "solutions": [{**{key: [_PART] for key in _OF_SOLUTION}, **_PART}],
    "recommenders": [_PART],
    "filters": [_PART],
    "eventTracker": None,
    "tags": None,
}
"""Keys of a configuration, down to the parameters of create calls; None is for whatever stands there."""


def read_configuration(text: str) -> Found:
    """Return what a configuration describes.

    Raises:
        DraftError: it is none.
    """
    try:
        config = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise DraftError(f"the configuration is no JSON: {error}", remedy=_REMEDY) from error
    try:
        return _found(config)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        told = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise DraftError(f"this is no configuration of that solution: {told}", remedy=_REMEDY) from error


def _found(config: dict[str, Any]) -> Found:
    group = config["datasetGroup"]
    service = group["serviceConfig"]
    found = Found(service["name"], domain=service.get("domain"))
    datasets = config.get("datasets", {})
    mode = datasets.get("serviceConfig", {}).get("importMode")
    for name in _DATASETS:
        if name in datasets:
            schema = datasets[name]["schema"]["serviceConfig"]["schema"]
            found.schemas[name] = json.loads(schema) if isinstance(schema, str) else schema
            found.source[name] = f"train/{found.name}/{name}.csv, or train/{found.name}/{name}/"
            if mode == "INCREMENTAL":
                found.incremental.add(name)
    found.solutions = [_solution(each) for each in config.get("solutions", ())]
    found.recommenders = [each["serviceConfig"] for each in config.get("recommenders", ())]
    found.filters = [each["serviceConfig"] for each in config.get("filters", ())]
    found.has_event_tracker = bool(config.get("eventTracker"))
    found.left += [
        f"datasetGroup.{key}: {ENCRYPTION.format(key=service.get('kmsKeyArn'))}" for key in _KEYS if service.get(key)
    ]
    found.schedules = list(dict.fromkeys(_all_schedules(config)))
    found.tags = {each["tagKey"]: each["tagValue"] for each in config.get("tags") or ()}
    if any(_tags({key: value for key, value in config.items() if key != "tags"})):
        found.left.append("tags of parts: a pipeline has the same tags on everything")
    found.left += _unknown(config, _FORM)
    return found


def _solution(given: dict[str, Any]) -> FoundSolution:
    solution = FoundSolution(given["serviceConfig"])
    targets = (solution.campaigns, solution.batch_inference, solution.batch_segment)
    for key, target in zip(_OF_SOLUTION, targets, strict=True):
        target += [each.get("serviceConfig", {}) for each in given.get(key, ())]
    return solution


def _all_schedules(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is started and its schedule, what is nearest to a run of ours first: a run trains, and scores then."""
    solutions = config.get("solutions", ())
    for each in solutions:
        for mode, expression in _schedules(each):
            yield f"{mode} training of {each['serviceConfig']['name']}", expression
    for each in solutions:
        for key in ("batchInferenceJobs", "batchSegmentJobs"):
            for job in each.get(key, ()):
                if expression := job.get("workflowConfig", {}).get("schedule"):
                    yield f"batch jobs of {each['serviceConfig']['name']}", expression.strip()
    for what, owner in (("dataset group", config["datasetGroup"]), ("datasets", config.get("datasets", {}))):
        for imported, expression in _schedules(owner):
            yield f"{imported} of the {what}", expression


def _schedules(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for what, expression in given.get("workflowConfig", {}).get("schedules", {}).items():
        yield what, expression.strip()


def _unknown(value: Any, form: Any, place: str = "") -> Iterator[str]:
    """Yield a note on every key that the form does not have."""
    if isinstance(form, list):
        for number, each in enumerate(value):
            yield from _unknown(each, form[0], f"{place}[{number}]")
    elif form is not None:
        for key, each in value.items():
            inner = f"{place}.{key}" if place else key
            if key in form:
                yield from _unknown(each, form[key], inner)
            elif place == "datasets":
                yield f"{inner}: pipelines import interactions, items and users"
            else:
                yield f"{inner}: unknown"


def _tags(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if value.get("tags"):
            yield value["tags"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _tags(each)
