"""The table of what changed since the table before: who was found anew, is no longer found, or has another rank."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.publish.request import Changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.publish.request import Job

_ROWS_PER_PART = 4_000_000
"""Rows of both tables that are joined at once: about half a gigabyte."""

_SAMPLES_PER_PART = 100

_COUNTED = ("added", "removed", "moved")


def changes(request: Job, s3: Any, location: str) -> Changes | None:
    """Write the table, and return what it counts; None where there is no table before, or of other columns.

    Its columns are those of the tables without the score, and ``change``: ``added``, ``removed`` or ``moved``, with
    ``rank`` and ``rank_before``. What did not change is not in it.

    Args:
        request: with the folder of the job's tables, in which ``latest.json`` names the one before.
        s3: a boto3 S3 client.
        location: S3 folder of the new table.
    """
    latest = _latest(request, s3)
    if latest is None or latest["location"] == location:
        return None
    now, before = (pl.scan_parquet(f"{folder}*.parquet") for folder in (location, latest["location"]))
    if now.collect_schema() != before.collect_schema():
        return None
    rows = sum(table.select(pl.len()).collect().item() for table in (now, before))
    folder = f"{request.curated}changes/run={request.run}/"
    totals = dict.fromkeys(_COUNTED, 0)
    for number, (low, high) in enumerate(pairwise(_bounds((now, before), max(1, -(-rows // _ROWS_PER_PART))))):
        found = _changed(*(_between(table, low, high) for table in (now, before))).collect()
        found.write_parquet(f"s3://{request.bucket}/{folder}part-{number:05}.parquet")
        for kind, count in found["change"].value_counts().iter_rows():
            totals[kind] += count
    return Changes(since=latest["run"], location=f"s3://{request.bucket}/{folder}", **totals)


def _latest(request: Job, s3: Any) -> dict[str, Any] | None:
    try:
        body = s3.get_object(Bucket=request.bucket, Key=f"{request.curated}latest.json")["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    latest: dict[str, Any] = json.loads(body)
    # The bucket's owner may have removed the table.
    prefix = latest["location"].removeprefix(f"s3://{request.bucket}/")
    return latest if s3.list_objects_v2(Bucket=request.bucket, Prefix=prefix, MaxKeys=1)["KeyCount"] else None


def _bounds(tables: Sequence[pl.LazyFrame], parts: int) -> list[str | None]:
    """Return the keys at which to cut tables in parts of about the same size; None is before the first and after all.

    Tables are mostly in the order of their keys, so Parquet's statistics let each part be read without the others.
    """
    if parts == 1:
        return [None, None]
    every = max(1, _ROWS_PER_PART // _SAMPLES_PER_PART)
    sampled = [
        table.select(pl.nth(0).alias("key")).with_row_index().filter(pl.col("index") % every == 0).select("key")
        for table in tables
    ]
    keys = pl.concat(sampled).drop_nulls().collect(engine="streaming")["key"].sort()
    cuts = {keys[len(keys) * part // parts] for part in range(1, parts)}
    return [None, *sorted(cuts), None]


def _between(table: pl.LazyFrame, low: str | None, high: str | None) -> pl.LazyFrame:
    """Return the rows of the keys from ``low`` up to, but not including, ``high``."""
    key = pl.nth(0)
    if low is not None:
        table = table.filter(key >= low)
    return table if high is None else table.filter((key < high) | key.is_null() if low is None else key < high)


def _changed(now: pl.LazyFrame, before: pl.LazyFrame) -> pl.LazyFrame:
    key, _, found = now.collect_schema().names()[:3]
    rank, rank_before = pl.col("rank"), pl.col("rank_before")
    change = (
        pl.when(rank_before.is_null())
        .then(pl.lit("added"))
        .when(rank.is_null())
        .then(pl.lit("removed"))
        .when(rank != rank_before)
        .then(pl.lit("moved"))
    )
    of_before = before.select(key, found, pl.col("rank").alias("rank_before"))
    joined = now.select(key, found, "rank").join(of_before, on=[key, found], how="full", coalesce=True)
    columns = joined.select(key, found, change.alias("change"), "rank", "rank_before")
    return columns.filter(pl.col("change").is_not_null()).sort(key, "rank", "rank_before", nulls_last=True)
