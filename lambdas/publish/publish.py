"""Turn the lines that Personalize writes into one Parquet table, a row per user and rank."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.publish.request import PublishReport

if TYPE_CHECKING:
    from lambdas.publish.request import PublishRequest

_LINE: dict[str, pl.DataType | type[pl.DataType]] = {
    "input": pl.Struct({"userId": pl.String}),
    "output": pl.Struct({"recommendedItems": pl.List(pl.String), "scores": pl.List(pl.Float64)}),
    "error": pl.String,
}
"""A line of output; scores and error may be absent (page batch-inference-job-output-examples)."""


_IS_SCORED = pl.col("error").is_null() & pl.col("output").struct["recommendedItems"].is_not_null()


class OutputMissingError(Exception):
    """The job is ACTIVE, but wrote no output."""


class NothingScoredError(Exception):
    """The job is ACTIVE, but every line of its output is an error."""


def publish(request: PublishRequest, s3: Any) -> PublishReport:
    """Write the table of one job and point ``latest.json`` to it.

    Raises:
        OutputMissingError: no ``.out`` object lies under the output prefix.
        NothingScoredError: there is no line without an error.
    """
    uris = [f"s3://{request.bucket}/{key}" for key in output_keys(s3, request.bucket, request.output)]
    if not uris:
        raise OutputMissingError(f"No .out object under s3://{request.bucket}/{request.output}.")
    lines = pl.scan_ndjson(uris, schema=_LINE)
    table = recommendations(lines)
    key = f"{request.curated}run={request.run}/part-00000.parquet"
    _, totals, errors, counts = pl.collect_all(
        [
            table.sink_parquet(f"s3://{request.bucket}/{key}", lazy=True),
            lines.select(pl.len().alias("lines")),
            lines.filter(~_IS_SCORED).select(
                pl.len().alias("errors"), pl.col("error").fill_null("no output").first().alias("first_error")
            ),
            table.select(
                pl.len().alias("rows"),
                pl.col("user_id").n_unique().alias("users"),
                pl.col("item_id").n_unique().alias("items"),
            ),
        ],
        engine="streaming",
    )
    facts = {**totals.row(0, named=True), **errors.row(0, named=True), **counts.row(0, named=True)}
    if facts["errors"] == facts["lines"]:
        s3.delete_object(Bucket=request.bucket, Key=key)
        raise NothingScoredError(f"All {facts['lines']} lines are errors; the first: {facts['first_error']}")
    location = f"s3://{request.bucket}/{request.curated}run={request.run}/"
    _point_to(request, s3, location)
    return PublishReport(location=location, **facts)


def output_keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    """List what the job wrote; Personalize also leaves a ``_CHECK`` object there."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", ()) if item["Key"].endswith(".out")]


def recommendations(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return user_id, rank from 1, item_id and score (null where the recipe gives none) of lines without error."""
    output = pl.col("output").struct
    return (
        lines.filter(_IS_SCORED)
        .select(
            pl.col("input").struct["userId"].alias("user_id"),
            output["recommendedItems"].alias("item_id"),
            output["scores"].alias("scores"),
            pl.int_ranges(output["recommendedItems"].list.len().cast(pl.Int32), dtype=pl.Int32).alias("rank"),
        )
        .explode("item_id", "rank", empty_as_null=False)
        .select(
            "user_id",
            pl.col("rank") + 1,
            "item_id",
            # Items that pad a list have no score: the list of scores may be shorter.
            pl.col("scores").list.get(pl.col("rank"), null_on_oob=True).alias("score"),
        )
    )


def _point_to(request: PublishRequest, s3: Any, location: str) -> None:
    pointer = {"run": request.run, "location": location}
    s3.put_object(
        Bucket=request.bucket,
        Key=f"{request.curated}latest.json",
        Body=json.dumps(pointer).encode(),
        ContentType="application/json",
    )
