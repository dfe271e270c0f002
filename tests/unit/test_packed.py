"""Raw objects that are packed, damaged or something else: read whole, or named with what is wrong."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import re
import sqlite3
import tarfile
import zipfile
from typing import TYPE_CHECKING

import polars as pl
import pytest

from definition.plan.mappings import dataset_mapping
from lambdas.transform.execute import execute
from lambdas.transform.reader import FEW, broken_objects
from tests.documents import parsed
from tests.unit.raw import AT, GOOD, HEADER, Folder, fates, fill, told
from transform.errors import DamagedError, UndecodableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_broken_objects_are_found(tmp_path: Path) -> None:
    """Objects with bytes that are not UTF-8 are named, inside gzip too, and at the very end."""
    bad = b"a\n\xff\n"
    objects = fill(tmp_path, {"a": "支", "b": bad, "c.gz": gzip.compress(bad), "d": "支".encode()[:-1], "e": b""})

    assert {"b", "c.gz", "d"} == broken_objects(Folder(tmp_path), objects)


@pytest.mark.parametrize(
    "damaged",
    [
        gzip.compress(b"x" * 999)[:-6],
        gzip.compress(b"x" * 999)[:14] + b"\xff" * 20,
        bz2.compress(b"x" * 999)[:-6],
        bz2.compress(b"x" * 999)[:14] + b"\xff" * 30,
        gzip.compress(b"x\n") + b"u,i,1\n",
        bz2.compress(b"x\n") + b"u,i,1\n",
        bz2.compress(b"x\n") + b"\x00" + bz2.compress(b"y\n")[1:] + bz2.compress(b"z\n"),
    ],
    ids=[
        "gzip cut off",
        "gzip overwritten",
        "bzip2 cut off",
        "bzip2 overwritten",
        "text behind gzip",
        "text behind bzip2",
        "a bzip2 stream of several begins wrongly",
    ],  # the bytes hold the time
)
def test_damage_is_named(tmp_path: Path, damaged: bytes) -> None:
    """What cannot be unpacked is an error that names the object."""
    objects = fill(tmp_path, {"a.csv.gz": damaged})

    with pytest.raises(DamagedError, match=r"a\.csv\.gz is cut off or damaged"):
        broken_objects(Folder(tmp_path), objects)
    with pytest.raises(DamagedError, match=r"a\.csv\.gz is cut off or damaged"):
        fates(tmp_path, {"a.csv.gz": damaged}, encoding="latin-1")


def zipped(content: bytes, name: str = "data") -> bytes:
    """Return a zip archive of one file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, content)
    return target.getvalue()


def tarred(content: bytes) -> bytes:
    """Return a tar archive of one file."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo("data")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def written(form: str) -> bytes:
    """Return a file of a column that Polars writes in another form."""
    target = io.BytesIO()
    getattr(pl.DataFrame({"user": [f"u{number}" for number in range(50)]}), f"write_{form}")(target)
    return target.getvalue()


def of_sqlite() -> bytes:
    """Return a database of one table."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE ratings (user, item)")
        return database.serialize()


ORC = b"ORC\x0a\x0b\x0a\x03\x00\x00\x00\x12\x04\x08\x32\x50\x00"
"""How a file begins whose first stripe has indexes (https://orc.apache.org/specification/ORCv1/)."""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (zipped(b"", "[Content_Types].xml"), "is an Excel workbook, which is not read: save each sheet as CSV UTF-8"),
        (zipped(b"", "docProps/app.xml"), "is an Excel workbook,"),
        (zipped(b"application/vnd.oasis.opendocument.spreadsheet", "mimetype"), "is a spreadsheet of OpenDocument,"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 600, "is an Excel workbook of before 2007"),
        (tarred(b"user,item,at\n"), "is a tar archive, which is not read: unpack it"),
        (
            gzip.compress(tarred(b"user,item,at\n"), mtime=0),
            "x, unpacked, is a tar archive, which is not read: unpack it",
        ),
        (written("avro"), "is Avro, which is not read: write it as Parquet, CSV or JSON Lines"),
        (ORC, "is ORC, which is not read: write it as"),
        (written("ipc"), "is an Arrow file, which is not read: write it as"),
        (written("parquet"), "is Parquet: set format: parquet"),
        (of_sqlite(), "is a database of SQLite"),
    ],
)
def test_other_forms_are_named(tmp_path: Path, content: bytes, told: str) -> None:
    """What people have beside text is named for what it is, with what to do, and not as text in a wrong encoding."""
    with pytest.raises(UndecodableError, match=re.escape(told)):
        fates(tmp_path, {"x": content})


