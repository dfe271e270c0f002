"""Turn what a query counted into the report of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.transform.plan import INTERACTIONS
from transform import report
from transform.records import NULL_WORDS, Plan
from transform.report import Exploded, Records, Rows, Tallies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.mapping.mapping import DatasetMapping
    from lambdas.transform.execute import Outcome
    from transform.contract import DatasetReport, RawObject, TransformRequest


def dataset_report(
    request: TransformRequest,
    mapping: DatasetMapping,
    objects: Sequence[RawObject],
    outcome: Outcome,
    *,
    known_items: pl.Series | None,
) -> DatasetReport:
    """Return the report of a dataset.

    Args:
        request: bucket and run.
        mapping: the dataset's mapping.
        objects: the raw objects that were read.
        outcome: what the query found.
        known_items: ids of the items dataset, None where the run has none.
    """
    facts = outcome.facts
    records = Records(
        facts["records"],
        {name.removeprefix("empty:"): rows for name, rows in facts.items() if name.startswith("empty:")},
        _null_words(mapping, outcome),
        facts.get("first_timestamp"),
        facts.get("last_timestamp"),
        facts.get("after_start", 0),
    )
    return report.dataset_report(
        request,
        mapping,
        objects,
        Rows(facts["rows_out"], facts["rows_filtered"], facts["rows_rejected"], facts.get("rows_forgotten", 0)),
        records,
        reasons=outcome.reasons.rows(),
        tallies=_tallies(outcome, known_items) if mapping.dataset == "interactions" else None,
        exploded=_exploded(facts) if mapping.explode else None,
        lookups=[each.report for each in outcome.lookups],
        failed=outcome.failed,
    )


def _null_words(mapping: DatasetMapping, outcome: Outcome) -> dict[str, int]:
    """Return how many records have a word for no value, by column in the order of the dataset's."""
    facts = outcome.facts
    counted = {"USER_ID": outcome.users, "ITEM_ID": outcome.items, "EVENT_TYPE": outcome.event_types}
    found = {}
    for name in Plan.of(mapping).told_columns:
        if f"null_words:{name}" in facts:
            found[name] = int(facts[f"null_words:{name}"])
        else:
            words = counted[name].filter(pl.col(name).is_in(NULL_WORDS))
            found[name] = int(words[INTERACTIONS].sum())
    return found


def _exploded(facts: dict[str, Any]) -> Exploded:
    return Exploded(
        total=facts["elements"],
        taken=facts["elements_out"],
        rejected=facts["elements_rejected"],
        rows_without=facts["rows_without"],
        rows_kept=facts.get("rows_kept"),
    )


def _tallies(outcome: Outcome, known_items: pl.Series | None) -> Tallies:
    items, kinds = outcome.items, outcome.event_types
    unknown = None if known_items is None else items.filter(~pl.col("ITEM_ID").is_in(known_items.implode()))
    return Tallies(
        users=_histogram(outcome.users),
        items=_histogram(items),
        event_types=kinds.iter_rows(),
        event_type_count=len(kinds),
        unknown_items=None if unknown is None else len(unknown),
        unknown_item_rows=None if unknown is None else int(unknown[INTERACTIONS].sum()),
    )


def _histogram(counted: pl.DataFrame) -> dict[int, int]:
    """Return how many keys have been counted a number of times, by that number."""
    return dict(counted[INTERACTIONS].value_counts().iter_rows())
