"""Cut lines of CSV into fields.

Records are cut here rather than by a CSV reader: readers drop or merge what they cannot read, and bind columns by
name or by position depending on version. A record is a line, but where its quoted fields hold line feeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.columns import LINE
from lambdas.transform.formats.quoting import BROKEN, COUNT, Cutter, field
from transform import reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.transform.columns import Origin
    from transform.raw.dialect import Dialect

_CUT = "cut"


def cut(
    lines: pl.LazyFrame, origin: Origin, header: Sequence[str], columns: Sequence[str], dialect: Dialect
) -> pl.LazyFrame:
    """Return the frame between reader and rules for lines of one width.

    Args:
        lines: frame of LINE_NUMBER and LINE, without headers.
        origin: where they come from.
        header: names of the fields.
        columns: names of raw columns; those that ``origin`` does not give stand in the header once.
        dialect: how fields are told apart.
    """
    width, line, found = len(header), pl.col(LINE), pl.col(_CUT)
    places = {name: header.index(name) for name in columns if name not in origin.partitions}
    if dialect.marks:
        cutter = Cutter(dialect, width, places.values())
        cut = line.map_batches(cutter.cut, return_dtype=cutter.dtype, is_elementwise=True)
        count = found.struct.field(COUNT)
        shape = pl.coalesce(found.struct.field(BROKEN), _shape(width, count < width, count > width))
        cells = {name: found.struct.field(field(place)) for name, place in places.items()}
    else:
        cut = line.str.splitn(dialect.delimiter, width + 1)
        shape = _shape(width, found.struct[width - 1].is_null(), found.struct[width].is_not_null())
        cells = {name: found.struct[place] for name, place in places.items()}
    texts = {name: _text(cell) for name, cell in cells.items()}
    return origin.rows(lines.with_columns(cut.alias(_CUT)), columns, shape, texts)


def _shape(width: int, fewer: pl.Expr, more: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col(LINE) == "")
        .then(pl.lit(reasons.BLANK_LINE))
        .when(fewer)
        .then(pl.lit(reasons.fewer_fields(width)))
        .when(more)
        .then(pl.lit(reasons.more_fields(width)))
    )


def _text(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell != "").then(cell)
