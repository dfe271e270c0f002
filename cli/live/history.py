"""The last interactions of a user, from the data that Personalize has imported."""

from __future__ import annotations

import csv
import heapq
import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from definition import layout
from transform.raw.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
"""The id of a run, of which names of import jobs hold one."""

LARGEST = 256 * 1024**2
"""Bytes of interactions that are read for one question: some ten seconds. One row is held at a time."""


@dataclass(frozen=True)
class Interaction:
    """What a user did; the event type is None where the dataset has no such column."""

    at: datetime
    item: str
    event_type: str | None = None


@dataclass(frozen=True)
class History:
    """What is known of a user.

    Attributes:
        run: that transformed the data; None where it is not known.
        interactions: the last ones, the newest first; None where they were not read.
        unread: why they were not.
    """

    run: str | None = None
    interactions: list[Interaction] | None = field(default=None)
    unread: str = ""


def history(s3: Any, bucket: str, user: str, most: int, *, largest: int = LARGEST) -> History:
    """Return the last interactions of a user in what Personalize has imported; events sent since are not in it.

    Args:
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        user: the user's id.
        most: how many.
        largest: bytes beyond which nothing is read.

    Raises:
        ClientError: the bucket must not be read.
    """
    run, keys, unread = _imported(s3, bucket, largest)
    if unread:
        return History(run, unread=unread)
    found = (_interaction(record) for record in _records(s3, bucket, keys, user))
    return History(run, heapq.nlargest(most, found, key=lambda each: each.at))


def example(s3: Any, bucket: str) -> tuple[str, str] | None:
    """Return user and item of the first interaction that Personalize has imported, None if none can be read."""
    _, keys, unread = _imported(s3, bucket, None)
    if unread:
        return None
    first = next(_records(s3, bucket, keys), None)
    return None if first is None else (first["USER_ID"], first["ITEM_ID"])


def _imported(s3: Any, bucket: str, largest: int | None) -> tuple[str | None, list[str], str]:
    """Return the run that Personalize's interactions are of, the keys of its data, and why they cannot be read."""
    try:
        record = json.loads(s3.get_object(Bucket=bucket, Key=layout.IMPORTS.key())["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None, [], "no run has imported interactions yet"
    runs = [run for each in record["datasets"] if each["dataset"] == "interactions" for run in _runs_of(each)]
    if not runs:
        return None, [], "interactions are being imported now, or their last import has failed"
    run, sizes = next(((run, sizes) for run in runs if (sizes := _sizes(s3, bucket, run))), (runs[-1], {}))
    if not sizes:
        days = layout.DATASET.days
        return run, [], f"the data of run {run} is gone from the bucket, which keeps it for {days} days"
    if largest is not None and (size := sum(sizes.values())) > largest:
        told = f"{size / 1024**2:,.0f} MB of interactions, and at most {largest / 1024**2:,.0f} MB are looked through"
        return run, [], f"there are {told}"
    return run, list(sizes), ""


def _runs_of(imported: dict[str, Any]) -> list[str]:
    """Return the run that a dataset is up to date with, and the one that imported it last, where that is another.

    A run that finds the data unchanged transforms and imports nothing: the import job is that of the run before.
    """
    return [imported["run"], *_RUN.findall(str(imported.get("import_job_arn")))]


def _sizes(s3: Any, bucket: str, run: str) -> dict[str, int]:
    """Return key and size of each object of a run's interactions."""
    prefix = layout.DATASET.key(run=run, dataset="interactions")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}


def _interaction(record: dict[str, str]) -> Interaction:
    at = datetime.fromtimestamp(int(record["TIMESTAMP"]), UTC)
    return Interaction(at, record["ITEM_ID"], record.get("EVENT_TYPE") or None)


def _records(s3: Any, bucket: str, keys: list[str], user: str | None = None) -> Iterator[dict[str, str]]:
    """Yield the records of a user, or all of them, by their columns."""
    store = S3Store(s3, bucket)
    for key in keys:
        with store.read(key) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as text:
            rows = csv.reader(text)
            header = next(rows, ["USER_ID"])
            place = header.index("USER_ID")
            yield from (dict(zip(header, row, strict=True)) for row in rows if user is None or row[place] == user)
