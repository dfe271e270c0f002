"""Rules of a solution with several recipes: that they can be compared, and that what else it asks for fits that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.rules.findings import Finding, items, mapping
from definition.service.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path
    from definition.service.recipes import Recipe


def given_recipes(solution: dict[str, Any]) -> list[Recipe]:
    """Return the recipes that a solution of the document names, without those that there are not."""
    given = solution.get("recipe")
    named = items(given.get("best_of")) if isinstance(given, dict) else [given]
    return [RECIPES[name] for name in named if isinstance(name, str) and name in RECIPES]


def count_of(solution: dict[str, Any]) -> int:
    """Return how many solutions a solution of the document is in Personalize: one for each recipe."""
    return len(items(mapping(solution.get("recipe")).get("best_of"))) or 1


def alike(recipes: list[Recipe]) -> list[Recipe]:
    """Return the first recipe, and those of the others that can be compared with it."""
    return [recipe for recipe in recipes if recipe is recipes[0] or recipe.name in recipes[0].rivals]


def check_best_of(path: Path, solution: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of what a solution compares.

    Args:
        path: of the solution.
        solution: the solution in the document.
    """
    given = solution.get("recipe")
    if not isinstance(given, dict):
        return
    yield from _check_recipes((*path, "recipe", "best_of"), items(given.get("best_of")))
    if solution.get("auto_training") is not None:
        yield Finding(
            (*path, "auto_training"),
            "the service would train each recipe at its own time, and metrics of different data are not to be compared",
            "Remove it, and let runs train; or name one recipe",
        )
    if mapping(solution.get("campaign")).get("sync_with_latest") is True:
        yield Finding(
            (*path, "campaign", "sync_with_latest"),
            "the service would serve a new version before the recipes were compared",
            "Remove it: each run moves the campaign to the best one",
        )


def _check_recipes(path: Path, named: list[Any]) -> Iterator[Finding]:
    first = next((RECIPES[name] for name in named if isinstance(name, str) and name in RECIPES), None)
    for index, name in enumerate(named):
        recipe = RECIPES.get(name) if isinstance(name, str) else None
        if recipe is None or first is None:
            continue
        if name in named[:index]:
            yield Finding((*path, index), f"'{name}' stands there already", "Name each recipe once")
        elif not recipe.rivals:
            yield Finding((*path, index), _alone(recipe), "Give it a solution of its own")
        elif first.rivals and recipe is not first and name not in first.rivals:
            what = f"{first.name} and {name} are of two kinds: {_line(first)}, and {_line(recipe)}"
            yield Finding((*path, index), what, f"With {first.name} compare {' or '.join(first.rivals)}")


def _alone(recipe: Recipe) -> str:
    why = "its offline metrics are other ones" if recipe.has_own_metrics else "no other recipe does what it does"
    return f"{recipe.name} cannot be compared: {why}"


def _line(recipe: Recipe) -> str:
    named = {"user": "a user", "item": "an item", "ranking": "a user and the items to rank"}
    return f"a line of input of {recipe.name} names {named[str(recipe.batch_input)]}"
