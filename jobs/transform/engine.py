"""The meaning of mappings (``transform.meaning``) in Spark's words."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from definition.mapping.mapping import EPOCH_PATTERN, EXACT, NUMBER_PATTERN
from jobs.transform.columns import col
from transform.meaning.rules import Rules
from transform.meaning.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame

    from definition.mapping.mapping import FormattedTime
    from definition.service.dataset_types import AvroType
    from transform.meaning.engine import Engine

_TYPES = {"string": "string", "float": "double", "double": "double", "int": "long", "long": "long"}
_LEAST_LONG = -float(2**63)

_BETWEEN = "\x01"
"""Stands between the groups of a match; no group of a time can hold it."""


class _Spark:
    """What ``Engine`` says of each word holds here. Spark makes no constant before its session is there."""

    column = staticmethod(col)
    is_null = staticmethod(Column.isNull)
    between = staticmethod(Column.between)
    absolute = staticmethod(F.abs)
    first_of = staticmethod(F.coalesce)
    integer = staticmethod(lambda value: value.cast("long"))
    has = staticmethod(Column.rlike)
    length = staticmethod(F.length)
    lower = staticmethod(F.lower)
    upper = staticmethod(F.upper)
    trimmed = staticmethod(lambda text, characters: F.btrim(text, F.lit(characters)))
    joined = staticmethod(F.concat)
    cut = staticmethod(F.substring)
    split = staticmethod(lambda text, by, place: F.get(F.split(text, re.escape(by), -1), place - 1))
    replaced = staticmethod(lambda text, old, new: F.replace(text, F.lit(old), F.lit(new)))
    group = staticmethod(F.get)

    def with_columns(self, rows: DataFrame, columns: Mapping[str, Column]) -> DataFrame:
        return rows.withColumns(dict(columns)) if columns else rows

    def with_numbers(self, rows: DataFrame, texts: Mapping[str, Column]) -> DataFrame:
        return self.with_columns(rows, {name: _number(text) for name, text in texts.items()})

    def with_epochs(self, rows: DataFrame, texts: Mapping[str, Column]) -> DataFrame:
        return self.with_columns(rows, {name: self.whole(text, EPOCH_PATTERN) for name, text in texts.items()})

    def constant(self, value: str | float | None, kind: AvroType | None = None) -> Column:
        if kind is None:
            return F.lit(value)
        given = int(value) if _TYPES[kind] == "long" and value is not None else value
        return F.lit(given).cast(_TYPES[kind])

    def cases(self, *cases: tuple[Column, Column | int], otherwise: Column | int | None = None) -> Column:
        chain: Any = F
        for condition, value in cases:
            chain = chain.when(condition, value)
        found: Column = chain if otherwise is None else chain.otherwise(otherwise)
        return found

    def is_in(self, value: Column, values: Sequence[str] | Sequence[float]) -> Column:
        if any(isinstance(each, str) for each in values):
            return value.isin(list(values))
        # Sets of numbers tell -0.0 from 0.0; adding 0 makes them one.
        return (value + 0.0).isin([float(each) + 0.0 for each in values])

    def floored(self, count: Column, divisor: int) -> Column:
        # As no operator of Spark does: doubles would lose digits.
        if divisor == 1:
            return count
        rounded = F.call_function("div", count, F.lit(divisor).cast("long"))
        return rounded - F.when(count % divisor < 0, 1).otherwise(0)

    def floor(self, number: Column) -> Column:
        # Spark's own is a long, which cannot hold all.
        return F.when(F.abs(number) < EXACT, F.floor(number).cast("double")).otherwise(number)

    def ceil(self, number: Column) -> Column:
        return F.when(F.abs(number) < EXACT, F.ceil(number).cast("double")).otherwise(number)

    def long(self, number: Column) -> Column:
        # Spark's own cast gives the nearest.
        return F.when((number >= _LEAST_LONG) & (number < -_LEAST_LONG), number.cast("long"))

    def whole(self, text: Column, pattern: str) -> Column:
        # Without a match the text is empty, which is no number.
        return F.regexp_extract(text, pattern, 1).cast("long")

    def substituted(self, text: Column, pattern: str, new: str) -> Column:
        # In Java's replacements a backslash takes the meaning of what follows away.
        return F.regexp_replace(text, pattern, new.replace("\\", r"\\"))

    def groups(self, text: Column, time: FormattedTime) -> Column:
        found = _BETWEEN.join(f"${index}" for index in range(1, len(time.parts) + 1))
        return F.when(text.rlike(time.pattern), F.split(F.regexp_replace(text, time.pattern, found), _BETWEEN, -1))

    def instant(self, local: Column, timezone: str) -> Column:
        # Spark takes the earlier instant of an overlap, and moves what a zone skips forward: it does not come back.
        moment = F.to_utc_timestamp(F.timestamp_seconds(local), timezone)
        back = F.from_utc_timestamp(moment, timezone)
        return F.when(F.unix_seconds(back) == local, F.unix_seconds(moment))


def _number(text: Column) -> Column:
    number = text.cast("double")
    return F.when(text.rlike(NUMBER_PATTERN) & (F.abs(number) < math.inf), number)


_ENGINE: Engine[Column, DataFrame] = _Spark()

RULES = Rules(_ENGINE)
with_values = Values(_ENGINE).with_values
