"""Forms of files that are not read as text: what each is, told by how it begins, and what to do about it."""

from __future__ import annotations

import re
from typing import Final

_UNPACK: Final = "unpack it, or pack it with gzip, bzip2 or zstd"
_CONVERT: Final = "write it as Parquet, CSV or JSON Lines"
_SAVE: Final = "save each sheet as CSV UTF-8"
_FORMS: Final = tuple(
    (name, re.compile(pattern, re.DOTALL), remedy)
    for name, pattern, remedy in (
        # Names of the first entry of an archive stand behind 30 bytes (https://pkware.cachefly.net/webdocs/casestudies/).
        ("an Excel workbook", rb"PK\x03\x04.{26}(\[Content_Types\]|_rels/|docProps/|xl/)", _SAVE),
        ("a spreadsheet of OpenDocument", rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", _SAVE),
        ("an Excel workbook of before 2007", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _SAVE),
        ("a zip archive", rb"PK(\x03\x04|\x05\x06)", _UNPACK),
        ("packed with xz", rb"\xfd7zXZ\x00", _UNPACK),
        ("a tar archive", rb"(?=.{1,100}\x00).{257}ustar", _UNPACK),
        ("a 7z archive", rb"7z\xbc\xaf\x27\x1c", _UNPACK),
        ("a rar archive", rb"Rar!\x1a\x07", _UNPACK),
        # Text may begin with the letters of the next, and be cut at control characters, as Hive does.
        ("Avro", rb"Obj\x01.{1,500}?avro\.(schema|codec)", _CONVERT),
        ("ORC", rb"ORC.{0,500}?\x00", _CONVERT),
        ("an Arrow file", rb"ARROW1\x00\x00", _CONVERT),
        ("a database of SQLite", rb"SQLite format 3\x00", _CONVERT),
    )
)
# Behind it the header of a page, whose first field, its type, is always there (Thrift's compact protocol).
_PARQUET: Final = re.compile(rb"PAR1\x15")

LONGEST: Final = 512
"""Bytes of a beginning that are enough to know."""


def foreign_form(beginning: bytes) -> str | None:
    """Return what is wrong with a file that is no text and not packed as text may be, None for any other.

    Args:
        beginning: of the file, ``LONGEST`` bytes or as many as it has.

    Returns:
        What stands behind the file's name in a message: ``is Avro, which is not read: write it as …``.
    """
    if _PARQUET.match(beginning):
        return "is Parquet: set format: parquet"
    for name, form, remedy in _FORMS:
        if form.match(beginning):
            return f"is {name}, which is not read: {remedy}"
    return None
