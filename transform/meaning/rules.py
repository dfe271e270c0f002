"""Which values a column takes, and why a row is rejected.

Reasons are expressions of their own, to be computed for rejected rows only.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

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
from transform import reasons
from transform.meaning.engine import Expr
from transform.meaning.names import found, number, raw
from transform.meaning.sql import Sql
from transform.meaning.times import Times
from transform.meaning.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from definition.mapping.checks import CheckMapping
    from definition.mapping.expressions import Condition
    from definition.mapping.lookups import Reference
    from definition.mapping.mapping import DatasetMapping
    from transform.meaning.engine import Engine


class Rule(NamedTuple, Generic[Expr]):
    """A column's value, whether it is one that the column takes, and the reason if it is not.

    ``ok`` is never null and holds exactly where ``reason`` is null, at a fraction of its cost.
    """

    value: Expr
    ok: Expr
    reason: Expr


class Rules(Generic[Expr]):
    """The rules of a mapping, in an engine's words, over what ``Values.with_values`` returns."""

    def __init__(self, engine: Engine[Expr, Any]) -> None:
        self._engine = engine
        self._values = Values(engine)
        self._times = Times(engine)
        self._sql = Sql(engine)

    def holds(self, condition: Condition | None) -> Expr:
        """Return whether a condition takes a row; one that is neither true nor false does not."""
        return self._always() if condition is None else self._surely(self._sql.condition(condition))

    def fulfils(self, check: CheckMapping) -> Expr:
        """Return whether a row fulfils a check; one that holds no number where the check reads one does not."""
        return self.holds(check.rows) & self.readable(check.numbers_read())

    def answerable(self, mapping: DatasetMapping) -> Expr:
        """Return whether a row has all that conditions read: matches of look-ups, and numbers where they compare."""
        return self._matched(mapping.needed_lookups()) & self.readable(mapping.compared_numbers())

    def unanswerable_reason(self, mapping: DatasetMapping) -> Expr:
        """Return what of it is not there."""
        unmatched = self._unmatched_reason(mapping.needed_lookups())
        return self._engine.first_of(unmatched, self.unreadable_reason("keep", mapping.compared_numbers()))

    def readable(self, names: Iterable[str]) -> Expr:
        """Return whether raw columns that are read as numbers hold nothing else."""
        return functools.reduce(operator.and_, (~self._unreadable(name) for name in names), self._always())

    def unreadable_reason(self, where: str, names: Iterable[str]) -> Expr:
        """Return which of the raw columns that are read as numbers holds something else."""
        return self._reason(*((self._unreadable(name), reasons.unreadable(where, name)) for name in names))

    def fits(self, text: Expr, column: ColumnMapping) -> Expr:
        """Return whether a column of texts takes a text, by its length and its characters; null of null."""
        short = self._engine.length(text) <= (column.max_length or 0)
        return short & ~self._engine.has(text, UNSAFE_CHARACTERS)

    def column_rule(self, key: str, column: ColumnMapping, *, trusted: bool = False) -> Rule[Expr]:
        """Return the rule of one column, whose id is ``key``; of a trusted one, different texts are asked ``fits``."""
        if isinstance(column.value, Text | Number):
            return Rule(self._engine.constant(column.value.value, column.type), self._always(), self._reason())
        if column.values is not None:
            rule = self._mapped(key, column)
        elif isinstance(column.time, EpochTime):
            rule = self._epoch(key, column, column.time)
        elif isinstance(column.time, FormattedTime):
            rule = self._formatted(key, column, column.time)
        else:
            rule = self._plain(key, column, trusted=trusted)
        if names := numbers_read(column.value):
            wrong = self.unreadable_reason(column.name, names)
            rule = Rule(rule.value, self.readable(names) & rule.ok, self._engine.first_of(wrong, rule.reason))
        if column.lookups:
            unmatched = self._unmatched_reason(column.lookups)
            ok = self._matched(column.lookups) & rule.ok
            rule = Rule(rule.value, ok, self._engine.first_of(unmatched, rule.reason))
        return rule

    def _always(self) -> Expr:
        return self._engine.constant(value=True)

    def _surely(self, condition: Expr, otherwise: Expr | None = None) -> Expr:
        """Return a condition, and what it is where it is null: false, if nothing else is given."""
        return self._engine.first_of(condition, self._engine.constant(value=False) if otherwise is None else otherwise)

    def _matched(self, needed: Iterable[Reference]) -> Expr:
        matched = (~self._engine.is_null(self._engine.column(found(each.lookup))) for each in needed)
        return functools.reduce(operator.and_, matched, self._always())

    def _unmatched_reason(self, needed: Iterable[Reference]) -> Expr:
        engine, wrong = self._engine, []
        for each in needed:
            unmatched, key = engine.is_null(engine.column(found(each.lookup))), engine.column(raw(each.on))
            wrong.append((unmatched & engine.is_null(key), reasons.no_key(each.lookup, each.on)))
            wrong.append((unmatched, reasons.no_match(each.lookup, each.on)))
        return self._reason(*wrong)

    def _unreadable(self, name: str) -> Expr:
        text, found = self._engine.column(raw(name)), self._engine.column(number(name))
        return ~self._engine.is_null(text) & self._engine.is_null(found)

    def _reason(self, *wrong: tuple[Expr, str]) -> Expr:
        """Return the first reason that holds, None where none does."""
        if not wrong:
            return self._engine.constant(None, "string")
        return self._engine.cases(*((holds, self._engine.constant(reason)) for holds, reason in wrong))

    def _first_reason(self, key: str, column: ColumnMapping, *wrong: tuple[Expr, str]) -> Expr:
        """Return the first reason of a column that holds; an empty field is one unless it is nullable."""
        if not column.nullable:
            wrong = ((self._values.is_empty(key, column), reasons.empty(column.name)), *wrong)
        return self._reason(*wrong)

    def _plain(self, key: str, column: ColumnMapping, *, trusted: bool = False) -> Rule[Expr]:
        if column.reads_float or column.reads_whole:
            return self._numeric(key, column)
        return self._textual(key, column) if column.textual else self._string(key, column, trusted=trusted)

    def _numeric(self, key: str, column: ColumnMapping) -> Rule[Expr]:
        value, empty = self._values.number_of(key, column), self._values.is_empty(key, column)
        none = self._engine.is_null(value) & ~empty
        if column.reads_float:
            fits = self._engine.absolute(value) <= LARGEST_FLOAT[column.type]
            wrong = [(none, reasons.not_a_number(column.name)), (~fits, reasons.too_large(column.name, column.type))]
        else:
            half = 2 ** (WHOLE_BITS[column.type] - 1)
            fits = self._engine.between(value, -half, half - 1)
            wrong = [(~fits | none, reasons.not_whole(column.name, column.type))]
        ok = self._surely(fits, empty if column.nullable else None)
        return Rule(value, ok, self._first_reason(key, column, *wrong))

    def _string(self, key: str, column: ColumnMapping, *, trusted: bool) -> Rule[Expr]:
        text, longest, engine = self._values.text_of(key, column), column.max_length or 0, self._engine
        empty = engine.constant(value=column.nullable)
        ok = ~engine.is_null(text) | empty if trusted else self._surely(self.fits(text, column), empty)
        reason = self._first_reason(
            key,
            column,
            (engine.length(text) > longest, reasons.too_long(column.name, longest)),
            (engine.has(text, CONTROL_CHARACTERS), reasons.control_character(column.name)),
            (engine.has(text, QUOTES), reasons.quote(column.name)),
        )
        return Rule(text, ok, reason)

    def _textual(self, key: str, column: ColumnMapping) -> Rule[Expr]:
        """Return the rule of a text in human language, escaped as the service asks for (page items-datasets)."""
        text = self._values.text_of(key, column)
        bare = self._engine.substituted(text, CONTROL_CHARACTERS, " ")
        ok = self._always() if column.nullable else ~self._engine.is_null(text)
        return Rule(self._engine.substituted(bare, QUOTES, r"\$0"), ok, self._first_reason(key, column))

    def _mapped(self, key: str, column: ColumnMapping) -> Rule[Expr]:
        engine, given = self._engine, column.values or {}
        values = {name: value for name, value in given.items() if value is not None}
        rule = self._among(key, column, values)
        if len(values) == len(given):
            return rule
        text = engine.first_of(self._values.text_of(key, column), engine.constant(""))
        none = engine.is_in(text, [name for name in given if name not in values])
        value = engine.cases((~none, rule.value))
        return Rule(value, none | rule.ok, engine.cases((~none, rule.reason)))

    def _among(self, key: str, column: ColumnMapping, values: Mapping[str, str | float]) -> Rule[Expr]:
        engine = self._engine
        text = engine.first_of(self._values.text_of(key, column), engine.constant(""))
        hits = [engine.cases((text == name, engine.constant(value, column.type))) for name, value in values.items()]
        hits = hits or [engine.constant(None, column.type)]
        listed = engine.is_in(text, list(values)) if values else engine.constant(value=False)
        if column.otherwise == "keep":
            kept = self._plain(key, column)
            return Rule(engine.first_of(*hits, kept.value), listed | kept.ok, engine.cases((~listed, kept.reason)))
        if column.otherwise == "reject":
            return Rule(engine.first_of(*hits), listed, self._reason((~listed, reasons.not_in_map(column.name))))
        value = engine.first_of(*hits, engine.constant(column.otherwise_value, column.type))
        return Rule(value, self._always(), self._reason())

    def _epoch(self, key: str, column: ColumnMapping, time: EpochTime) -> Rule[Expr]:
        count, per_second = self._values.epoch_of(key), UNITS_PER_SECOND[time.unit]
        none = self._engine.is_null(count) & ~self._values.is_empty(key, column)
        wrong = [(none, reasons.not_an_epoch_time(column.name))]
        for unit, others in UNITS_PER_SECOND.items():
            if unit != time.unit and not column.any_year:
                fits = ~self._in_range(count, per_second) & self._in_range(count, others)
                wrong.append((fits, reasons.other_unit(column.name, time.unit, unit)))
        return self._in_time(key, column, count, wrong, per_second)

    def _formatted(self, key: str, column: ColumnMapping, time: FormattedTime) -> Rule[Expr]:
        local, seconds = self._times.local(key), self._times.instant(key, time)
        none = self._engine.is_null(local)
        wrong = [
            (none & ~self._values.is_empty(key, column), reasons.not_of_form(column.name, time)),
            (self._engine.is_null(seconds) & ~none, reasons.skipped(column.name, time)),
        ]
        return self._in_time(key, column, seconds, wrong)

    def _in_time(
        self, key: str, column: ColumnMapping, count: Expr, wrong: list[tuple[Expr, str]], per_second: int = 1
    ) -> Rule[Expr]:
        if column.any_year:
            ok = ~self._engine.is_null(count)
        else:
            ok = self._in_range(count, per_second)
            wrong = [*wrong, (~ok, reasons.outside(column.name))]
        reason, ok = self._first_reason(key, column, *wrong), self._surely(ok)
        if column.nullable:
            ok = ok | self._values.is_empty(key, column)
        return Rule(self._engine.floored(count, per_second), ok, reason)

    def _in_range(self, count: Expr, per_second: int) -> Expr:
        return (count >= EARLIEST * per_second) & (count < LATEST * per_second)
