"""Types of columns as the Data Catalog names them, Hive's, and what they are in DuckDB.

Source: Athena user guide, page data-types.
"""

import re
from typing import Final

from embedded_aws.athena.exceptions import not_emulated

_SIMPLE: Final = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "binary": "BLOB",
}
INTEGERS: Final = {"TINYINT": 7, "SMALLINT": 15, "INTEGER": 31, "BIGINT": 63}
"""Bits of the integers beside their sign."""

_DECIMAL: Final = re.compile(r"decimal(\((\d+)(,(\d+))?\))?")
_VARCHAR: Final = re.compile(r"varchar(\(\d+\))?")
_NESTED: Final = re.compile(r"(array|map|struct)<(.*)>")


def quoted(name: str) -> str:
    """Return a name in DuckDB's quotes."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def duckdb_type(hive: str) -> str:
    """Return DuckDB's name of a type.

    Raises:
        QueryFailedError: the type is not emulated.
    """
    name = re.sub(r"\s+", "", hive.lower())
    if name in _SIMPLE:
        return _SIMPLE[name]
    if (decimal := _DECIMAL.fullmatch(name)) is not None:
        return f"DECIMAL({decimal[2] or 10},{decimal[4] or 0})"
    if _VARCHAR.fullmatch(name):
        return "VARCHAR"
    nested = _NESTED.fullmatch(name)
    if nested is None:
        raise not_emulated(f"the type {hive} of a column")
    parts = _split(nested[2])
    if nested[1] == "array":
        return f"{duckdb_type(nested[2])}[]"
    if nested[1] == "map" and len(parts) == 2:  # noqa: PLR2004  # key and value
        return f"MAP({duckdb_type(parts[0])}, {duckdb_type(parts[1])})"
    fields = [part.partition(":") for part in parts]
    if nested[1] == "map" or not all(kind for _, _, kind in fields):
        raise not_emulated(f"the type {hive} of a column")
    return "STRUCT(" + ", ".join(f"{quoted(field)} {duckdb_type(kind)}" for field, _, kind in fields) + ")"


def is_nested(kind: str) -> bool:
    """Say whether one of DuckDB's types has parts."""
    return kind.endswith("[]") or kind.startswith(("MAP(", "STRUCT("))


def _split(inner: str) -> list[str]:
    """Return the parts of a list, whose own lists are in brackets."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(inner):
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    return [*parts, inner[start:]]