@pytest.mark.parametrize("delimiter", [",", "\x01"])
@pytest.mark.parametrize("name", ["PAR1", "ORC", "Obj", "Rar!", "PK", "ARROW1", "7z", "SQLite format 3"])
def test_text_may_begin_like_other_forms(tmp_path: Path, name: str, delimiter: str) -> None:
    """Text is text, whatever its first letters are, and though it is cut at control characters, as Hive does."""
    row = delimiter.join((name, "u1", "i1", str(AT)))
    frame = fates(tmp_path, {"x": f"{row}\n"}, delimiter=delimiter, header=["first", "user", "item", "at"])

    assert [("u1", "i1", AT, None)] == told(frame)


def test_text_with_the_letters_of_tar_is_text(tmp_path: Path) -> None:
    """An archive has names that end with zeros before them."""
    frame = fates(tmp_path, {"x": f"user,item,at,{'x' * 244}ustar\nu1,i1,{AT},\n"})

    assert [("u1", "i1", AT, None)] == told(frame)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize(
    ("pack", "told"),
    [(zipped, "a zip archive"), (lzma.compress, "packed with xz")],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_archives_are_named(
    tmp_path: Path, kind: str, pack: Callable[[bytes], bytes], told: str, encoding: str
) -> None:
    """What people download is named for what it is, whatever encoding is set, with what to do about it."""
    body = f"{HEADER}u1,i1,{AT}\n" if kind == "csv" else json.dumps({"user": "u1", "item": "i1", "at": AT})
    objects = fill(tmp_path, {"ratings": pack(body.encode())})
    (tmp_path / "staging").mkdir()
    columns = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": {"from": "at", "unit": "s"}}
    source = {"path": "ratings", "format": kind, "encoding": encoding}
    mapping = dataset_mapping(parsed(datasets={"interactions": {"source": source, "columns": columns}}), "interactions")

    with pytest.raises(UndecodableError, match=f"ratings is {told}, which is not read: unpack it, or pack it"):
        execute(mapping, Folder(tmp_path), objects, staging="staging/", started=AT)


@pytest.mark.parametrize("outer", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("inner", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_what_is_packed_twice_is_named(
    tmp_path: Path, kind: str, inner: Callable[[bytes], bytes], outer: Callable[[bytes], bytes]
) -> None:
    """The error says so, in the place of one about the encoding."""
    body = f"{HEADER}u1,i1,{AT}\n" if kind == "csv" else json.dumps({"user": "u1", "item": "i1", "at": AT})

    with pytest.raises(UndecodableError, match="a is packed twice"):
        fates(tmp_path, {"a": outer(inner(body.encode()))}, format=kind, broken={"a"})


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("many", [False, True])
def test_compressed_objects(tmp_path: Path, kind: str, many: bool) -> None:  # noqa: FBT001  # a case
    """Gzip and bzip2, of several members too, zstd, and wrong names are read as what they hold."""
    row = f"u1,i1,{AT}\n" if kind == "csv" else json.dumps({"user": "u1", "item": "i1", "at": AT}) + "\n"
    start = HEADER if kind == "csv" else ""
    contents = {
        "a.gz": gzip.compress((start + row).encode()) + gzip.compress(row.encode()),
        "b.gz": start + row,
        "c.zst": zstd(tmp_path, start + row),
        "d.gz": gzip.compress(b""),
        "e.bz2": bz2.compress((start + row).encode()) + bz2.compress(row.encode()),
        "f.gz": bz2.compress((start + row).encode()),
        "g.bz2": bz2.compress(b""),
        "h": bz2.compress(b""),
    }
    filler = {f"{number}.gz": gzip.compress(start.encode()) for number in range(FEW if many else 0)}
    # A run that the engine ends begins again without what it cannot read.
    frame = fates(tmp_path, contents | filler, format=kind, broken={"f.gz", "h"})

    assert [GOOD] * 7 == told(frame)
    assert {"a.gz": 2, "b.gz": 1, "c.zst": 1, "e.bz2": 2, "f.gz": 1} == dict(frame["object"].value_counts().rows())


def zstd(folder: Path, text: str) -> bytes:
    """Compress text by the engine, one field a line, which has a compressor."""
    file = folder / "made.zst"
    pl.DataFrame({"line": text.splitlines()}).write_csv(
        file, include_header=False, quote_style="never", compression="zstd"
    )
    return file.read_bytes()
