"""Names that mean columns of look-ups: no row may have fields of such names, or each would mean two things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transform.errors import ColumnMissingError

if TYPE_CHECKING:
    from collections.abc import Collection

    from definition.mapping.source import SourceMapping


def check_foreign(key: str, fields: Collection[str], source: SourceMapping, records: Collection[str] = ()) -> None:
    """Check that an object has no field whose name means a column of a look-up.

    Args:
        key: of the object.
        fields: names of its fields.
        source: how it is read.
        records: those of its fields that hold fields of their own, to which dots lead.

    Raises:
        ColumnMissingError: it has one.
    """
    for lookup, names in source.foreign_columns().items():
        for name in [*names, *([lookup] if lookup in records else [])]:
            if name in fields:
                raise ColumnMissingError(
                    f"{key} has a column '{name}', and {lookup} is a look-up as well, so that {names[0]} could mean "
                    "either. Give the look-up another name in the pipeline file."
                )
