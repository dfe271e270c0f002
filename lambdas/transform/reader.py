"""Read raw objects of every format as rows of text fields, each with its object and, where there are lines, its number.

csv, jsonl    few or large objects in UTF-8    the engine scans their lines where they lie
              many small ones, other encodings,
              bytes that are not UTF-8,
              records of several lines,
              comments, lines to be skipped,
              bzip2                            records are staged first (``packing``), then scanned together
json          all                              records are staged first, too
parquet                                        the engine scans all objects of the same columns together
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import ComputeError

from lambdas.transform import packing
from lambdas.transform.columns import ELEMENTS, ELEMENTS_TYPE, LINE, LINE_NUMBER, OBJECT, SHAPE, Origin
from lambdas.transform.formats import delimited, jsonl, parquet
from transform.errors import UndecodableError
from transform.meaning.names import raw
from transform.raw.cutting import cutter, is_sequential
from transform.raw.dialect import Dialect, check_header
from transform.raw.objects import partitions
from transform.raw.text import BOM, UNDECODABLE, damage_named, is_bzip2, is_utf8, looks_compressed, unpacked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from definition.mapping.source import SourceMapping
    from transform.contract import RawObject
    from transform.raw.store import Store

_BEGINNING = 2
"""Lines of an object that are looked at before: the header, and an example."""

FEW = 64
"""Objects that are scanned where they lie, however small they are."""


def read(
    store: Store,
    objects: Sequence[RawObject],
    mapping: SourceMapping,
    columns: Sequence[str],
    *,
    staging: str,
    broken: Collection[str] = (),
) -> pl.LazyFrame:
    """Return the rows of all objects, with the fields of ``columns`` as text.

    Args:
        store: where the objects lie.
        objects: the raw objects.
        mapping: how they are to be read.
        columns: names of raw columns.
        staging: prefix for staged objects.
        broken: keys of objects that the engine cannot scan: their lines are not UTF-8, or no records.

    Raises:
        TransformError: an object cannot be read at all, or lacks one of ``columns``.
        polars.exceptions.ComputeError: the beginning of an object is not UTF-8; ``broken_objects`` says of which.
    """
    frame = _read(store, objects, mapping, columns, staging=staging, broken=broken)
    if not mapping.nulls:
        return frame
    cells = [pl.col(raw(name)) for name in columns]
    return frame.with_columns(pl.when(~cell.is_in(mapping.nulls)).then(cell) for cell in cells)


def _read(
    store: Store,
    objects: Sequence[RawObject],
    mapping: SourceMapping,
    columns: Sequence[str],
    *,
    staging: str,
    broken: Collection[str],
) -> pl.LazyFrame:
    if mapping.format == "parquet":
        return parquet.scan(store, objects, mapping, columns)
    packed = [item for item in objects if _is_packed(item, len(objects), mapping, broken)]
    kept = {item.key for item in packed}
    direct = [item for item in objects if item.key not in kept]
    frames: list[pl.LazyFrame] = []
    if mapping.format == "jsonl":
        frames += [
            jsonl.take(_lines(store.address(item.key)), _origin(item, columns), columns, mapping) for item in direct
        ]
    else:
        scanned, long = _scan(store, direct, columns, mapping)
        frames += scanned
        kept |= {item.key for item in long}
        packed = [item for item in objects if item.key in kept]
    frames += _read_packed(store, packed, mapping, columns, staging)
    return pl.concat(frames) if frames else _no_rows(columns, mapping)


def broken_objects(store: Store, objects: Iterable[RawObject]) -> set[str]:
    """Return the keys of the text objects that the engine may not be able to scan.

    They hold bytes that are not UTF-8; or they are, or look, compressed: the engine takes text that begins like zlib
    for such, and refuses zeros after gzip content.

    Raises:
        DamagedError: an object's packed content is cut off or damaged.
    """
    broken = set()
    for item in objects:
        with store.read(item.key) as stream:
            guessed = looks_compressed(stream)
            if not is_utf8(item.key, stream) or guessed:
                broken.add(item.key)
    return broken


def _is_packed(item: RawObject, count: int, mapping: SourceMapping, broken: Collection[str]) -> bool:
    many = count > FEW and item.size <= packing.SMALL
    return (
        many or item.key.endswith(".bz2") or is_sequential(mapping) or mapping.encoding != "utf-8" or item.key in broken
    )


def _no_rows(columns: Sequence[str], mapping: SourceMapping) -> pl.LazyFrame:
    texts = [(name, pl.String) for name in (LINE, SHAPE, *map(raw, columns))]
    listed = mapping.format != "csv" and mapping.explode is not None and mapping.explode.split is None
    elements = [(ELEMENTS, ELEMENTS_TYPE)] if listed else []
    return pl.LazyFrame(schema=[(OBJECT, pl.String), (LINE_NUMBER, pl.get_index_type()), *texts, *elements])


def _origin(item: RawObject, columns: Sequence[str]) -> Origin:
    given = partitions(item.key)
    return Origin(pl.lit(item.key), {name: pl.lit(given[name], dtype=pl.String) for name in columns if name in given})


def _lines(uri: str) -> pl.LazyFrame:
    return pl.scan_lines(uri, name=LINE, row_index_name=LINE_NUMBER, row_index_offset=1, glob=False)


def _scan(
    store: Store, objects: Sequence[RawObject], columns: Sequence[str], mapping: SourceMapping
) -> tuple[list[pl.LazyFrame], list[RawObject]]:
    """Return a frame for each object of CSV, and the objects whose first line is no record."""
    dialect = Dialect.of(mapping)
    with ThreadPoolExecutor() as pool:
        beginnings = list(pool.map(lambda item: _first_lines(store, item.key), objects))
    frames, long = [], []
    for item, first in zip(objects, beginnings, strict=True):
        if not first:
            continue
        line = first[0]
        if dialect.names_delimiter(item.key, line) or not dialect.is_whole(line):
            long.append(item)
            continue
        lines = _lines(store.address(item.key))
        if mapping.header is None:
            lines = lines.filter(pl.col(LINE_NUMBER) > 1)
        else:
            # The first line is data: a BOM is no part of it.
            bare = pl.when(pl.col(LINE_NUMBER) == 1).then(pl.col(LINE).str.strip_prefix(BOM)).otherwise(pl.col(LINE))
            lines = lines.with_columns(bare)
        origin, header = _origin(item, columns), mapping.header or dialect.fields(line)
        check_header(item.key, header, [name for name in columns if name not in origin.partitions], mapping)
        frames.append(delimited.cut(lines, origin, header, columns, dialect, example=first[-1]))
    return frames, long


def _first_lines(store: Store, key: str) -> Sequence[str]:
    """Return an object's first lines without BOM, at most two; none if it unpacks to nothing.

    The engine would read the whole object for it; only of zstd, which only it unpacks, it is asked.
    """
    with store.read(key) as stream, damage_named(key):
        if is_bzip2(stream):
            raise ComputeError(f"{key} is packed with bzip2")
        content = unpacked(key, stream)
        if content is None:
            found = pl.scan_lines(store.address(key), n_rows=_BEGINNING, glob=False).collect()
            return [line.removeprefix(BOM) for line in found.to_series()]
        lines = list(islice(content, _BEGINNING))
    try:
        return [line.decode().removesuffix("\n").removesuffix("\r").removeprefix(BOM) for line in lines]
    except UnicodeDecodeError as error:
        raise ComputeError(f"{key} does not begin with text in UTF-8") from error


def _read_packed(
    store: Store, objects: Sequence[RawObject], mapping: SourceMapping, columns: Sequence[str], staging: str
) -> list[pl.LazyFrame]:
    dialect = Dialect.of(mapping)

    def header(item: RawObject, line: str) -> Sequence[str]:
        if UNDECODABLE in line:
            raise _not_text(item, mapping)
        return dialect.fields(line)

    delimited_text = mapping.format == "csv"
    packer = packing.Packer(
        store,
        staging,
        mapping.encoding,
        columns,
        cut=cutter(mapping),
        header=header if delimited_text and mapping.header is None else None,
        names=mapping.header or (),
    )
    frames = []
    for group in packer.pack(objects):
        if delimited_text:
            needed = [name for name in columns if name not in group.given]
            check_header(group.first, group.header, needed, mapping)
        if group.keys:
            lines, origin = packing.unpack(store, group, objects, mapping)
            cut = (
                delimited.cut(lines, origin, group.header, columns, dialect)
                if delimited_text
                else jsonl.take(lines, origin, columns, mapping)
            )
            frames.append(cut)
    return frames


def _not_text(item: RawObject, mapping: SourceMapping) -> UndecodableError:
    remedy = f"Set {mapping.place}.encoding to the one it is in, or convert it"
    return UndecodableError(f"{item.key} is not {mapping.encoding} text: its header cannot be decoded. {remedy}.")
