"""Transform the datasets of a run: raw objects to CSV, rejects, batch input and report.

Spark writes under ``staging/<run>/``; an object is moved to its final key only when its dataset is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from jobs.transform import batch_input
from jobs.transform.counts import per_item, per_user, tallies
from jobs.transform.execute import Target, execute, staged
from jobs.transform.files import delete, size
from transform import report
from transform.raw.lineage import changes, full_import, incremental_import, lineage_of, no_import
from transform.raw.objects import check_size
from transform.records import FILTERED, OUT, REJECTED
from transform.report import Rows
from transform.run_report import run_report, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

    from definition.mapping.mapping import DatasetMapping
    from jobs.transform.execute import Outcome
    from transform.contract import (
        BatchInputReport,
        DatasetReport,
        ImportPlan,
        RawObject,
        TransformReport,
        TransformRequest,
    )
    from transform.raw.lineage import Change, Lineage
    from transform.raw.store import Store
    from transform.report import Tallies


def transform(
    session: SparkSession, request: TransformRequest, store: Store, objects: list[list[RawObject]]
) -> TransformReport:
    """Transform the datasets of one run.

    Args:
        session: the Spark session, with ``session.SETTINGS``.
        request: run, mappings and batch inputs.
        store: the bucket.
        objects: the raw objects of each dataset.

    Raises:
        TransformError: the raw data cannot be used at all.
    """
    check_size(request, objects, store)
    lineage = lineage_of(request, objects)
    planned = changes(request, lineage, store)
    try:
        return _transform(session, request, store, lineage, planned)
    finally:
        delete(session, store.root, layout.STAGING.key(run=request.run))


def _transform(
    session: SparkSession, request: TransformRequest, store: Store, lineage: Lineage, planned: Sequence[Change]
) -> TransformReport:
    reports: list[DatasetReport] = []
    inputs: list[BatchInputReport] = []
    known_items: DataFrame | None = None
    for mapping, made, change in zip(request.datasets, lineage.datasets, planned, strict=True):
        of_dataset = {"run": request.run, "dataset": mapping.dataset}
        target = Target(
            staging=f"{layout.STAGING.key(run=request.run)}{mapping.dataset}/",
            dataset=layout.DATASET.key(**of_dataset),
            rejects=layout.REJECTED_ROWS_PART.key(**of_dataset, part="{:05}"),
        )
        for left in (target.dataset, layout.REJECTED_ROWS.key(**of_dataset)):
            # A function that ran out of memory may have written them: Personalize imports whatever lies there.
            delete(session, store.root, left)
        outcome = execute(session, mapping, store, made.objects, target=target, started=request.started)
        counted = None
        if mapping.dataset == "items":
            known_items = outcome.records.select("ITEM_ID")
        if mapping.dataset == "interactions":
            folder = f"{store.root}{target.staging}"
            users = staged(session, per_user(outcome.rows, outcome.records), f"{folder}users")
            items = staged(session, per_item(outcome.records), f"{folder}items")
            counted = tallies(outcome.records, users, items, known_items)
            known = batch_input.Known(users, items)
            inputs = [batch_input.write(store, wanted, known) for wanted in request.batch_inputs]
        dataset = dataset_report(request, mapping, made.objects, outcome, counted)
        imports = _imports(session, request, mapping, store, dataset=dataset, change=change)
        reports.append(dataset.model_copy(update={"imports": imports}))
    document = run_report(request, lineage, engine="glue", datasets=reports, batch_inputs=inputs)
    write(store, request.run, lineage, document)
    return document


def _imports(
    session: SparkSession,
    request: TransformRequest,
    mapping: DatasetMapping,
    store: Store,
    *,
    dataset: DatasetReport,
    change: Change,
) -> ImportPlan:
    """Return what is to be imported; of new objects alone write the CSV."""
    if change.mode == "NONE":
        return no_import(change.reason)
    whole = size(session, store.root, layout.DATASET.key(run=request.run, dataset=mapping.dataset))
    if change.mode != "INCREMENTAL":
        return full_import(dataset, change.reason, whole)
    staging = f"{layout.STAGING.key(run=request.run)}{mapping.dataset}-increment/"
    folder = layout.INCREMENT.key(run=request.run, dataset=mapping.dataset)
    # What is rejected is among the rejects of the whole already.
    target = Target(staging=staging, dataset=folder, rejects=f"{staging}rejects-{{:05}}.jsonl")
    outcome = execute(session, mapping, store, change.added, target=target, started=request.started)
    location = f"s3://{request.bucket}/{folder}"
    added = size(session, store.root, folder)
    return incremental_import(dataset, change, records=outcome.facts.total, location=location, size=added, whole=whole)


def dataset_report(
    request: TransformRequest,
    mapping: DatasetMapping,
    raw: list[RawObject],
    outcome: Outcome,
    counted: Tallies | None,
) -> DatasetReport:
    """Return the report of a dataset."""
    rows = outcome.fates.rows
    return report.dataset_report(
        request,
        mapping,
        raw,
        Rows(rows.get(OUT, 0), rows.get(FILTERED, 0), rows.get(REJECTED, 0)),
        outcome.facts,
        reasons=outcome.fates.reasons,
        tallies=counted,
        exploded=outcome.exploded,
    )
