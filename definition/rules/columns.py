"""Rules of one column of a dataset: which of its keys go together, and with what the field takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from definition.mapping.expressions import gives_null, kind_of, raw_columns
from definition.mapping.mapping import EARLIEST, LARGEST_FLOAT, LATEST, UNSAFE_CHARACTERS, WHOLE_BITS
from definition.mapping.sql import UnsupportedSqlError, parse_value
from definition.rules.findings import Finding, is_number, mapping
from definition.service.dataset_types import metadata_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.mapping.expressions import Value
    from definition.rules.findings import Path
    from definition.service.dataset_types import DatasetType, Field

_ORIGINS = ("from", "value", "expression")
_OF_TEXT = ("split", "map", "format")
"""Keys that read what the column is taken from as text."""

_NEVER_NULL = "Give a value, or filter such rows with keep; metadata may be null without nullable: false"


def form_of(given: Any) -> dict[str, Any] | None:
    """Return the long form of a column, None where it has no form that can be checked."""
    if isinstance(given, str):
        return {"from": given}
    return given if isinstance(given, dict) else None


def check_column(path: Path, kind: DatasetType, name: str, form: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of a column whose field is known.

    Args:
        path: its place.
        kind: the dataset's type.
        name: of the field.
        form: the column in its long form.
    """
    field = kind.fields.get(name) or metadata_field(name, form["type"], nullable=form.get("nullable", True))
    origins = [key for key in _ORIGINS if form.get(key) is not None]
    if len(origins) != 1:
        yield Finding(
            path,
            "needs one of from, expression and value",
            "Name a raw column with from, compute with expression, or give a constant with value",
        )
    further = {"map", "otherwise", "unit", "format", "timezone", "split"}
    if "value" in form and (extra := sorted(further & set(form))):
        of_time = "; a constant time is in seconds since 1970" if field.time else ""
        yield Finding(path, f"value goes without {', '.join(extra)}", f"Remove them, or use from{of_time}")
    if "otherwise" in form and "map" not in form:
        yield Finding((*path, "otherwise"), "has no meaning without map", "Add map, or remove otherwise")
    if "timezone" in form and "format" not in form:
        yield Finding((*path, "timezone"), "has no meaning without format", "Epoch times have no zone; remove it")
    if "split" in form and not field.several:
        yield Finding((*path, "split"), f"{name} takes one value", "Remove it, or make the column categorical")
    yield from _check_time(path, field, form)
    yield from _check_expression(path, field, form)
    yield from _check_values(path, field, form)


def _check_time(path: Path, field: Field, form: dict[str, Any]) -> Iterator[Finding]:
    given = [key for key in ("unit", "format") if key in form]
    if "value" in form or (not field.time and not given):
        return
    if field.type != "long":
        yield Finding(
            path, f"{', '.join(given)} belongs to times, which are of type long", f"Remove it from {field.name}"
        )
    elif len(given) != 1 or "map" in form:
        yield Finding(
            path,
            f"{field.name} needs either unit or format",
            "Write {from: …, unit: s} with s, ms, us or ns, or {from: …, format: '%Y-%m-%d %H:%M:%S', timezone: …}; "
            "where the data has no times, {value: 1500000000} gives every row the same, in seconds since 1970",
        )


def _check_expression(path: Path, field: Field, form: dict[str, Any]) -> Iterator[Finding]:
    value = _parsed(form.get("expression"))
    if value is None:
        return
    if not raw_columns(value):
        yield Finding((*path, "expression"), "reads no raw column", "Give a constant with value instead")
    if gives_null(value) and not field.nullable:
        yield Finding((*path, "expression"), f"THEN NULL: {field.name} must not be null", _NEVER_NULL)
    if kind_of(value) != "number":
        return
    if reading := [key for key in _OF_TEXT if key in form]:
        yield Finding(
            (*path, reading[0]), "reads texts, but the expression gives numbers", "Use CASE WHEN in the expression"
        )
    elif field.type == "string":
        yield Finding((*path, "expression"), f"gives a number, but {field.name} takes text", "Use texts and || in it")


def _parsed(text: Any) -> Value | None:
    try:
        return parse_value(text) if isinstance(text, str) else None
    except UnsupportedSqlError:
        return None


def _check_values(path: Path, field: Field, form: dict[str, Any]) -> Iterator[Finding]:
    name = field.name
    given: list[tuple[Path, Any]] = [(("value",), form["value"])] if "value" in form else []
    given += [(("map", key), value) for key, value in mapping(form.get("map")).items()]
    if "map" in form and form.get("otherwise", "reject") not in {"reject", "keep"}:
        given.append((("otherwise",), form["otherwise"]))
    for place, value in given:
        if value is None and place != ("value",) and not field.nullable:
            remedy = "Use reject, keep or a value" if place == ("otherwise",) else _NEVER_NULL
            yield Finding((*path, *place), f"{name} must not be null", remedy)
        elif value is not None and (wrong := _wrong_value(value, field)):
            what, remedy = wrong
            yield Finding((*path, *place), what, remedy)


def _wrong_value(value: Any, field: Field) -> tuple[str, str] | None:
    """Say what the transform would refuse in a value, so that constants follow the rules of raw values."""
    name = field.name
    if field.type == "string":
        if not isinstance(value, str):
            return f"{value} is not text, as {name} must be", f"Write '{value}' in quotes"
        wrong = _wrong_text(value, field)
        return (f"the value {wrong}, as no {name} may", "Give another value") if wrong else None
    if not is_number(value):
        return f"'{value}' is not a number, as {name} must be", "Give a number"
    if field.type in WHOLE_BITS:
        most = min(2 ** (WHOLE_BITS[field.type] - 1) - 1, 2**53)
        if not isinstance(value, int):
            return f"{value} is not a whole number, as {name} must be", "Give a whole number"
        if field.time and not EARLIEST <= value < LATEST:
            return f"{value} is outside 1971 to 2099, as no {name} may be", "Give seconds since 1970"
    else:
        most = LARGEST_FLOAT[field.type]
    # What is no number at all is not below anything either.
    return None if abs(value) <= most else (f"{value} is beyond what {name} can hold", f"Give one up to {most:g}")


def _wrong_text(value: str, field: Field) -> str | None:
    if not value:
        return "is empty"
    if field.max_length and len(value) > field.max_length:
        return f"is longer than {field.max_length} characters"
    if re.search(UNSAFE_CHARACTERS, value):
        return "holds a control character, a quote or a backslash"
    return None
