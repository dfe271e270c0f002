"""Turn what a query counted into the report of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.transform.plan import INTERACTIONS
from spec.transform import (
    MAX_REPORTED_EVENT_TYPES,
    MAX_REPORTED_REASONS,
    DatasetReport,
    Distribution,
    EventType,
    InteractionsReport,
    Reason,
    reported,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.transform.execute import Outcome
    from spec.mapping import DatasetMapping
    from spec.transform import RawObject

_P90 = 0.9
_TWO = 2


def dataset_report(
    mapping: DatasetMapping,
    objects: Sequence[RawObject],
    outcome: Outcome,
    *,
    location: str,
    rejects: str,
    known_items: pl.Series | None,
) -> DatasetReport:
    """Return the report of a dataset.

    Args:
        mapping: the dataset's mapping.
        objects: the raw objects that were read.
        outcome: what the query found.
        location: S3 folder of the dataset's CSV.
        rejects: S3 folder of rejected rows.
        known_items: ids of the items dataset, None where the run has none.
    """
    facts = outcome.facts
    duplicates = facts["rows_out"] - facts["records"] if mapping.duplicates else 0
    return DatasetReport(
        dataset=mapping.dataset,
        object_count=len(objects),
        object_bytes=sum(item.size for item in objects),
        objects=reported(objects),
        rows_in=facts["rows_in"],
        rows_out=facts["rows_out"] - duplicates,
        rows_filtered=facts["rows_filtered"] + duplicates,
        rows_duplicate=duplicates,
        rows_rejected=facts["rows_rejected"],
        records=facts["records"],
        reasons=[Reason(**row) for row in outcome.reasons.head(MAX_REPORTED_REASONS).to_dicts()],
        empty={name.removeprefix("empty:"): rows for name, rows in facts.items() if name.startswith("empty:")},
        interactions=_interactions(facts, outcome, known_items) if mapping.dataset == "interactions" else None,
        location=location,
        rejects=rejects if facts["rows_rejected"] else None,
    )


def _interactions(facts: dict[str, Any], outcome: Outcome, known_items: pl.Series | None) -> InteractionsReport:
    users, items = outcome.users, outcome.items
    kinds = outcome.event_types.rename({"EVENT_TYPE": "name", INTERACTIONS: "rows"}, strict=False)
    counts = users[INTERACTIONS]
    unknown = None if known_items is None else items.filter(~pl.col("ITEM_ID").is_in(known_items.implode()))
    return InteractionsReport(
        per_user=_distribution(counts.filter(counts > 0)),
        per_item=_distribution(items[INTERACTIONS]),
        users_with_two=int((counts >= _TWO).sum()),
        users_scored=len(users),
        first_timestamp=facts["first_timestamp"],
        last_timestamp=facts["last_timestamp"],
        after_start=facts["after_start"],
        event_types=[EventType(**row) for row in _most_frequent(kinds)],
        event_type_count=len(kinds),
        unknown_items=None if unknown is None else len(unknown),
        unknown_item_rows=None if unknown is None else int(unknown[INTERACTIONS].sum()),
    )


def _most_frequent(kinds: pl.DataFrame) -> list[dict[str, Any]]:
    if kinds.is_empty():
        return []
    return kinds.sort("rows", "name", descending=[True, False]).head(MAX_REPORTED_EVENT_TYPES).to_dicts()


def _distribution(counts: pl.Series) -> Distribution:
    if counts.is_empty():
        return Distribution(count=0, once=0, median=0, mean=0, p90=0, most=0)
    frame = counts.to_frame(INTERACTIONS).select(
        pl.len().alias("count"),
        (pl.first() == 1).sum().alias("once"),
        pl.first().median().alias("median"),
        pl.first().mean().alias("mean"),
        pl.first().quantile(_P90, interpolation="higher").alias("p90"),
        pl.first().max().alias("most"),
    )
    return Distribution(**frame.row(0, named=True))
