"""What rules read: the numbers, computed values and times of a mapping, as columns of the frame.

They are added step by step, so that what several rules read is computed once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

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
from jobs.transform import sql, times
from jobs.transform.columns import col, filled, number, raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import Column, DataFrame

_LEAST_LONG = -float(2**63)


def with_values(rows: DataFrame, columns: Mapping[str, ColumnMapping], compared: Iterable[str]) -> DataFrame:
    """Add what the functions of this module name.

    Args:
        rows: what ``source.read`` returns.
        columns: the columns by their ids.
        compared: raw columns that conditions read as numbers.
    """
    names = dict.fromkeys([*compared, *(name for column in columns.values() for name in column.numbers_read())])
    computed = {key: column for key, column in columns.items() if column.is_computed}
    floats = [key for key, column in computed.items() if column.reads_float and not column.gives_number]
    wholes = {key: column for key, column in columns.items() if column.reads_whole}
    steps = [
        {number(name): _number(col(raw(name))) for name in names},
        {_computed(key): _compute(column) for key, column in computed.items()},
        {_parsed(key): _number(col(_computed(key))) for key in floats}
        | {_parsed(key): _whole(key, column) for key, column in wholes.items()}
        | {_epoch(key): _count(key, column) for key, column in columns.items() if isinstance(column.time, EpochTime)},
    ]
    for step in steps:
        rows = rows.withColumns(step) if step else rows
    formatted = {
        key: (column.time, text_of(key, column))
        for key, column in columns.items()
        if isinstance(column.time, FormattedTime)
    }
    return times.with_local_times(rows, formatted)


def text_of(key: str, column: ColumnMapping) -> Column:
    """Return the text that a column is taken from, None where it is empty."""
    return col(_computed(key) if column.is_computed else raw(column.raw_column or ""))


def number_of(key: str, column: ColumnMapping) -> Column:
    """Return the number that a column of numbers is taken from, None where there is none."""
    if column.reads_whole or (column.is_computed and not column.gives_number):
        return col(_parsed(key))
    return col(_computed(key) if column.is_computed else number(column.raw_column or ""))


def is_empty(key: str, column: ColumnMapping) -> Column:
    """Return whether there is nothing to take a column from."""
    given = col(_computed(key)) if column.gives_number else text_of(key, column)
    return given.isNull()


def epoch_of(key: str) -> Column:
    """Return the count of units of an epoch time, None where there is none."""
    return col(_epoch(key))


def _computed(key: str) -> str:
    return f"computed:{key}"


def _parsed(key: str) -> str:
    return f"parsed:{key}"


def _epoch(key: str) -> str:
    return f"epoch:{key}"


def _compute(column: ColumnMapping) -> Column:
    value = sql.value(column.value)
    if column.gives_number:
        return value
    if column.split is not None:
        value = F.regexp_replace(value, column.split_pattern, SEVERAL)
        value = F.btrim(F.regexp_replace(value, REPEATED_SEVERAL, SEVERAL), F.lit(AROUND_SEVERAL))
    return filled(value)


def _number(text: Column) -> Column:
    return sql.finite(F.when(text.rlike(NUMBER_PATTERN), text.cast("double")))


def _whole(key: str, column: ColumnMapping) -> Column:
    if column.gives_number:
        value = col(_computed(key))
        return _long(F.when(value == sql.floor(value), value))
    text = text_of(key, column)
    # Without a match the text is empty, which is no number.
    return F.regexp_extract(text, WHOLE_PATTERN, 1).cast("long")


def _count(key: str, column: ColumnMapping) -> Column:
    if column.gives_number:
        return _long(sql.floor(col(_computed(key))))
    return F.regexp_extract(text_of(key, column), EPOCH_PATTERN, 1).cast("long")


def _long(number: Column) -> Column:
    """Return a whole double as a long, None where it cannot be one; Spark's own cast gives the nearest."""
    return F.when((number >= _LEAST_LONG) & (number < -_LEAST_LONG), number.cast("long"))
