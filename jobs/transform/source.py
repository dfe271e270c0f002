"""Read raw objects of every format as rows of text fields, each with its place.

csv, jsonl    UTF-8, plain or gzip under a fitting name    Spark reads and splits the objects where they lie
              zstd                                         unpacked under the staging prefix first
              bzip2, other encodings, names that mislead Spark,
              records of several lines, comments,
              lines to be skipped                          executors stream the objects, one per task
json          all                                          executors stream the objects, too
parquet                                                    Spark reads all objects of the same columns together

A task reads one split of one object: then the index of a row in its task is its index in the split, and the counts of
the splits give the numbers of lines (``execute``).
"""

from __future__ import annotations

import contextlib
import gzip
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it
from pyspark.sql.types import BooleanType, LongType, StringType, StructField, StructType

from jobs.transform import cut, jsonl, parquet
from jobs.transform.columns import BLOCK, ELEMENTS, ELEMENTS_TYPE, LINE, MORE, OBJECT, ROW, SHAPE, col, first_of, text
from jobs.transform.files import READ_OPTIONS, folders_of, is_hidden_to_spark, literal_path, places, spelled, unzstd
from transform import reasons
from transform.errors import UndecodableError
from transform.meaning.names import raw
from transform.raw.cutting import cutter
from transform.raw.dialect import Dialect, check_header
from transform.raw.objects import partitions
from transform.raw.records import Batch, batches
from transform.raw.text import MARK, UNDECODABLE, ZSTD, lines, unpacked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from definition.mapping.source import SourceMapping
    from transform.contract import RawObject
    from transform.raw.store import Store

_FETCHES = 10
_CODECS = (".gz", ".bz2", ".deflate", ".snappy", ".lz4", ".zst")
"""Ends of names for which Hadoop decompresses, whatever an object holds."""

_DAMAGED, _GIVEN_UP = ":damaged", ":given up"
_STREAMED = StructType(
    [
        StructField(OBJECT, StringType()),
        StructField(BLOCK, LongType()),
        StructField(ROW, LongType()),
        StructField(MORE, LongType()),
        StructField(LINE, StringType()),
        StructField(_DAMAGED, BooleanType()),
        StructField(_GIVEN_UP, BooleanType()),
    ]
)


@dataclass(frozen=True)
class Opened:
    """A text object whose beginning has been looked at.

    Attributes:
        key: of the raw object.
        location: key of the object that is read: the raw one or what it was unpacked to.
        header: names of the fields, empty where lines carry their names.
        first: index of the first line that is data.
        streamed: whether executors stream it, since Spark cannot read it.
    """

    key: str
    location: str
    header: tuple[str, ...]
    first: int
    streamed: bool


@dataclass(frozen=True)
class Source:
    """The rows of all objects.

    Attributes:
        rows: OBJECT, BLOCK, ROW, MORE, LINE, SHAPE and the raw columns; ELEMENTS where a list that is none of text
            is exploded.
        keys: keys of the raw objects by their addresses.
        headers: addresses of the objects whose first line is a header.
        numbered: whether rows are lines.
    """

    rows: DataFrame
    keys: dict[str, str]
    headers: frozenset[str]
    numbered: bool

    def has_header(self, path: str) -> bool:
        """Say whether the first line of the object at an OBJECT is a header."""
        return unquote(path) in self.headers


