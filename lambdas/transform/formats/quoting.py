"""Cut lines whose fields may be quoted: RFC 4180 as the standard library's reader takes it, many lines at once.

A field that begins with a quote ends with one, and quotes within it are doubled; in another one a quote is text. Most
lines of an object are of one kind (``usual``), which the engine cuts by itself. The others are told apart by patterns,
and each kind is cut in the way that costs least. What no pattern knows, broken quoting above all, the dialect cuts one
by one; so it does with escapes, and with delimiters of several characters.
"""

from __future__ import annotations

import functools
import operator
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from lambdas.transform.columns import LINE
from transform import reasons
from transform.raw.dialect import MISPLACED, OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from transform.raw.dialect import Dialect

    Test = Callable[[pl.Series], pl.Series]
    Cut = Callable[[pl.Series], pl.DataFrame]

COUNT: Final = "count"
"""How many fields a line has; of those that differ from the header's number only whether there are more or fewer."""

BROKEN: Final = "broken"
"""Why the quoting of a line is wrong, null where it is right."""

_PIECES: Final = "pieces"

_LONGEST: Final = 1_000_000
"""Bytes of a line that is cut at every delimiter, however many there are: a piece takes 16, however short it is."""

_MOST_FIELDS: Final = 200
"""Of a line whose fields are groups of one pattern: with some thousands the engine refuses to compile it."""


class Usual(NamedTuple):
    """How most lines of an object are cut.

    Attributes:
        text: of LINE what is to be cut; null of lines that are not of the kind. Where neither quotes nor escapes mean
            anything, these have more fields than the header.
        by: where to cut it, at every occurrence.
        quotes: of LINE how many quotes there are, which are two for each field if the line is of the kind; None where
            the text alone tells that it is.
    """

    text: pl.Expr
    by: str
    quotes: pl.Expr | None


def usual(dialect: Dialect, width: int, example: str) -> Usual:
    """Return how most lines are cut that are like an example: its fields stand in quotes, or it has no quotes at all.

    The other one is no mistake, but takes longer. Of the former a line begins and ends with a quote, and two stand
    between fields: so there are at least two for each field, and no more only if none stands within a field.
    """
    line, quote = pl.col(LINE), dialect.quote
    short = line.str.len_bytes() <= _LONGEST
    if quote is not None and dialect.is_standard and example.startswith(quote) and example.endswith(quote):
        held = short & line.str.starts_with(quote) & line.str.ends_with(quote) & (line != quote)
        quotes = line.str.count_matches(quote, literal=True)
        return Usual(pl.when(held).then(_inside(line)), quote + dialect.delimiter + quote, quotes)
    if not dialect.marks:
        short |= pl.when(~short).then(line).str.count_matches(dialect.delimiter, literal=True) < width
    plain = (~line.str.contains(mark, literal=True) for mark in dialect.marks)
    return Usual(pl.when(functools.reduce(operator.and_, plain, short)).then(line), dialect.delimiter, None)


