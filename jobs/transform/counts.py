"""Count what a report tells of a dataset."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import BLOCK, OBJECT, ROW, col
from jobs.transform.fates import FATE, REASON, users_known
from spec.transform import MAX_REPORTED_EVENT_TYPES, Distribution, EventType, InteractionsReport, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from jobs.transform.source import Source
    from spec.mapping import DatasetMapping

INTERACTIONS, NEWEST = "interactions", "newest"
_P90 = 0.9
_TWO = 2


class Fates(NamedTuple):
    """Rows by their fate, and rejected rows by their reason, the most frequent first."""

    rows: Mapping[str, int]
    reasons: list[Reason]


class Facts(NamedTuple):
    """Number of records, how many have no value by nullable column, and of interactions their times."""

    records: int
    empty: dict[str, int]
    first: int | None = None
    last: int | None = None
    after_start: int = 0


def count_fates(rows: DataFrame) -> Fates:
    """Count the rows of ``fates.rows_with_fate``."""
    counted = [(row[FATE], row[REASON], row["count"]) for row in rows.groupBy(FATE, REASON).count().collect()]
    fates: dict[str, int] = {}
    for fate, _, count in counted:
        fates[fate] = fates.get(fate, 0) + count
    reasons = [Reason(reason=reason, rows=count) for _, reason, count in counted if reason is not None]
    return Fates(fates, sorted(reasons, key=lambda each: (-each.rows, each.reason)))


def splits(rows: DataFrame) -> dict[tuple[str, int], int]:
    """Return how many rows each split of each object has, headers counted, by OBJECT and BLOCK."""
    counted = rows.groupBy(OBJECT, BLOCK).agg((F.max(ROW) + 1).alias("rows")).collect()
    return {(row[OBJECT], row[BLOCK]): row["rows"] for row in counted}


def rows_read(source: Source, counted: Mapping[tuple[str, int], int]) -> int:
    """Return how many rows there are by their places, which are given before anything is done with them."""
    headers = sum(block == 0 and source.has_header(path) for path, block in counted)
    return sum(counted.values()) - headers


def facts(records: DataFrame, mapping: DatasetMapping, started: int) -> Facts:
    """Look at the records.

    Args:
        records: what ``fates.records`` returns.
        mapping: the dataset's mapping.
        started: when the run began, in seconds since 1970.
    """
    nullable = [column.name for column in mapping.records[0].columns if column.nullable]
    found = [F.count(F.lit(1)), *(F.count_if(col(name).isNull()) for name in nullable)]
    if mapping.dataset != "interactions":
        count, *empty = _only(records.agg(*found))
        return Facts(count, dict(zip(nullable, empty, strict=True)))
    time = col("TIMESTAMP")
    found += [F.min(time), F.max(time), F.count_if(time > started)]
    count, *empty, first, last, after = _only(records.agg(*found))
    return Facts(count, dict(zip(nullable, empty, strict=True)), first, last, after)


def per_user(rows: DataFrame, records: DataFrame) -> DataFrame:
    """Return each user of records and filtered rows once: USER_ID, number of records, time of the newest one."""
    given = records.select("USER_ID", F.lit(1).alias(INTERACTIONS), col("TIMESTAMP").alias(NEWEST))
    others = users_known(rows).select("USER_ID", F.lit(0).alias(INTERACTIONS), F.lit(None).cast("long").alias(NEWEST))
    both = given.unionAll(others).groupBy("USER_ID")
    return both.agg(F.sum(INTERACTIONS).alias(INTERACTIONS), F.max(NEWEST).alias(NEWEST))


def per_item(records: DataFrame) -> DataFrame:
    """Return each item of the interactions once: ITEM_ID, number of records."""
    return records.groupBy("ITEM_ID").agg(F.count(F.lit(1)).alias(INTERACTIONS))


def interactions_report(
    found: Facts, records: DataFrame, users: DataFrame, items: DataFrame, known_items: DataFrame | None
) -> InteractionsReport:
    """Return what only interactions have.

    Args:
        found: ``facts`` of the records.
        records: the records.
        users: ``per_user``.
        items: ``per_item``.
        known_items: ITEM_ID of the items dataset, None where the run has none.
    """
    user_counts, item_counts = _histogram(users), _histogram(items)
    kinds = [EventType(name=name, rows=rows) for name, rows in _event_types(records)]
    unknown: tuple[int | None, int | None] = (None, None)
    if known_items is not None:
        missing = items.join(known_items, "ITEM_ID", "left_anti")
        count, rows = _only(missing.agg(F.count(F.lit(1)), F.sum(INTERACTIONS)))
        unknown = count, rows or 0
    return InteractionsReport(
        per_user=distribution({count: users for count, users in user_counts.items() if count}),
        per_item=distribution(item_counts),
        users_with_two=sum(users for count, users in user_counts.items() if count >= _TWO),
        users_scored=sum(user_counts.values()),
        first_timestamp=found.first,
        last_timestamp=found.last,
        after_start=found.after_start,
        event_types=kinds[:MAX_REPORTED_EVENT_TYPES],
        event_type_count=len(kinds),
        unknown_items=unknown[0],
        unknown_item_rows=unknown[1],
    )


def distribution(histogram: Mapping[int, int]) -> Distribution:
    """Return a distribution of counts.

    Args:
        histogram: how many users or items have a count, by the count.
    """
    total = sum(histogram.values())
    if not total:
        return Distribution(count=0, once=0, median=0, mean=0, p90=0, most=0)
    return Distribution(
        count=total,
        once=histogram.get(1, 0),
        median=(_at(histogram, (total - 1) // 2) + _at(histogram, total // 2)) / 2,
        mean=sum(count * times for count, times in histogram.items()) / total,
        p90=_at(histogram, math.ceil((total - 1) * _P90)),
        most=max(histogram),
    )


def _at(histogram: Mapping[int, int], index: int) -> int:
    """Return the count at an index of all counts in their order."""
    for count in sorted(histogram):
        index -= histogram[count]
        if index < 0:
            return count
    raise IndexError(index)


def _histogram(counted: DataFrame) -> dict[int, int]:
    return {row[INTERACTIONS]: row["count"] for row in counted.groupBy(INTERACTIONS).count().collect()}


def _event_types(records: DataFrame) -> list[tuple[str, int]]:
    if "EVENT_TYPE" not in records.columns:
        return []
    counted = [(row["EVENT_TYPE"], row["count"]) for row in records.groupBy("EVENT_TYPE").count().collect()]
    return sorted(counted, key=lambda each: (-each[1], each[0]))


def _only(frame: DataFrame) -> tuple[int, ...]:
    row = frame.collect()[0]
    return tuple(row)
