"""How lines of CSV are cut by the standard library, and what a header must hold."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transform.errors import ColumnMissingError
from transform.raw.told import fields_told

if TYPE_CHECKING:
    from collections.abc import Sequence

# A field may be as long as its line.
csv.field_size_limit(2**31 - 1)

OPEN: tuple[None, ...] = ()
MISPLACED: tuple[None, ...] = (None,)
"""What stands for the fields of a record whose quoting is broken."""


@dataclass(frozen=True)
class Dialect:
    """How fields are told apart: ``quote`` is None where fields are never quoted."""

    delimiter: str
    quote: str | None

    def fields(self, record: str) -> list[str]:
        """Return the fields of a record without its line end; if its quoting is broken, all of it as one field."""
        line = record.removesuffix("\n").removesuffix("\r")
        if self.quote is None:
            return line.split(self.delimiter)
        return [field for field in self.cut(line) if field is not None] or [line]

    def is_whole(self, line: str) -> bool:
        """Say whether a line is a record by itself, however many fields it has; line ends do not count."""
        if self.quote is None or self.quote not in line:
            return True
        return self.cut(line.removesuffix("\n").removesuffix("\r")) not in (OPEN, MISPLACED)

    def cut(self, record: str) -> Sequence[str | None]:
        """Cut a record with quotes into its fields.

        Returns:
            the fields; OPEN if the last one does not end, MISPLACED if one does not end where it must.
        """
        try:
            return next(csv.reader([record], delimiter=self.delimiter, strict=True), [])
        except csv.Error as error:
            return OPEN if str(error) == "unexpected end of data" else MISPLACED


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
