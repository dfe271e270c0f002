"""The text of raw objects: unpacked, decoded as a stream, cut into lines at line feeds only."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import re
import zlib
from typing import TYPE_CHECKING

from definition.mapping import encodings
from transform.errors import DamagedError, UndecodableError
from transform.raw.bzip2 import Bzip2Reader
from transform.raw.forms import LONGEST, foreign_form

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


Unpacked = io.BufferedReader | gzip.GzipFile

BOM = "\ufeff"
UNDECODABLE = "\ufdd0"
"""Stands before bytes that could not be decoded: a code point that Unicode keeps for use inside programs."""

LINE_FEED = "\ufdd1"
"""Stands for a line feed within a record, where records are kept a line each."""

GIVEN_UP = "\ufdd3"
"""Stands before a line that may be a part of a field (see ``records``)."""

_GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
"""How bzip2 begins that holds something, or nothing."""

_ZLIB = (b"x\x01", b"x^")
"""How zlib streams begin that may as well be text."""

_CONTROLS = re.compile("[\x80-\x9f]")
"""What no text in ISO 8859 has: in files that are called so these bytes are quotes and letters of Windows."""

_MAGIC = 10
"""Bytes of the longest beginning."""

_CHUNK = 1 << 24


def _mark(error: UnicodeError) -> tuple[str | bytes, int]:
    """Put a mark and the bytes in readable form where text cannot be decoded, or encoded as UTF-8."""
    if isinstance(error, UnicodeDecodeError):
        wrong = "".join(f"\\x{byte:02x}" for byte in error.object[error.start : error.end])
        return UNDECODABLE + wrong, error.end
    if isinstance(error, UnicodeEncodeError):
        wrong = "".join(f"\\u{ord(half):04x}" for half in error.object[error.start : error.end])
        return (UNDECODABLE + wrong).encode(), error.end
    raise error


def _shown_control(found: re.Match[str]) -> str:
    return f"{UNDECODABLE}\\x{ord(found[0]):02x}"


MARK = "mark-undecodable"
"""Name of the error handler for decoding and encoding."""

codecs.register_error(MARK, _mark)


def shown(raw: bytes | bytearray) -> str:
    """Return UTF-8 as text, with what cannot be decoded as readable bytes."""
    return raw.decode("utf-8", MARK).replace(UNDECODABLE, "")


@contextlib.contextmanager
def damage_named(key: str) -> Iterator[None]:
    """Name the object whose compressed content turns out to be damaged.

    Raises:
        DamagedError: instead of what the decompressor raised.
    """
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(key, error) from error
    except OSError as error:
        # What bzip2 has for damage; a store that fails has an error of its own.
        if str(error) != "Invalid data stream":
            raise
        raise _damaged(key, error) from error


def _damaged(key: str, error: Exception) -> DamagedError:
    return DamagedError(f"{key} is cut off or damaged ({error}). Upload it again.")


def unpacked(key: str, stream: io.BufferedReader) -> Unpacked | None:
    """Return the stream of what a gzip or bzip2 stream holds, other streams as they are, and None for zstd.

    Raises:
        DamagedError: its beginning cannot be unpacked.
        UndecodableError: the object is packed in a way that is not read, or twice.
    """
    beginning = stream.peek(LONGEST)
    if wrong := foreign_form(beginning):
        raise UndecodableError(f"{key} {wrong}.")
    if beginning.startswith(ZSTD):
        return None
    if is_bzip2(stream):
        content: Unpacked = io.BufferedReader(Bzip2Reader(stream))
    elif beginning.startswith(_GZIP):
        content = gzip.GzipFile(fileobj=stream)
    else:
        return stream
    with damage_named(key):
        inner = content.peek(LONGEST)
    if wrong := foreign_form(inner):
        raise UndecodableError(f"{key}, unpacked, {wrong}. Upload what is in it.")
    if inner.startswith((_GZIP, ZSTD)) or _BZIP2.match(inner):
        raise UndecodableError(f"{key} is packed twice. Pack it once.")
    return content


def is_bzip2(stream: io.BufferedReader) -> bool:
    """Say whether an object is packed with bzip2, which no engine unpacks by itself."""
    return bool(_BZIP2.match(stream.peek(_MAGIC)))


def lines(key: str, content: Unpacked | io.BytesIO, encoding: str) -> Generator[str, None, None]:
    """Yield the lines of unpacked content with their line feeds, the first one without BOM.

    Raises:
        DamagedError: packed content is cut off or damaged.
    """
    with damage_named(key), io.TextIOWrapper(content, _codec(content, encoding), errors=MARK, newline="\n") as decoded:
        for number, line in enumerate(decoded):
            text = _CONTROLS.sub(_shown_control, line) if encodings.windows(encoding) else line
            yield text if number else text.removeprefix(BOM)


def _codec(content: Unpacked | io.BytesIO, encoding: str) -> str:
    """Return the name of the codec; UTF-16 without a BOM is little-endian, which Python's own refuses to assume."""
    if encoding != "utf-16":
        return encodings.codec(encoding)
    beginning = content.getvalue()[:2] if isinstance(content, io.BytesIO) else content.peek(2)[:2]
    return encoding if beginning in {codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE} else "utf-16-le"


def looks_compressed(stream: io.BufferedReader) -> bool:
    """Say whether an object is packed, or begins like zlib, for which an engine that guesses would take it."""
    return stream.peek(2).startswith((_GZIP, *_ZLIB)) or is_bzip2(stream)


def is_utf8(key: str, stream: io.BufferedReader) -> bool:
    """Say whether an object is UTF-8 throughout; zstd, which is not looked into, counts as such.

    Raises:
        DamagedError: packed content is cut off or damaged.
        UndecodableError: the object is packed in a way that is not read.
    """
    content = unpacked(key, stream)
    if content is None:
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    with damage_named(key):
        try:
            while chunk := content.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
