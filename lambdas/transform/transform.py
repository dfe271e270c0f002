"""Run a dataset's transform: raw objects to CSV, rejects, batch input and report, in one scan.

Sinks write under ``staging/<run>/``; an object is copied to its final key only when every sink has finished, so
what stands under a final key is whole.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.exceptions import ComputeError

from lambdas.transform import plan
from lambdas.transform.errors import RowsLostError, TransformError
from lambdas.transform.objects import list_objects
from lambdas.transform.reader import broken_objects, read
from lambdas.transform.request import TransformReport
from lambdas.transform.rules import raw_columns
from lambdas.transform.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lambdas.transform.request import RawObject, TransformRequest
    from lambdas.transform.store import Store


MAX_REPORTED_OBJECTS = 200


def transform(request: TransformRequest, s3: Any) -> TransformReport:
    """Transform one dataset of one run.

    Args:
        request: bucket, run and mapping.
        s3: a boto3 S3 client; the engine streams objects by itself, with the same environment.

    Raises:
        TransformError: the raw data cannot be used at all.
    """
    objects = list_objects(s3, request.bucket, request.mapping.path)
    with _staging(request, s3) as staging:
        staged, facts = _attempt(request, S3Store(s3, request.bucket), objects, staging)
        _publish(request, s3, staged, facts)
    return _report(request, objects, facts)


@contextlib.contextmanager
def _staging(request: TransformRequest, s3: Any) -> Iterator[str]:
    """Give the prefix that sinks write to, and empty it afterwards.

    After a failure the engine may still finish an object; the bucket's lifecycle removes what then stays behind.
    """
    prefix = f"staging/{request.run}/{request.mapping.dataset}/"
    try:
        yield prefix
    finally:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=request.bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                s3.delete_object(Bucket=request.bucket, Key=item["Key"])


def _attempt(
    request: TransformRequest, store: Store, objects: list[RawObject], staging: str
) -> tuple[str, dict[str, Any]]:
    """Execute, once more if bytes are in the way that are not UTF-8; return the prefix of the outputs, and the facts.

    Raises:
        TransformError: the raw data cannot be read.
    """
    try:
        return staging, _execute(request, store, objects, staging)
    except (ComputeError, OSError) as error:
        is_text = request.mapping.format != "parquet"
        broken = broken_objects(store, objects) if is_text else set()
        if not broken:
            raise _unreadable(error) from error
    # Other keys than before: the engine may still be finishing objects of the scan that failed.
    again = f"{staging}again/"
    try:
        return again, _execute(request, store, objects, again, broken)
    except (ComputeError, OSError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> TransformError:
    return TransformError(
        f"The raw data cannot be read: {error}. Check that objects are of the format of the source; what is compressed "
        "with zstd is not searched for bytes that are not UTF-8."
    )


def _execute(
    request: TransformRequest, store: Store, objects: list[RawObject], staging: str, broken: Collection[str] = ()
) -> dict[str, Any]:
    mapping = request.mapping
    lines = read(store, objects, mapping, raw_columns(mapping), staging=staging, broken=broken)
    # Without the cache each sink would read the input again.
    rows = plan.with_fate(lines, mapping).cache()
    out = plan.dataset(rows, mapping).cache()
    rejected = plan.rejects(rows, mapping).cache()
    per_user = plan.per_user(rows).cache()
    target = f"s3://{request.bucket}/{staging}"
    *_, counts, items, users, reasons = pl.collect_all(
        [
            out.sink_csv(f"{target}dataset.csv", lazy=True),
            rejected.sink_ndjson(f"{target}rejects.jsonl", lazy=True, check_extension=False),
            plan.batch_users(per_user).sink_ndjson(f"{target}users.json", lazy=True, check_extension=False),
            plan.counts(rows),
            plan.items(out),
            plan.users(per_user),
            plan.reasons(rejected),
        ],
        engine="streaming",
    )
    facts: dict[str, Any] = {}
    for frame in (counts, items, users):
        facts |= frame.row(0, named=True)
    facts["reasons"] = reasons.to_dicts()
    if facts["rows_in"] != facts["rows_out"] + facts["rows_filtered"] + facts["rows_rejected"]:
        raise RowsLostError(f"Rows do not add up: {facts}. This is a fault of the transform; please report it.")
    return facts


def _publish(request: TransformRequest, s3: Any, staging: str, facts: dict[str, Any]) -> None:
    run, dataset = request.run, request.mapping.dataset
    copies = [("dataset.csv", f"transformed/{run}/{dataset}/{dataset}.csv")]
    if facts["rows_rejected"]:
        copies.append(("rejects.jsonl", _rejects_key(request)))
    copies += [("users.json", f"{prefix}users-00000.json") for prefix in request.batch_inputs]
    for name, key in copies:
        # The managed copy takes objects beyond 5 GB in parts.
        s3.copy({"Bucket": request.bucket, "Key": staging + name}, request.bucket, key)


def _rejects_key(request: TransformRequest) -> str:
    return f"rejects/{request.run}/{request.mapping.dataset}.jsonl"


def _report(request: TransformRequest, objects: list[RawObject], facts: dict[str, Any]) -> TransformReport:
    bucket, dataset = request.bucket, request.mapping.dataset
    return TransformReport(
        dataset=dataset,
        object_count=len(objects),
        object_bytes=sum(item.size for item in objects),
        objects=objects[:MAX_REPORTED_OBJECTS],
        location=f"s3://{bucket}/transformed/{request.run}/{dataset}/",
        rejects=f"s3://{bucket}/{_rejects_key(request)}" if facts["rows_rejected"] else None,
        **facts,
    )
