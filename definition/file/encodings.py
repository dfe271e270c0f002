"""Names of encodings in the pipeline file: those that Python has for encodings of text."""

from __future__ import annotations

import codecs
import encodings.aliases
from typing import Final

from definition.suggestions import did_you_mean

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

_NO_FILES: Final = {"charmap", "idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"}
"""Python's codecs that are for parts of texts, where a line feed may be written as something else, or for no text."""


def canonical(name: str) -> str:
    """Return the one name of an encoding here: ``windows-1252`` of ``cp1252``, ``utf-8`` of ``UTF-8``.

    Raises:
        ValueError: Python has no such codec for text; the message has what might be meant.
    """
    try:
        found = codecs.lookup(name).name
        "\n".encode(found)
    except (LookupError, ValueError):
        found = ""
    if not found or found in _NO_FILES:
        known = sorted({*BEST_KNOWN, *(alias.replace("_", "-") for alias in encodings.aliases.aliases)})
        hint = did_you_mean(name.lower().replace("_", "-"), known)
        others = f"use {', '.join(BEST_KNOWN[:-1])} or {BEST_KNOWN[-1]}, or another one's name"
        raise ValueError(f"'{name}' is no encoding of text that Python knows; {hint}{'else ' if hint else ''}{others}")
    return _NAMES.get(found, found)
