"""The encodings of raw text: those that Python reads, by the names of the web where they have one.

Python's are in https://docs.python.org/3/library/codecs.html#standard-encodings, the web's in
https://encoding.spec.whatwg.org/#names-and-labels.
"""

from __future__ import annotations

import codecs
import difflib
import encodings.aliases
from typing import Final

BEST_KNOWN: Final = (
    "utf-8",
    "latin-1",
    "windows-1252",
    "windows-1251",
    "shift_jis",
    "euc-kr",
    "big5",
    "gb18030",
    "utf-16",
)
"""What most files are in, for editors and messages."""

_NAMES: Final = {
    # A byte order mark is no part of the text in any encoding.
    "utf-8-sig": "utf-8",
    "iso8859-1": "latin-1",
    "cp1252": "windows-1252",
    "cp1251": "windows-1251",
    "cp932": "shift_jis",
    "euc_kr": "euc-kr",
    "cp949": "euc-kr",
}
"""Python's names of those that have another one here."""

_CODECS: Final = {"shift_jis": "cp932", "euc-kr": "cp949", "latin-1": "iso8859-1"}
"""What files in these encodings are written in, as browsers read them, too (Encoding Standard, as above)."""

_NO_FILES: Final = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7"}
"""Python's codecs that are for parts of texts, where a line feed may be written as something else."""

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


def canonical(name: str) -> str:
    """Return the one name of an encoding here: ``windows-1252`` of ``cp1252``, ``utf-8`` of ``UTF-8``.

    Raises:
        ValueError: Python has no such codec for text; the message has what might be meant.
    """
    try:
        found = codecs.lookup(name).name
        "\n".encode(found)
    except (LookupError, UnicodeError, ValueError):
        found = ""
    if not found or found in _NO_FILES:
        raise ValueError(f"'{name}' is no encoding of text that Python knows; {_meant(name)}")
    return _NAMES.get(found, found)


def _meant(name: str) -> str:
    known = {*BEST_KNOWN, *(alias.replace("_", "-") for alias in encodings.aliases.aliases)}
    near = difflib.get_close_matches(name.lower().replace("_", "-"), sorted(known), n=1)
    others = f"use {', '.join(BEST_KNOWN[:-1])} or {BEST_KNOWN[-1]}, or another one's name"
    return f"did you mean {near[0]}? Else {others}" if near else others


def codec(encoding: str) -> str:
    """Return the name of the codec of Python that reads an encoding, which is given by its canonical name."""
    return _CODECS.get(encoding, encoding)


def windows(encoding: str) -> str | None:
    """Return the encoding of Windows for which one of ISO 8859 is often taken; None for any other."""
    return _WINDOWS.get(encoding)
