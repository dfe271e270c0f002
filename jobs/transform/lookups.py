"""Look-ups beside the rows of a dataset: read and staged like datasets, then joined by their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import BLOCK, FATE, LINE, MORE, OBJECT, RAW, REASON, ROW, SHAPE, col, first_of, text
from jobs.transform.judged import judge, readable, staged
from jobs.transform.outputs import Place, write_rejects
from transform.meaning.names import found, raw
from transform.raw.keys import repeated_key
from transform.reasons import empty
from transform.records import OUT, REJECTED
from transform.report import lookup_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from definition.mapping.lookups import LookupMapping
    from definition.mapping.mapping import DatasetMapping
    from jobs.transform.judged import Judged
    from jobs.transform.outputs import Target
    from transform.contract import LookupReport, RawObject
    from transform.raw.store import Store

_KEY, _RANK = ":key", ":rank"


class LookedUp(NamedTuple):
    """A look-up.

    Attributes:
        lookup: its mapping.
        report: what became of its rows.
        table: its columns under the names that the dataset has for them, the key as ``_KEY``, and what says that a row
            has found something.
    """

    lookup: LookupMapping
    report: LookupReport
    table: DataFrame

    def beside(self, rows: DataFrame) -> DataFrame:
        """Return the rows of the dataset with the columns of the look-up."""
        return rows.join(self.table, col(raw(self.lookup.on)) == col(_KEY), "left").drop(_KEY)


def look_up(
    session: SparkSession,
    mapping: DatasetMapping,
    store: Store,
    objects: Mapping[str, Sequence[RawObject]],
    *,
    target: Target,
    bare: bool = False,
) -> list[LookedUp]:
    """Read the look-ups of a dataset.

    Args:
        session: the Spark session, with ``session.SETTINGS``.
        mapping: the dataset's mapping.
        store: where raw objects lie and outputs go.
        objects: the raw objects of each look-up, by its name.
        target: keys of the outputs.
        bare: whether rejected rows are written without their text.

    Raises:
        TransformError: the raw data cannot be read.
        RepeatedKeyError: a key stands twice, and the pipeline file does not say which row counts.
    """
    return [_looked_up(session, lookup, store, objects[lookup.name], target, bare=bare) for lookup in mapping.lookups]


def _looked_up(
    session: SparkSession,
    lookup: LookupMapping,
    store: Store,
    objects: Sequence[RawObject],
    target: Target,
    *,
    bare: bool,
) -> LookedUp:
    staging = f"{target.staging}lookups/{lookup.name}/"
    with readable(lookup, store, objects):
        judged = judge(session, lookup, store, objects, lambda rows: _with_fate(rows, lookup), staging=staging)
        rejected = judged.fates.rows.get(REJECTED, 0)
        if rejected:
            key = target.lookup_rejects.replace("{lookup}", lookup.name)
            place = Place(store.root, f"{staging}rejects", key)
            write_rejects(session, judged.rows, judged.places, place, bare=bare)
        table = staged(session, _table(judged, lookup), f"{store.root}{staging}table")
        report = lookup_report(
            lookup.name,
            objects,
            rows=sum(judged.fates.rows.values()),
            keys=table.count(),
            rejected=rejected,
            reasons=judged.fates.reasons,
        )
    return LookedUp(lookup, report, table)


def _values(lookup: LookupMapping) -> dict[str, str]:
    return {raw(lookup.name_of(name)): raw(name) for name in lookup.columns}


def _with_fate(rows: DataFrame, lookup: LookupMapping) -> DataFrame:
    key = col(raw(lookup.key))
    reason = first_of(F.col(SHAPE), F.when(key.isNull(), text(empty(lookup.key))))
    judged = rows.withColumn(REASON, reason)
    is_rejected = F.col(REASON).isNotNull()
    return judged.select(
        OBJECT,
        BLOCK,
        ROW,
        MORE,
        F.when(is_rejected, REJECTED).otherwise(OUT).alias(FATE),
        REASON,
        F.when(is_rejected, F.col(LINE).cast("binary")).alias(RAW),
        key.alias(_KEY),
        *(col(source).alias(name) for name, source in _values(lookup).items()),
    )


def _table(judged: Judged, lookup: LookupMapping) -> DataFrame:
    rows = judged.rows.where(F.col(FATE) == OUT)
    repeated = rows.groupBy(_KEY).count().where(F.col("count") > 1)
    count, first = repeated.agg(F.count(F.lit(1)), F.min(_KEY)).collect()[0]
    if count:
        placed = rows.join(F.broadcast(judged.places), [OBJECT, BLOCK], "left")
        place = [F.col("key"), F.col(BLOCK), F.col(ROW)]
        if lookup.duplicates is None:
            line = F.col("before") + F.col(ROW) + F.col(MORE) + 1
            two = placed.where(F.col(_KEY) == first).orderBy(*place).select("key", line.alias("line")).limit(2)
            raise repeated_key(lookup, [(row["key"], row["line"]) for row in two.collect()], count)
        order = [each.desc() for each in place] if lookup.duplicates == "latest" else place
        rank = F.row_number().over(Window.partitionBy(_KEY).orderBy(*order))
        rows = placed.withColumn(_RANK, rank).where(F.col(_RANK) == 1)
    return rows.select(_KEY, *map(col, _values(lookup)), F.lit(True).alias(found(lookup.name)))  # noqa: FBT003  # a value
