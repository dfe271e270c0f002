"""Text files of a table as rows of texts, as each SerDe takes them apart.

Sources: Athena user guide, pages csv-serde, lazy-simple-serde, openx-json-serde and hive-json-serde; Hadoop's
TextInputFormat, which cuts a file at line ends before a SerDe sees a line, so that no value spans two lines.
"""

import bz2
import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from embedded_aws.athena.catalog import Column, Part
from embedded_aws.athena.exceptions import QueryFailedError, not_emulated
from embedded_aws.athena.storage import Thing

Row = list[str | None]
_COMPRESSED: Final = {".snappy", ".lz4", ".lzo", ".zst", ".zstd", ".deflate", ".zip", ".xz"}
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_NULL: Final = r"\N"
_TRUE: Final = "true"


def rows(part: Part, columns: Sequence[Column], thing: Thing, body: bytes) -> Iterator[Row]:
    """Yield the rows of one file, each with a text or NULL for every column.

    Raises:
        QueryFailedError: the file cannot be read, or asks for what is not emulated.
    """
    lines = _lines(part, thing, body)
    yield from _READERS[part.serde](part, columns, thing, lines)


def _lines(part: Part, thing: Thing, body: bytes) -> list[str]:
    """Return the lines of a file without those of its header."""
    ending = re.search(r"\.\w+$", thing.key.lower())
    if ending is not None and ending[0] in _COMPRESSED:
        raise not_emulated(f"the compression of {thing.url}")
    try:
        if ending is not None and ending[0] == ".gz":
            body = gzip.decompress(body)
        elif ending is not None and ending[0] == ".bz2":
            body = bz2.decompress(body)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise QueryFailedError(f"HIVE_CURSOR_ERROR: Failed to read file at {thing.url}: {error}") from error
    lines = _LINE_END.split(body.decode("utf-8", "replace"))
    if lines and not lines[-1]:
        lines.pop()
    header = part.settings.get("skip.header.line.count", "0")
    if not header.isdecimal():
        raise QueryFailedError(f"HIVE_INVALID_METADATA: Invalid value for skip.header.line.count: {header}")
    if part.settings.get("skip.footer.line.count", "0") != "0":
        raise not_emulated("skip.footer.line.count")
    return lines[int(header) :]


def _filled(values: Sequence[str | None], count: int) -> Row:
    return [*values[:count], *[None] * (count - len(values))]


def _csv(part: Part, columns: Sequence[Column], thing: Thing, lines: Sequence[str]) -> Iterator[Row]:
    settings = part.settings
    delimiter, quote = settings.get("separatorChar", ","), settings.get("quoteChar", '"')
    escape = settings.get("escapeChar", "\\")
    if any(len(each) != 1 for each in (delimiter, quote, escape)):
        raise not_emulated("a separatorChar, quoteChar or escapeChar that is not one character")
    dialect: Any = {"delimiter": delimiter, "quotechar": quote, "escapechar": None if escape == quote else escape}
    count = len(columns)
    for line in lines:
        try:
            (values,) = list(csv.reader([line], **dialect)) or [[""]]
        except csv.Error as error:
            raise QueryFailedError(f"HIVE_CURSOR_ERROR: Failed to read a line of {thing.url}: {error}") from error
        yield _filled(values, count)


def _text(part: Part, columns: Sequence[Column], thing: Thing, lines: Sequence[str]) -> Iterator[Row]:
    del thing
    settings = part.settings
    delimiter = settings.get("field.delim", settings.get("serialization.format", "\x01"))
    if delimiter.isdecimal() and "field.delim" not in settings:
        delimiter = chr(int(delimiter))
    escape, null, count = settings.get("escape.delim"), settings.get("serialization.null.format", _NULL), len(columns)
    if len(delimiter) != 1 or (escape is not None and len(escape) != 1):
        raise not_emulated("a field.delim or escape.delim that is not one character")
    for line in lines:
        values = line.split(delimiter) if escape is None else _unescaped(line, delimiter, escape)
        yield _filled([None if value == null else value for value in values], count)


def _unescaped(line: str, delimiter: str, escape: str) -> list[str]:
    values: list[str] = []
    value: list[str] = []
    plain = True
    for character in line:
        if plain and character == escape:
            plain = False
        elif plain and character == delimiter:
            values.append("".join(value))
            value = []
        else:
            value.append(character)
            plain = True
    return [*values, "".join(value)]


def _json(part: Part, columns: Sequence[Column], thing: Thing, lines: Sequence[str]) -> Iterator[Row]:
    settings = {name.lower(): value for name, value in part.settings.items()}
    lenient = settings.get("ignore.malformed.json", "").lower() == _TRUE
    names = {column.name: settings.get(f"mapping.{column.name}", column.name).lower() for column in columns}
    if settings.get("case.insensitive", _TRUE).lower() != _TRUE or settings.get("dots.in.keys", "").lower() == _TRUE:
        raise not_emulated("a JSON SerDe with case.insensitive or dots.in.keys")
    for line in lines:
        found = _object(line, thing, lenient=lenient)
        yield [_json_text(found.get(names[column.name]), column) for column in columns]


def _object(line: str, thing: Thing, *, lenient: bool) -> Mapping[str, Any]:
    """Return the object of a line, with its keys in small letters."""
    try:
        value = json.loads(line, parse_float=_Number, parse_int=_Number)
    except ValueError as error:
        if lenient:
            return {}
        reason = f"HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: {error} in {thing.url}"
        raise QueryFailedError(reason) from error
    if isinstance(value, dict):
        return {name.lower(): each for name, each in value.items()}
    if lenient:
        return {}
    raise QueryFailedError(f"HIVE_CURSOR_ERROR: Row is not a valid JSON Object: {line[:100]} in {thing.url}")


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def _json_text(value: Any, column: Column) -> str | None:
    """Return a value of a line as a text: that of a plain type itself, any other as JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        nested = column.kind.endswith("]") or column.kind.startswith(("MAP(", "STRUCT("))
        return _dumped(value, column) if nested else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _dumped(value, column)


def _dumped(value: Any, column: Column) -> str:
    """Return JSON of a value; names of fields in small letters, unless they are keys of a map."""
    lower = "MAP(" not in column.kind and column.kind != "VARCHAR"

    def written(inner: Any) -> str:
        if isinstance(inner, _Number):
            return str(inner)
        if isinstance(inner, dict):
            pairs = (f"{json.dumps(key.lower() if lower else key)}:{written(each)}" for key, each in inner.items())
            return "{" + ",".join(pairs) + "}"
        if isinstance(inner, list):
            return "[" + ",".join(written(each) for each in inner) + "]"
        return json.dumps(inner, ensure_ascii=False)

    return written(value)


_Reader = Callable[[Part, Sequence[Column], Thing, Sequence[str]], Iterator[Row]]
_READERS: Final[Mapping[str, _Reader]] = {"csv": _csv, "text": _text, "openx": _json, "hcatalog": _json}
