"""Compile the columns of a neutral mapping to Polars expressions over what ``values`` computed.

Reasons are expressions of their own, to be computed for rejected rows only. Value maps compile to when/then:
``replace_strict`` leaves the streaming engine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

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
from lambdas.transform import sql, times
from lambdas.transform.columns import number, raw
from lambdas.transform.values import epoch_of, is_empty, number_of, text_of
from transform import reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from polars.expr.whenthen import ChainedThen, Then

    from definition.mapping.expressions import Condition

_ALWAYS = pl.lit(value=True)
_NEVER = pl.lit(value=False)
_NO_REASON = pl.lit(None, dtype=pl.String)
_DTYPES = {"string": pl.String, "float": pl.Float64, "double": pl.Float64, "int": pl.Int64, "long": pl.Int64}

_UNSAFE = [chr(code) for code in range(128) if re.match(UNSAFE_CHARACTERS, chr(code))]
"""Looked for as single characters, which costs less than the pattern."""


class Rule(NamedTuple):
    """A column's value, whether it is one that the column takes, and the reason if it is not.

    ``ok`` is never null and holds exactly where ``reason`` is null, at a fraction of its cost.
    """

    value: pl.Expr
    ok: pl.Expr
    reason: pl.Expr


def holds(condition: Condition | None) -> pl.Expr:
    """Return whether a condition takes a row; one that is neither true nor false does not."""
    return _ALWAYS if condition is None else sql.condition(condition).fill_null(value=False)


def readable(names: Iterable[str]) -> pl.Expr:
    """Return whether raw columns that are read as numbers hold nothing else."""
    return pl.all_horizontal(_ALWAYS, *(~_unreadable(name) for name in names))


def unreadable_reason(where: str, names: Iterable[str]) -> pl.Expr:
    """Return which of the raw columns that are read as numbers holds something else."""
    cases = [pl.when(_unreadable(name)).then(pl.lit(reasons.unreadable(where, name))) for name in names]
    return pl.coalesce([_NO_REASON, *cases])


def column_rule(key: str, column: ColumnMapping) -> Rule:
    """Return the rule of one column, whose id is ``key``."""
    if isinstance(column.value, Text | Number):
        return Rule(_literal(column, column.value.value), _ALWAYS, _NO_REASON)
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
    return Rule(rule.value, readable(names) & rule.ok, pl.coalesce(wrong, rule.reason))


def _unreadable(name: str) -> pl.Expr:
    return pl.col(raw(name)).is_not_null() & pl.col(number(name)).is_null()


def _literal(column: ColumnMapping, value: str | float | None) -> pl.Expr:
    return pl.lit(value, dtype=_DTYPES[column.type])


def _empty(key: str, column: ColumnMapping) -> Then:
    """Return the beginning of a reason: an empty field is one unless the column is nullable."""
    empty = _NEVER if column.nullable else is_empty(key, column)
    return pl.when(empty).then(pl.lit(reasons.empty(column.name)))


def _plain(key: str, column: ColumnMapping) -> Rule:
    if column.reads_float:
        return _float(key, column)
    if column.reads_whole:
        return _whole(key, column)
    return _textual(key, column) if column.textual else _string(key, column)


def _float(key: str, column: ColumnMapping) -> Rule:
    value, empty = number_of(key, column), is_empty(key, column)
    fits = value.abs() <= LARGEST_FLOAT[column.type]
    reason = (
        _empty(key, column)
        .when(value.is_null() & ~empty)
        .then(pl.lit(reasons.not_a_number(column.name)))
        .when(~fits)
        .then(pl.lit(reasons.too_large(column.name, column.type)))
    )
    return Rule(value, fits.fill_null(empty if column.nullable else _NEVER), reason)


def _whole(key: str, column: ColumnMapping) -> Rule:
    value, empty = number_of(key, column), is_empty(key, column)
    half = 2 ** (WHOLE_BITS[column.type] - 1)
    fits = value.is_between(-half, half - 1)
    wrong = pl.lit(reasons.not_whole(column.name, column.type))
    reason = _empty(key, column).when(~fits | (value.is_null() & ~empty)).then(wrong)
    return Rule(value, fits.fill_null(empty if column.nullable else _NEVER), reason)


def _string(key: str, column: ColumnMapping) -> Rule:
    text = text_of(key, column)
    length = column.max_length or 0
    return Rule(
        text,
        ((text.str.len_chars() <= length) & ~text.str.contains_any(_UNSAFE)).fill_null(value=column.nullable),
        _empty(key, column)
        .when(text.str.len_chars() > length)
        .then(pl.lit(reasons.too_long(column.name, length)))
        .when(text.str.contains(CONTROL_CHARACTERS))
        .then(pl.lit(reasons.control_character(column.name)))
        .when(text.str.contains(QUOTES))
        .then(pl.lit(reasons.quote(column.name))),
    )


def _textual(key: str, column: ColumnMapping) -> Rule:
    """Return the rule of a text in human language, escaped as the service asks for (page items-datasets)."""
    text = text_of(key, column)
    escaped = text.str.replace_all(CONTROL_CHARACTERS, " ").str.replace_all(QUOTES, r"\$0")
    return Rule(escaped, _ALWAYS if column.nullable else text.is_not_null(), _empty(key, column))


def _mapped(key: str, column: ColumnMapping) -> Rule:
    values, text = column.values or {}, text_of(key, column).fill_null("")
    hits = [pl.when(text == name).then(_literal(column, value)) for name, value in values.items()]
    listed = text.is_in(list(values))
    if column.otherwise == "keep":
        kept = _plain(key, column)
        return Rule(pl.coalesce([*hits, kept.value]), listed | kept.ok, pl.when(~listed).then(kept.reason))
    if column.otherwise == "reject":
        reason = pl.when(~listed).then(pl.lit(reasons.not_in_map(column.name)))
        return Rule(pl.coalesce(hits), listed, reason)
    return Rule(pl.coalesce([*hits, _literal(column, column.otherwise_value)]), _ALWAYS, _NO_REASON)


def _epoch(key: str, column: ColumnMapping, time: EpochTime) -> Rule:
    count = epoch_of(key)
    none = count.is_null() & ~is_empty(key, column)
    reason = _empty(key, column).when(none).then(pl.lit(reasons.not_an_epoch_time(column.name)))
    for unit, per_second in UNITS_PER_SECOND.items():
        if unit != time.unit and not column.any_year:
            fits = ~_in_range(count // UNITS_PER_SECOND[time.unit]) & _in_range(count // per_second)
            hint = reasons.other_unit(column.name, time.unit, unit)
            reason = reason.when(fits).then(pl.lit(hint))
    per_second = UNITS_PER_SECOND[time.unit]
    ok = count.is_not_null() if column.any_year else _in_range(count, per_second)
    return _in_time(key, column, count // per_second, ok, reason)


def _formatted(key: str, column: ColumnMapping, time: FormattedTime) -> Rule:
    local = pl.col(times.local_name(key))
    seconds = times.instant(key, time)
    reason = (
        _empty(key, column)
        .when(local.is_null() & ~is_empty(key, column))
        .then(pl.lit(reasons.not_of_form(column.name, time)))
        .when(seconds.is_null() & local.is_not_null())
        .then(pl.lit(reasons.skipped(column.name, time)))
    )
    ok = seconds.is_not_null() if column.any_year else _in_range(seconds)
    return _in_time(key, column, seconds, ok, reason)


def _in_time(key: str, column: ColumnMapping, seconds: pl.Expr, ok: pl.Expr, reason: ChainedThen) -> Rule:
    if not column.any_year:
        reason = reason.when(~_in_range(seconds)).then(pl.lit(reasons.outside(column.name)))
    return Rule(seconds, ok.fill_null(value=False) | (is_empty(key, column) & column.nullable), reason)


def _in_range(time: pl.Expr, per_second: int = 1) -> pl.Expr:
    return (time >= EARLIEST * per_second) & (time < LATEST * per_second)