def read(
    session: SparkSession,
    store: Store,
    objects: Sequence[RawObject],
    mapping: SourceMapping,
    *,
    staging: str,
    long: Collection[str] = (),
) -> Source:
    """Return the rows of all objects, with the fields that the mapping reads as text.

    Args:
        session: the Spark session, with ``session.SETTINGS``.
        store: where the objects lie.
        objects: the raw objects.
        mapping: how they are to be read.
        staging: prefix for unpacked objects.
        long: keys of objects with records of several lines.

    Raises:
        TransformError: an object cannot be read at all, or lacks a raw column of the mapping.
    """
    columns = mapping.raw_columns()
    if mapping.format == "parquet":
        keys = {spelled(store.address(item.key)): item.key for item in objects}
        found = parquet.read(session, store, objects, mapping, columns)
        return Source(_without_nulls(found, mapping, columns), keys, frozenset(), numbered=False)

    def look(at: int) -> Opened | None:
        return _open(session, store, objects[at], mapping, f"{staging}{at:05}.txt", is_long=objects[at].key in long)

    with ThreadPoolExecutor(_FETCHES) as pool:
        opened = [each for each in pool.map(look, range(len(objects))) if each is not None]
    groups: dict[tuple[object, ...], list[Opened]] = defaultdict(list)
    for each in opened:
        given = frozenset(columns).intersection(partitions(each.key))
        groups[each.header, each.first, each.streamed, given].append(each)
    frames = [_read_alike(session, store, alike, mapping, columns) for alike in groups.values()]
    rows = (
        reduce(lambda left, right: left.unionByName(right), frames) if frames else _no_rows(session, columns, mapping)
    )
    keys = {spelled(store.address(each.location)): each.key for each in opened}
    headers = frozenset(spelled(store.address(each.location)) for each in opened if each.first)
    return Source(_without_nulls(rows, mapping, columns), keys, headers, numbered=True)


def _without_nulls(rows: DataFrame, mapping: SourceMapping, columns: Sequence[str]) -> DataFrame:
    """Return the rows with nothing where a raw column holds a text that stands for no value."""
    if not mapping.nulls:
        return rows
    cells = {raw(name): col(raw(name)) for name in columns}
    return rows.withColumns({name: F.when(~cell.isin(mapping.nulls), cell) for name, cell in cells.items()})


def _open(
    session: SparkSession, store: Store, item: RawObject, mapping: SourceMapping, unpack_to: str, *, is_long: bool
) -> Opened | None:
    """Look at an object's beginning; None if it unpacks to nothing and so has no header."""
    location = item.key
    with store.read(item.key) as stream:
        if stream.peek(len(ZSTD)).startswith(ZSTD):
            if mapping.encoding != "utf-8":
                raise UndecodableError(
                    f"{item.key} is compressed with zstd, which is read in UTF-8 only. "
                    "Compress it with gzip, or convert it to UTF-8."
                )
            unzstd(session, store.address(item.key), store.address(unpack_to))
            location = unpack_to
    with store.read(location) as stream:
        content = unpacked(item.key, stream)
        is_gzip = isinstance(content, gzip.GzipFile)
        misnamed = location.lower().endswith(_CODECS) and not (location.endswith(".gz") and is_gzip)
        packed = content is not stream and not location.endswith(".gz")
        streamed = is_long or mapping.encoding != "utf-8" or misnamed or packed or is_hidden_to_spark(location)
        streamed = streamed or mapping.format == "json"
        if mapping.format != "csv":
            return Opened(item.key, location, (), 0, streamed)
        if content is None:
            raise UndecodableError(f"{item.key} is compressed twice. Compress it once.")
        with contextlib.closing(lines(item.key, content, mapping.encoding)) as found:
            line, is_line = _first_record(item.key, found, Dialect.of(mapping))
    streamed = streamed or not is_line
    if mapping.header is not None:
        return Opened(item.key, location, tuple(mapping.header), 0, streamed)
    if line is None:
        return None
    if UNDECODABLE in line:
        remedy = f"Set {mapping.place}.encoding to the one it is in, or convert it"
        raise UndecodableError(f"{item.key} is not {mapping.encoding} text: its header cannot be decoded. {remedy}.")
    return Opened(item.key, location, tuple(Dialect.of(mapping).fields(line)), 1, streamed)


def _first_record(key: str, found: Iterator[str], dialect: Dialect) -> tuple[str | None, bool]:
    """Return the first record of an object's lines, if there is one, and whether it is the first line."""
    line = next(found, None)
    if not dialect.is_sequential and (
        line is None or (not dialect.names_delimiter(key, line) and dialect.is_whole(line))
    ):
        return line, True
    batch = next(batches(key, chain([] if line is None else [line], found), dialect), None)
    return (batch.texts[0] if batch else None), False


