"""Run the query of one dataset: raw objects to CSV, rejects and what is counted, in one scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from lambdas.transform import csv_sink, elements, plan
from lambdas.transform.columns import LINE, SHAPE
from lambdas.transform.reader import broken_objects, read
from lambdas.transform.tally import Tally
from transform import reasons
from transform.errors import RowsLostError, TransformError
from transform.raw.cutting import is_sequential
from transform.raw.told import without_values
from transform.records import Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from definition.mapping.mapping import DatasetMapping
    from transform.contract import RawObject
    from transform.raw.store import Store

# The engine panics over some damaged Parquet, and says so with no Exception.
_ENGINE_ERRORS = (PolarsError, PanicException, OSError)

DATASET, REJECTS = "dataset.csv", "rejects.jsonl"
"""Names of the outputs under the staging prefix."""


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
    """

    staging: str
    facts: dict[str, Any]
    reasons: pl.DataFrame
    users: pl.DataFrame = field(default_factory=pl.DataFrame)
    items: pl.DataFrame = field(default_factory=pl.DataFrame)
    event_types: pl.DataFrame = field(default_factory=pl.DataFrame)


def execute(
    mapping: DatasetMapping, store: Store, objects: Sequence[RawObject], *, staging: str, started: int
) -> Outcome:
    """Execute, and again as long as objects turn up that cannot be scanned: not UTF-8, or of records of several lines.

    Args:
        mapping: the dataset's mapping.
        store: where raw objects lie and outputs go.
        objects: the raw objects.
        staging: prefix of the outputs.
        started: when the run began, in seconds since 1970.

    Raises:
        TransformError: the raw data cannot be read.
    """
    broken: set[str] = set()
    while True:
        # Other keys each time: the engine may still be finishing objects of a scan that failed.
        folder = f"{staging}{len(broken)}/" if broken else staging
        try:
            outcome = _execute(mapping, store, objects, staging=folder, started=started, broken=broken)
        except _ENGINE_ERRORS as error:
            found = broken_objects(store, objects) if mapping.format != "parquet" else set()
            if found <= broken:
                raise _unreadable(mapping, store, objects, f"{staging}unreadable/", error) from error
        else:
            in_turn = mapping.format != "csv" or is_sequential(mapping)
            found = set() if in_turn else _of_several_lines(store, outcome)
            if found <= broken:
                return outcome
        broken |= found


def _of_several_lines(store: Store, outcome: Outcome) -> set[str]:
    """Return the keys of the objects with a quoted field that does not end on its line.

    As long as no line of an object is such, lines are records: the first one that is not has all its quotes on it.
    """
    if not outcome.reasons["reason"].is_in(reasons.BROKEN_QUOTING).any():
        return set()
    rejects = pl.scan_ndjson(store.root + outcome.staging + REJECTS, schema={"object": pl.String, "reason": pl.String})
    rows = rejects.filter(pl.col("reason").is_in(reasons.BROKEN_QUOTING)).select(pl.col("object").unique())
    return set(rows.collect(engine="streaming")["object"])


def _unreadable(
    mapping: DatasetMapping, store: Store, objects: Sequence[RawObject], staging: str, error: BaseException
) -> TransformError:
    """Return the error that names the first object which cannot be read by itself either."""
    for item in objects:
        try:
            lines = read(store, [item], mapping, mapping.raw_columns(), staging=staging)
            lines.select(pl.col(LINE).str.len_bytes().sum(), pl.col(SHAPE).null_count()).collect(engine="streaming")
        except (*_ENGINE_ERRORS, TransformError) as found:
            return TransformError(
                f"{item.key} cannot be read: {_first_sentence(found)}. Check that it is whole, and {mapping.format} in "
                f"{mapping.encoding}; what is compressed with zstd is not searched for bytes that are not UTF-8."
            )
    return TransformError(f"The raw data of {mapping.dataset} cannot be read: {_first_sentence(error)}.")


def _first_sentence(error: BaseException) -> str:
    """Return an error without the query that the engine shows below it, and without values."""
    return without_values(str(error).partition("\n\n")[0]).rstrip(".")


def _execute(
    mapping: DatasetMapping,
    store: Store,
    objects: Sequence[RawObject],
    *,
    staging: str,
    started: int,
    broken: Collection[str] = (),
) -> Outcome:
    ids = Plan.of(mapping)
    lines = read(store, objects, mapping, mapping.raw_columns(), staging=staging, broken=broken)
    # Without the cache each sink would read the input again.
    how = elements if mapping.explode else plan
    rows = how.with_fate(lines, ids).cache()
    found = how.records(rows, ids).cache()
    dataset = found.select(mapping.column_names) if mapping.explode else found
    rejected = how.rejects(rows, ids).cache()
    target = store.root + staging
    tables = {
        "counts": how.counts(rows),
        "facts": how.facts(found, ids, started),
        "reasons": plan.reasons(rejected),
    }
    if mapping.dataset == "items":
        tables["items"] = dataset.select("ITEM_ID")
    tallies = _tallies(rows, dataset, ids) if mapping.dataset == "interactions" else {}
    sinks = [
        csv_sink.sink(dataset, mapping, target + DATASET),
        rejected.sink_ndjson(target + REJECTS, lazy=True, check_extension=False),
        *(tally.sink(counted) for tally, counted in tallies.values()),
    ]
    collected = pl.collect_all([*sinks, *tables.values()], engine="streaming")[len(sinks) :]
    frames = dict(zip(tables, collected, strict=True)) | {name: tally.counted() for name, (tally, _) in tallies.items()}
    facts = frames.pop("counts").row(0, named=True) | frames.pop("facts").row(0, named=True)
    if facts["records"] and (constant := ids.constant("EVENT_TYPE")) is not None:
        frames["event_types"] = pl.DataFrame({"EVENT_TYPE": [constant], plan.INTERACTIONS: [facts["records"]]})
    if facts["rows_in"] != facts["rows_out"] + facts["rows_filtered"] + facts["rows_rejected"]:
        raise RowsLostError(f"Rows do not add up: {facts}. This is a fault of the transform; please report it.")
    return Outcome(staging, facts, **frames)


def _tallies(rows: pl.LazyFrame, dataset: pl.LazyFrame, ids: Plan) -> dict[str, tuple[Tally, pl.LazyFrame]]:
    """Return what is counted of interactions, each with what it is counted from."""
    user_counts = elements.user_counts if ids.mapping.explode else plan.user_counts
    found = {
        "users": (Tally(plan.USER_SCHEMA, frozenset({plan.NEWEST})), user_counts(rows, dataset, ids)),
        "items": (Tally(plan.counts_schema("ITEM_ID")), plan.counted_by(dataset, "ITEM_ID")),
    }
    # A constant is counted with the records.
    if "EVENT_TYPE" in ids.mapping.column_names and ids.constant("EVENT_TYPE") is None:
        found["event_types"] = (Tally(plan.counts_schema("EVENT_TYPE")), plan.counted_by(dataset, "EVENT_TYPE"))
    return found
