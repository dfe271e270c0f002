"""How records of CSV are cut, by the standard library where it can, and what a header must hold."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from definition.mapping.mapping import MAX_DELIMITER
from transform.errors import ColumnMissingError, DelimiterError
from transform.raw.foreign import check_foreign
from transform.raw.told import fields_told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.mapping.source import SourceMapping

# A field may be as long as its line.
csv.field_size_limit(2**31 - 1)

OPEN: tuple[None, ...] = ()
MISPLACED: tuple[None, ...] = (None,)
"""What stands for the fields of a record whose quoting is broken."""


_SEPARATOR = re.compile(r'("?)sep=(.+)\1', re.IGNORECASE)
"""A line of spreadsheets that is no record, and what it says that fields are cut at."""

_SIGNS = re.compile(rf"[^\w\s\"]{{1,{MAX_DELIMITER}}}|\t| ")
"""What may be meant as a delimiter."""


@dataclass(frozen=True)
class Dialect:
    """How records and their fields are told apart.

    Attributes:
        delimiter: text between fields.
        quote: None where fields are never quoted.
        escape: the character after it is text; None where none has that meaning. Alone with an N it is a field without
            a value, and stays.
        comment: what lines begin with that are no records; None where all are.
        skip_lines: lines at the beginning of an object that are no records.
    """

    delimiter: str
    quote: str | None
    escape: str | None = None
    comment: str | None = None
    skip_lines: int = 0

    @classmethod
    def of(cls, mapping: SourceMapping) -> Dialect:
        """Return how the CSV of a dataset is cut."""
        return cls(mapping.delimiter, mapping.quote, mapping.escape, mapping.comment, mapping.skip_lines)

    @property
    def is_standard(self) -> bool:
        """Whether the standard library can cut such records."""
        return len(self.delimiter) == 1 and self.escape is None

    @property
    def marks(self) -> list[str]:
        """Texts without which a record is only to be split at the delimiter."""
        return [mark for mark in (self.quote, self.escape) if mark is not None]

    @property
    def is_sequential(self) -> bool:
        """Whether only who reads all lines in turn knows which of them are records."""
        return self.escape is not None or self.comment is not None or self.skip_lines > 0

    def is_comment(self, line: str) -> bool:
        """Say whether a line is no record, if it does not stand within a quoted field."""
        return self.comment is not None and line.startswith(self.comment)

    def goes_on(self, line: str) -> bool:
        """Say whether the end of a line is escaped, so that the next one belongs to the same record."""
        text = _without_end(line)
        return self.escape is not None and (len(text) - len(text.rstrip(self.escape))) % 2 == 1

    def without_escaped(self, text: str) -> str:
        """Return a text of the same length in which nothing that is escaped has a meaning."""
        return re.sub(f"{re.escape(self.escape)}.", "\0\0", text, flags=re.DOTALL) if self.escape else text

    def names_delimiter(self, key: str, line: str) -> bool:
        """Say whether the first line of an object is none of its records, but names the delimiter: ``sep=;``.

        Raises:
            DelimiterError: it names another one.
        """
        found = _SEPARATOR.fullmatch(_without_end(line)) if self.delimiter else None
        if found is None or found[2] == self.delimiter:
            return found is not None
        if self.delimiter in found[2] or not _SIGNS.fullmatch(found[2]):
            return False
        raise DelimiterError(
            f"{key} says in its first line that fields are cut at {found[2]!r}, but the source's delimiter is "
            f"{self.delimiter!r}. Correct the delimiter in the pipeline file, or the first line."
        )

    def fields(self, record: str) -> list[str]:
        """Return the fields of a record without its line end; if its quoting is broken, all of it as one field."""
        line = _without_end(record)
        if not self.marks:
            return line.split(self.delimiter)
        return [field for field in self.cut(line) if field is not None] or [line]

    def is_whole(self, line: str) -> bool:
        """Say whether a line is a record by itself, however many fields it has; line ends do not count."""
        if self.quote is None or self.quote not in line:
            return True
        return self.cut(_without_end(line)) not in (OPEN, MISPLACED)

    def cut(self, record: str) -> Sequence[str | None]:
        """Cut a record with quotes or escapes into its fields.

        Returns:
            the fields; OPEN if the last one does not end, MISPLACED if one does not end where it must.
        """
        if not self.is_standard:
            return _Cutter.of(self).cut(record)
        try:
            return next(csv.reader([record], delimiter=self.delimiter, strict=True), [])
        except csv.Error as error:
            return OPEN if str(error) == "unexpected end of data" else MISPLACED


class _Cutter:
    """Cuts records as the standard library does with ``strict``, but for carriage returns, which are text like any."""

    def __init__(self, dialect: Dialect) -> None:
        self._delimiter, self._quote = dialect.delimiter, dialect.quote
        self._no_value = f"{dialect.escape}N" if dialect.escape else None
        delimiter, first, quote, escape = (
            re.escape(each or "") for each in (self._delimiter, self._delimiter[0], self._quote, dialect.escape)
        )
        # Possessive, so that no record takes longer than its length. A last character that is the escape is text.
        pairs, last = (f"|{escape}.", f"|{escape}.?") if escape else ("", "")
        self._quoted = re.compile(f"{quote}((?:[^{quote}{escape}]++|{quote}{quote}{pairs})*+){quote}", re.DOTALL)
        self._bare = re.compile(f"(?:[^{first}{escape}]++|(?!{delimiter}){first}{last})*+", re.DOTALL)
        self._taken = re.compile(f"{escape}(.)" if escape else "(?!)()", re.DOTALL)
        self._taken_in_quotes = re.compile(f"[{quote}{escape}](.)", re.DOTALL)

    @staticmethod
    @cache
    def of(dialect: Dialect) -> _Cutter:
        """Return the only cutter of a dialect."""
        return _Cutter(dialect)

    def cut(self, record: str) -> Sequence[str | None]:
        """Return the fields, OPEN or MISPLACED."""
        fields: list[str | None] = []
        at = 0
        while True:
            is_quoted = self._quote is not None and record.startswith(self._quote, at)
            found = (self._quoted if is_quoted else self._bare).match(record, at)
            if found is None:
                return OPEN
            fields.append(self._taken_in_quotes.sub(r"\1", found[1]) if is_quoted else self._plain(found[0]))
            at = found.end()
            if at == len(record):
                return fields
            if not record.startswith(self._delimiter, at):
                return MISPLACED
            at += len(self._delimiter)

    def _plain(self, bare: str) -> str:
        return bare if bare == self._no_value else self._taken.sub(r"\1", bare)


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


UNQUOTED = Dialect("", None)
"""Of text that is not cut into fields."""


def check_header(key: str, header: Sequence[str], columns: Sequence[str], source: SourceMapping) -> None:
    """Check that each of ``columns`` stands once in the header of an object, and no name that means a look-up's.

    Raises:
        ColumnMissingError: one does not, or such a name does.
    """
    check_foreign(key, header, source)
    for name in columns:
        if header.count(name) != 1:
            what = "has no column" if name not in header else "names twice the column"
            raise ColumnMissingError(
                f"{key} {what} '{name}'; it {fields_told(header, columns)}. Correct the column names or the delimiter "
                "in the pipeline file, or the header; if there is none, list the names of the fields as source.header, "
                "and if other lines stand before it, set skip_lines or comment."
            )
