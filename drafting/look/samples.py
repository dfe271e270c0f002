"""Beginnings of raw files, unpacked and cut at the end of a line, in a folder that is read like a bucket."""

from __future__ import annotations

import codecs
import io
import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from definition import layout
from definition.mapping import encodings
from definition.mapping.address import SCHEME, in_folder, other_bucket, out_of_folder
from drafting.look.encodings import encoding_of
from transform.contract import RawObject
from transform.errors import TransformError, UndecodableError
from transform.raw.documents import batches
from transform.raw.folder import FolderStore
from transform.raw.objects import matches
from transform.raw.text import BOM, damage_named, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.mapping.source import SourceFormat, SourceMapping
    from drafting.look.places import Place, RawFile

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a file that are looked at, packed and unpacked."""

MOST_ROWS = 200_000
"""Rows of a Parquet file that are looked at."""

MOST_LOOKED_AT = 12
"""Files of one folder and one ending that are looked at: the others are taken to be alike."""

_RAW = layout.RAW.key(path="")
_TEXT_ENDS = re.compile(
    r"\.(md|rst|html?|pdf|py|r|ipynb|sh|sql|ya?ml|toml|docx?|png|jpe?g|gif|svg|css|js|lock|log)$", re.IGNORECASE
)
_README = re.compile(r"^(readme|licen[cs]e|copying|notice|changelog|citation|makefile)", re.IGNORECASE)
_PARQUET = b"PAR1"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Sample:
    """What was taken of a file.

    Attributes:
        name: of the file.
        format: of its content.
        encoding: of text.
        text: the decoded beginning, of JSON a value a line; empty for Parquet.
        whole: whether it is the whole file.
    """

    name: str
    format: SourceFormat
    encoding: str
    text: str
    whole: bool


@dataclass(frozen=True)
class Useless:
    """A file that is not used, and why."""

    name: str
    why: str


class SampleFolder(FolderStore):
    """A folder in the place of a bucket, as the transform's reader needs it."""

    def folder(self, prefix: str) -> str:
        """Make the folder of a prefix, in which the engine can write, and return the prefix."""
        (self.path / prefix).mkdir(parents=True, exist_ok=True)
        return prefix

    def objects(self, path: str) -> list[RawObject]:
        """Return the samples that the path of a source takes, as a bucket lists them."""
        other = other_bucket(path)
        begin, wanted = (f"{SCHEME}{other.bucket}/", other.path) if other else (_RAW, path)
        below = self.path / in_folder(begin)
        names = sorted(file.relative_to(below).as_posix() for file in below.rglob("*") if file.is_file())
        return [
            RawObject(key=begin + name, size=(below / name).stat().st_size, etag="")
            for name in names
            if matches(name, wanted)
        ]


def take(place: Place, file: RawFile, folder: SampleFolder) -> Sample | Useless:
    """Put the beginning of a file into the folder, and say what it is."""
    if _README.match(file.name.rpartition("/")[2]) or _TEXT_ENDS.search(file.name):
        return Useless(file.name, "is text for people, or a program")
    packed = place.beginning(file.name, MOST_BYTES)
    if packed.startswith(_PARQUET):
        return _take_parquet(place, file, folder, _RAW + file.name)
    try:
        content = _unpack(file.name, packed, folder)
    except TransformError as error:
        return Useless(file.name, str(error).removeprefix(f"{file.name} "))
    except (OSError, EOFError, zlib.error, PolarsError) as error:
        return Useless(file.name, f"is cut off or damaged: {str(error).splitlines()[0]}")
    whole = file.size <= MOST_BYTES and len(content) < MOST_BYTES
    encoding = encoding_of(content, whole=whole)
    if encoding is None:
        return Useless(file.name, "is neither text nor Parquet")
    if not whole:
        content = _cut(content, encoding)
    text = content.decode(_codec(content, encoding), "replace").removeprefix(BOM)
    kind = _form(text)
    if kind == "json":
        text = "".join(_values(text))
        content = text.encode(_codec(content, encoding))
    folder.write(_RAW + file.name, content)
    return Sample(file.name, kind, encoding, text, whole)


