"""Compile the columns of a neutral mapping to Spark columns over what ``values`` computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from definition.mapping.expressions import Number, Text, numbers_read
from definition.mapping.mapping import (
    CONTROL_CHARACTERS,
    EARLIEST,
    LARGEST_FLOAT,
    LATEST,
    QUOTES,
    UNITS_PER_SECOND,
    UNSAFE_CHARACTERS,
    WHOLE_BITS,
    ColumnMapping,
    EpochTime,
    FormattedTime,
)
from jobs.transform import sql, times
from jobs.transform.columns import all_of, col, first_of, number, raw, text
from jobs.transform.values import epoch_of, is_empty, number_of, text_of
from transform import reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from definition.mapping.expressions import Condition

_TYPES = {"string": "string", "float": "double", "double": "double", "int": "long", "long": "long"}


class Rule(NamedTuple):
    """A column's value, whether it is one that the column takes, and the reason if it is not.

    ``ok`` is never null and holds exactly where ``reason`` is null, at a fraction of its cost.
    """

    value: Column
    ok: Column
    reason: Column


def holds(condition: Condition | None) -> Column:
    """Return whether a condition takes a row; one that is neither true nor false does not."""
    return _always() if condition is None else _surely(sql.condition(condition))


def readable(names: Iterable[str]) -> Column:
    """Return whether raw columns that are read as numbers hold nothing else."""
    return all_of(*(~_unreadable(name) for name in names))


def unreadable_reason(where: str, names: Iterable[str]) -> Column:
    """Return which of the raw columns that are read as numbers holds something else."""
    return first_of(*(F.when(_unreadable(name), text(reasons.unreadable(where, name))) for name in names))


def column_rule(key: str, column: ColumnMapping) -> Rule:
    """Return the rule of one column, whose id is ``key``."""
    if isinstance(column.value, Text | Number):
        return Rule(_literal(column, column.value.value), _always(), text(None))
    if column.values is not None:
        rule = _mapped(key, column)
    elif isinstance(column.time, EpochTime):
        rule = _epoch(key, column, column.time)
    elif isinstance(column.time, FormattedTime):
        rule = _formatted(key, column, column.time)
    else:
        rule = _plain(key, column)
    names = numbers_read(column.value)
    if not names:
        return rule
    wrong = unreadable_reason(column.name, names)
    return Rule(rule.value, readable(names) & rule.ok, first_of(wrong, rule.reason))


def _always() -> Column:
    return F.lit(True)  # noqa: FBT003  # a value


def _never() -> Column:
    return F.lit(False)  # noqa: FBT003  # a value


def _surely(condition: Column, otherwise: Column | None = None) -> Column:
    """Return a condition, and what it is where it is null."""
    return F.coalesce(condition, _never() if otherwise is None else otherwise)


def _unreadable(name: str) -> Column:
    return col(raw(name)).isNotNull() & col(number(name)).isNull()


def _literal(column: ColumnMapping, value: str | float | None) -> Column:
    kind = _TYPES[column.type]
    given = int(value) if kind == "long" and value is not None else value
    return F.lit(given).cast(kind)


def _empty(key: str, column: ColumnMapping) -> Column:
    """Return the beginning of a reason: an empty field is one unless the column is nullable."""
    empty = _never() if column.nullable else is_empty(key, column)
    return F.when(empty, text(reasons.empty(column.name)))


def _plain(key: str, column: ColumnMapping) -> Rule:
    if column.reads_float:
        return _float(key, column)
    if column.reads_whole:
        return _whole(key, column)
    return _textual(key, column) if column.textual else _string(key, column)


def _float(key: str, column: ColumnMapping) -> Rule:
    value, empty = number_of(key, column), is_empty(key, column)
    fits = F.abs(value) <= LARGEST_FLOAT[column.type]
    reason = (
        _empty(key, column)
        .when(value.isNull() & ~empty, text(reasons.not_a_number(column.name)))
        .when(~fits, text(reasons.too_large(column.name, column.type)))
    )
    return Rule(value, _surely(fits, empty if column.nullable else None), reason)


def _whole(key: str, column: ColumnMapping) -> Rule:
    value, empty = number_of(key, column), is_empty(key, column)
    half = 2 ** (WHOLE_BITS[column.type] - 1)
    fits = value.between(-half, half - 1)
    wrong = text(reasons.not_whole(column.name, column.type))
    reason = _empty(key, column).when(~fits | (value.isNull() & ~empty), wrong)
    return Rule(value, _surely(fits, empty if column.nullable else None), reason)


def _string(key: str, column: ColumnMapping) -> Rule:
    given = text_of(key, column)
    longest = column.max_length or 0
    return Rule(
        given,
        _surely((F.length(given) <= longest) & ~given.rlike(UNSAFE_CHARACTERS), F.lit(column.nullable)),
        _empty(key, column)
        .when(F.length(given) > longest, text(reasons.too_long(column.name, longest)))
        .when(given.rlike(CONTROL_CHARACTERS), text(reasons.control_character(column.name)))
        .when(given.rlike(QUOTES), text(reasons.quote(column.name))),
    )


def _textual(key: str, column: ColumnMapping) -> Rule:
    """Return the rule of a text in human language, escaped as the service asks for (page items-datasets)."""
    given = text_of(key, column)
    escaped = F.regexp_replace(F.regexp_replace(given, CONTROL_CHARACTERS, " "), QUOTES, r"\\$0")
    return Rule(escaped, _always() if column.nullable else given.isNotNull(), _empty(key, column))


def _mapped(key: str, column: ColumnMapping) -> Rule:
    values, given = column.values or {}, F.coalesce(text_of(key, column), F.lit(""))
    hits = [F.when(given == name, _literal(column, value)) for name, value in values.items()]
    listed = given.isin(list(values))
    if column.otherwise == "keep":
        kept = _plain(key, column)
        return Rule(F.coalesce(*hits, kept.value), listed | kept.ok, F.when(~listed, kept.reason))
    if column.otherwise == "reject":
        reason = F.when(~listed, text(reasons.not_in_map(column.name)))
        return Rule(F.coalesce(*hits), listed, reason)
    return Rule(F.coalesce(*hits, _literal(column, column.otherwise_value)), _always(), text(None))


def _epoch(key: str, column: ColumnMapping, time: EpochTime) -> Rule:
    count = epoch_of(key)
    none = count.isNull() & ~is_empty(key, column)
    reason = _empty(key, column).when(none, text(reasons.not_an_epoch_time(column.name)))
    seconds = _floored(count, UNITS_PER_SECOND[time.unit])
    for unit, per_second in UNITS_PER_SECOND.items():
        if unit != time.unit and not column.any_year:
            fits = ~_in_range(seconds) & _in_range(_floored(count, per_second))
            hint = reasons.other_unit(column.name, time.unit, unit)
            reason = reason.when(fits, text(hint))
    ok = count.isNotNull() if column.any_year else _in_range(seconds)
    return _in_time(key, column, seconds, ok, reason)


def _formatted(key: str, column: ColumnMapping, time: FormattedTime) -> Rule:
    local = col(times.local_name(key))
    seconds = times.instant(key, time)
    reason = (
        _empty(key, column)
        .when(local.isNull() & ~is_empty(key, column), text(reasons.not_of_form(column.name, time)))
        .when(
            seconds.isNull() & local.isNotNull(),
            text(reasons.skipped(column.name, time)),
        )
    )
    ok = seconds.isNotNull() if column.any_year else _in_range(seconds)
    return _in_time(key, column, seconds, ok, reason)


def _in_time(key: str, column: ColumnMapping, seconds: Column, ok: Column, reason: Column) -> Rule:
    if not column.any_year:
        reason = reason.when(~_in_range(seconds), text(reasons.outside(column.name)))
    return Rule(seconds, _surely(ok) | (is_empty(key, column) & F.lit(column.nullable)), reason)


def _in_range(seconds: Column) -> Column:
    return (seconds >= EARLIEST) & (seconds < LATEST)


def _floored(count: Column, divisor: int) -> Column:
    """Divide longs and round down, as no operator of Spark does: doubles would lose digits."""
    if divisor == 1:
        return count
    rounded = F.call_function("div", count, F.lit(divisor).cast("long"))
    return rounded - F.when(count % divisor < 0, 1).otherwise(0)
