"""Which raw columns a column of a pipeline file reads."""

from __future__ import annotations

import contextlib
from typing import Any

from definition.mapping.expressions import raw_columns
from definition.mapping.sql import UnsupportedSqlError, parse_value
from definition.rules.columns import form_of


def read_by(given: Any) -> list[str]:
    """Return the raw columns that a column is taken from."""
    form = form_of(given) or {}
    if isinstance(form.get("expression"), str):
        with contextlib.suppress(UnsupportedSqlError):
            return [leaf.name for leaf in raw_columns(parse_value(form["expression"]))]
    return [str(form["from"])] if "from" in form else []
