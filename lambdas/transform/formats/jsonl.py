"""Take raw columns out of JSON Lines, one object a line, as text.

A name with dots is a path into nested objects, unless the object has a key of that very name. Lines are decoded by
the standard library rather than by the engine, whose decoder joins lines, drops blank ones, turns half a surrogate
pair into NUL and writes numbers anew; here numbers stay as they are spelled, so long ids stay whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.transform.columns import ELEMENTS, ELEMENTS_TYPE, LINE
from transform.raw.json_lines import decode, paths_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.mapping.source import SourceMapping
    from lambdas.transform.columns import Origin

_SHAPE, _CELL = "json_shape", "json:"


def take(lines: pl.LazyFrame, origin: Origin, columns: Sequence[str], mapping: SourceMapping) -> pl.LazyFrame:
    """Return the frame between reader and rules.

    Args:
        lines: frame of LINE_NUMBER and LINE.
        origin: where they come from.
        columns: names of raw columns of the rows, or paths to them.
        mapping: how objects are to be read.
    """
    names = [name for name in columns if name not in origin.partitions]
    paths = paths_of(names, mapping)
    fields: dict[str, Any] = {_SHAPE: pl.String} | {_CELL + name: pl.String for name in names}
    if paths.exploded:
        fields[ELEMENTS] = ELEMENTS_TYPE
    kinds = pl.Struct(fields)

    def decode_all(batch: pl.Series) -> pl.Series:
        rows = [decode(line, paths) for line in batch.to_list()]
        return pl.DataFrame(rows, schema=kinds.to_schema(), orient="row").to_struct()

    decoded = lines.with_columns(
        pl.col(LINE).map_batches(decode_all, return_dtype=kinds, is_elementwise=True).alias("json")
    )
    found = pl.col("json").struct
    cells = {name: found.field(_CELL + name) for name in names}
    elements = found.field(ELEMENTS) if paths.exploded else None
    return origin.rows(decoded, columns, found.field(_SHAPE), cells, elements)
