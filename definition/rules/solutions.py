"""Rules of the solutions of a pipeline file: what their recipe asks for, and the names that follow from theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from definition.plan import names
from definition.rules.best_of import alike, check_best_of, count_of, given_recipes
from definition.rules.delivery import check_count, check_delivery
from definition.rules.findings import Finding, duplicates, items, long_name, mapped_columns, mapping
from definition.rules.realtime import check_campaign, check_settings
from definition.rules.training import check_training
from definition.service.limits import MAX_CAMPAIGNS, MAX_SOLUTIONS
from definition.service.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path
    from definition.service.recipes import Recipe

JOB_LISTS = ("batch_inference", "batch_segment")

_TERM = r'ITEMS\.([A-Za-z_][A-Za-z0-9_]*) *= *("(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?)'
_QUERY = re.compile(rf"{_TERM}(?: +AND +{_TERM})*", re.IGNORECASE)


def check_solutions(pipeline: Any, given: list[Any], datasets: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of the solutions.

    Args:
        pipeline: name of the pipeline.
        given: the solutions in the document.
        datasets: the datasets in the document.
    """
    solutions = [mapping(solution) for solution in given]
    yield from duplicates(("solutions",), solutions)
    yield from _check_counts(solutions)
    yield from check_count(solutions)
    yield from _check_collisions(solutions)
    for index, solution in enumerate(solutions):
        yield from _check_solution(("solutions", index), solution, datasets)
    yield from _check_names(pipeline, solutions)


def _check_counts(solutions: list[dict[str, Any]]) -> Iterator[Finding]:
    remedy = "Declare fewer, or divide them among several pipelines, each with its own dataset group"
    if (count := sum(map(count_of, solutions))) > MAX_SOLUTIONS:
        each = ", one for each recipe of best_of" if count > len(solutions) else ""
        what = f"are {count}{each}, and a dataset group has at most {MAX_SOLUTIONS}"
        yield Finding(("solutions",), what, remedy)
    served = [index for index, solution in enumerate(solutions) if solution.get("campaign") is not None]
    if len(served) > MAX_CAMPAIGNS:
        what = f"makes {len(served)} campaigns, and a dataset group has at most {MAX_CAMPAIGNS}"
        yield Finding(("solutions", served[MAX_CAMPAIGNS], "campaign"), what, remedy)


def _check_solution(path: Path, solution: dict[str, Any], datasets: dict[str, Any]) -> Iterator[Finding]:
    of_each: dict[str, dict[str, Any]] = {"interactions": {}, "items": {}, "users": {}} | mapped_columns(datasets)
    columns = of_each["interactions"]
    for key, column in (("event_type", "EVENT_TYPE"), ("event_value_threshold", "EVENT_VALUE")):
        if key in solution and columns and column not in columns:
            yield Finding((*path, key), f"needs the column {column}", f"Map {column} in datasets.interactions.columns")
    yield from check_best_of(path, solution)
    recipes = given_recipes(solution)
    for recipe in alike(recipes):
        yield from _check_with(recipe, path, solution, datasets, of_each)


def _check_with(
    recipe: Recipe,
    path: Path,
    solution: dict[str, Any],
    datasets: dict[str, Any],
    of_each: dict[str, dict[str, Any]],
) -> Iterator[Finding]:
    """Yield the broken rules of a solution with one of its recipes; a mistake that is one with each is told once."""
    yield from check_training(path, solution, recipe, of_each)
    yield from check_campaign((*path, "campaign"), solution, recipe, datasets)
    if recipe.needs_items and "items" not in datasets:
        yield Finding((*path, "recipe"), f"{recipe.name} trains on items", "Add datasets.items")
    if recipe.segment_input:
        yield from _check_imports(recipe, datasets)
    yield from _check_jobs(path, solution, recipe, of_each["items"])


def _check_imports(recipe: Recipe, datasets: dict[str, Any]) -> Iterator[Finding]:
    """Segments do not see incremental imports (page how-new-data-influences-batch-recommendations)."""
    for name, dataset in datasets.items():
        if mapping(dataset).get("import_mode") == "incremental":
            yield Finding(
                ("datasets", name, "import_mode"),
                f"{recipe.name} does not see what is imported incrementally",
                "Import in full, or move the segments to a pipeline of their own",
            )


