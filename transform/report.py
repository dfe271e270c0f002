"""Build the report of a dataset from what an engine counted."""

from __future__ import annotations

import heapq
import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from definition import layout
from transform.checks import check_reports
from transform.contract import (
    MAX_LOOKUP_REASONS,
    MAX_REPORTED_EVENT_TYPES,
    MAX_REPORTED_REASONS,
    DatasetReport,
    Distribution,
    Elements,
    EventType,
    InteractionsReport,
    LookupReport,
    Reason,
    reported,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from definition.mapping.mapping import DatasetMapping
    from transform.checks import Failed
    from transform.contract import RawObject, TransformRequest

_TWO = 2


class Rows(NamedTuple):
    """Raw rows by their fate; ``forgotten`` are those among the filtered ones."""

    out: int
    filtered: int
    rejected: int
    forgotten: int = 0


class Records(NamedTuple):
    """What is known of a dataset's records.

    Attributes:
        total: how many there are.
        empty: how many have no value, by nullable column.
        null_words: how many have a word for no value, by column.
        first: of interactions, seconds since 1970 of the oldest one, None without any.
        last: the newest one's.
        after_start: interactions later than the start of the run.
    """

    total: int
    empty: dict[str, int]
    null_words: dict[str, int]
    first: int | None = None
    last: int | None = None
    after_start: int = 0


class Exploded(NamedTuple):
    """Elements of rows.

    Attributes:
        total: how many there are.
        taken: those that give a record, be it the same as one that stays.
        rejected: those of rejected rows.
        rows_without: rows without any that are not rejected.
        rows_kept: rows of which a record stays, None where no record is the same as another.
    """

    total: int
    taken: int
    rejected: int
    rows_without: int
    rows_kept: int | None = None


class Tallies(NamedTuple):
    """Interactions counted by what they are of.

    Attributes:
        users: how many users have a number of interactions, by that number; of filtered rows there are users with 0.
        items: the same of items.
        event_types: each event type with its interactions, in any order; event_type_count is how many there are.
        unknown_items: how many items are not in the items dataset, None where the run has none.
        unknown_item_rows: their interactions.
    """

    users: Mapping[int, int]
    items: Mapping[int, int]
    event_types: Iterable[tuple[str, int]]
    event_type_count: int
    unknown_items: int | None = None
    unknown_item_rows: int | None = None


def dataset_report(
    request: TransformRequest,
    mapping: DatasetMapping,
    objects: Sequence[RawObject],
    rows: Rows,
    records: Records,
    *,
    reasons: Iterable[tuple[str, int]],
    tallies: Tallies | None,
    exploded: Exploded | None = None,
    lookups: Sequence[LookupReport] = (),
    failed: Mapping[str, Failed] = MappingProxyType({}),
) -> DatasetReport:
    """Return the report of a dataset.

    Args:
        request: bucket and run.
        mapping: the dataset's mapping.
        objects: the raw objects that were read.
        rows: the raw rows, among those out the ones of which only one stays.
        records: the dataset's records.
        reasons: each reason with its rejected rows, in any order.
        tallies: of interactions, None for other datasets.
        exploded: elements of the rows, None where none are exploded.
        lookups: of each look-up.
        failed: rows out that fail a check, by its name.
    """
    duplicates = _duplicate_rows(mapping, rows, records, exploded)
    report = DatasetReport(
        dataset=mapping.dataset,
        object_count=len(objects),
        object_bytes=sum(item.size for item in objects),
        objects=reported(objects),
        rows_in=rows.out + rows.filtered + rows.rejected,
        rows_out=rows.out - duplicates,
        rows_filtered=rows.filtered + duplicates,
        rows_duplicate=duplicates,
        rows_forgotten=rows.forgotten,
        rows_rejected=rows.rejected,
        records=records.total,
        reasons=_reasons(reasons, MAX_REPORTED_REASONS),
        empty=records.empty,
        null_words={name: count for name, count in records.null_words.items() if count},
        elements=None if exploded is None else _elements(mapping, records, exploded),
        lookups=list(lookups),
        interactions=None if tallies is None else _interactions(records, tallies),
        location=f"s3://{request.bucket}/{layout.DATASET.key(run=request.run, dataset=mapping.dataset)}",
        rejects=_rejects(request) if rows.rejected or any(each.rows_rejected for each in lookups) else None,
    )
    return report.model_copy(update={"checks": check_reports(request, mapping, report, tested=rows.out, failed=failed)})


def _duplicate_rows(mapping: DatasetMapping, rows: Rows, records: Records, exploded: Exploded | None) -> int:
    kept = records.total if exploded is None else exploded.rows_kept
    return rows.out - kept if mapping.duplicates and kept is not None else 0


def _rejects(request: TransformRequest) -> str:
    return f"s3://{request.bucket}/{layout.REJECTS.key(run=request.run)}"


def lookup_report(
    name: str,
    objects: Sequence[RawObject],
    *,
    rows: int,
    keys: int,
    rejected: int,
    reasons: Iterable[tuple[str, int]],
) -> LookupReport:
    """Return the report of a look-up.

    Args:
        name: of the look-up.
        objects: the raw objects that were read.
        rows: how many rows they hold.
        keys: how many different keys.
        rejected: how many rows are rejected.
        reasons: each reason with its rejected rows, in any order.
    """
    return LookupReport(
        name=name,
        object_count=len(objects),
        object_bytes=sum(item.size for item in objects),
        rows_in=rows,
        rows_out=keys,
        rows_duplicate=rows - rejected - keys,
        rows_rejected=rejected,
        reasons=_reasons(reasons, MAX_LOOKUP_REASONS),
    )


def _reasons(counted: Iterable[tuple[str, int]], most: int) -> list[Reason]:
    return [Reason(reason=reason, rows=count) for reason, count in _most_frequent(counted, most)]


def _elements(mapping: DatasetMapping, records: Records, exploded: Exploded) -> Elements:
    out = records.total if mapping.duplicates else exploded.taken
    return Elements(
        total=exploded.total,
        out=out,
        filtered=exploded.total - out - exploded.rejected,
        rejected=exploded.rejected,
        rows_without=exploded.rows_without,
    )


def _interactions(records: Records, tallies: Tallies) -> InteractionsReport:
    kinds = _most_frequent(tallies.event_types, MAX_REPORTED_EVENT_TYPES)
    return InteractionsReport(
        per_user=_distribution({count: users for count, users in tallies.users.items() if count}),
        per_item=_distribution(tallies.items),
        users_with_two=sum(users for count, users in tallies.users.items() if count >= _TWO),
        users_scored=sum(tallies.users.values()),
        first_timestamp=records.first,
        last_timestamp=records.last,
        after_start=records.after_start,
        event_types=[EventType(name=name, rows=rows) for name, rows in kinds],
        event_type_count=tallies.event_type_count,
        unknown_items=tallies.unknown_items,
        unknown_item_rows=tallies.unknown_item_rows,
    )


def _distribution(histogram: Mapping[int, int]) -> Distribution:
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
        p90=_at(histogram, math.ceil(total * 9 / 10) - 1),
        most=max(histogram),
    )


def _at(histogram: Mapping[int, int], index: int) -> int:
    """Return the count at an index of all counts in their order."""
    for count in sorted(histogram):
        index -= histogram[count]
        if index < 0:
            return count
    raise IndexError(index)


def _most_frequent(counted: Iterable[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """Return what is counted most, by name where the counts are the same."""
    return heapq.nsmallest(most, counted, key=lambda each: (-each[1], each[0]))
