"""What Personalize has imported of a dataset: its CSV in the bucket, as long as that is kept."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from definition import layout
from transform.raw.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.service.dataset_types import DatasetName


@dataclass(frozen=True)
class Imported:
    """The CSV of a dataset.

    Attributes:
        run: that transformed it; None where no run has imported it.
        sizes: bytes of each object by its key.
        gone: why there is none.
    """

    run: str | None
    sizes: dict[str, int]
    gone: str = ""


def imported(s3: Any, bucket: str, dataset: DatasetName) -> Imported:
    """Return what Personalize holds of a dataset.

    Args:
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        dataset: which one.

    Raises:
        ClientError: the bucket must not be read.
    """
    try:
        record = json.loads(s3.get_object(Bucket=bucket, Key=layout.IMPORTS.key())["Body"].read())
    except s3.exceptions.NoSuchKey:
        return Imported(None, {}, f"no run has imported {dataset} yet")
    runs = [run for each in record["datasets"] if each["dataset"] == dataset for run in _runs_of(each)]
    if not runs:
        return Imported(None, {}, f"{dataset} are being imported now, or their last import has failed")
    run, sizes = next(((run, sizes) for run in runs if (sizes := _sizes(s3, bucket, run, dataset))), (runs[-1], {}))
    days = layout.DATASET.days
    gone = "" if sizes else f"the data of run {run} is gone from the bucket, which keeps it for {days} days"
    return Imported(run, sizes, gone)


def records(s3: Any, bucket: str, found: Imported, column: str = "", value: str = "") -> Iterator[dict[str, str]]:
    """Yield the records by their columns; with a ``column`` those that have a value there."""
    store = S3Store(s3, bucket)
    for key in found.sizes:
        with store.read(key) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as text:
            rows = csv.reader(text)
            header = next(rows, [column])
            place = header.index(column) if column else None
            yield from (dict(zip(header, row, strict=True)) for row in rows if place is None or row[place] == value)


def _runs_of(record: dict[str, Any]) -> list[str]:
    """Return the run that a dataset is up to date with, and the one that imported it last, where that is another.

    A run that finds the data unchanged transforms and imports nothing: the import job is that of the run before.
    """
    return [record["run"], *re.findall(layout.RUN_ID, str(record.get("import_job_arn")))]


def _sizes(s3: Any, bucket: str, run: str, dataset: DatasetName) -> dict[str, int]:
    prefix = layout.DATASET.key(run=run, dataset=dataset)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}
