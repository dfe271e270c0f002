"""Cut lines of CSV into fields.

Records are cut here rather than by a CSV reader: readers drop or merge what they cannot read, and bind columns by
name or by position depending on version. A record is a line, but where its quoted fields hold line feeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.columns import LINE
from lambdas.transform.formats.quoting import BROKEN, COUNT, Cutter, Usual, field, usual
from transform import reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.transform.columns import Origin
    from transform.raw.dialect import Dialect

_CUT, _KNOWN, _OTHERS = "cut", "known", "others"


def cut(
    lines: pl.LazyFrame,
    origin: Origin,
    header: Sequence[str],
    columns: Sequence[str],
    dialect: Dialect,
    *,
    example: str = "",
) -> pl.LazyFrame:
    """Return the frame between reader and rules for lines of one width.

    Args:
        lines: frame of LINE_NUMBER and LINE, without headers.
        origin: where they come from.
        header: names of the fields.
        columns: names of raw columns; those that ``origin`` does not give stand in the header once.
        dialect: how fields are told apart.
        example: one of the lines; those of its kind cost least.
    """
    width = len(header)
    places = {name: header.index(name) for name in columns if name not in origin.partitions}
    cutter, way = Cutter(dialect, width, places.values()), usual(dialect, width, example)
    pieces, shape = pl.col(_CUT).list, _shape(width)
    fields = {name: pieces.get(place, null_on_oob=True) for name, place in cutter.places.items()}
    lines = lines.with_columns(way.text.str.split(way.by).alias(_CUT)).with_columns(pieces.len().alias(COUNT), **fields)
    if dialect.marks:
        lines = _with_others(lines, cutter, way)
        shape = pl.coalesce(pl.col(_OTHERS).struct.field(BROKEN), shape)
    return origin.rows(lines, columns, shape, {name: _text(pl.col(field(place))) for name, place in places.items()})


def _with_others(lines: pl.LazyFrame, cutter: Cutter, way: Usual) -> pl.LazyFrame:
    """Add of lines that are cut in no usual way what a cutter says: their fields, and OTHERS."""
    count = pl.col(COUNT)
    known = count.is_not_null() if way.quotes is None else (count * 2 == way.quotes).fill_null(value=False)
    others = pl.when(~pl.col(_KNOWN)).then(LINE)
    return (
        lines.with_columns(known.alias(_KNOWN))
        .with_columns(
            others.map_batches(cutter.cut_some, return_dtype=cutter.dtype, is_elementwise=True).alias(_OTHERS)
        )
        .with_columns(
            pl.when(_KNOWN).then(name).otherwise(pl.col(_OTHERS).struct.field(name)).alias(name)
            for name in [COUNT, *cutter.places]
        )
    )


def _shape(width: int) -> pl.Expr:
    return (
        pl.when(pl.col(LINE) == "")
        .then(pl.lit(reasons.BLANK_LINE))
        .when(pl.col(COUNT) < width)
        .then(pl.lit(reasons.fewer_fields(width)))
        .when(pl.col(COUNT) == width)
        .then(None)
        .otherwise(pl.lit(reasons.more_fields(width)))
    )


def _text(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell != "").then(cell)
