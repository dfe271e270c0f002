"""What stands in a column: kind of its values, how they repeat, and words that stand for none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from definition.mapping.mapping import NUMBER_PATTERN, UNSAFE_CHARACTERS, WHOLE_PATTERN
from definition.service.limits import MAX_STRING_LENGTH
from drafting.guess.times import TimeForm, clock_form, time_form

if TYPE_CHECKING:
    from drafting.look.tables import Table

Kind = Literal["empty", "whole", "number", "decimal_comma", "time", "clock", "text"]

_NULL_WORDS = (
    "NULL null Null (null) \\N NaN nan NAN None NONE none N/A n/a NA <NA> NaT nil #N/A undefined - -- ? N.A. (none) "
    "missing unknown"
)
NULL_WORDS = frozenset(_NULL_WORDS.split())
"""Words that stand for no value where everything else in their column is of another kind."""

_ALWAYS_NULL = frozenset({"NULL", "null", "(null)", "\\N", "NaN", "nan", "None", "N/A", "n/a", "<NA>", "NaT", "#N/A"})
"""Those that are hardly ever a category."""

_DECIMAL_COMMA = r"^[+-]?[0-9]+,[0-9]+\z"
_TOLERATED = 0.98
_DELIMITERS = ("|", ";", ", ", ",", "/", " ", "~", ">")


@dataclass(frozen=True)
class Profile:
    """A column of a table.

    Attributes:
        name: of the raw column.
        kind: of its values.
        rows: of the table.
        filled: rows with a value.
        distinct: different values.
        top: the most frequent value, and the share of the filled rows that have it.
        nulls: words in it that stand for no value.
        time: form of its values if they may be times; whole numbers may also be ids.
        split: what several values of one field stand between, None where they do not.
        low, high: of numbers.
        longest: characters of the longest text.
        words: words of a text, on average.
        unsafe: whether a value holds a quote, a backslash or a control character.
        values: different values, the most frequent first.
    """

    name: str
    kind: Kind
    rows: int
    filled: int
    distinct: int
    top: tuple[str, float]
    nulls: tuple[str, ...]
    time: TimeForm | None
    split: str | None
    low: float
    high: float
    longest: int
    words: float
    unsafe: bool
    values: pl.Series
    clock: str | None = None

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers and are not written as times."""
        return self.kind in {"whole", "number", "decimal_comma"}

    @property
    def is_constant(self) -> bool:
        """Whether it says the same in every row, or nothing."""
        return self.distinct <= 1

    @property
    def is_unique(self) -> bool:
        """Whether it tells the rows apart."""
        return self.distinct == self.filled > self.rows * _TOLERATED

    @property
    def is_long(self) -> bool:
        """Whether a value is longer than a field takes that is not textual."""
        return self.longest > MAX_STRING_LENGTH


def profiles_of(table: Table) -> dict[str, Profile]:
    """Return the profiles of a table's columns by name."""
    return {name: profile(table.frame[name], listed=name in table.source.lists) for name in table.frame.columns}


def profile(column: pl.Series, *, listed: bool = False) -> Profile:
    """Return the profile of texts; ``listed`` says that | joins several values of a field."""
    given = column.drop_nulls()
    counted = given.value_counts(sort=True)
    values, counts = counted[column.name], counted["count"]
    is_word = values.is_in(list(NULL_WORDS))
    kind, time = _kind(given, values.filter(~is_word), counts.filter(~is_word))
    always = values.filter(values.is_in(list(_ALWAYS_NULL)))
    prose = kind == "text" and len(values) > len(given) / 2
    nulls = values.filter(is_word) if kind not in {"text", "empty"} else always.head(0) if prose else always
    real = ~values.is_in(nulls.to_list())
    values, counts = values.filter(real), counts.filter(real)
    filled = int(counts.sum())
    numbers = _numbers(values, kind)
    return Profile(
        name=column.name,
        kind=kind,
        rows=len(column),
        filled=filled,
        distinct=len(values),
        top=(str(values[0]), counts[0] / filled) if filled else ("", 0.0),
        nulls=tuple(nulls.to_list()),
        time=time,
        split=("|" if listed else _split(values)) if kind == "text" else None,
        low=_bound(numbers.min()),
        high=_bound(numbers.max()),
        longest=int(_bound(values.str.len_chars().max())),
        words=_bound((values.str.count_matches(r"\S+")).mean()),
        unsafe=bool(values.str.contains(UNSAFE_CHARACTERS).any()),
        values=values,
        clock=clock_form(values) if kind == "clock" else None,
    )


def _kind(given: pl.Series, values: pl.Series, counts: pl.Series) -> tuple[Kind, TimeForm | None]:
    total = int(counts.sum())
    if not total:
        return "empty", None

    def share(pattern: str) -> float:
        return int(counts.filter(values.str.contains(pattern)).sum()) / total

    if share(NUMBER_PATTERN) >= _TOLERATED:
        numbers = given.filter(given.str.contains(NUMBER_PATTERN))
        whole = share(WHOLE_PATTERN) >= _TOLERATED
        return "whole" if whole else "number", time_form(numbers)
    if share(_DECIMAL_COMMA) >= _MOSTLY and share(r"^[+-]?[0-9]+(,[0-9]+)?\z") >= _TOLERATED:
        return "decimal_comma", None
    if share(r"\d") < _TOLERATED or values.str.len_chars().max() is None:
        return "text", None
    if clock_form(values):
        return "clock", None
    time = time_form(given.filter(~given.is_in(list(NULL_WORDS))))
    return ("time", time) if time else ("text", None)


_MOSTLY = 0.5


def _numbers(values: pl.Series, kind: Kind) -> pl.Series:
    texts = values.str.replace(",", ".", literal=True) if kind == "decimal_comma" else values
    return texts.cast(pl.Float64, strict=False).drop_nulls() if kind != "text" else pl.Series([], dtype=pl.Float64)


def _bound(found: object) -> float:
    return float(found) if isinstance(found, int | float) else 0.0


def _split(values: pl.Series) -> str | None:
    """Return what several values of a field stand between: its parts come again and again, in other company."""
    sample = values.head(5_000)
    for delimiter in _DELIMITERS:
        having = sample.filter(sample.str.contains(re.escape(delimiter)))
        if len(having) < max(2, len(sample) * 0.2):
            continue
        parts = sample.str.split(delimiter).explode().str.strip_chars(" \t")
        parts = parts.filter(parts != "")
        repeats = len(parts) / max(1, parts.n_unique())
        if parts.n_unique() < 0.7 * sample.n_unique() and repeats > 2 and _are_names(parts, delimiter):  # noqa: PLR2004
            return delimiter
    return None


def _are_names(parts: pl.Series, delimiter: str) -> bool:
    """Say whether parts are categories or ids, and not the words and clauses of a text."""
    if delimiter in {"|", ";", "~", ">"}:
        return True
    if delimiter == " ":
        return bool(parts.str.contains(r"\d").mean() or 0) and _bound(parts.str.contains(r"\d").mean()) > _TOLERATED
    return _bound(parts.str.count_matches(r"\S+").mean()) < 3  # noqa: PLR2004  # clauses have more words
