"""Cut lines of CSV into fields.

Records are cut here rather than by a CSV reader: readers drop or merge what they cannot read, and bind columns by
name or by position depending on version. A record is a line, but where its quoted fields hold line feeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.columns import LINE
from transform import reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.transform.columns import Origin
    from transform.raw.dialect import Dialect


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
    split = lines.with_columns(pl.col(LINE).str.splitn(dialect.delimiter, len(header) + 1).alias("split"))
    places = {name: header.index(name) for name in columns if name not in origin.partitions}
    if not dialect.marks:
        cells = {name: _text(pl.col("split").struct[place]) for name, place in places.items()}
        return origin.rows(split, columns, _shape(len(header)), cells)
    quoted = split.with_columns(_parse_quoted(dialect).alias("quoted"))
    cells = {name: _text(_either(place)) for name, place in places.items()}
    return origin.rows(quoted, columns, _shape_quoted(len(header)), cells)


def _parse_quoted(dialect: Dialect) -> pl.Expr:
    """Return the fields of lines that hold a quote or an escape, null for the others: those are cut by splitting."""
    fields = pl.List(pl.String)
    first, last = dialect.marks[0], dialect.marks[-1]

    def parse(lines: pl.Series) -> pl.Series:
        if not any(lines.str.contains(mark, literal=True).any() for mark in dialect.marks):
            return pl.repeat(None, len(lines), dtype=fields, eager=True)
        return pl.Series([dialect.cut(line) if first in line or last in line else None for line in lines], dtype=fields)

    return pl.col(LINE).map_batches(parse, return_dtype=fields, is_elementwise=True)


def _shape(width: int) -> pl.Expr:
    split = pl.col("split").struct
    return _told(width, split[width - 1].is_null(), split[width].is_not_null())


def _shape_quoted(width: int) -> pl.Expr:
    quoted, split = pl.col("quoted"), pl.col("split").struct
    fewer = pl.when(quoted.is_null()).then(split[width - 1].is_null()).otherwise(quoted.list.len() < width)
    more = pl.when(quoted.is_null()).then(split[width].is_not_null()).otherwise(quoted.list.len() > width)
    misplaced = (quoted.list.len() == 1) & quoted.list.get(0, null_on_oob=True).is_null()
    broken = (
        pl.when(quoted.list.len() == 0)
        .then(pl.lit(reasons.OPEN_QUOTE))
        .when(misplaced)
        .then(pl.lit(reasons.MISPLACED_QUOTE))
    )
    return pl.coalesce(broken, _told(width, fewer, more))


def _told(width: int, fewer: pl.Expr, more: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col(LINE) == "")
        .then(pl.lit(reasons.BLANK_LINE))
        .when(fewer)
        .then(pl.lit(reasons.fewer_fields(width)))
        .when(more)
        .then(pl.lit(reasons.more_fields(width)))
    )


def _either(index: int) -> pl.Expr:
    """Return the field as the parser of quotes cut it, where it did."""
    quoted = pl.col("quoted").list.get(index, null_on_oob=True)
    return pl.when(pl.col("quoted").is_null()).then(pl.col("split").struct[index]).otherwise(quoted)


def _text(field: pl.Expr) -> pl.Expr:
    return pl.when(field != "").then(field)
