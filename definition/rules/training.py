"""Rules of how a solution is trained: what its recipe offers, and columns that must be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.rules.findings import Finding, items, mapping
from definition.service.dataset_types import dataset_type
from definition.service.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from definition.rules.findings import Path
    from definition.service.dataset_types import DatasetName
    from definition.service.recipes import Recipe

_RANGES = ("integer", "continuous", "categorical")
NUMERIC = ("int", "long", "float", "double")
_DATASETS: tuple[DatasetName, ...] = ("interactions", "items", "users")


def check_training(
    path: Path, solution: dict[str, Any], recipe: Recipe, columns: dict[str, dict[str, Any]]
) -> Iterator[Finding]:
    """Yield every broken rule of how a solution is trained.

    Args:
        path: of the solution.
        solution: the solution in the document.
        recipe: its recipe.
        columns: mapped columns of each dataset in the document.
    """
    yield from _check_names(path, solution, "hyperparameters", recipe.name, recipe.hyperparameters)
    yield from _check_names(path, solution, "feature_transformation", recipe.name, recipe.features)
    yield from _check_hpo((*path, "hpo"), solution, recipe)
    yield from _check_weights((*path, "event_weights"), solution, recipe, columns)
    yield from _check_objective((*path, "objective"), solution, recipe, columns)
    yield from check_training_columns(path, solution, columns)
    if solution.get("training_mode") == "update" and not recipe.updates:
        yield Finding((*path, "training_mode"), f"{recipe.name} has no update", f"Only {_those('updates')} has")
    if solution.get("incremental_updates") is True and not recipe.updates_incrementally:
        only = f"Remove it; only {_those('updates_incrementally')} has"
        yield Finding((*path, "incremental_updates"), f"{recipe.name} has no such setting", only)


def check_training_columns(
    path: Path, given: dict[str, Any], columns: Mapping[str, dict[str, Any]]
) -> Iterator[Finding]:
    """Yield every broken rule of the columns that the training of a solution or recommender sees."""
    for key in ("excluded_columns", "included_columns"):
        yield from _check_columns((*path, key), mapping(given.get(key)), columns, excluded=key == "excluded_columns")
    both = mapping(given.get("excluded_columns")).keys() & mapping(given.get("included_columns")).keys()
    for dataset in sorted(both):
        yield Finding((*path, "included_columns", dataset), "columns are both included and excluded", "Keep one list")


def _check_names(
    path: Path, solution: dict[str, Any], key: str, recipe: str, allowed: frozenset[str]
) -> Iterator[Finding]:
    for name in mapping(solution.get(key)):
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            yield Finding((*path, key, name), f"{recipe} has no such one", f"It has: {known}")


def _check_hpo(path: Path, solution: dict[str, Any], recipe: Recipe) -> Iterator[Finding]:
    hpo = mapping(solution.get("hpo"))
    if solution.get("hpo") is not None and not recipe.tunable:
        yield Finding(path, f"{recipe.name} has no hyperparameters to search for", f"Remove it; {_those('tunable')} do")
        return
    for kind in _RANGES:
        for name, given in mapping(hpo.get(kind)).items():
            if name not in recipe.tunable:
                known = ", ".join(sorted(recipe.tunable))
                yield Finding((*path, kind, name), f"{recipe.name} cannot search for it", f"It can for: {known}")
            elif kind != "categorical" and _is_upside_down(items(given)):
                yield Finding((*path, kind, name), "the least value is above the largest", "Write [least, largest]")


def _is_upside_down(given: list[Any]) -> bool:
    pair = [each for each in given if isinstance(each, int | float)]
    return len(pair) == len(given) == 2 and pair[0] > pair[1]  # noqa: PLR2004  # least and largest


def _check_weights(
    path: Path, solution: dict[str, Any], recipe: Recipe, columns: dict[str, dict[str, Any]]
) -> Iterator[Finding]:
    weights = items(solution.get("event_weights"))
    if weights and not recipe.weighs_events:
        yield Finding(path, f"{recipe.name} does not weigh events", f"Remove it; {_those('weighs_events')} do")
    if weights and columns["interactions"] and "EVENT_TYPE" not in columns["interactions"]:
        yield Finding(path, "needs the column EVENT_TYPE", "Map EVENT_TYPE in datasets.interactions.columns")
    seen: set[str] = set()
    for index, weight in enumerate(weights):
        name = str(mapping(weight).get("event_type")).lower()
        if name in seen:
            yield Finding((*path, index, "event_type"), "has a weight already", "Name each event type once")
        seen.add(name)


def _check_objective(
    path: Path, solution: dict[str, Any], recipe: Recipe, columns: dict[str, dict[str, Any]]
) -> Iterator[Finding]:
    if solution.get("objective") is None:
        return
    if not recipe.optimizes:
        yield Finding(path, f"{recipe.name} takes no objective", f"Remove it; {_those('optimizes')} do")
        return
    name = mapping(solution["objective"]).get("item_attribute")
    column = mapping(columns["items"].get(str(name)))
    if column.get("type") not in NUMERIC or column.get("nullable"):
        yield Finding(
            (*path, "item_attribute"),
            f"{name} is no numeric column of items that always has a value",
            f"Map it in datasets.items.columns with type {' or '.join(NUMERIC)} and without nullable",
        )


def _check_columns(
    path: Path, chosen: dict[str, Any], columns: Mapping[str, dict[str, Any]], *, excluded: bool
) -> Iterator[Finding]:
    for dataset in _DATASETS:
        needed = dataset_type(dataset).required
        for index, name in enumerate(items(chosen.get(dataset))):
            place = (*path, dataset, index)
            if columns[dataset] and name not in columns[dataset]:
                yield Finding(place, f"{dataset} has no column {name}", f"Use some of {', '.join(columns[dataset])}")
            elif excluded and name in needed:
                yield Finding(place, f"training needs {name}", "Remove it")


def _those(trait: str) -> str:
    """Return the recipes that have a trait."""
    return " and ".join(recipe.name for recipe in RECIPES.values() if getattr(recipe, trait))