class Cutter:
    """Cuts lines into fields.

    Args:
        dialect: how fields are told apart.
        width: number of fields of a header.
        places: those that are wanted, from 0.

    Attributes:
        places: the names of the wanted fields by ``field``, with their places.
        dtype: of what ``cut`` returns: the wanted fields by ``field``, COUNT and BROKEN.
    """

    def __init__(self, dialect: Dialect, width: int, places: Collection[int]) -> None:
        self._dialect, self._width = dialect, width
        self.places = {field(place): place for place in sorted(set(places))}
        self._schema = {**dict.fromkeys(self.places, pl.String()), COUNT: pl.UInt32(), BROKEN: pl.String()}
        self.dtype = pl.Struct(self._schema)
        self._between = f"{dialect.quote}{dialect.delimiter}{dialect.quote}"
        self._kinds = list(self._told_apart())
        self._nothing = pl.Series([None], dtype=self.dtype)

    def cut_some(self, lines: pl.Series) -> pl.Series:
        """Return the fields of each line that is not null, and null of the others."""
        if lines.null_count() == len(lines):
            return self._nothing.new_from_index(0, len(lines))
        given = lines.is_not_null()
        places = pl.select(pl.when(given).then(given.cum_sum() - 1)).to_series()
        return self.cut(lines.filter(given)).gather(places)

    def cut(self, lines: pl.Series) -> pl.Series:
        """Return the fields of each line; where there are more or fewer than the header's, they are of no use."""
        places = pl.arange(len(lines), eager=True)
        frames, taken = [], []
        for test, cut in self._kinds:
            found = test(lines)
            if found.all():
                frames.append(cut(lines))
                taken.append(places)
                break
            if found.any():
                frames.append(cut(lines.filter(found)))
                taken.append(places.filter(found))
                lines, places = lines.filter(~found), places.filter(~found)
        if len(frames) == 1:
            return frames[0].to_struct()
        return pl.concat(frames).select(pl.all().gather(pl.concat(taken).arg_sort())).to_struct()

    def _told_apart(self) -> Iterator[tuple[Test, Cut]]:
        """Yield kinds of lines, each told from those that come after it, and how it is cut."""
        dialect, quote = self._dialect, self._dialect.quote
        yield self._has_no_mark, self._split
        if dialect.is_standard and quote is not None:
            by, mark = re.escape(dialect.delimiter), re.escape(quote)
            # At line ends outside of quotes releases of the standard library differ: it is asked.
            bare = rf"(?:[^{mark}{by}\r\n][^{by}\r\n]*)?"
            plain = f"{mark}[^{mark}]*{mark}"
            simple = f"(?:{mark}[^{mark}{by}]*{mark}|{bare})"
            quoted = f"(?:{mark}(?:[^{mark}]|{mark}{mark})*{mark}|{bare})"
            yield _matches(f"^{plain}(?:{by}{plain})*$"), self._split_between_quotes
            yield _matches(f"^{simple}(?:{by}{simple})*$"), self._split_with_quotes
            if self._width <= _MOST_FIELDS:
                groups = f"^{by.join([f'({quoted})'] * self._width)}$"
                yield _matches(groups), functools.partial(self._grouped, groups)
                more = f"^{quoted}(?:{by}{quoted}){{{self._width},}}$"
                yield _matches(more), functools.partial(self._alike, self._width + 1)
                yield _matches(f"^{quoted}(?:{by}{quoted})*$"), functools.partial(self._alike, self._width - 1)
        yield _all, self._by_one

    def _has_no_mark(self, lines: pl.Series) -> pl.Series:
        plain = (~lines.str.contains(mark, literal=True) for mark in self._dialect.marks)
        return functools.reduce(operator.and_, plain, lines.is_not_null())

    def _split(self, lines: pl.Series) -> pl.DataFrame:
        return self._fields(lines, self._dialect.delimiter)

    def _split_between_quotes(self, lines: pl.Series) -> pl.DataFrame:
        inside = lines.to_frame(LINE).select_seq(_inside(pl.col(LINE))).to_series()
        return self._fields(inside, self._between)

    def _split_with_quotes(self, lines: pl.Series) -> pl.DataFrame:
        return self._split(lines).with_columns(self._unquoted(pl.col(name)) for name in self.places)

    def _grouped(self, groups: str, lines: pl.Series) -> pl.DataFrame:
        found = lines.str.extract_groups(groups).to_frame(_PIECES)
        values = {
            name: self._unquoted(pl.col(_PIECES).struct[place], doubled=True) for name, place in self.places.items()
        }
        return self._frame(found, values, pl.lit(self._width))

    def _fields(self, lines: pl.Series, by: str) -> pl.DataFrame:
        """Return fields of lines that are cut at a text, and nothing else."""
        found = pl.col(_PIECES).struct
        fewer, more = found[self._width - 1].is_null(), found[self._width].is_not_null()
        count = self._width - fewer.cast(pl.Int64) + more.cast(pl.Int64)
        values = {name: found[place] for name, place in self.places.items()}
        return self._frame(lines.str.splitn(by, self._width + 1).to_frame(_PIECES), values, count)

    def _frame(self, pieces: pl.DataFrame, values: Mapping[str, pl.Expr], count: pl.Expr) -> pl.DataFrame:
        told = {COUNT: count.cast(pl.UInt32), BROKEN: pl.lit(None, dtype=pl.String)}
        # A frame of literals alone would have one row.
        return pieces.with_columns_seq(**values, **told).select_seq(*self._schema)

    def _unquoted(self, text: pl.Expr, *, doubled: bool = False) -> pl.Expr:
        """Return fields without the quotes around them, and with one for two within; what begins with none has none."""
        quote = self._dialect.quote or ""
        inside = text.str.strip_prefix(quote).str.strip_suffix(quote)
        if doubled:
            inside = inside.str.replace_all(quote * 2, quote, literal=True)
        return pl.when(text.str.starts_with(quote)).then(inside).otherwise(text)

    def _alike(self, count: int, lines: pl.Series) -> pl.DataFrame:
        """Return lines of another number of fields, of which nothing else is asked."""
        nothing = dict.fromkeys(self.places, pl.lit(None, dtype=pl.String))
        return self._frame(lines.to_frame(_PIECES), nothing, pl.lit(count))

    def _by_one(self, lines: pl.Series) -> pl.DataFrame:
        rows = [self._row(self._dialect.cut(line)) for line in lines]
        return pl.DataFrame(rows, schema=self._schema, orient="row")

    def _row(self, fields: Sequence[str | None]) -> Sequence[str | int | None]:
        if fields in (OPEN, MISPLACED):
            reason = reasons.OPEN_QUOTE if fields == OPEN else reasons.MISPLACED_QUOTE
            return [*[None] * len(self.places), None, reason]
        found = [fields[place] if place < len(fields) else None for place in self.places.values()]
        return [*found, len(fields), None]


def field(place: int) -> str:
    """Return the name of a field by its place."""
    return f"field_{place}"


def _inside(line: pl.Expr) -> pl.Expr:
    """Return a line without its first and last quote; a first or last field that is a delimiter would else be two."""
    return line.str.slice(1).str.head(-1)


def _matches(pattern: str) -> Test:
    return lambda lines: lines.str.contains(pattern)


def _all(lines: pl.Series) -> pl.Series:
    return lines.is_not_null()
