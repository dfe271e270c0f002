"""Take raw columns out of JSON Lines, one object a line, as text.

A name with dots is a path into nested objects, unless the object has a key of that very name. Lines are decoded by
the standard library rather than by the engine, whose decoder joins lines, drops blank ones, turns half a surrogate
pair into NUL and writes numbers anew; here numbers stay as they are spelled, so long ids stay whole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.transform.columns import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.transform.columns import Origin

_BOM = "\ufeff"
_SHAPE, _CELL = "json_shape", "json:"


def take(lines: pl.LazyFrame, origin: Origin, columns: Sequence[str]) -> pl.LazyFrame:
    """Return the frame between reader and rules.

    Args:
        lines: frame of LINE_NUMBER and LINE.
        origin: where they come from.
        columns: names of raw columns, or paths to them.
    """
    names = [name for name in columns if name not in origin.partitions]
    kinds = pl.Struct({_SHAPE: pl.String} | {_CELL + name: pl.String for name in names})
    paths = [(name, name.split(".")) for name in names]

    def decode(batch: pl.Series) -> pl.Series:
        rows = [_decode(line, paths) for line in batch.to_list()]
        return pl.DataFrame(rows, schema=kinds.to_schema(), orient="row").to_struct()

    decoded = lines.with_columns(
        pl.col(LINE).map_batches(decode, return_dtype=kinds, is_elementwise=True).alias("json")
    )
    cells = {name: pl.col("json").struct.field(_CELL + name) for name in names}
    return origin.rows(decoded, columns, pl.col("json").struct.field(_SHAPE), cells)


class _NotTextError(ValueError):
    """A value that no text stands for."""


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


_Path = tuple[str, "Sequence[str]"]


def _decode(line: str, paths: Sequence[_Path]) -> tuple[str | None, ...]:
    """Return what is wrong with the line's shape, and the text of each name."""
    nothing = (None,) * len(paths)
    if not line:
        return "blank line", *nothing
    try:
        # Each of several files that were joined may begin with a BOM.
        document = _decoder.decode(line.removeprefix(_BOM))
    except ValueError:
        return "not JSON", *nothing
    except RecursionError:
        return "JSON that is nested too deep", *nothing
    if not isinstance(document, dict):
        return "not a JSON object", *nothing
    try:
        return None, *[_text(path, document) for path in paths]
    except _NotTextError as error:
        return str(error), *nothing


def _text(path: _Path, document: dict[str, Any]) -> str | None:
    name, keys = path
    value: Any = document
    for key in (name,) if name in document else keys:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise _NotTextError(f"{name} holds half a character")
        return value or None
    if isinstance(value, dict | list):
        raise _NotTextError(f"{name} is a list or an object")
    return None if value is None else str(value).lower()
