"""Transform one dataset: raw objects to CSV, rejects and what is counted.

The raw data is read once: what comes of each row is staged as Parquet, and every output and count is taken from that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it
from pyspark.sql.types import LongType, StringType, StructField, StructType

from jobs.transform import counts
from jobs.transform import elements as elements_of
from jobs.transform.columns import BLOCK, FORGOTTEN, OBJECT, ROW
from jobs.transform.fates import ADDRESS, ORDER, records, rows_with_fate, takes_each
from jobs.transform.judged import judge, readable, staged
from jobs.transform.lookups import look_up
from jobs.transform.outputs import Place, write_dataset, write_failures, write_rejects
from transform.forgotten import NOBODY
from transform.records import REJECTED, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from definition.mapping.mapping import DatasetMapping
    from jobs.transform.counts import Fates
    from jobs.transform.lookups import LookedUp
    from jobs.transform.outputs import Target
    from jobs.transform.source import Source
    from transform.checks import Failed
    from transform.contract import LookupReport, RawObject
    from transform.forgotten import Forgotten
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
        lookups: of each look-up.
        failed: rows that fail a check, by its name.
        forgotten: filtered rows of users that are to be forgotten.
    """

    fates: Fates
    facts: Records
    rows: DataFrame
    records: DataFrame
    exploded: Exploded | None = None
    lookups: Sequence[LookupReport] = ()
    failed: Mapping[str, Failed] = field(default_factory=dict)
    forgotten: int = 0


def execute(
    session: SparkSession,
    mapping: DatasetMapping,
    store: Store,
    objects: Sequence[RawObject],
    *,
    target: Target,
    started: int,
    lookups: Mapping[str, Sequence[RawObject]] = MappingProxyType({}),
    forgotten: Forgotten = NOBODY,
) -> Outcome:
    """Transform a dataset.

    Args:
        session: the Spark session, with ``session.SETTINGS``.
        mapping: the dataset's mapping.
        store: where raw objects lie and outputs go.
        objects: the raw objects.
        target: keys of the outputs.
        started: when the run began, in seconds since 1970.
        lookups: the raw objects of each look-up, by its name.
        forgotten: users whose records are left out.

    Raises:
        TransformError: the raw data cannot be read.
    """
    plan = Plan.of(mapping, forgotten)
    looked_up = look_up(session, mapping, store, lookups, target=target, bare=plan.forgets)
    with readable(mapping, store, objects):
        return _execute(session, plan, store, objects, looked_up, target=target, started=started)


def _execute(
    session: SparkSession,
    plan: Plan,
    store: Store,
    objects: Sequence[RawObject],
    looked_up: Sequence[LookedUp],
    *,
    target: Target,
    started: int,
) -> Outcome:
    mapping = plan.mapping

    def with_fate(rows: DataFrame) -> DataFrame:
        return rows_with_fate(reduce(lambda found, each: each.beside(found), looked_up, rows), plan)

    source, rows, fates, places = judge(session, mapping, store, objects, with_fate, staging=target.staging)
    found = records(rows, plan, _order(session, source))
    if mapping.duplicates:
        found = staged(session, found, f"{store.root}{target.staging}records")
    columns = mapping.records[0].columns
    write_dataset(
        session, found, columns, Place(store.root, f"{target.staging}csv", f"{target.dataset}part-{{:05}}.csv")
    )
    if fates.rows.get(REJECTED):
        write_rejects(session, rows, places, Place(store.root, f"{target.staging}rejects", target.rejects))
    failed: Mapping[str, Failed] = {}
    if checks := mapping.row_checks:
        at = Place(store.root, f"{target.staging}failures", target.failures)
        failed = write_failures(session, rows, places, checks, at)
    exploded = None
    if mapping.explode:
        kept = found.select(OBJECT, BLOCK, ROW) if mapping.duplicates else None
        exploded = elements_of.count(rows, takes_each(plan), kept)
    lookups = [each.report for each in looked_up]
    gone = elements_of.leading(rows).where(F.col(FORGOTTEN)).count() if plan.forgets else 0
    return Outcome(fates, counts.facts(found, mapping, started), rows, found, exploded, lookups, failed, gone)


def _order(session: SparkSession, source: Source) -> DataFrame:
    """Return the ADDRESS of each object, and its ORDER among their keys."""
    ordered = sorted(source.keys, key=lambda address: source.keys[address])
    schema = StructType([StructField(ADDRESS, StringType()), StructField(ORDER, LongType())])
    return session.createDataFrame([(address, index) for index, address in enumerate(ordered)], schema)
