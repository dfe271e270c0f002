"""The rows of a raw object that are of some users, as the transform reads them, and the object without these rows."""

from __future__ import annotations

import gzip
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import duckdb
import polars as pl

from definition.mapping import encodings
from lambdas.transform import elements, plan
from lambdas.transform.columns import LINE, LINE_NUMBER
from lambdas.transform.lookups import Lookups, look_up
from lambdas.transform.plan import FATE, FORGOTTEN, NAMED
from lambdas.transform.reader import read
from transform.contract import RawObject
from transform.raw.folder import FolderStore
from transform.records import OUT, Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cli.forget.naming import Users
    from definition.mapping.mapping import DatasetMapping
    from transform.forgotten import Forgotten

_STAGED = "read/"
"""Folder of what the reader puts aside."""

_GZIP = b"\x1f\x8b"
_PACKED = (b"\x28\xb5\x2f\xfd", b"BZh")
"""How zstd and bzip2 begin."""

_Codec = Literal["snappy", "gzip", "zstd", "uncompressed", "lz4"]
_CODECS: Final[dict[str, _Codec]] = {
    "SNAPPY": "snappy",
    "GZIP": "gzip",
    "ZSTD": "zstd",
    "UNCOMPRESSED": "uncompressed",
    "LZ4_RAW": "lz4",
}
"""How Parquet may be packed, in the words of the format and of Polars."""


class UnwritableError(Exception):
    """An object holds users and cannot be written without them; the message says why."""


@dataclass(frozen=True)
class Rows:
    """The rows of an object that are of users.

    Attributes:
        places: number of the first line of each, from 1, and how many lines it has; of Parquet its index, and 1.
        shared: whether a row, or an element of it, is of others, too.
    """

    places: Sequence[tuple[int, int]]
    shared: bool


def rows_of(
    mapping: DatasetMapping,
    file: Path,
    *,
    key: str,
    users: Users,
    forgotten: Forgotten,
    lookups: Mapping[str, Mapping[str, Path]],
) -> Rows:
    """Return the rows of a raw object that are of users, or name one where nobody can say whose they are.

    Args:
        mapping: of the dataset that reads it.
        file: its content.
        key: of the object: folders in it may give columns.
        users: their ids.
        forgotten: the same users, for the transform.
        lookups: files of each look-up by their keys.

    Raises:
        TransformError: it cannot be read.
        polars.exceptions.PolarsError: likewise.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        beside = {name: [_linked(store, file, key) for key, file in files.items()] for name, files in lookups.items()}
        item = _linked(store, file, key)
        looked_up = look_up(mapping, store, Lookups(beside), staging=_STAGED)
        # Staged first, whatever its form: so records of several lines and other encodings need no second attempt.
        (store.path / _STAGED).mkdir(exist_ok=True)
        lines = read(store, [item], mapping, mapping.raw_columns(), staging=_STAGED, broken={key})
        for each in looked_up:
            lines = each.beside(lines)
        how = elements if mapping.explode else plan
        rows = how.with_fate(lines, Plan.of(mapping, forgotten)).select(LINE_NUMBER, LINE, FATE, FORGOTTEN, NAMED)
        found = rows.filter(~pl.col(NAMED)).collect(engine="streaming")
    theirs = found.filter(pl.col(FORGOTTEN) | pl.col(LINE).map_elements(users.are_named_in, return_dtype=pl.Boolean))
    if mapping.format == "parquet":
        # A scan of one object numbers its rows from 0.
        places = [(number, 1) for number in theirs[LINE_NUMBER]]
    else:
        places = [(number, line.count("\n") + 1) for number, line in theirs.select(LINE_NUMBER, LINE).iter_rows()]
    return Rows(sorted(places), bool((theirs[FORGOTTEN] & (theirs[FATE] == OUT)).any()))


def _linked(store: FolderStore, file: Path, key: str) -> RawObject:
    target = store.path / key
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.symlink_to(file.resolve())
    return RawObject(key=key, size=file.stat().st_size, etag="")


def write_without(mapping: DatasetMapping, source: Path, target: Path, rows: Rows) -> None:
    """Write a raw object without some rows: every other byte of text as it is, of Parquet every other row.

    Raises:
        UnwritableError: it cannot be.
    """
    if rows.shared:
        raise UnwritableError("a row of theirs is of other users, too, who would lose it")
    if mapping.format == "parquet":
        _write_parquet(source, target, [index for index, _ in rows.places])
    elif mapping.format == "json":
        raise UnwritableError("JSON documents are not written anew; JSON Lines are")
    else:
        write_lines(source, target, rows.places, mapping.encoding)


def write_lines(source: Path, target: Path, places: Sequence[tuple[int, int]], encoding: str = "utf-8") -> None:
    """Write text without some lines; what was packed with gzip is packed again.

    Raises:
        UnwritableError: it is packed otherwise, or lines do not end with one byte.
    """
    if "\n".encode(encodings.codec(encoding)) != b"\n":
        raise UnwritableError(f"text in {encoding} is not written anew")
    with source.open("rb") as stream:
        beginning = stream.peek(4) if isinstance(stream, io.BufferedReader) else b""
        if beginning.startswith(_PACKED):
            raise UnwritableError("what is packed with zstd or bzip2 is not written anew; gzip is")
        gone = {number + more for number, count in places for more in range(count)}
        if not beginning.startswith(_GZIP):
            with target.open("wb") as kept:
                _copy(stream, kept, gone)
            return
        with (
            gzip.GzipFile(fileobj=stream) as unpacked,
            target.open("wb") as kept,
            # Without a name and a time: the same content gives the same bytes.
            gzip.GzipFile(filename="", mode="wb", fileobj=kept, mtime=0) as packed,
        ):
            _copy(unpacked, packed, gone)


def _copy(lines: io.BufferedReader | gzip.GzipFile, target: io.BufferedWriter | gzip.GzipFile, gone: set[int]) -> None:
    for number, line in enumerate(lines, 1):
        if number not in gone:
            target.write(line)


def _write_parquet(source: Path, target: Path, gone: Collection[int]) -> None:
    with duckdb.connect() as engine:
        codecs = {
            row[0]
            for row in engine.execute(
                "SELECT DISTINCT compression FROM parquet_metadata(?) WHERE compression IS NOT NULL", [str(source)]
            ).fetchall()
        }
        codec = _CODECS.get(next(iter(codecs))) if len(codecs) == 1 else None
        if codec is None:
            raise UnwritableError(f"Parquet that is packed with {', '.join(sorted(codecs)) or 'nothing'}")
        rows = pl.scan_parquet(source, glob=False, hive_partitioning=False).with_row_index(":index")
        left = rows.filter(~pl.col(":index").is_in(pl.Series(sorted(gone), dtype=pl.get_index_type()).implode()))
        left.drop(":index").sink_parquet(target, compression=codec, maintain_order=True)
        described = "SELECT name, type, converted_type, logical_type, num_children FROM parquet_schema(?)"
        before, after = (engine.execute(described, [str(file)]).fetchall()[1:] for file in (source, target))
    if before != after:
        raise UnwritableError("its columns have types that would be written otherwise")
