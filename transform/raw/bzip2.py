"""bzip2 as it must be for rows: what stands behind the end of a stream is another stream, or damage.

Python's BZ2File takes anything there for garbage and leaves it out, as bunzip2 does: rows would be lost without a word.
"""

from __future__ import annotations

import bz2
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 16


class Bzip2Reader(io.RawIOBase):
    """The content of one bzip2 stream, or of several one after the other.

    Args:
        packed: a binary stream; whoever opened it closes it.

    Reading raises EOFError where it is cut off, and OSError ``Invalid data stream`` where it is damaged.
    """

    def __init__(self, packed: io.BufferedIOBase) -> None:
        super().__init__()
        self._packed = packed
        self._unpacker = bz2.BZ2Decompressor()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        """Fill a buffer with content; return how many bytes it got, 0 at the end."""
        view = memoryview(target).cast("B")
        while True:
            if self._unpacker.eof:
                rest = self._unpacker.unused_data or self._packed.read(_CHUNK)
                if not rest:
                    return 0
                self._unpacker = bz2.BZ2Decompressor()
            else:
                rest = self._packed.read(_CHUNK) if self._unpacker.needs_input else b""
                if not rest and self._unpacker.needs_input:
                    raise EOFError("the bzip2 stream ends before its end")
            if found := self._unpacker.decompress(rest, len(view)):
                view[: len(found)] = found
                return len(found)
