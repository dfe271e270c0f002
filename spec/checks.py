"""Rules that tie two places of a pipeline file together.

They read the raw document and skip what has not the expected shape, so that a mistake in one place, which the
types report, does not hide a mistake in another.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from spec import names
from spec.expressions import columns_of
from spec.interactions import FIELDS, REQUIRED
from spec.mapping import UNSAFE_CHARACTERS
from spec.recipes import RECIPES
from spec.sql import UnsupportedSqlError, parse_condition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spec.interactions import Field

Path = tuple[str | int, ...]


class Finding(NamedTuple):
    """A mistake by its path in the document."""

    path: Path
    what: str
    remedy: str


def check(document: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of the document."""
    interactions = _mapping(_mapping(document.get("datasets")).get("interactions"))
    columns = _mapping(interactions.get("columns"))
    yield from _check_source(_mapping(interactions.get("source")))
    yield from _check_columns(columns)
    yield from _check_keep(interactions)
    solutions = [_mapping(solution) for solution in _items(document.get("solutions"))]
    yield from _duplicates(("solutions",), solutions)
    yield from _check_collisions(solutions)
    for index, solution in enumerate(solutions):
        yield from _check_solution(("solutions", index), solution, columns)
    yield from _check_names(document.get("name"), solutions)
    yield from _check_texts(document, ())


_CSV_ONLY = ("delimiter", "quote", "header")
_TEXT_ONLY = ("encoding",)


def _check_source(source: dict[str, Any]) -> Iterator[Finding]:
    path = ("datasets", "interactions", "source")
    kind = source.get("format", "csv")
    if kind in {"jsonl", "parquet"}:
        for key in (*_CSV_ONLY, *(_TEXT_ONLY if kind == "parquet" else ())):
            if key in source:
                owner = "csv" if key in _CSV_ONLY else "csv and jsonl"
                yield Finding((*path, key), f"has no meaning for {kind}", f"Remove it; it belongs to format: {owner}")
    header = _items(source.get("header"))
    for index, name in enumerate(header):
        if name in header[:index]:
            yield Finding((*path, "header", index), f"'{name}' stands twice", "Give each field its own name")


def _check_columns(columns: dict[str, Any]) -> Iterator[Finding]:
    path = ("datasets", "interactions", "columns")
    if not columns:
        return
    for name in REQUIRED:
        if name not in columns:
            yield Finding(path, f"{name} is missing", f"Map it: {name}: <raw column>")
    for name, form in columns.items():
        if name not in FIELDS:
            allowed = ", ".join(FIELDS)
            yield Finding((*path, name), "not a field of the interactions dataset", f"Use one of {allowed}")
        else:
            yield from _check_form((*path, name), name, {"from": form} if isinstance(form, str) else form)


def _check_form(path: Path, name: str, form: Any) -> Iterator[Finding]:
    if not isinstance(form, dict):
        return
    if ("from" in form) == ("value" in form):
        yield Finding(path, "needs either from or value", "Name a raw column with from, or a constant with value")
    if "value" in form and (extra := sorted({"map", "otherwise", "unit", "format", "timezone"} & set(form))):
        yield Finding(path, f"value goes without {', '.join(extra)}", "Remove them, or use from")
    if "otherwise" in form and "map" not in form:
        yield Finding((*path, "otherwise"), "has no meaning without map", "Add map, or remove otherwise")
    if "timezone" in form and "format" not in form:
        yield Finding((*path, "timezone"), "has no meaning without format", "Epoch times have no zone; remove it")
    yield from (_check_time if name == "TIMESTAMP" else _check_value)(path, name, form)


def _check_time(path: Path, name: str, form: dict[str, Any]) -> Iterator[Finding]:
    if ("unit" in form) == ("format" in form) or "map" in form or "value" in form:
        yield Finding(
            path,
            f"{name} needs either unit or format",
            "Write {from: …, unit: s} with s, ms, us or ns, or {from: …, format: '%Y-%m-%d %H:%M:%S', timezone: …}",
        )


def _check_value(path: Path, name: str, form: dict[str, Any]) -> Iterator[Finding]:
    field = FIELDS[name]
    if times := sorted({"unit", "format"} & set(form)):
        yield Finding(path, f"{', '.join(times)} belongs to TIMESTAMP", f"Remove it from {name}")
    given: list[tuple[Path, Any]] = [(("value",), form["value"])] if "value" in form else []
    given += [(("map", key), value) for key, value in _mapping(form.get("map")).items()]
    if "map" in form and form.get("otherwise", "reject") not in {"reject", "keep"}:
        given.append((("otherwise",), form["otherwise"]))
    for place, value in given:
        if value is None and place == ("otherwise",) and not field.nullable:
            yield Finding((*path, *place), f"{name} must not be null", "Use reject, keep or a value")
        elif value is not None and field.type == "float" and not _is_number(value):
            yield Finding((*path, *place), f"'{value}' is not a number, as {name} must be", "Give a number")
        elif value is not None and field.type == "string" and not isinstance(value, str):
            yield Finding((*path, *place), f"{value} is not text, as {name} must be", f"Write '{value}' in quotes")
        elif isinstance(value, str) and (wrong := _wrong_text(value, field)):
            yield Finding((*path, *place), f"the value {wrong}, as no {name} may", "Give another value")


