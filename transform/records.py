"""A mapping prepared for an engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from definition.mapping.expressions import Number, Text
from transform.forgotten import NOBODY

OUT, FILTERED, REJECTED = "out", "filtered", "rejected"
"""Fates of a raw row (``definition.mapping.mapping``)."""


def failed(check: int) -> str:
    """Return the frame's column that says whether a row out fails one of ``DatasetMapping.row_checks``."""
    return f"failed:{check}"


def failed_at(check: int) -> str:
    """Return the frame's column for the place of the first element that fails it, where a list is exploded."""
    return f"failed_at:{check}"


NULL_WORDS = ("NULL", "Null", "null", "NaN", "nan", "NAN", "None", "<NA>", "(null)")
"""Words that databases, pandas and Python write where there is no value. Those with a backslash no text may hold."""

if TYPE_CHECKING:
    from definition.mapping.mapping import ColumnMapping, DatasetMapping
    from transform.forgotten import Forgotten


@dataclass(frozen=True)
class Plan:
    """A mapping with an id for each of its different columns: several records share most of them.

    Attributes:
        columns: the columns by their ids; those of the first record have their names as ids.
        records: the ids of each record's columns, in the order of the schema.
        forgotten: users whose records are left out.
    """

    mapping: DatasetMapping
    columns: dict[str, ColumnMapping]
    records: list[list[str]]
    forgotten: Forgotten = field(default=NOBODY)

    @property
    def is_plain(self) -> bool:
        """Whether every row out is one record."""
        return len(self.records) == 1 and self.mapping.duplicates is None

    @property
    def users(self) -> list[str]:
        """The id of each record's USER_ID; none in a dataset without users."""
        if "USER_ID" not in self.mapping.column_names:
            return []
        place = self.mapping.column_names.index("USER_ID")
        return [keys[place] for keys in self.records]

    @property
    def forgets(self) -> bool:
        """Whether rows may be of users that are left out."""
        return bool(self.forgotten) and bool(self.users)

    def constant(self, name: str) -> str | float | None:
        """Return the value that every record has in a column, None where it depends on the row or is not there."""
        values = {
            column.value.value if isinstance(column.value, Text | Number) else None
            for record in self.mapping.records
            for column in record.columns
            if column.name == name
        }
        return values.pop() if len(values) == 1 else None

    @property
    def told_columns(self) -> list[str]:
        """Names of the ids and the texts in which a word for no value would be taken for one."""
        columns = [column for record in self.mapping.records for column in record.columns]
        texts = (each for each in columns if each.type == "string" and not each.textual and not each.is_constant)
        return list(dict.fromkeys(each.name for each in texts))

    @classmethod
    def of(cls, mapping: DatasetMapping, forgotten: Forgotten = NOBODY) -> Plan:
        """Give ids to the columns of a mapping."""
        columns: dict[str, ColumnMapping] = {}
        records: list[list[str]] = []
        for index, record in enumerate(mapping.records):
            keys = []
            for column in record.columns:
                same = (key for key, known in columns.items() if known == column)
                key = next(same, f"{column.name}@{index}" if index else column.name)
                columns[key] = column
                keys.append(key)
            records.append(keys)
        return cls(mapping, columns, records, forgotten)
