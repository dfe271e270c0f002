"""Count what a report tells of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import BLOCK, FATE, OBJECT, REASON, ROW, col
from jobs.transform.elements import leading
from jobs.transform.fates import users_known
from transform.records import NULL_WORDS, Plan
from transform.report import Records, Tallies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from definition.mapping.mapping import DatasetMapping
    from jobs.transform.source import Source

INTERACTIONS, NEWEST = "interactions", "newest"


class Fates(NamedTuple):
    """Rows by their fate, and each reason with its rejected rows."""

    rows: Mapping[str, int]
    reasons: list[tuple[str, int]]


def count_fates(rows: DataFrame) -> Fates:
    """Count the rows of ``fates.rows_with_fate``."""
    counted = [(row[FATE], row[REASON], row["count"]) for row in leading(rows).groupBy(FATE, REASON).count().collect()]
    fates: dict[str, int] = {}
    for fate, _, count in counted:
        fates[fate] = fates.get(fate, 0) + count
    return Fates(fates, [(reason, count) for _, reason, count in counted if reason is not None])


def splits(rows: DataFrame) -> dict[tuple[str, int], int]:
    """Return how many rows each split of each object has, headers counted, by OBJECT and BLOCK."""
    counted = rows.groupBy(OBJECT, BLOCK).agg((F.max(ROW) + 1).alias("rows")).collect()
    return {(row[OBJECT], row[BLOCK]): row["rows"] for row in counted}


def rows_read(source: Source, counted: Mapping[tuple[str, int], int]) -> int:
    """Return how many rows there are by their places, which are given before anything is done with them."""
    headers = sum(block == 0 and source.has_header(path) for path, block in counted)
    return sum(counted.values()) - headers


def facts(records: DataFrame, mapping: DatasetMapping, started: int) -> Records:
    """Look at the records.

    Args:
        records: what ``fates.records`` returns.
        mapping: the dataset's mapping.
        started: when the run began, in seconds since 1970.
    """
    nullable = [column.name for column in mapping.records[0].columns if column.nullable]
    told = Plan.of(mapping).told_columns
    found = [F.count(F.lit(1)), *(F.count_if(col(name).isNull()) for name in nullable)]
    found += [F.count_if(col(name).isin(*NULL_WORDS)) for name in told]
    if mapping.dataset == "interactions":
        time = col("TIMESTAMP")
        found += [F.min(time), F.max(time), F.count_if(time > started)]
    count, *others = _only(records.agg(*found))
    empty = dict(zip(nullable, others, strict=False))
    words = dict(zip(told, others[len(nullable) :], strict=False))
    return Records(count, empty, words, *others[len(nullable) + len(told) :])


def per_user(rows: DataFrame, records: DataFrame) -> DataFrame:
    """Return each user of records and filtered rows once: USER_ID, number of records, time of the newest one."""
    given = records.select("USER_ID", F.lit(1).alias(INTERACTIONS), col("TIMESTAMP").alias(NEWEST))
    others = users_known(rows).select("USER_ID", F.lit(0).alias(INTERACTIONS), F.lit(None).cast("long").alias(NEWEST))
    both = given.unionAll(others).groupBy("USER_ID")
    return both.agg(F.sum(INTERACTIONS).alias(INTERACTIONS), F.max(NEWEST).alias(NEWEST))


def per_item(records: DataFrame) -> DataFrame:
    """Return each item of the interactions once: ITEM_ID, number of records."""
    return records.groupBy("ITEM_ID").agg(F.count(F.lit(1)).alias(INTERACTIONS))


def tallies(records: DataFrame, users: DataFrame, items: DataFrame, known_items: DataFrame | None) -> Tallies:
    """Return what is counted of interactions.

    Args:
        records: the records.
        users: ``per_user``.
        items: ``per_item``.
        known_items: ITEM_ID of the items dataset, None where the run has none.
    """
    kinds = _event_types(records)
    unknown: tuple[int | None, int | None] = (None, None)
    if known_items is not None:
        missing = items.join(known_items, "ITEM_ID", "left_anti")
        count, rows = _only(missing.agg(F.count(F.lit(1)), F.sum(INTERACTIONS)))
        unknown = count, rows or 0
    return Tallies(_histogram(users), _histogram(items), kinds, len(kinds), *unknown)


def _histogram(counted: DataFrame) -> dict[int, int]:
    return {row[INTERACTIONS]: row["count"] for row in counted.groupBy(INTERACTIONS).count().collect()}


def _event_types(records: DataFrame) -> list[tuple[str, int]]:
    if "EVENT_TYPE" not in records.columns:
        return []
    return [(row["EVENT_TYPE"], row["count"]) for row in records.groupBy("EVENT_TYPE").count().collect()]


def _only(frame: DataFrame) -> tuple[int, ...]:
    row = frame.collect()[0]
    return tuple(row)
