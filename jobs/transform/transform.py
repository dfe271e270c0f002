"""Transform the datasets of a run: raw objects to CSV, rejects, batch input and report.

Spark writes under ``staging/<run>/``; an object is moved to its final key only when its dataset is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transform import batch_input
from jobs.transform.counts import interactions_report, per_item, per_user
from jobs.transform.execute import Target, execute, staged
from jobs.transform.fates import FILTERED, OUT, REJECTED
from jobs.transform.files import delete
from spec.raw.objects import check_size
from spec.transform import (
    MAX_REPORTED_REASONS,
    DatasetReport,
    InteractionsReport,
    TransformReport,
    report_key,
    reported,
)
from spec.warnings import warnings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from jobs.transform.execute import Outcome
    from spec.mapping import DatasetMapping
    from spec.raw.store import Store
    from spec.transform import BatchInputReport, RawObject, TransformRequest


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
    check_size(request, objects)
    try:
        return _transform(session, request, store, objects)
    finally:
        delete(session, store.root, f"staging/{request.run}/")


def _transform(
    session: SparkSession, request: TransformRequest, store: Store, objects: list[list[RawObject]]
) -> TransformReport:
    reports: list[DatasetReport] = []
    inputs: list[BatchInputReport] = []
    known_items: DataFrame | None = None
    for mapping, raw in zip(request.datasets, objects, strict=True):
        target = Target(
            staging=f"staging/{request.run}/{mapping.dataset}/",
            dataset=f"transformed/{request.run}/{mapping.dataset}/",
            rejects=f"rejects/{request.run}/{mapping.dataset}",
        )
        outcome = execute(session, mapping, store, raw, target=target, started=request.started)
        interactions = None
        if mapping.dataset == "items":
            known_items = outcome.records.select("ITEM_ID")
        if mapping.dataset == "interactions":
            folder = f"{store.root}{target.staging}"
            users = staged(session, per_user(outcome.rows, outcome.records), f"{folder}users")
            items = staged(session, per_item(outcome.records), f"{folder}items")
            interactions = interactions_report(outcome.facts, outcome.records, users, items, known_items)
            known = batch_input.Known(users, items)
            inputs = [batch_input.write(store, wanted, known) for wanted in request.batch_inputs]
        reports.append(dataset_report(request, mapping, raw, outcome, interactions))
    report = TransformReport(
        engine="glue",
        datasets=reports,
        batch_inputs=inputs,
        warnings=warnings(reports),
    )
    store.write(report_key(request.run), report.model_dump_json(indent=1).encode())
    return report


def dataset_report(
    request: TransformRequest,
    mapping: DatasetMapping,
    raw: list[RawObject],
    outcome: Outcome,
    interactions: InteractionsReport | None,
) -> DatasetReport:
    """Return the report of a dataset."""
    rows, facts = outcome.fates.rows, outcome.facts
    out, rejected = rows.get(OUT, 0), rows.get(REJECTED, 0)
    duplicates = out - facts.records if mapping.duplicates else 0
    return DatasetReport(
        dataset=mapping.dataset,
        object_count=len(raw),
        object_bytes=sum(item.size for item in raw),
        objects=reported(raw),
        rows_in=sum(rows.values()),
        rows_out=out - duplicates,
        rows_filtered=rows.get(FILTERED, 0) + duplicates,
        rows_duplicate=duplicates,
        rows_rejected=rejected,
        records=facts.records,
        reasons=outcome.fates.reasons[:MAX_REPORTED_REASONS],
        empty=facts.empty,
        interactions=interactions,
        location=f"s3://{request.bucket}/transformed/{request.run}/{mapping.dataset}/",
        rejects=f"s3://{request.bucket}/rejects/{request.run}/" if rejected else None,
    )
