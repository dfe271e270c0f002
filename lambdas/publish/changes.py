"""The table of what changed since the table before: who was found anew, is no longer found, or has another rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from definition import layout
from definition.contract.pointers import LatestTable
from definition.contract.publishing import Changes, RangeReport
from lambdas.ranges import ranges, table, within

if TYPE_CHECKING:
    from definition.contract.publishing import Range
    from lambdas.publish.objects import Objects

ROWS_PER_RANGE = 4_000_000
"""Rows of both tables that are joined at once: about half a gigabyte."""


def changes(objects: Objects, location: str) -> Changes | None:
    """Write the table, and return what it counts; None where there is no table before, or of other columns.

    Its columns are those of the tables without the score, and ``change``: ``added``, ``removed`` or ``moved``, with
    ``rank`` and ``rank_before``. What did not change is not in it.

    Args:
        objects: those of the job, whose ``latest.json`` names the table before.
        location: S3 folder of the new table.
    """
    latest = table_before(objects, location)
    if latest is None:
        return None
    before = latest.location
    found = [compare(objects, location, before, each) for each in ranges([location, before], rows=ROWS_PER_RANGE)]
    return Changes(
        since=latest.run,
        location=objects.uri(objects.changes_folder),
        added=sum(each.added for each in found),
        removed=sum(each.removed for each in found),
        moved=sum(each.moved for each in found),
    )


def table_before(objects: Objects, location: str) -> LatestTable | None:
    """Return the table that ``latest.json`` names, None if the new one cannot be compared."""
    s3, bucket = objects.s3, objects.job.bucket
    try:
        body = s3.get_object(Bucket=bucket, Key=layout.LATEST_TABLE.key(**objects.of_job))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    latest = LatestTable.model_validate_json(body)
    # The bucket's owner may have removed the table.
    prefix = latest.location.removeprefix(objects.uri(""))
    is_there = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"]
    if latest.location == location or not is_there:
        return None
    now, before = (table(folder).collect_schema() for folder in (location, latest.location))
    return latest if now == before else None


def compare(objects: Objects, location: str, before: str | None, part: Range) -> RangeReport:
    """Write what changed among the keys of a range, and count it and them.

    Args:
        objects: those of the job.
        location: S3 folder of the new table.
        before: S3 folder of the table before; None if there is none.
        part: the range.
    """
    now = within(table(location), part.low, part.high)
    keys = now.select(pl.nth(0).n_unique()).collect(engine="streaming").item()
    counted = dict.fromkeys(("added", "removed", "moved"), 0)
    if before is not None:
        found = _changed(now, within(table(before), part.low, part.high)).collect()
        found.write_parquet(objects.uri(f"{objects.changes_folder}part-{part.number:05}.parquet"))
        counted |= dict(found["change"].value_counts().iter_rows())
    return RangeReport(keys=keys, **counted)


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