def _read_alike(
    session: SparkSession, store: Store, alike: list[Opened], mapping: SourceMapping, columns: Sequence[str]
) -> DataFrame:
    """Return the rows of objects with the same header, whose folders give the same columns."""
    found = _stream(session, store, alike, mapping) if alike[0].streamed else _scan(session, store, alike)
    if alike[0].first:
        found = found.where((F.col(BLOCK) > 0) | (F.col(ROW) >= alike[0].first))
    keys = {store.address(each.location): each.key for each in alike}
    found, given = folders_of(session, found, keys, columns)
    needed = [name for name in columns if name not in given]
    elements = None
    if mapping.format != "csv":
        decoded_rows, shape, cells, elements = jsonl.take(found, needed, mapping)
    else:
        dialect = Dialect.of(mapping)
        check_header(alike[0].key, alike[0].header, needed, mapping)
        decoded_rows, shape, cells = cut.cut(found, alike[0].header, needed, dialect)
    undecodable = F.when(F.col(_DAMAGED), text(reasons.undecodable(mapping.encoding)))
    wrong = undecodable.when(F.col(_GIVEN_UP), text(reasons.given_up(mapping.format)))
    cells |= given
    return decoded_rows.select(
        OBJECT,
        BLOCK,
        ROW,
        MORE,
        LINE,
        first_of(wrong, shape).alias(SHAPE),
        *(cells[name].alias(raw(name)) for name in columns),
        *([] if elements is None else [elements.alias(ELEMENTS)]),
    )


def _scan(session: SparkSession, store: Store, alike: list[Opened]) -> DataFrame:
    paths = [literal_path(store.address(each.location)) for each in alike]
    found = session.read.options(**READ_OPTIONS, lineSep="\n").text(paths)
    value = F.col("value")
    bare = F.when(
        value.endswith("\r"), F.expr("cast(substring(cast(value AS binary), 1, octet_length(value) - 1) AS string)")
    ).otherwise(value)
    # What is not UTF-8 does not survive a decoder that puts U+FFFD in its place.
    same = F.encode(F.decode(value, "UTF-8"), "UTF-8") == value.cast("binary")
    given_up = F.lit(False)  # noqa: FBT003  # a value
    return found.select(*places(found), bare.alias(LINE), (~same).alias(_DAMAGED), given_up.alias(_GIVEN_UP))


def _stream(session: SparkSession, store: Store, alike: list[Opened], mapping: SourceMapping) -> DataFrame:
    encoding = mapping.encoding
    cut_records = cutter(mapping)

    def rows(each: Opened) -> Iterator[tuple[str, int, int, int, str, bool, bool]]:
        place = quote(spelled(store.address(each.location)), safe="/:")
        with store.read(each.location) as stream:
            content = unpacked(each.key, stream)
            if content is None:
                raise UndecodableError(f"{each.key} is compressed twice. Compress it once.")
            found = cut_records(each.key, lines(each.key, content, encoding))
            for row, record in enumerate(chain.from_iterable(map(Batch.records, found))):
                marked = record.text.removesuffix("\n").removesuffix("\r").encode("utf-8", MARK).decode()
                line, damaged = marked.replace(UNDECODABLE, ""), UNDECODABLE in marked
                yield place, 0, row, record.number - 1 - row, line, damaged, record.given_up

    streams = session.sparkContext.parallelize(alike, len(alike)).flatMap(rows)
    return session.createDataFrame(streams, _STREAMED, verifySchema=False)


def _no_rows(session: SparkSession, columns: Sequence[str], mapping: SourceMapping) -> DataFrame:
    names = [OBJECT, LINE, SHAPE, *map(raw, columns)]
    places = [StructField(name, LongType()) for name in (BLOCK, ROW, MORE)]
    none = session.createDataFrame([], StructType([*places, *(StructField(name, StringType()) for name in names)]))
    return none.withColumn(ELEMENTS, F.lit(None).cast(ELEMENTS_TYPE)) if mapping.explode else none
