"""Compile a neutral mapping to Polars expressions.

Text is matched against a pattern before it is cast, so that what counts as a number or a time is this project's
rule and not the engine's. Value maps compile to when/then: ``replace_strict`` leaves the streaming engine.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from lambdas.transform.reader import raw
from spec.expressions import Expression, IsNull, Logical, Membership, Not, is_numeric, leaves
from spec.mapping import (
    CONTROL_CHARACTERS,
    EARLIEST,
    EPOCH_PATTERN,
    LATEST,
    NUMBER_PATTERN,
    QUOTES,
    UNITS_PER_SECOND,
    ColumnMapping,
    DatasetMapping,
    EpochTime,
    FormattedTime,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from polars.expr.whenthen import ChainedThen

_OPERATORS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "=": pl.Expr.eq,
    "!=": pl.Expr.ne,
    "<": pl.Expr.lt,
    "<=": pl.Expr.le,
    ">": pl.Expr.gt,
    ">=": pl.Expr.ge,
}


class Rule(NamedTuple):
    """A column's value, and why there is none: at most one of the two is not null, both are null for a null."""

    value: pl.Expr
    reason: pl.Expr


def parsed_columns(mapping: DatasetMapping) -> list[pl.Expr]:
    """Return the numbers and times that rules read, to be computed once, before them.

    The rules name each of them many times, and the engine does not see that it is the same.
    """
    compared = [leaf.column for leaf in leaves(mapping.keep) if is_numeric(leaf)] if mapping.keep else []
    floats = [column.source for column in mapping.columns if column.source and column.type == "float"]
    numbers = [_parse_number(name).alias(_number_name(name)) for name in dict.fromkeys([*compared, *floats])]
    times = [
        _parse_time(column.time, pl.col(raw(column.source))).alias(_time_name(column))
        for column in mapping.columns
        if column.source and column.time
    ]
    return [*numbers, *times]


def keep_condition(expression: Expression | None) -> pl.Expr:
    """Return whether `keep` holds; an empty field makes a comparison neither true nor false, which is not kept."""
    return pl.lit(value=True) if expression is None else _condition(expression).fill_null(value=False)


def keep_reason(expression: Expression | None) -> pl.Expr:
    """Return why `keep` cannot be read in a row: text where it compares numbers."""
    numeric = [leaf.column for leaf in leaves(expression) if is_numeric(leaf)] if expression else []
    cases = [
        pl.when(_unreadable(name)).then(pl.lit(f"keep: {name} is not a number")) for name in dict.fromkeys(numeric)
    ]
    return pl.coalesce([pl.lit(None, dtype=pl.String), *cases])


def column_rule(column: ColumnMapping) -> Rule:
    """Return value and reason of one column."""
    if column.source is None:
        return Rule(_literal(column, column.constant), pl.lit(None, dtype=pl.String))
    text = pl.col(raw(column.source))
    if column.values is not None:
        return _mapped(column, text)
    if isinstance(column.time, EpochTime):
        return _epoch(column, column.time, text)
    if isinstance(column.time, FormattedTime):
        return _formatted(column, column.time, text)
    return _plain(column, text)


def raw_columns(mapping: DatasetMapping) -> list[str]:
    """Return the raw columns that the mapping reads, each once."""
    kept = [leaf.column for leaf in leaves(mapping.keep)] if mapping.keep else []
    return list(dict.fromkeys([*(column.source for column in mapping.columns if column.source), *kept]))


def _condition(expression: Expression) -> pl.Expr:
    if isinstance(expression, Logical):
        combine = operator.and_ if expression.node == "and" else operator.or_
        return functools.reduce(combine, [_condition(operand) for operand in expression.operands])
    if isinstance(expression, Not):
        return ~_condition(expression.operand)
    text = pl.col(raw(expression.column))
    if isinstance(expression, IsNull):
        return text.is_null()
    column = _number(expression.column) if is_numeric(expression) else text
    if isinstance(expression, Membership):
        return column.is_in(expression.values)
    return _OPERATORS[expression.operator](column, expression.value)


def _number_name(column: str) -> str:
    return f"number:{column}"


def _time_name(column: ColumnMapping) -> str:
    return f"time:{column.name}"


def _number(column: str) -> pl.Expr:
    return pl.col(_number_name(column))


def _unreadable(column: str) -> pl.Expr:
    return pl.col(raw(column)).is_not_null() & _number(column).is_null()


