"""Transform the datasets of a run: raw objects to CSV, rejects, batch input and report.

Queries write under ``staging/<run>/``; an object is copied to its final key only when every sink has finished, so
what stands under a final key is whole.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from definition import layout
from lambdas.transform import batch_input
from lambdas.transform.execute import DATASET, REJECTS, execute
from lambdas.transform.report import dataset_report
from lambdas.transform.reuse import reuse
from transform.raw.lineage import changes, full_import, incremental_import, lineage_of, no_import
from transform.raw.objects import check_size, list_objects
from transform.raw.store import S3Store
from transform.run_report import run_report, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from definition.mapping.mapping import DatasetMapping
    from lambdas.transform.execute import Outcome
    from transform.contract import DatasetReport, ImportPlan, TransformReport, TransformRequest
    from transform.raw.lineage import Change


def transform(request: TransformRequest, s3: Any) -> TransformReport:
    """Transform the datasets of one run.

    Args:
        request: bucket, run, mappings and batch inputs.
        s3: a boto3 S3 client; the engine streams objects by itself, with the same environment.

    Raises:
        TransformError: the raw data cannot be used at all.
    """
    store = S3Store(s3, request.bucket)
    objects = [list_objects(s3, request.bucket, mapping.dataset, mapping.path) for mapping in request.datasets]
    lineage = lineage_of(request, objects)
    planned = changes(request, lineage, store)
    if report := reuse(request, lineage, planned, s3):
        return report
    check_size(request, objects, store)
    reports: list[DatasetReport] = []
    inputs = []
    known_items: pl.Series | None = None
    for mapping, raw, change in zip(request.datasets, objects, planned, strict=True):
        with _staging(request, mapping, s3) as staging:
            outcome = execute(mapping, store, raw, staging=staging, started=request.started)
            _publish(request, mapping, s3, outcome)
            dataset = dataset_report(request, mapping, raw, outcome, known_items=known_items)
            whole = store.size(outcome.staging + DATASET)
            imports = _imports(request, mapping, s3, dataset=dataset, change=change, whole=whole)
        reports.append(dataset.model_copy(update={"imports": imports}))
        if mapping.dataset == "items":
            known_items = outcome.items["ITEM_ID"]
        if mapping.dataset == "interactions":
            known = batch_input.Known(outcome.users, outcome.items)
            inputs = [batch_input.write(store, wanted, known) for wanted in request.batch_inputs]
    report = run_report(request, lineage, engine="lambda", datasets=reports, batch_inputs=inputs)
    write(store, request.run, lineage, report)
    return report


def _imports(
    request: TransformRequest, mapping: DatasetMapping, s3: Any, *, dataset: DatasetReport, change: Change, whole: int
) -> ImportPlan:
    """Return what is to be imported; of new objects alone write the CSV. ``whole`` is the bytes of the dataset's."""
    if change.mode != "INCREMENTAL":
        return no_import(change.reason) if change.mode == "NONE" else full_import(dataset, change.reason, whole)
    staging = f"{_staging_prefix(request, mapping)}increment/"
    store = S3Store(s3, request.bucket)
    outcome = execute(mapping, store, change.added, staging=staging, started=request.started)
    folder = layout.INCREMENT.key(run=request.run, dataset=mapping.dataset)
    source = {"Bucket": request.bucket, "Key": outcome.staging + DATASET}
    s3.copy(source, request.bucket, f"{folder}{mapping.dataset}.csv")
    return incremental_import(
        dataset,
        change,
        records=outcome.facts["records"],
        location=f"s3://{request.bucket}/{folder}",
        size=store.size(outcome.staging + DATASET),
        whole=whole,
    )


@contextlib.contextmanager
def _staging(request: TransformRequest, mapping: DatasetMapping, s3: Any) -> Iterator[str]:
    """Give the prefix that sinks write to, and empty it afterwards.

    After a failure the engine may still finish an object; the bucket's lifecycle removes what then stays behind.
    """
    prefix = _staging_prefix(request, mapping)
    try:
        yield prefix
    finally:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=request.bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                s3.delete_object(Bucket=request.bucket, Key=item["Key"])


def _publish(request: TransformRequest, mapping: DatasetMapping, s3: Any, outcome: Outcome) -> None:
    of_dataset = {"run": request.run, "dataset": mapping.dataset}
    copies = {DATASET: f"{layout.DATASET.key(**of_dataset)}{mapping.dataset}.csv"}
    if outcome.facts["rows_rejected"]:
        copies[REJECTS] = layout.REJECTED_ROWS.key(**of_dataset)
    for name, key in copies.items():
        # The managed copy takes objects beyond 5 GB in parts.
        s3.copy({"Bucket": request.bucket, "Key": outcome.staging + name}, request.bucket, key)


def _staging_prefix(request: TransformRequest, mapping: DatasetMapping) -> str:
    return f"{layout.STAGING.key(run=request.run)}{mapping.dataset}/"
