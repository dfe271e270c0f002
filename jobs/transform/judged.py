"""Read raw objects and judge their rows: what comes of them is staged once, with where each row stands."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it
from pyspark.sql.types import LongType, StringType, StructField, StructType

from jobs.transform import counts
from jobs.transform.columns import BLOCK, OBJECT, RAW, REASON
from jobs.transform.source import Source, read
from transform import reasons
from transform.errors import RowsLostError, TransformError
from transform.raw.cutting import is_sequential
from transform.raw.text import damage_named, unpacked
from transform.raw.told import without_values
from transform.records import FILTERED, OUT, REJECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from definition.mapping.source import SourceMapping
    from jobs.transform.counts import Fates
    from transform.contract import RawObject
    from transform.raw.store import Store

_CHUNK = 1 << 24


class Judged(NamedTuple):
    """The rows of raw objects.

    Attributes:
        source: as they were read.
        rows: OBJECT, BLOCK, ROW, MORE, FATE, REASON, RAW and whatever else comes of them, staged.
        fates: of the rows, counted.
        places: key, and number of lines before it (``before``, null in Parquet), of each split of an object.
    """

    source: Source
    rows: DataFrame
    fates: Fates
    places: DataFrame


def judge(
    session: SparkSession,
    mapping: SourceMapping,
    store: Store,
    objects: Sequence[RawObject],
    with_fate: Callable[[DataFrame], DataFrame],
    *,
    staging: str,
) -> Judged:
    """Read and judge the rows of raw objects.

    Args:
        session: the Spark session, with ``session.SETTINGS``.
        mapping: how they are to be read.
        store: where they lie.
        objects: the raw objects.
        with_fate: judges rows, as ``fates.rows_with_fate`` does.
        staging: prefix of what is staged.

    Raises:
        TransformError: they cannot be read.
    """

    def attempt(long: Collection[str] = ()) -> tuple[Source, DataFrame, Fates]:
        source = read(session, store, objects, mapping, staging=f"{staging}unpacked/", long=long)
        rows = staged(session, with_fate(source.rows), f"{store.root}{staging}rows")
        return source, rows, counts.count_fates(rows)

    source, rows, fates = attempt()
    if long := _of_several_lines(rows, fates, source, mapping):
        source, rows, fates = attempt(long)
    split = counts.splits(rows)
    read_rows = counts.rows_read(source, split)
    if sum(fates.rows.values()) != read_rows or not set(fates.rows) <= {OUT, FILTERED, REJECTED}:
        raise RowsLostError(
            f"Rows do not add up: {read_rows} in, {fates.rows}. This is a fault of the transform; please report it."
        )
    return Judged(source, rows, fates, _places(session, source, split))


@contextlib.contextmanager
def readable(mapping: SourceMapping, store: Store, objects: Sequence[RawObject]) -> Iterator[None]:
    """Let what Spark raises become errors of raw data.

    Raises:
        TransformError: the raw data cannot be read.
    """
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        if mapping.format != "parquet":
            _check_compressed(store, objects)
        raise TransformError(
            f"The raw data of {mapping.owner} cannot be read: {without_values(_cause(error))}. Check that objects "
            "are of the format of the source."
        ) from error


def staged(session: SparkSession, frame: DataFrame, folder: str) -> DataFrame:
    """Write a frame to a folder and return what was written.

    Spark would choose afresh for each use of a frame that it keeps itself, with as many tasks as its shuffles have.
    """
    frame.write.parquet(folder, mode="overwrite")
    return session.read.schema(frame.schema).parquet(folder)


def _of_several_lines(rows: DataFrame, fates: Fates, source: Source, mapping: SourceMapping) -> set[str]:
    """Return the keys of the objects with a quoted field that does not end on its line.

    As long as no line of an object is such, lines are records: the first one that is not has all its quotes on it.
    """
    undecodable = reasons.undecodable(mapping.encoding)
    suspicious = {*reasons.BROKEN_QUOTING, undecodable} & {reason for reason, _ in fates.reasons}
    if mapping.format != "csv" or mapping.quote is None or is_sequential(mapping) or not suspicious:
        return set()
    # Bytes that cannot be decoded hide whether the quoting of their line is broken.
    quoted = F.col(REASON).isin(*reasons.BROKEN_QUOTING) | (
        (F.col(REASON) == undecodable) & F.decode(F.col(RAW), "ISO-8859-1").contains(mapping.quote)
    )
    found = rows.where(quoted).select(OBJECT).distinct().collect()
    return {source.keys[unquote(row[OBJECT])] for row in found}


def _places(session: SparkSession, source: Source, split: Mapping[tuple[str, int], int]) -> DataFrame:
    """Return the key of each split's object and the number of lines before the split, null where there are no lines."""
    table: list[tuple[str, int, str, int | None]] = []
    before: dict[str, int] = {}
    for path, block in sorted(split):
        # A first split without any row but the header is not among those counted.
        start = before.setdefault(path, int(block > 0 and source.has_header(path)))
        table.append((path, block, source.keys[unquote(path)], start if source.numbered else None))
        before[path] = start + split[path, block]
    schema = StructType(
        [
            StructField(OBJECT, StringType()),
            StructField(BLOCK, LongType()),
            StructField("key", StringType()),
            StructField("before", LongType()),
        ]
    )
    return session.createDataFrame(table, schema)


def _check_compressed(store: Store, objects: Sequence[RawObject]) -> None:
    """Read what is packed with gzip or bzip2, to name the object that is damaged.

    Raises:
        DamagedError: one is.
    """
    for item in objects:
        with store.read(item.key) as stream:
            content = unpacked(item.key, stream)
            with damage_named(item.key):
                while content is not None and content is not stream and content.read(_CHUNK):
                    pass


def _cause(error: Exception) -> str:
    """Return the innermost message of a failure in Java, or the last line of one in Python."""
    cause = getattr(error, "java_exception", None)
    if cause is None:
        return str(error).strip().splitlines()[-1]
    while cause.getCause() is not None:
        cause = cause.getCause()
    lines = str(cause.toString()).strip().splitlines()
    return lines[-1] if "PythonException" in lines[0] else lines[0]
