"""The text of raw objects as the function unpacks it: gzip and bzip2 as streams, zstd by the engine itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from transform.errors import UndecodableError
from transform.raw import text
from transform.raw.told import without_values

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines(key: str, stream: io.BufferedReader, encoding: str) -> Iterator[str]:
    """Yield the lines of an object with their line feeds, the first one without BOM.

    Raises:
        DamagedError: packed content is cut off or damaged.
        UndecodableError: the object is zstd and not UTF-8, which can only be decoded as a whole.
    """
    content = text.unpacked(key, stream) or io.BytesIO(_unpack_zstd(key, stream, encoding))
    yield from text.lines(key, content, encoding)


def _unpack_zstd(key: str, stream: io.BufferedReader, encoding: str) -> bytes:
    """Return the text of a small zstd object, for which the engine's own decompressor is at hand."""
    remedy = "Compress it with gzip, or convert it to UTF-8"
    if encoding != "utf-8":
        raise UndecodableError(f"{key} is compressed with zstd, which is read in UTF-8 only. {remedy}.")
    try:
        found = pl.read_lines(io.BytesIO(stream.read()))
    except PolarsError as error:
        raise UndecodableError(f"{key} cannot be read ({without_values(str(error))}). {remedy}.") from error
    return "".join(f"{line}\n" for line in found.to_series()).encode()
