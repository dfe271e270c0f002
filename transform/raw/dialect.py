"""How records of CSV are cut, by the standard library where it can, and what a header must hold."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from definition.mapping.mapping import MAX_DELIMITER
from transform.errors import ColumnMissingError, DelimiterError
from transform.raw.told import fields_told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.mapping.mapping import DatasetMapping

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
        comment: what lines begin with that are no records; None where all are.
        skip_lines: lines at the beginning of an object that are no records.
    """

    delimiter: str
    quote: str | None
    comment: str | None = None
    skip_lines: int = 0

    @classmethod
    def of(cls, mapping: DatasetMapping) -> Dialect:
        """Return how the CSV of a dataset is cut."""
        return cls(mapping.delimiter, mapping.quote, mapping.comment, mapping.skip_lines)

    @property
    def is_standard(self) -> bool:
        """Whether the standard library can cut such records."""
        return len(self.delimiter) == 1

    @property
    def is_sequential(self) -> bool:
        """Whether only who reads all lines in turn knows which of them are records."""
        return self.comment is not None or self.skip_lines > 0

    def is_comment(self, line: str) -> bool:
        """Say whether a line is no record, if it does not stand within a quoted field."""
        return self.comment is not None and line.startswith(self.comment)

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
        if self.quote is None:
            return line.split(self.delimiter)
        return [field for field in self.cut(line) if field is not None] or [line]

    def is_whole(self, line: str) -> bool:
        """Say whether a line is a record by itself, however many fields it has; line ends do not count."""
        if self.quote is None or self.quote not in line:
            return True
        return self.cut(_without_end(line)) not in (OPEN, MISPLACED)

    def cut(self, record: str) -> Sequence[str | None]:
        """Cut a record with quotes into its fields.

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
    """Cuts records as the standard library does with ``strict``, where the delimiter has several characters."""

    def __init__(self, dialect: Dialect) -> None:
        self._delimiter, self._quote = dialect.delimiter, dialect.quote or ""
        delimiter, first, quote = (re.escape(each) for each in (self._delimiter, self._delimiter[0], self._quote))
        # Possessive, so that no record takes longer than its length.
        self._quoted = re.compile(f"{quote}((?:[^{quote}]++|{quote}{quote})*+){quote}")
        self._bare = re.compile(f"(?:[^{first}]++|(?!{delimiter}){first})*+")

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
            if not record.startswith(self._quote, at):
                bare = self._bare.match(record, at)
                fields.append(record[at : bare.end()] if bare else "")
                at = bare.end() if bare else at
            elif quoted := self._quoted.match(record, at):
                fields.append(quoted[1].replace(self._quote * 2, self._quote))
                at = quoted.end()
            else:
                return OPEN
            if at == len(record):
                return fields
            if not record.startswith(self._delimiter, at):
                return MISPLACED
            at += len(self._delimiter)


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


UNQUOTED = Dialect("", None)
"""Of text that is not cut into fields."""


def check_header(key: str, header: Sequence[str], columns: Sequence[str]) -> None:
    """Check that each of ``columns`` stands once in the header of an object.

    Raises:
        ColumnMissingError: one does not.
    """
    for name in columns:
        if header.count(name) != 1:
            what = "has no column" if name not in header else "names twice the column"
            raise ColumnMissingError(
                f"{key} {what} '{name}'; it {fields_told(header, columns)}. Correct the column names or the delimiter "
                "in the pipeline file, or the header; if there is none, list the names of the fields as source.header."
            )
