"""Results as Athena shows them: the columns, the texts of values, and the CSV file.

Source: what the service answered and wrote, as recorded by other projects: values in GetQueryResults and in the file
are the same texts; in the file all but NULL stand in quotes.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

Cells = list[str | None]
_KINDS: Final = {
    "BOOLEAN": ("boolean", 0),
    "TINYINT": ("tinyint", 3),
    "SMALLINT": ("smallint", 5),
    "INTEGER": ("integer", 10),
    "BIGINT": ("bigint", 19),
    "FLOAT": ("float", 17),
    "DOUBLE": ("double", 17),
    "VARCHAR": ("varchar", 2147483647),
    "DATE": ("date", 0),
    "TIMESTAMP": ("timestamp", 3),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", 3),
    "BLOB": ("varbinary", 1073741824),
    '"NULL"': ("unknown", 0),
    "JSON": ("json", 0),
}
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_SMALLEST_PLAIN: Final = 1e-3
_LARGEST_PLAIN: Final = 1e7
UPDATED: Final = (("rows", "BIGINT"),)
"""The column of a statement that writes."""


def column_info(name: str, kind: str) -> dict[str, Any]:
    """Return the API's ColumnInfo of a column of one of DuckDB's types."""
    scale = 0
    if (decimal := _DECIMAL.fullmatch(kind)) is not None:
        shown, precision, scale = "decimal", int(decimal[1]), int(decimal[2])
    elif kind.endswith("]"):
        shown, precision = "array", 0
    elif kind.startswith(("MAP(", "STRUCT(")):
        shown, precision = ("map" if kind.startswith("MAP(") else "row"), 0
    else:
        shown, precision = _KINDS.get(kind, (kind.lower(), 0))
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": shown,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": shown == "varchar",
    }


def cells(row: Sequence[Any], columns: Sequence[tuple[str, str]]) -> Cells:
    """Return the texts of a row, None for NULL."""
    return [shown(value, kind) for value, (_, kind) in zip(row, columns, strict=True)]


def shown(value: Any, kind: str) -> str | None:
    """Return the text of a value of one of DuckDB's types, None for NULL."""
    if value is None:
        return None
    text = _text(value, single=kind == "FLOAT")
    return f"{text} UTC" if kind == "TIMESTAMP WITH TIME ZONE" else text


def _text(value: Any, *, single: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value, single=single)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_part(key)}={_part(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_part(each) for each in value) + "]"
    return str(value)


def _part(value: Any) -> str:
    return "null" if value is None else _text(value)


def _number(value: float, *, single: bool) -> str:
    """Return a number as Java writes it: with an exponent from 10^7 on and below 10^-3."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    exact: Any = np.float32(value) if single else np.float64(value)
    if value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return str(np.format_float_positional(exact, unique=True, trim="0"))
    mantissa, _, exponent = np.format_float_scientific(exact, unique=True, trim="0").partition("e")
    return f"{mantissa}E{int(exponent)}"


def as_csv(names: Iterable[str | None], rows: Iterable[Cells]) -> bytes:
    """Return the file of a result."""
    lines = [",".join(_quoted(cell) for cell in row) for row in [list(names), *rows]]
    return ("\n".join(lines) + "\n").encode()


def _quoted(cell: str | None) -> str:
    return "" if cell is None else '"' + cell.replace('"', '""') + '"'
