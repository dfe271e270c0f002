"""Cut lines of CSV into fields.

Records are cut here rather than by a CSV reader: readers drop or merge what they cannot read, and bind columns by
name or by position depending on version. A record is a line, but where its quoted fields hold line feeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.columns import LINE
from lambdas.transform.formats.quoting import BROKEN, Cutter
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
    width, line, shape = len(header), pl.col(LINE), []
    if dialect.marks:
        cutter = Cutter(dialect, width)
        fields = line.map_batches(cutter.cut, return_dtype=cutter.dtype, is_elementwise=True)
        shape.append(pl.col(_CUT).struct.field(BROKEN))
    else:
        fields = line.str.splitn(dialect.delimiter, width + 1)
    cells = {name: _text(pl.col(_CUT).struct[header.index(name)]) for name in columns if name not in origin.partitions}
    return origin.rows(lines.with_columns(fields.alias(_CUT)), columns, pl.coalesce(*shape, _shape(width)), cells)


def _shape(width: int) -> pl.Expr:
    fields = pl.col(_CUT).struct
    return (
        pl.when(pl.col(LINE) == "")
        .then(pl.lit(reasons.BLANK_LINE))
        .when(fields[width - 1].is_null())
        .then(pl.lit(reasons.fewer_fields(width)))
        .when(fields[width].is_not_null())
        .then(pl.lit(reasons.more_fields(width)))
    )


def _text(field: pl.Expr) -> pl.Expr:
    return pl.when(field != "").then(field)
