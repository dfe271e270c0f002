"""Cut lines whose fields may be quoted: RFC 4180 as the standard library's reader takes it, many lines at once.

A field that begins with a quote ends with one, and quotes within it are doubled; in another one a quote is text. Lines
are told apart by patterns, and each kind is cut in the way that costs least. What no pattern knows, broken quoting
above all, the dialect cuts one by one; so it does with escapes, and with delimiters of several characters.
"""

from __future__ import annotations

import functools
import operator
import re
from typing import TYPE_CHECKING, Final

import polars as pl

from transform import reasons
from transform.raw.dialect import MISPLACED, OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from transform.raw.dialect import Dialect

    Test = Callable[[pl.Series], pl.Series]
    Cut = Callable[[pl.Series], pl.DataFrame]

BROKEN: Final = "broken"
"""Why the quoting of a line is wrong, null where it is right."""

_MOST_FIELDS: Final = 200
"""Of a line whose fields are groups of one pattern: with some thousands the engine refuses to compile it."""


class Cutter:
    """Cuts lines into as many fields as a header has, and one more that only a line with more fields has.

    Args:
        dialect: with a quote or an escape.
        width: number of fields of a header.

    Attributes:
        dtype: of what ``cut`` returns: the fields in their order, and BROKEN.
    """

    def __init__(self, dialect: Dialect, width: int) -> None:
        self._dialect, self._width = dialect, width
        self._names = [f"field_{place}" for place in range(width + 1)]
        self.dtype = pl.Struct(dict.fromkeys([*self._names, BROKEN], pl.String))
        self._kinds = list(self._told_apart())

    def cut(self, lines: pl.Series) -> pl.Series:
        """Return the fields of each line; null are those that it does not have."""
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
            # At line ends outside of quotes, and at NUL, releases of the standard library differ: it is asked.
            bare = rf"(?:[^{mark}{by}\r\n\x00][^{by}\r\n\x00]*)?"
            plain = rf"{mark}[^{mark}\x00]*{mark}"
            simple = rf"(?:{mark}[^{mark}{by}\x00]*{mark}|{bare})"
            quoted = rf"(?:{mark}(?:[^{mark}\x00]|{mark}{mark})*{mark}|{bare})"
            yield _matches(f"^{plain}(?:{by}{plain})*$"), self._split_between_quotes
            yield _matches(f"^{simple}(?:{by}{simple})*$"), self._split_with_quotes
            if self._width <= _MOST_FIELDS:
                groups = f"^{by.join([f'({quoted})'] * self._width)}$"
                yield _matches(groups), functools.partial(self._grouped, groups)
                yield _matches(f"^{quoted}(?:{by}{quoted}){{{self._width},}}$"), functools.partial(self._alike, "")
                yield _matches(f"^{quoted}(?:{by}{quoted})*$"), functools.partial(self._alike, None)
        yield _all, self._by_one

    def _has_no_mark(self, lines: pl.Series) -> pl.Series:
        marks = (lines.str.contains(mark, literal=True) for mark in self._dialect.marks)
        return ~functools.reduce(operator.or_, marks)

    def _split(self, lines: pl.Series) -> pl.DataFrame:
        return self._fields(lines, self._dialect.delimiter)

    def _split_between_quotes(self, lines: pl.Series) -> pl.DataFrame:
        quote = self._dialect.quote or ""
        # Before they are split: a first field that begins with a delimiter would be taken for two.
        opened = lines.str.strip_prefix(quote)
        found = self._fields(opened, f"{quote}{self._dialect.delimiter}{quote}")
        # Where there are fewer fields, or more, this one matters to nobody.
        return found.with_columns(pl.col(self._names[self._width - 1]).str.strip_suffix(quote))

    def _split_with_quotes(self, lines: pl.Series) -> pl.DataFrame:
        return self._split(lines).with_columns(self._unquoted(pl.col(name)) for name in self._names)

    def _fields(self, lines: pl.Series, by: str) -> pl.DataFrame:
        found = lines.str.splitn(by, self._width + 1).struct.unnest()
        return found.with_columns(pl.lit(None, dtype=pl.String).alias(BROKEN))

    def _grouped(self, groups: str, lines: pl.Series) -> pl.DataFrame:
        *names, more = self._names
        found = lines.str.extract_groups(groups).struct.rename_fields(names).struct.unnest()
        fields = (self._unquoted(pl.col(name), doubled=True) for name in names)
        return found.select(*fields, *(pl.lit(None, dtype=pl.String).alias(name) for name in (more, BROKEN)))

    def _unquoted(self, field: pl.Expr, *, doubled: bool = False) -> pl.Expr:
        """Return fields without the quotes around them, and with one for two within; what begins with none has none."""
        quote = self._dialect.quote or ""
        inside = field.str.strip_prefix(quote).str.strip_suffix(quote)
        if doubled:
            inside = inside.str.replace_all(quote * 2, quote, literal=True)
        return pl.when(field.str.starts_with(quote)).then(inside).otherwise(field)

    def _alike(self, field: str | None, lines: pl.Series) -> pl.DataFrame:
        """Return lines of another width, of which nothing else is asked: with one field too many, or with none."""
        return pl.DataFrame(
            {name: pl.repeat(field, len(lines), dtype=pl.String, eager=True) for name in self._names}
            | {BROKEN: pl.repeat(None, len(lines), dtype=pl.String, eager=True)}
        )

    def _by_one(self, lines: pl.Series) -> pl.DataFrame:
        rows = [self._row(self._dialect.cut(line)) for line in lines]
        return pl.DataFrame(rows, schema=self.dtype.to_schema(), orient="row")

    def _row(self, fields: Sequence[str | None]) -> Sequence[str | None]:
        nothing = [None] * len(self._names)
        if fields == OPEN:
            return [*nothing, reasons.OPEN_QUOTE]
        if fields == MISPLACED:
            return [*nothing, reasons.MISPLACED_QUOTE]
        return [*[*fields, *nothing][: len(nothing)], None]


def _matches(pattern: str) -> Test:
    return lambda lines: lines.str.contains(pattern)


def _all(lines: pl.Series) -> pl.Series:
    return lines.is_not_null()