def _parse_number(column: str) -> pl.Expr:
    text = pl.col(raw(column))
    value = pl.when(text.str.contains(NUMBER_PATTERN)).then(text).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _parse_time(time: EpochTime | FormattedTime, text: pl.Expr) -> pl.Expr:
    """Return the count of an epoch time, or the local time of a formatted one; null where the text is neither."""
    if isinstance(time, EpochTime):
        whole = text.str.splitn(".", 2).struct[0]
        return pl.when(text.str.contains(EPOCH_PATTERN)).then(whole).cast(pl.Int64, strict=False)
    parsed = (
        pl.when(text.str.contains(time.pattern)).then(text).str.to_datetime(time.format, time_unit="ms", strict=False)
    )
    # The round trip refuses what strptime bends into another time: 30 February, second 60.
    return pl.when(parsed.dt.strftime(time.format) == text).then(parsed)


def _literal(column: ColumnMapping, value: str | float | None) -> pl.Expr:
    return pl.lit(value, dtype=pl.String if column.type == "string" else pl.Float64)


def _empty(column: ColumnMapping, text: pl.Expr) -> pl.Expr:
    """Return the condition under which an empty field is a reason: not for a nullable column."""
    return pl.lit(value=False) if column.nullable else text.is_null()


def _plain(column: ColumnMapping, text: pl.Expr) -> Rule:
    empty = pl.when(_empty(column, text)).then(pl.lit(f"{column.name} is empty"))
    if column.type == "float":
        source = column.source or ""
        return Rule(_number(source), empty.when(_unreadable(source)).then(pl.lit(f"{column.name} is not a number")))
    length = column.max_length or 0
    return Rule(
        text,
        empty.when(text.str.len_chars() > length)
        .then(pl.lit(f"{column.name} is longer than {length} characters"))
        .when(text.str.contains(CONTROL_CHARACTERS))
        .then(pl.lit(f"{column.name} holds a control character"))
        .when(text.str.contains(QUOTES))
        .then(pl.lit(f"{column.name} holds a quote or a backslash")),
    )


def _mapped(column: ColumnMapping, text: pl.Expr) -> Rule:
    values = column.values or {}
    key = text.fill_null("")
    hits = [pl.when(key == name).then(_literal(column, value)) for name, value in values.items()]
    missed = ~key.is_in(list(values))
    kept = _plain(column, text)
    if column.otherwise == "keep":
        return Rule(pl.coalesce([*hits, kept.value]), pl.when(missed).then(kept.reason))
    if column.otherwise == "reject":
        reason = pl.when(missed).then(pl.lit(f"{column.name}: its value is not in the map"))
        return Rule(pl.coalesce(hits), reason)
    value = pl.coalesce([*hits, _literal(column, column.otherwise_value)])
    return Rule(value, pl.lit(None, dtype=pl.String))


def _epoch(column: ColumnMapping, time: EpochTime, text: pl.Expr) -> Rule:
    count = pl.col(_time_name(column))
    reason = (
        pl.when(text.is_null())
        .then(pl.lit(f"{column.name} is empty"))
        .when(count.is_null())
        .then(pl.lit(f"{column.name} is not an epoch time"))
    )
    for unit, per_second in UNITS_PER_SECOND.items():
        if unit != time.unit:
            fits = ~_in_range(count // UNITS_PER_SECOND[time.unit]) & _in_range(count // per_second)
            hint = f"{column.name} is outside 1971 to 2099 in {time.unit}, but not in {unit}: set unit: {unit}"
            reason = reason.when(fits).then(pl.lit(hint))
    return _in_time(column, count // UNITS_PER_SECOND[time.unit], reason)


def _formatted(column: ColumnMapping, time: FormattedTime, text: pl.Expr) -> Rule:
    real = pl.col(_time_name(column))
    instant = real.dt.replace_time_zone(time.timezone, ambiguous="earliest", non_existent="null")
    reason = (
        pl.when(text.is_null())
        .then(pl.lit(f"{column.name} is empty"))
        .when(real.is_null())
        .then(pl.lit(f"{column.name} is not a time of the form {time.format}"))
        .when(instant.is_null())
        .then(pl.lit(f"{column.name} falls into the hour that {time.timezone} skips"))
    )
    return _in_time(column, instant.dt.epoch("s"), reason)


def _in_time(column: ColumnMapping, seconds: pl.Expr, reason: ChainedThen) -> Rule:
    return Rule(
        seconds,
        reason.when(~_in_range(seconds)).then(pl.lit(f"{column.name} is outside 1971 to 2099")),
    )


def _in_range(seconds: pl.Expr) -> pl.Expr:
    return (seconds >= EARLIEST) & (seconds < LATEST)
