"""Transform one dataset: raw objects to CSV, rejects and what is counted.

The raw data is read once: what comes of each row is staged as Parquet, and every output and count is taken from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it
from pyspark.sql.types import LongType, StringType, StructField, StructType

from jobs.transform import counts
from jobs.transform import elements as elements_of
from jobs.transform.columns import BLOCK, OBJECT, RAW, REASON, ROW
from jobs.transform.fates import ADDRESS, ORDER, records, rows_with_fate, takes_each
from jobs.transform.outputs import Place, write_dataset, write_rejects
from jobs.transform.source import Source, read
from transform import reasons
from transform.errors import RowsLostError, TransformError
from transform.raw.cutting import is_sequential
from transform.raw.text import damage_named, unpacked
from transform.raw.told import without_values
from transform.records import FILTERED, OUT, REJECTED, Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from definition.mapping.mapping import DatasetMapping
    from jobs.transform.counts import Fates
    from transform.contract import RawObject
    from transform.raw.store import Store
    from transform.report import Exploded, Records

_CHUNK = 1 << 24


@dataclass(frozen=True)
class Outcome:
    """What a dataset came to.

    Attributes:
        fates: of the raw rows.
        facts: of the records.
        rows: ``fates.rows_with_fate``, staged.
        records: the dataset's records, staged.
        exploded: elements of the rows, None where none are exploded.
    """

    fates: Fates
    facts: Records
    rows: DataFrame
    records: DataFrame
    exploded: Exploded | None = None


@dataclass(frozen=True)
class Target:
    """Keys of a dataset's outputs.

    Attributes:
        staging: prefix of what is staged.
        dataset: prefix of the CSV objects.
        rejects: keys of the rejected rows, with the place of the part's number, ``{:05}``.
    """

    staging: str
    dataset: str
    rejects: str


def execute(
    session: SparkSession,
    mapping: DatasetMapping,
    store: Store,
    objects: Sequence[RawObject],
    *,
    target: Target,
    started: int,
) -> Outcome:
    """Transform a dataset.

    Args:
        session: the Spark session, with ``session.SETTINGS``.
        mapping: the dataset's mapping.
        store: where raw objects lie and outputs go.
        objects: the raw objects.
        target: keys of the outputs.
        started: when the run began, in seconds since 1970.

    Raises:
        TransformError: the raw data cannot be read.
    """
    try:
        return _execute(session, mapping, store, objects, target=target, started=started)
    except (Py4JJavaError, PySparkException) as error:
        if mapping.format != "parquet":
            _check_compressed(store, objects)
        raise TransformError(
            f"The raw data of {mapping.dataset} cannot be read: {without_values(_cause(error))}. Check that objects "
            "are of the format of the source."
        ) from error


def _execute(
    session: SparkSession,
    mapping: DatasetMapping,
    store: Store,
    objects: Sequence[RawObject],
    *,
    target: Target,
    started: int,
) -> Outcome:
    plan = Plan.of(mapping)
    source, rows, fates = _judged(session, plan, store, objects, target=target)
    if long := _of_several_lines(rows, fates, source, mapping):
        source, rows, fates = _judged(session, plan, store, objects, target=target, long=long)
    split = counts.splits(rows)
    read_rows = counts.rows_read(source, split)
    if sum(fates.rows.values()) != read_rows or not set(fates.rows) <= {OUT, FILTERED, REJECTED}:
        raise RowsLostError(
            f"Rows do not add up: {read_rows} in, {fates.rows}. This is a fault of the transform; please report it."
        )
    found = records(rows, plan, _order(session, source))
    if mapping.duplicates:
        found = staged(session, found, f"{store.root}{target.staging}records")
    columns = mapping.records[0].columns
    write_dataset(
        session, found, columns, Place(store.root, f"{target.staging}csv", f"{target.dataset}part-{{:05}}.csv")
    )
    if fates.rows.get(REJECTED):
        places = _places(session, source, split)
        write_rejects(session, rows, places, Place(store.root, f"{target.staging}rejects", target.rejects))
    exploded = None
    if mapping.explode:
        kept = found.select(OBJECT, BLOCK, ROW) if mapping.duplicates else None
        exploded = elements_of.count(rows, takes_each(plan), kept)
    return Outcome(fates, counts.facts(found, mapping, started), rows, found, exploded)


def _judged(
    session: SparkSession,
    plan: Plan,
    store: Store,
    objects: Sequence[RawObject],
    *,
    target: Target,
    long: Collection[str] = (),
) -> tuple[Source, DataFrame, Fates]:
    """Return the source, its rows with their fate, staged, and the fates counted; ``long`` is as of ``source.read``."""
    source = read(session, store, objects, plan.mapping, staging=f"{target.staging}unpacked/", long=long)
    rows = staged(session, rows_with_fate(source.rows, plan), f"{store.root}{target.staging}rows")
    return source, rows, counts.count_fates(rows)


def _of_several_lines(rows: DataFrame, fates: Fates, source: Source, mapping: DatasetMapping) -> set[str]:
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


def staged(session: SparkSession, frame: DataFrame, folder: str) -> DataFrame:
    """Write a frame to a folder and return what was written.

    Spark would choose afresh for each use of a frame that it keeps itself, with as many tasks as its shuffles have.
    """
    frame.write.parquet(folder, mode="overwrite")
    return session.read.schema(frame.schema).parquet(folder)


def _order(session: SparkSession, source: Source) -> DataFrame:
    """Return the ADDRESS of each object, and its ORDER among their keys."""
    ordered = sorted(source.keys, key=lambda address: source.keys[address])
    schema = StructType([StructField(ADDRESS, StringType()), StructField(ORDER, LongType())])
    return session.createDataFrame([(address, index) for index, address in enumerate(ordered)], schema)


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
