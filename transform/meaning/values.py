"""What rules read: the numbers, computed values and times of a mapping, as columns of the frame.

They are added once, step by step: engines do not see that expressions share what they compute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from definition.mapping.mapping import (
    AROUND_SEVERAL,
    REPEATED_SEVERAL,
    SEVERAL,
    WHOLE_PATTERN,
    ColumnMapping,
    EpochTime,
    FormattedTime,
)
from transform.meaning.engine import Expr, Frame
from transform.meaning.names import number, raw
from transform.meaning.sql import Sql
from transform.meaning.times import Times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from transform.meaning.engine import Engine


class Values(Generic[Expr, Frame]):
    """What rules read, in an engine's words."""

    def __init__(self, engine: Engine[Expr, Frame]) -> None:
        self._engine = engine
        self._sql = Sql(engine)
        self._times = Times(engine)

    def with_values(self, rows: Frame, columns: Mapping[str, ColumnMapping], compared: Iterable[str]) -> Frame:
        """Add what the other methods name.

        Args:
            rows: the rows with their raw columns (``names.raw``), as the engine reads them.
            columns: the columns by their ids.
            compared: raw columns that conditions read as numbers.
        """
        engine, column = self._engine, self._engine.column
        names = dict.fromkeys([*compared, *(name for each in columns.values() for name in each.numbers_read())])
        computed = {key: each for key, each in columns.items() if each.is_computed}
        floats = [key for key, each in computed.items() if each.reads_float and not each.gives_number]
        epochs = {key: each for key, each in columns.items() if isinstance(each.time, EpochTime)}
        formatted = {
            key: (each.time, self.text_of(key, each))
            for key, each in columns.items()
            if isinstance(each.time, FormattedTime)
        }
        rows = engine.with_numbers(rows, {number(name): column(raw(name)) for name in names})
        rows = engine.with_columns(rows, {_computed(key): self._compute(each) for key, each in computed.items()})
        rows = engine.with_numbers(rows, {_parsed(key): column(_computed(key)) for key in floats})
        longs = {_parsed(key): self._whole(key, each) for key, each in columns.items() if each.reads_whole}
        for key in (key for key, each in epochs.items() if each.gives_number):
            longs[_epoch(key)] = engine.long(engine.floor(column(_computed(key))))
        texts = {_epoch(key): self.text_of(key, each) for key, each in epochs.items() if not each.gives_number}
        rows = engine.with_epochs(engine.with_columns(rows, longs), texts)
        return self._times.with_local_times(rows, formatted)

    def text_of(self, key: str, column: ColumnMapping) -> Expr:
        """Return the text that a column is taken from, None where it is empty."""
        return self._engine.column(_computed(key) if column.is_computed else raw(column.raw_column or ""))

    def number_of(self, key: str, column: ColumnMapping) -> Expr:
        """Return the number that a column of numbers is taken from, None where there is none."""
        if column.reads_whole or (column.is_computed and not column.gives_number):
            return self._engine.column(_parsed(key))
        return self._engine.column(_computed(key) if column.is_computed else number(column.raw_column or ""))

    def is_empty(self, key: str, column: ColumnMapping) -> Expr:
        """Return whether there is nothing to take a column from."""
        given = self._engine.column(_computed(key)) if column.gives_number else self.text_of(key, column)
        return self._engine.is_null(given)

    def epoch_of(self, key: str) -> Expr:
        """Return the count of units of an epoch time, None where there is none."""
        return self._engine.column(_epoch(key))

    def _compute(self, column: ColumnMapping) -> Expr:
        engine, value = self._engine, self._sql.value(column.value)
        if column.gives_number:
            return value
        if column.split is not None:
            value = engine.substituted(value, column.split_pattern, SEVERAL)
            value = engine.trimmed(engine.substituted(value, REPEATED_SEVERAL, SEVERAL), AROUND_SEVERAL)
        return engine.cases((value != "", value))

    def _whole(self, key: str, column: ColumnMapping) -> Expr:
        if not column.gives_number:
            return self._engine.whole(self.text_of(key, column), WHOLE_PATTERN)
        value = self._engine.column(_computed(key))
        return self._engine.long(self._engine.cases((value == self._engine.floor(value), value)))


def _computed(key: str) -> str:
    return f"computed:{key}"


def _parsed(key: str) -> str:
    return f"parsed:{key}"


def _epoch(key: str) -> str:
    return f"epoch:{key}"
