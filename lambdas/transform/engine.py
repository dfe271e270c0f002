"""The meaning of mappings (``transform.meaning``) in Polars' words.

What counts as a number is this project's patterns and not what Polars casts; texts that are plain enough for both to
agree are not matched, since almost all are. Value maps are when/then: ``replace_strict`` leaves the streaming engine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from definition.mapping.mapping import EPOCH_PATTERN, NUMBER_PATTERN, UNSAFE_CHARACTERS
from transform.meaning.rules import Rules
from transform.meaning.times import Times
from transform.meaning.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from definition.service.dataset_types import AvroType
    from transform.meaning.engine import Engine

_DTYPES = {"string": pl.String, "float": pl.Float64, "double": pl.Float64, "int": pl.Int64, "long": pl.Int64}

_UNSAFE = [chr(code) for code in range(128) if re.match(UNSAFE_CHARACTERS, chr(code))]

_PLAIN_NUMBER = 5
"""Bytes up to which every finite number that the engine casts matches NUMBER_PATTERN."""

_PLAIN_EPOCH = 19
"""Bytes up to which every integer that the engine casts matches EPOCH_PATTERN, if it begins with no sign."""


class _Polars:
    """What ``Engine`` says of each word holds here."""

    column = staticmethod(pl.col)
    is_null = staticmethod(pl.Expr.is_null)
    is_in = staticmethod(pl.Expr.is_in)
    between = staticmethod(pl.Expr.is_between)
    absolute = staticmethod(pl.Expr.abs)
    floor = staticmethod(pl.Expr.floor)
    ceil = staticmethod(pl.Expr.ceil)
    floored = staticmethod(lambda count, divisor: count if divisor == 1 else count // divisor)
    long = integer = staticmethod(lambda value: value.cast(pl.Int64, strict=False))
    length = staticmethod(lambda text: text.str.len_chars())
    lower = staticmethod(lambda text: text.str.to_lowercase())
    upper = staticmethod(lambda text: text.str.to_uppercase())
    trimmed = staticmethod(lambda text, characters: text.str.strip_chars(characters))
    joined = staticmethod(lambda *texts: pl.concat_str(texts))
    cut = staticmethod(lambda text, start, length: text.str.slice(start - 1, length))
    split = staticmethod(lambda text, by, place: text.str.split(by).list.get(place - 1, null_on_oob=True))
    replaced = staticmethod(lambda text, old, new: text.str.replace_all(old, new, literal=True))
    substituted = staticmethod(lambda text, pattern, new: text.str.replace_all(pattern, new))
    groups = staticmethod(lambda text, time: text.str.extract_groups(time.pattern))
    group = staticmethod(lambda groups, index: groups.struct.field(str(index + 1)))

    def with_columns(self, rows: pl.LazyFrame, columns: Mapping[str, pl.Expr]) -> pl.LazyFrame:
        return rows.with_columns(value.alias(name) for name, value in columns.items())

    def with_numbers(self, rows: pl.LazyFrame, texts: Mapping[str, pl.Expr]) -> pl.LazyFrame:
        # Cast once, then looked at.
        rows = self.with_columns(rows, {name: text.cast(pl.Float64, strict=False) for name, text in texts.items()})
        return rows.with_columns(
            pl.when(_is_number(pl.col(name), text)).then(name).alias(name) for name, text in texts.items()
        )

    def with_epochs(self, rows: pl.LazyFrame, texts: Mapping[str, pl.Expr]) -> pl.LazyFrame:
        rows = self.with_columns(rows, {name: self.integer(text) for name, text in texts.items()})
        plain = {f"plain:{name}": _is_plain_epoch(pl.col(name), text) for name, text in texts.items()}
        others = {name: pl.when(~pl.col(f"plain:{name}")).then(text) for name, text in texts.items()}
        return self.with_columns(rows, plain).with_columns(
            pl.when(f"plain:{name}").then(name).otherwise(self.integer(text.str.extract(EPOCH_PATTERN))).alias(name)
            for name, text in others.items()
        )

    def constant(self, value: str | float | None, kind: AvroType | None = None) -> pl.Expr:
        return pl.lit(value, dtype=_DTYPES[kind] if kind else None)

    def cases(self, *cases: tuple[pl.Expr, pl.Expr | int], otherwise: pl.Expr | int | None = None) -> pl.Expr:
        chain: Any = pl
        for condition, value in cases:
            chain = chain.when(condition).then(value)
        found: pl.Expr = chain if otherwise is None else chain.otherwise(otherwise)
        return found

    def first_of(self, *values: pl.Expr) -> pl.Expr:
        # Filling costs less, where it says the same.
        return values[0].fill_null(values[1]) if len(values) == 2 else pl.coalesce(values)  # noqa: PLR2004

    def has(self, text: pl.Expr, pattern: str) -> pl.Expr:
        # Single characters cost less than their pattern.
        return text.str.contains_any(_UNSAFE) if pattern == UNSAFE_CHARACTERS else text.str.contains(pattern)

    def whole(self, text: pl.Expr, pattern: str) -> pl.Expr:
        return text.str.extract(pattern).str.strip_prefix("+").cast(pl.Int64, strict=False)

    def instant(self, local: pl.Expr, timezone: str) -> pl.Expr:
        clock = pl.from_epoch(local, "s").dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        return clock.dt.epoch("s")


def _is_number(value: pl.Expr, text: pl.Expr) -> pl.Expr:
    plain = text.str.len_bytes() <= _PLAIN_NUMBER
    # What is null costs the pattern next to nothing.
    return value.is_finite() & (plain | pl.when(~plain).then(text).str.contains(NUMBER_PATTERN))


def _is_plain_epoch(count: pl.Expr, text: pl.Expr) -> pl.Expr:
    # Signs stand before the digits in the order of characters.
    return count.is_not_null() & (text >= "0") & (text.str.len_bytes() <= _PLAIN_EPOCH)


_ENGINE: Engine[pl.Expr, pl.LazyFrame] = _Polars()

RULES = Rules(_ENGINE)
TIMES = Times(_ENGINE)
with_values = Values(_ENGINE).with_values
