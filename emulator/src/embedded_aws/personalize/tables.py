"""CSV files to typed tables, with every violation named by file, line and column.

Polars alone is too lenient for this: it fills up short rows, binds columns by name whatever their order, and
parses what no other engine would. So rows are cut here, and values are matched before they are cast.

Rules: Developer Guide, items-datasets: texts are wrapped in quotation marks, in which a backslash escapes quotation
marks and backslashes. Outside of them, and before anything else, it stands for itself.
"""

import csv
import io
import re
from typing import Final, NoReturn

import polars as pl

from embedded_aws.personalize.exceptions import JobFailedError
from embedded_aws.personalize.schemas import Field, Schema

_LINE: Final = "line of the file"
_ID_LENGTH: Final = 256
_TEXT_LENGTH: Final = 1000
_TEXTUAL_LENGTH: Final = 20_000
_IDS: Final = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID"})

_INTEGER: Final = r"^-?\d{1,19}$"
_DECIMAL: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_BOOLEAN: Final = r"^(?i:true|false)$"

_QUOTED: Final = re.compile(
    r"""(?<![^,\n])"(?:(?P<inner>(?:[^"\\]++|\\["\\]?+|"")*+)"(?=[,\r\n]|\Z))?|(?P<return>\r(?!\n|\Z))"""
)
"""What begins with a quotation mark, without `inner` if that is no quoted value; or a lone carriage return outside."""
_ESCAPED: Final = re.compile(r"""\\(["\\])""")

# The limit of Python's reader is for the whole process, and shorter than a row may be.
csv.field_size_limit(2**31 - 1)

_PATTERNS: Final = {"long": _INTEGER, "int": _INTEGER, "float": _DECIMAL, "double": _DECIMAL, "boolean": _BOOLEAN}
"""Per Avro type: what a value must look like."""


def read_table(name: str, content: bytes, schema: Schema) -> pl.DataFrame:
    """Return the rows of a CSV file, in the schema's columns and types; empty values are null.

    Args:
        name: the file, for error messages.
        content: UTF-8 text, comma separated, with a header.
        schema: the columns that the header must name, in order.

    Raises:
        JobFailedError: the header or a row does not fit the schema.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise JobFailedError(f"{name}, line {line}: the file is not UTF-8") from error
    header, _, body = text.partition("\n")
    _check_header(name, header.rstrip("\r"), schema)
    cells = _quoted_cells(name, body, schema) if '"' in body else _plain_cells(name, body, schema)
    columns = [_column(name, cells, field) for field in schema.fields]
    return pl.DataFrame(columns)


def _check_header(name: str, header: str, schema: Schema) -> None:
    if '"' in header:
        raise JobFailedError(f"{name}, line 1: headers must not be enclosed in quotation marks")
    found = header.split(",")
    if found != schema.names:
        raise JobFailedError(
            f"{name}, line 1: the header is {header}, but the columns must be, in this order, {','.join(schema.names)}"
        )


def _plain_cells(name: str, body: str, schema: Schema) -> pl.DataFrame:
    """Cut rows in which nothing is quoted."""
    lines = pl.Series("line", body.removesuffix("\n").split("\n") if body else [], dtype=pl.String)
    lines = lines.str.strip_suffix("\r")
    broken = lines.str.contains("\r", literal=True).arg_true()
    if len(broken):
        _lone_return(name, broken[0] + 2)
    separators = lines.str.count_matches(",", literal=True)
    wrong = (separators != len(schema.names) - 1).arg_true()
    if len(wrong):
        row = wrong[0]
        _wrong_length(name, row + 2, separators[row] + 1, schema)
    cells = lines.str.split_exact(",", len(schema.names) - 1).struct.unnest()
    cells.columns = schema.names
    return cells.with_columns(pl.int_range(2, pl.len() + 2).alias(_LINE))


def _quoted_cells(name: str, body: str, schema: Schema) -> pl.DataFrame:
    """Cut rows with quoted values, in which a quotation mark is doubled or follows a backslash."""

    def doubled(found: re.Match[str]) -> str:
        if found["inner"] is None:
            line = body.count("\n", 0, found.start()) + 2
            if found["return"]:
                _lone_return(name, line)
            raise JobFailedError(f"{name}, line {line}: a quoted value has no end, or goes on behind it")
        return '"' + _ESCAPED.sub(lambda escape: escape[1].replace('"', '""'), found["inner"]) + '"'

    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(_QUOTED.sub(doubled, body), newline="\n"))
    started = 2
    for row in reader:
        if len(row) != len(schema.names):
            _wrong_length(name, started, len(row) or 1, schema)
        rows.append(row)
        lines.append(started)
        started = reader.line_num + 2
    cells = pl.DataFrame(rows, schema=dict.fromkeys(schema.names, pl.String), orient="row")
    return cells.with_columns(pl.Series(_LINE, lines, dtype=pl.Int64))


def _lone_return(name: str, line: int) -> NoReturn:
    raise JobFailedError(f"{name}, line {line}: there is a carriage return without a line feed outside quotation marks")


def _wrong_length(name: str, line: int, found: int, schema: Schema) -> None:
    raise JobFailedError(f"{name}, line {line}: the row has {found} values, not {len(schema.names)}")


def _column(name: str, cells: pl.DataFrame, field: Field) -> pl.Series:
    column = cells.get_column(field.name)
    empty = column == ""
    if not field.nullable:
        _check(name, cells, field, ~empty, "the value is missing")
    column = column.set(empty, None)
    if field.kind == "string":
        return _text(name, cells, field, column)
    _check(name, cells, field, column.str.contains(_PATTERNS[field.kind]), f"the value is not a {field.kind}")
    if field.kind == "boolean":
        return column.str.to_lowercase() == "true"
    numbers = column.cast(field.dtype, strict=False)
    fits = numbers.is_not_null() & numbers.is_finite() if field.dtype.is_float() else numbers.is_not_null()
    _check(name, cells, field, fits | column.is_null(), f"the value is too large for a {field.kind}")
    return numbers


def _text(name: str, cells: pl.DataFrame, field: Field, column: pl.Series) -> pl.Series:
    if field.textual:
        return column.str.slice(0, _TEXTUAL_LENGTH)
    longest = _ID_LENGTH if field.name in _IDS else _TEXT_LENGTH
    _check(name, cells, field, column.str.len_chars() <= longest, f"the value is longer than {longest}")
    return column


def _check(name: str, cells: pl.DataFrame, field: Field, fits: pl.Series, problem: str) -> None:
    """Fail at the first row that does not fit; a null fits."""
    wrong = (~fits.fill_null(value=True)).arg_true()
    if len(wrong):
        row = wrong[0]
        value = cells.get_column(field.name)[row]
        line = cells.get_column(_LINE)[row]
        raise JobFailedError(f"{name}, line {line}, column {field.name}: {problem} ({value[:80]!r})")
