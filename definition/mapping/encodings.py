"""The codecs of Python that read encodings, by the names that `definition.file.encodings` gives these.

Python's are in https://docs.python.org/3/library/codecs.html#standard-encodings, the web's names in
https://encoding.spec.whatwg.org/#names-and-labels.
"""

from __future__ import annotations

from typing import Final

_CODECS: Final = {"shift_jis": "cp932", "euc-kr": "cp949"}
"""What files in these encodings are written in, as browsers read them, too (Encoding Standard, as above)."""

_WINDOWS: Final = {
    "latin-1": "windows-1252",
    "iso8859-2": "cp1250",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "iso8859-13": "cp1257",
    "iso8859-15": "windows-1252",
}
"""What files are often in that are said to be ISO 8859: it has letters and quotes where ISO has control characters."""


def codec(encoding: str) -> str:
    """Return the name of the codec that reads an encoding."""
    return _CODECS.get(encoding, encoding)


def windows(encoding: str) -> str | None:
    """Return the encoding of Windows for which one of ISO 8859 is often taken; None for any other."""
    return _WINDOWS.get(encoding)
