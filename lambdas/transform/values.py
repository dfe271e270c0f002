"""What rules read: the numbers, computed values and times of a mapping, as columns of the frame.

They are computed once, step by step: the engine does not see that expressions share what they compute.

What counts as a number is this project's patterns and not what the engine casts; texts that are plain enough for both
to agree are not matched, since almost all are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from definition.mapping.mapping import (
    AROUND_SEVERAL,
    EPOCH_PATTERN,
    NUMBER_PATTERN,
    REPEATED_SEVERAL,
    SEVERAL,
    WHOLE_PATTERN,
    ColumnMapping,
    EpochTime,
    FormattedTime,
)
from lambdas.transform import sql, times
from lambdas.transform.columns import number, raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PLAIN_NUMBER = 5
"""Bytes up to which every finite number that the engine casts matches NUMBER_PATTERN."""

_PLAIN_EPOCH = 19
"""Bytes up to which every integer that the engine casts matches EPOCH_PATTERN, if it begins with no sign."""


def with_values(rows: pl.LazyFrame, columns: Mapping[str, ColumnMapping], compared: Iterable[str]) -> pl.LazyFrame:
    """Add what the functions of this module name.

    Args:
        rows: what ``reader.read`` returns.
        columns: the columns by their ids.
        compared: raw columns that conditions read as numbers.
    """
    names = dict.fromkeys([*compared, *(name for column in columns.values() for name in column.numbers_read())])
    computed = {key: column for key, column in columns.items() if column.is_computed}
    floats = {key: column for key, column in computed.items() if column.reads_float and not column.gives_number}
    wholes = {key: column for key, column in columns.items() if column.reads_whole}
    rows = _with_numbers(rows, {number(name): pl.col(raw(name)) for name in names})
    rows = rows.with_columns(_compute(column).alias(_computed(key)) for key, column in computed.items())
    rows = _with_numbers(rows, {_parsed(key): pl.col(_computed(key)) for key in floats})
    rows = rows.with_columns(_parse_whole(key, column).alias(_parsed(key)) for key, column in wholes.items())
    return _with_times(rows, columns)


def text_of(key: str, column: ColumnMapping) -> pl.Expr:
    """Return the text that a column is taken from, None where it is empty."""
    return pl.col(_computed(key) if column.is_computed else raw(column.raw_column or ""))


def number_of(key: str, column: ColumnMapping) -> pl.Expr:
    """Return the number that a column of numbers is taken from, None where there is none."""
    if column.reads_whole or (column.is_computed and not column.gives_number):
        return pl.col(_parsed(key))
    return pl.col(_computed(key) if column.is_computed else number(column.raw_column or ""))


def is_empty(key: str, column: ColumnMapping) -> pl.Expr:
    """Return whether there is nothing to take a column from."""
    given = pl.col(_computed(key)) if column.gives_number else text_of(key, column)
    return given.is_null()


def epoch_of(key: str) -> pl.Expr:
    """Return the count of units of an epoch time, None where there is none."""
    return pl.col(f"epoch:{key}")


def _computed(key: str) -> str:
    return f"computed:{key}"


def _parsed(key: str) -> str:
    return f"parsed:{key}"


def _compute(column: ColumnMapping) -> pl.Expr:
    value = sql.value(column.value)
    if column.gives_number:
        return value
    if column.split is not None:
        value = value.str.replace_all(column.split_pattern, SEVERAL).str.replace_all(REPEATED_SEVERAL, SEVERAL)
        value = value.str.strip_chars(AROUND_SEVERAL)
    return pl.when(value != "").then(value)


def _with_numbers(rows: pl.LazyFrame, texts: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    """Add the number of each text, None where it is none; cast once, then looked at."""
    cast = [text.cast(pl.Float64, strict=False).alias(name) for name, text in texts.items()]
    return rows.with_columns(cast).with_columns(
        pl.when(_is_number(pl.col(name), text)).then(name) for name, text in texts.items()
    )


def _is_number(value: pl.Expr, text: pl.Expr) -> pl.Expr:
    plain = text.str.len_bytes() <= _PLAIN_NUMBER
    # What is null costs the pattern next to nothing.
    return value.is_finite() & (plain | pl.when(~plain).then(text).str.contains(NUMBER_PATTERN))


def _parse_whole(key: str, column: ColumnMapping) -> pl.Expr:
    if column.gives_number:
        value = pl.col(_computed(key))
        return pl.when(value == value.floor()).then(value).cast(pl.Int64, strict=False)
    digits = text_of(key, column).str.extract(WHOLE_PATTERN, 1)
    return digits.str.strip_prefix("+").cast(pl.Int64, strict=False)


def _with_times(rows: pl.LazyFrame, columns: Mapping[str, ColumnMapping]) -> pl.LazyFrame:
    epochs = {key: column for key, column in columns.items() if isinstance(column.time, EpochTime)}
    counts = [key for key, column in epochs.items() if column.gives_number]
    texts = {key: text_of(key, column) for key, column in epochs.items() if key not in counts}
    formatted = {
        key: (column.time, text_of(key, column))
        for key, column in columns.items()
        if isinstance(column.time, FormattedTime)
    }
    rows = (
        rows.with_columns(
            *(pl.col(_computed(key)).floor().cast(pl.Int64, strict=False).alias(f"epoch:{key}") for key in counts),
            *(text.cast(pl.Int64, strict=False).alias(f"epoch:{key}") for key, text in texts.items()),
        )
        .with_columns(_is_plain_epoch(epoch_of(key), text).alias(f"plain:{key}") for key, text in texts.items())
        .with_columns(
            pl.when(f"plain:{key}")
            .then(epoch_of(key))
            .otherwise(_parse_other_epoch(f"plain:{key}", text))
            .alias(f"epoch:{key}")
            for key, text in texts.items()
        )
    )
    return times.with_local_times(rows, formatted)


def _is_plain_epoch(count: pl.Expr, text: pl.Expr) -> pl.Expr:
    # Signs stand before the digits in the order of characters.
    return count.is_not_null() & (text >= "0") & (text.str.len_bytes() <= _PLAIN_EPOCH)


def _parse_other_epoch(plain: str, text: pl.Expr) -> pl.Expr:
    return pl.when(~pl.col(plain)).then(text).str.extract(EPOCH_PATTERN).cast(pl.Int64, strict=False)