def _check_jobs(
    path: Path, solution: dict[str, Any], recipe: Recipe, item_columns: dict[str, Any]
) -> Iterator[Finding]:
    offered = {"batch_inference": recipe.batch_input, "batch_segment": recipe.segment_input}
    right = next(kind for kind, line in offered.items() if line) if any(offered.values()) else None
    if right and not items(solution.get(right)) and "campaign" not in solution:
        yield Finding(path, f"has no {right}, which is what {recipe.name} is used with", f"Add {right}: [{{name: …}}]")
    if right is None and "campaign" not in solution:
        usable = ", ".join(each.name for each in RECIPES.values() if each.batch_input or each.segment_input)
        yield Finding(
            (*path, "recipe"), f"'{recipe.name}' has no batch jobs", f"Add a campaign, or use one of {usable}"
        )
    for kind, line in offered.items():
        for index, job in enumerate(mapping(job) for job in items(solution.get(kind))):
            place = (*path, kind, index)
            if line is None:
                yield Finding(place, f"{recipe.name} offers no {kind}", f"Use {right}" if right else "Remove it")
            else:
                yield from _check_job(place, job, recipe.name, line, item_columns)
                yield from check_settings(place, job, recipe)
                yield from check_delivery(place, job, kind.removeprefix("batch_"), line)
                yield from _check_themes((*place, "themes_from"), job.get("themes_from"), recipe, item_columns)


def _check_themes(path: Path, title: Any, recipe: Recipe, item_columns: dict[str, Any]) -> Iterator[Finding]:
    """Check what themes need (page themed-batch-recommendations): their recipe, a text, and the column of titles."""
    if title is None:
        return
    if recipe.name != "aws-similar-items":
        yield Finding(path, f"{recipe.name} gives no themes", "Use aws-similar-items, or remove it")
    elif title not in item_columns:
        known = ", ".join(item_columns) or "none"
        yield Finding(path, f"'{title}' is no column of items", f"Name the one with their titles; there are: {known}")
    elif not any(
        name == "PRODUCT_DESCRIPTION" or mapping(form).get("type") == "textual" for name, form in item_columns.items()
    ):
        yield Finding(path, "themes need a textual column of items", "Add one with type: textual")


_TAKES = {
    "user": ("users",),
    "item": ("items",),
    "ranking": ("users", "items"),
    "attributes": ("attributes",),
}


def _check_job(
    path: Path, job: dict[str, Any], recipe: str, line: str, item_columns: dict[str, Any]
) -> Iterator[Finding]:
    for key in ("users", "items", "attributes"):
        if job.get(key) is not None and key not in _TAKES[line]:
            yield Finding((*path, key), f"{recipe} takes none", f"Remove it; its input is {' and '.join(_TAKES[line])}")
    if line == "ranking" and job.get("items") is None:
        yield Finding(path, "needs the items to rank for each user", "Add items: […], or {file: …, column: …}")
    if line == "attributes":
        if not items(job.get("attributes")):
            yield Finding(path, "needs queries", "Add attributes: ['ITEMS.GENRES = \"Comedy\"']")
        for index, query in enumerate(items(job.get("attributes"))):
            yield from _check_query((*path, "attributes", index), str(query), item_columns)


def _check_query(path: Path, query: str, item_columns: dict[str, Any]) -> Iterator[Finding]:
    if not _QUERY.fullmatch(query.strip()):
        yield Finding(
            path, "is no query of = and AND", 'Write ITEMS.GENRES = "Comedy" AND ITEMS.YEAR = 1999, and nothing else'
        )
        return
    for match in re.finditer(_TERM, query, re.IGNORECASE):
        if item_columns and match[1] not in item_columns:
            yield Finding(path, f"'{match[1]}' is no column of items", f"Use some of {', '.join(item_columns)}")
        elif mapping(item_columns.get(match[1])).get("type") == "textual":
            yield Finding(path, f"{match[1]} is textual, which no query can name", "Use another column")


def _check_collisions(solutions: list[dict[str, Any]]) -> Iterator[Finding]:
    """Find jobs that would bear one name: a-b + c and a + b-c, or two of one solution."""
    owners: dict[str, str] = {}
    for index, solution in enumerate(solutions):
        for kind in JOB_LISTS:
            jobs = [mapping(job) for job in items(solution.get(kind))]
            yield from duplicates(("solutions", index, kind), jobs)
            for number, job in enumerate(jobs):
                pair = f"{solution.get('name')}/{job.get('name')}"
                told = pair if kind == "batch_inference" else f"{pair} of batch_segment"
                other = owners.setdefault(pair.replace("/", "-"), told)
                if other != told:
                    path = ("solutions", index, kind, number, "name")
                    yield Finding(path, f"its name in Personalize would be that of {other}", "Give one another name")


def _check_names(pipeline: Any, solutions: list[dict[str, Any]]) -> Iterator[Finding]:
    if not isinstance(pipeline, str):
        return
    added = "pipeline, stage and run id"
    yield from long_name(("name",), names.longest_import_job(pipeline), "stage, dataset and run id")
    for index, solution in enumerate(solutions):
        name = str(solution.get("name", ""))
        length = max(names.longest_solution(pipeline, name), names.longest_version(name))
        yield from long_name(("solutions", index, "name"), length, added)
        for kind in JOB_LISTS:
            for number, job in enumerate(items(solution.get(kind))):
                length = names.longest_job(pipeline, name, str(mapping(job).get("name", "")))
                path = ("solutions", index, kind, number, "name")
                yield from long_name(path, length, added, "pipeline, solution or job name")
