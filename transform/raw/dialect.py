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


@dataclass(frozen=True)
class Dialect:
    """How fields are told apart: ``quote`` is None where fields are never quoted."""

    delimiter: str
    quote: str | None

    def header(self, line: str) -> list[str]:
        """Return the names in a header line without BOM."""
        if self.quote is None:
            return line.split(self.delimiter)
        return self.cut(line) or [line]

    def cut(self, line: str) -> list[str]:
        """Cut a line with quotes into its fields; an empty list if the quoting is broken."""
        try:
            return next(csv.reader([line], delimiter=self.delimiter, strict=True), [])
        except csv.Error:
            return []


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