def copy_beginning(place: Place, file: RawFile, folder: SampleFolder, mapping: SourceMapping) -> bool:
    """Put the beginning of a file that a source takes into the folder; say whether that is all of it.

    Raises:
        TransformError: it is packed in a way that is not read, or damaged.
    """
    key = out_of_folder(file.name) if other_bucket(mapping.path) else _RAW + file.name
    if mapping.format == "parquet":
        sample = _take_parquet(place, file, folder, key)
        if isinstance(sample, Useless):
            raise UndecodableError(f"{file.name} {sample.why}")
        return sample.whole
    packed = place.beginning(file.name, MOST_BYTES)
    with damage_named(file.name):
        content = _unpack(file.name, packed, folder)
    whole = file.size <= MOST_BYTES and len(content) < MOST_BYTES
    if not whole:
        content = _cut(content, mapping.encoding)
        if mapping.format == "json":
            codec = _codec(content, mapping.encoding)
            content = "".join(_values(content.decode(codec, "replace").removeprefix(BOM))).encode(codec)
    folder.write(key, content)
    return whole


def _take_parquet(place: Place, file: RawFile, folder: SampleFolder, key: str) -> Sample | Useless:
    try:
        rows = place.parquet(file.name, MOST_ROWS)
    except (PolarsError, OSError) as error:
        return Useless(file.name, f"is damaged Parquet: {str(error).splitlines()[0]}")
    buffer = io.BytesIO()
    rows.write_parquet(buffer)
    folder.write(key, buffer.getvalue())
    return Sample(file.name, "parquet", "utf-8", "", len(rows) < MOST_ROWS)


def _unpack(name: str, packed: bytes, folder: SampleFolder) -> bytes:
    """Return the beginning of what a file holds; where packed content is cut, what comes before."""
    stream = unpacked(name, io.BufferedReader(io.BytesIO(packed)))
    if stream is None:
        key = f"packed/{name}"
        folder.write(key, packed)
        lines = pl.scan_lines(folder.root + key, name="line", glob=False).head(MOST_ROWS).collect()["line"]
        return "".join(f"{line}\n" for line in lines).encode()[:MOST_BYTES]
    found = bytearray()
    try:
        while len(found) < MOST_BYTES and (chunk := stream.read(_CHUNK)):
            found += chunk
    except EOFError:
        if len(packed) < MOST_BYTES:
            raise
    return bytes(found[:MOST_BYTES])


def _cut(content: bytes, encoding: str) -> bytes:
    """Return whole lines of what is cut somewhere; a text without line ends as it is."""
    if encoding != "utf-16":
        return content[: content.rfind(b"\n") + 1] or content
    codec = _codec(content, encoding)
    text = content.decode(codec, "ignore")
    return text[: text.rfind("\n") + 1].encode(codec)


def _codec(content: bytes, encoding: str) -> str:
    if encoding == "utf-16":
        return "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-16-le"
    return encodings.codec(encoding)


def _form(text: str) -> SourceFormat:
    """Say whether a text is JSON Lines, JSON in another form, or something else."""
    first = next((line for line in text.splitlines() if line.strip()), "").strip()
    if first.startswith(("{", "[")):
        if _is_object(first):
            return "jsonl"
        if next(filter(_is_object, _values(text)), None):
            return "json"
    return "csv"


def _values(text: str) -> Iterator[str]:
    """Yield the values of JSON, each on one line; of an array that is cut off those that are whole."""
    with suppress(UndecodableError):
        for batch in batches("", iter(io.StringIO(text, newline="\n"))):
            for record in batch.records():
                yield " ".join(record.text.splitlines()) + "\n"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
