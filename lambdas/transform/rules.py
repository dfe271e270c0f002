"""Compile a neutral mapping to Polars expressions.

What counts as a number or a time is this project's patterns and not what the engine casts; texts that are plain enough
for both to agree are not matched, since almost all are. Reasons are expressions of their own, to be computed for
rejected rows only. Value maps compile to when/then: ``replace_strict`` leaves the streaming engine.
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
    UNSAFE_CHARACTERS,
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

_ALWAYS = pl.lit(value=True)
_NO_REASON = pl.lit(None, dtype=pl.String)

_PLAIN_NUMBER = 5
"""Bytes up to which every finite number that the engine casts matches NUMBER_PATTERN."""

_PLAIN_EPOCH = 19
"""Bytes up to which every integer that the engine casts matches EPOCH_PATTERN, if it begins with no sign."""


class Rule(NamedTuple):
    """A column's value, whether it is one that the column takes, and the reason if it is not.

    ``ok`` is never null and holds exactly where ``reason`` is null, at a fraction of its cost.
    """

    value: pl.Expr
    ok: pl.Expr
    reason: pl.Expr


def with_parsed(lines: pl.LazyFrame, mapping: DatasetMapping) -> pl.LazyFrame:
    """Add the numbers and times that rules read.

    They are computed once, step by step: the engine does not see that expressions share what they compute.
    """
    floats = [column.source for column in mapping.columns if column.source and column.type == "float"]
    numbers = [
        _parse_number(name).alias(_number_name(name)) for name in dict.fromkeys([*_compared(mapping.keep), *floats])
    ]
    times = [
        (_time_name(column), column.time, pl.col(raw(column.source)))
        for column in mapping.columns
        if column.source and column.time
    ]
    epochs = [(name, text) for name, time, text in times if isinstance(time, EpochTime)]
    formatted = [(name, time, text) for name, time, text in times if isinstance(time, FormattedTime)]
    return (
        lines.with_columns(
            *numbers,
            *(text.cast(pl.Int64, strict=False).alias(name) for name, text in epochs),
            *(_parse_formatted(time, text).alias(name) for name, time, text in formatted),
        )
        .with_columns(_is_plain_epoch(pl.col(name), text).alias(_plain_name(name)) for name, text in epochs)
        .with_columns(
            pl.when(_plain_name(name)).then(name).otherwise(_parse_other_epoch(_plain_name(name), text)).alias(name)
            for name, text in epochs
        )
    )


def keep_condition(expression: Expression | None) -> pl.Expr:
    """Return whether `keep` holds; an empty field makes a comparison neither true nor false, which is not kept."""
    return pl.lit(value=True) if expression is None else _condition(expression).fill_null(value=False)


def keep_readable(expression: Expression | None) -> pl.Expr:
    """Return whether `keep` can be read in a row: no text where it compares numbers."""
    return pl.all_horizontal(pl.lit(value=True), *(~_unreadable(name) for name in _compared(expression)))


def keep_reason(expression: Expression | None) -> pl.Expr:
    """Return why `keep` cannot be read in a row."""
    cases = [pl.when(_unreadable(name)).then(pl.lit(f"keep: {name} is not a number")) for name in _compared(expression)]
    return pl.coalesce([pl.lit(None, dtype=pl.String), *cases])


def column_rule(column: ColumnMapping) -> Rule:
    """Return the rule of one column."""
    if column.source is None:
        return Rule(_literal(column, column.constant), _ALWAYS, _NO_REASON)
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


def _plain_name(time: str) -> str:
    return f"plain:{time}"


def _number(column: str) -> pl.Expr:
    return pl.col(_number_name(column))


def _unreadable(column: str) -> pl.Expr:
    return pl.col(raw(column)).is_not_null() & _number(column).is_null()


def _compared(expression: Expression | None) -> list[str]:
    """Return the raw columns that `keep` compares as numbers, each once."""
    return list(dict.fromkeys(leaf.column for leaf in leaves(expression) if is_numeric(leaf))) if expression else []


def _parse_number(column: str) -> pl.Expr:
    text = pl.col(raw(column))
    plain = text.str.len_bytes() <= _PLAIN_NUMBER
    # What is null costs the pattern next to nothing.
    other = pl.when(~plain).then(text).str.extract(NUMBER_PATTERN, 0)
    value = pl.when(plain).then(text).otherwise(other).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _is_plain_epoch(count: pl.Expr, text: pl.Expr) -> pl.Expr:
    # Signs stand before the digits in the order of characters.
    return count.is_not_null() & (text >= "0") & (text.str.len_bytes() <= _PLAIN_EPOCH)


def _parse_other_epoch(plain: str, text: pl.Expr) -> pl.Expr:
    whole = pl.when(~pl.col(plain)).then(text).str.extract(EPOCH_PATTERN, 0).str.extract("^[0-9]+", 0)
    return whole.cast(pl.Int64, strict=False)


def _parse_formatted(time: FormattedTime, text: pl.Expr) -> pl.Expr:
    """Return the local time, null where the text is none."""
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
        reason = empty.when(_unreadable(source)).then(pl.lit(f"{column.name} is not a number"))
        return Rule(_number(source), ~(_empty(column, text) | _unreadable(source)), reason)
    length = column.max_length or 0
    return Rule(
        text,
        ((text.str.len_chars() <= length) & ~text.str.contains(UNSAFE_CHARACTERS)).fill_null(value=column.nullable),
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
    listed = key.is_in(list(values))
    kept = _plain(column, text)
    if column.otherwise == "keep":
        return Rule(pl.coalesce([*hits, kept.value]), listed | kept.ok, pl.when(~listed).then(kept.reason))
    if column.otherwise == "reject":
        reason = pl.when(~listed).then(pl.lit(f"{column.name}: its value is not in the map"))
        return Rule(pl.coalesce(hits), listed, reason)
    return Rule(pl.coalesce([*hits, _literal(column, column.otherwise_value)]), _ALWAYS, _NO_REASON)


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
    ok = _in_range(count, UNITS_PER_SECOND[time.unit])
    return _in_time(column, count // UNITS_PER_SECOND[time.unit], ok, reason)


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
    seconds = instant.dt.epoch("s")
    return _in_time(column, seconds, _in_range(seconds), reason)


def _in_time(column: ColumnMapping, seconds: pl.Expr, ok: pl.Expr, reason: ChainedThen) -> Rule:
    outside = f"{column.name} is outside 1971 to 2099"
    return Rule(seconds, ok.fill_null(value=False), reason.when(~_in_range(seconds)).then(pl.lit(outside)))


def _in_range(time: pl.Expr, per_second: int = 1) -> pl.Expr:
    return (time >= EARLIEST * per_second) & (time < LATEST * per_second)
