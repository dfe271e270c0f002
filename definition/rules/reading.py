"""Which raw columns a column of a pipeline file reads, and a dataset."""

from __future__ import annotations

import contextlib
from typing import Any

from definition.mapping.expressions import raw_columns
from definition.mapping.sql import UnsupportedSqlError, parse_condition, parse_value
from definition.rules.columns import form_of
from definition.rules.findings import items, mapping


def read_by(given: Any) -> list[str]:
    """Return the raw columns that a column is taken from."""
    form = form_of(given) or {}
    if isinstance(form.get("expression"), str):
        with contextlib.suppress(UnsupportedSqlError):
            return [leaf.name for leaf in raw_columns(parse_value(form["expression"]))]
    return [str(form["from"])] if "from" in form else []


def read_by_dataset(dataset: dict[str, Any]) -> list[str]:
    """Return the raw columns that columns and conditions of a dataset read, those of its look-ups among them."""
    events = [mapping(event) for event in items(dataset.get("events"))]
    columns = [mapping(part.get("columns")) for part in (dataset, *events)]
    found = [name for part in columns for given in part.values() for name in read_by(given)]
    checked = (mapping(check).get("rows") for check in items(dataset.get("checks")))
    for text in (dataset.get("keep"), *(event.get("when") for event in events), *checked):
        if isinstance(text, str):
            with contextlib.suppress(UnsupportedSqlError):
                found += [leaf.name for leaf in raw_columns(parse_condition(text))]
    return found
