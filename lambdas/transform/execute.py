"""Run the query of one dataset: raw objects to CSV, rejects and what is counted, in one scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.transform import csv_sink, elements, plan
from lambdas.transform.attempts import REJECTS, until_read
from lambdas.transform.engine import RULES
from lambdas.transform.lookups import NO_LOOKUPS, look_up
from lambdas.transform.reader import read
from lambdas.transform.tally import Tally, UnfitKeyError
from transform.errors import RowsLostError
from transform.forgotten import NOBODY
from transform.records import Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from definition.mapping.mapping import DatasetMapping
    from lambdas.transform.lookups import LookedUp, Lookups
    from transform.checks import Failed
    from transform.contract import RawObject
    from transform.forgotten import Forgotten
    from transform.raw.store import Store

DATASET = "dataset.csv"
"""Name of the dataset under the staging prefix, beside REJECTS."""

FAILURES = "failed-checks.jsonl"
"""Name of the rows that fail a check, if there are checks of rows."""


@dataclass(frozen=True)
class Outcome:
    """What a query found.

    Attributes:
        staging: prefix of its outputs.
        facts: of rows and records, by name.
        reasons: of rejected rows, with their number.
        users: of interactions each user: USER_ID, INTERACTIONS, NEWEST.
        items: of interactions each item: ITEM_ID, INTERACTIONS; of items their ids.
        event_types: of interactions each type: EVENT_TYPE, INTERACTIONS.
        lookups: what stood beside the rows.
        failed: rows that fail a check, by its name.
    """

    staging: str
    facts: dict[str, Any]
    reasons: pl.DataFrame
    users: pl.DataFrame = field(default_factory=pl.DataFrame)
    items: pl.DataFrame = field(default_factory=pl.DataFrame)
    event_types: pl.DataFrame = field(default_factory=pl.DataFrame)
    lookups: Sequence[LookedUp] = ()
    failed: Mapping[str, Failed] = field(default_factory=dict)


def execute(
    mapping: DatasetMapping,
    store: Store,
    objects: Sequence[RawObject],
    *,
    staging: str,
    started: int,
    lookups: Lookups = NO_LOOKUPS,
    forgotten: Forgotten = NOBODY,
) -> Outcome:
    """Transform a dataset.

    Args:
        mapping: the dataset's mapping.
        store: where raw objects lie and outputs go.
        objects: the raw objects.
        staging: prefix of the outputs.
        started: when the run began, in seconds since 1970.
        lookups: the raw objects of its look-ups.
        forgotten: users whose records are left out.

    Raises:
        TransformError: the raw data cannot be read.
    """
    ids = Plan.of(mapping, forgotten)
    looked_up = look_up(mapping, store, lookups, staging=staging, bare=ids.forgets)

    trusted = plan.counted_texts(ids)

    def attempt(folder: str, broken: Collection[str]) -> Outcome:
        nonlocal trusted
        try:
            return run(folder, broken)
        except UnfitKeyError:
            # From now on every row is looked at, for its reason; other keys, as the engine may still be writing.
            trusted = frozenset()
            return run(f"{folder}checked/", broken)

    def run(folder: str, broken: Collection[str]) -> Outcome:
        return _execute(ids, store, objects, looked_up, staging=folder, started=started, broken=broken, trusted=trusted)

    return until_read(mapping, store, objects, staging, attempt)


def _execute(
    ids: Plan,
    store: Store,
    objects: Sequence[RawObject],
    looked_up: Sequence[LookedUp],
    *,
    staging: str,
    started: int,
    broken: Collection[str],
    trusted: frozenset[str],
) -> Outcome:
    mapping = ids.mapping
    lines = read(store, objects, mapping, mapping.raw_columns(), staging=staging, broken=broken)
    for each in looked_up:
        lines = each.beside(lines)
    # Without the cache each sink would read the input again.
    how = elements if mapping.explode else plan
    rows = (elements.with_fate(lines, ids) if mapping.explode else plan.with_fate(lines, ids, trusted)).cache()
    found = how.records(rows, ids).cache()
    dataset = found.select(mapping.column_names) if mapping.explode else found
    rejected = how.rejects(rows, ids).cache()
    target = store.root + staging
    tables = {
        "counts": how.counts(rows, *([plan.counted_forgotten()] if ids.forgets else [])),
        "facts": how.facts(found, ids, started),
        "reasons": plan.reasons(rejected),
    }
    if mapping.dataset == "items":
        tables["items"] = dataset.select("ITEM_ID")
    failing = plan.failures(rows, ids).cache() if mapping.row_checks else None
    if failing is not None:
        tables["failed"] = plan.failed_checks(failing)
    tallies = _tallies(rows, dataset, ids, trusted) if mapping.dataset == "interactions" else {}
    sinks = [
        csv_sink.sink(dataset, mapping, target + DATASET),
        rejected.sink_ndjson(target + REJECTS, lazy=True, mkdir=True, check_extension=False),
        *(
            []
            if failing is None
            else [failing.sink_ndjson(target + FAILURES, lazy=True, mkdir=True, check_extension=False)]
        ),
        *(tally.sink(counted) for tally, counted in tallies.values()),
    ]
    collected = pl.collect_all([*sinks, *tables.values()], engine="streaming")[len(sinks) :]
    frames = dict(zip(tables, collected, strict=True)) | {name: tally.counted() for name, (tally, _) in tallies.items()}
    failed = {} if failing is None else plan.found_failures(frames.pop("failed"))
    facts = frames.pop("counts").row(0, named=True) | frames.pop("facts").row(0, named=True)
    if facts["records"] and (constant := ids.constant("EVENT_TYPE")) is not None:
        frames["event_types"] = pl.DataFrame({"EVENT_TYPE": [constant], plan.INTERACTIONS: [facts["records"]]})
    if facts["rows_in"] != facts["rows_out"] + facts["rows_filtered"] + facts["rows_rejected"]:
        raise RowsLostError(f"Rows do not add up: {facts}. This is a fault of the transform; please report it.")
    return Outcome(staging, facts, lookups=looked_up, failed=failed, **frames)


def _tallies(
    rows: pl.LazyFrame, dataset: pl.LazyFrame, ids: Plan, trusted: frozenset[str]
) -> dict[str, tuple[Tally, pl.LazyFrame]]:
    """Return what is counted of interactions, each with what it is counted from."""

    def tally(key: str, schema: dict[str, type[pl.DataType]], *maxima: str) -> Tally:
        fits = RULES.fits(pl.col(key), ids.columns[key]) if key in trusted else None
        return Tally(schema, frozenset(maxima), fits)

    user_counts = elements.user_counts if ids.mapping.explode else plan.user_counts
    counted = {"items": "ITEM_ID"}
    # A constant is counted with the records.
    if "EVENT_TYPE" in ids.mapping.column_names and ids.constant("EVENT_TYPE") is None:
        counted["event_types"] = "EVENT_TYPE"
    users = tally("USER_ID", plan.USER_SCHEMA, plan.NEWEST)
    return {"users": (users, user_counts(rows, dataset, ids))} | {
        name: (tally(key, plan.counts_schema(key)), plan.counted_by(dataset, key)) for name, key in counted.items()
    }
