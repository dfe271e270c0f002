"""Transform the datasets of a run: raw objects to CSV, rejects, batch input and report.

Queries write under ``staging/<run>/``; an object is copied to its final key only when every sink has finished, so
what stands under a final key is whole.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from lambdas.transform import batch_input
from lambdas.transform.execute import DATASET, REJECTS, execute
from lambdas.transform.report import dataset_report
from spec.raw.objects import check_size, list_objects
from spec.raw.store import S3Store
from spec.transform import TransformReport, report_key
from spec.warnings import warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from lambdas.transform.execute import Outcome
    from spec.mapping import DatasetMapping
    from spec.transform import DatasetReport, RawObject, TransformRequest


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
    check_size(request, objects)
    reports: list[DatasetReport] = []
    inputs = []
    known_items: pl.Series | None = None
    for mapping, raw in zip(request.datasets, objects, strict=True):
        with _staging(request, mapping, s3) as staging:
            outcome = execute(mapping, store, raw, staging=staging, started=request.started)
            _publish(request, mapping, s3, outcome)
        reports.append(_report(request, mapping, raw, outcome, known_items))
        if mapping.dataset == "items":
            known_items = outcome.items["ITEM_ID"]
        if mapping.dataset == "interactions":
            known = batch_input.Known(outcome.users, outcome.items)
            inputs = [batch_input.write(store, wanted, known) for wanted in request.batch_inputs]
    report = TransformReport(
        engine="lambda",
        datasets=reports,
        batch_inputs=inputs,
        warnings=warnings(reports),
    )
    store.write(report_key(request.run), report.model_dump_json(indent=1).encode())
    return report


@contextlib.contextmanager
def _staging(request: TransformRequest, mapping: DatasetMapping, s3: Any) -> Iterator[str]:
    """Give the prefix that sinks write to, and empty it afterwards.

    After a failure the engine may still finish an object; the bucket's lifecycle removes what then stays behind.
    """
    prefix = f"staging/{request.run}/{mapping.dataset}/"
    try:
        yield prefix
    finally:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=request.bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                s3.delete_object(Bucket=request.bucket, Key=item["Key"])


def _publish(request: TransformRequest, mapping: DatasetMapping, s3: Any, outcome: Outcome) -> None:
    copies = {DATASET: f"{_folder(request, mapping)}{mapping.dataset}.csv"}
    if outcome.facts["rows_rejected"]:
        copies[REJECTS] = _rejects(request, mapping)
    for name, key in copies.items():
        # The managed copy takes objects beyond 5 GB in parts.
        s3.copy({"Bucket": request.bucket, "Key": outcome.staging + name}, request.bucket, key)


def _folder(request: TransformRequest, mapping: DatasetMapping) -> str:
    return f"transformed/{request.run}/{mapping.dataset}/"


def _rejects(request: TransformRequest, mapping: DatasetMapping) -> str:
    return f"rejects/{request.run}/{mapping.dataset}.jsonl"


def _report(
    request: TransformRequest,
    mapping: DatasetMapping,
    raw: list[RawObject],
    outcome: Outcome,
    known_items: pl.Series | None,
) -> DatasetReport:
    return dataset_report(
        mapping,
        raw,
        outcome,
        location=f"s3://{request.bucket}/{_folder(request, mapping)}",
        rejects=f"s3://{request.bucket}/{_rejects(request, mapping)}",
        known_items=known_items,
    )