def _wrong_text(value: str, field: Field) -> str | None:
    """Say what the transform would reject in a text, so that a constant follows the rules of raw values."""
    if not value:
        return "is empty"
    if field.max_length and len(value) > field.max_length:
        return f"is longer than {field.max_length} characters"
    if re.search(UNSAFE_CHARACTERS, value):
        return "holds a control character, a quote or a backslash"
    return None


def _check_texts(value: Any, path: Path) -> Iterator[Finding]:
    """Find texts that the state machine would evaluate instead of passing them on."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _check_texts(str(key), (*path, str(key)))
            yield from _check_texts(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check_texts(item, (*path, index))
    elif isinstance(value, str) and ("${" in value or "{%" in value):
        yield Finding(path, "${ and {% have a meaning of their own in state machines", "Write it without them")


def _check_keep(interactions: dict[str, Any]) -> Iterator[Finding]:
    keep = interactions.get("keep")
    if not isinstance(keep, str):
        return
    try:
        columns = columns_of(parse_condition(keep))
    except UnsupportedSqlError:
        return
    for name in columns:
        if name in FIELDS:
            yield Finding(
                ("datasets", "interactions", "keep"),
                f"{name} is a column of the dataset",
                "keep reads the raw columns: name the raw column that it is taken from",
            )


def _check_solution(path: Path, solution: dict[str, Any], columns: dict[str, Any]) -> Iterator[Finding]:
    for key, column in (("event_type", "EVENT_TYPE"), ("event_value_threshold", "EVENT_VALUE")):
        if key in solution and columns and column not in columns:
            yield Finding((*path, key), f"needs the column {column}", f"Map {column} in datasets.interactions.columns")
    recipe = RECIPES.get(str(solution.get("recipe")))
    for name in _mapping(solution.get("hyperparameters")):
        if recipe and name not in recipe.hyperparameters:
            allowed = ", ".join(sorted(recipe.hyperparameters)) or "none"
            yield Finding((*path, "hyperparameters", name), f"{recipe.name} has no such one", f"It has: {allowed}")
    jobs = [_mapping(job) for job in _items(solution.get("batch_inference"))]
    yield from _duplicates((*path, "batch_inference"), jobs)


def _duplicates(path: Path, items: list[dict[str, Any]]) -> Iterator[Finding]:
    counts = Counter(str(item["name"]) for item in items if "name" in item)
    seen: set[str] = set()
    for index, item in enumerate(items):
        name = str(item.get("name"))
        if counts[name] > 1 and name in seen:
            yield Finding((*path, index, "name"), f"'{name}' is used twice", "Give each its own name")
        seen.add(name)


def _check_collisions(solutions: list[dict[str, Any]]) -> Iterator[Finding]:
    """Find jobs of different solutions that would bear one name: a-b + c and a + b-c."""
    owners: dict[str, str] = {}
    for index, solution in enumerate(solutions):
        for number, job in enumerate(_items(solution.get("batch_inference"))):
            pair = f"{solution.get('name')}/{_mapping(job).get('name')}"
            other = owners.setdefault(pair.replace("/", "-"), pair)
            if other != pair:
                path = ("solutions", index, "batch_inference", number, "name")
                yield Finding(path, f"its name in Personalize would be that of {other}", "Give one another name")


def _check_names(pipeline: Any, solutions: list[dict[str, Any]]) -> Iterator[Finding]:
    if not isinstance(pipeline, str):
        return
    if excess := names.too_long(names.longest_import_job(pipeline)):
        yield Finding(("name",), "import job names would exceed 63 characters", f"Shorten it by {excess}")
    for index, solution in enumerate(solutions):
        name = str(solution.get("name", ""))
        if excess := names.too_long(names.longest_solution(pipeline, name)):
            yield Finding(("solutions", index, "name"), _TOO_LONG, f"Shorten it by {excess}")
        for number, job in enumerate(_items(solution.get("batch_inference"))):
            length = names.longest_job(pipeline, name, str(_mapping(job).get("name", "")))
            if excess := names.too_long(length):
                path = ("solutions", index, "batch_inference", number, "name")
                yield Finding(path, _TOO_LONG, f"Shorten pipeline, solution or job name by {excess}")


_TOO_LONG = "with pipeline, stage and run id the name would exceed Personalize's 63 characters"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
