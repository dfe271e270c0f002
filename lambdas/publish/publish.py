"""Turn the lines that Personalize writes into one Parquet table, a row per line and rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.publish.request import PublishReport

if TYPE_CHECKING:
    from lambdas.publish.request import PublishRequest

_LINE: dict[str, pl.DataType | type[pl.DataType]] = {
    "input": pl.Struct({"userId": pl.String, "itemId": pl.String, "itemAttributes": pl.String}),
    "output": pl.Struct(
        {
            "recommendedItems": pl.List(pl.String),
            "usersList": pl.List(pl.String),
            "recommendedUsers": pl.List(pl.String),
            "scores": pl.List(pl.Float64),
        }
    ),
    "error": pl.String,
}
"""A line of output; scores and error may be absent (page batch-inference-job-output-examples). Of segments the pages
name ``recommendedUsers`` (getting-user-segments), and the service's own samples read ``usersList``."""

_COLUMNS = {
    ("inference", "user"): ("userId", "user_id", "item_id"),
    ("inference", "ranking"): ("userId", "user_id", "item_id"),
    ("inference", "item"): ("itemId", "item_id", "related_item_id"),
    ("segment", "item"): ("itemId", "item_id", "user_id"),
    ("segment", "attributes"): ("itemAttributes", "item_attributes", "user_id"),
}
"""Key of the input, and the table's columns for it and for what was found, by kind of job and what a line names."""

_FOUND = pl.coalesce(pl.col("output").struct[key] for key in ("recommendedItems", "usersList", "recommendedUsers"))
_IS_SCORED = pl.col("error").is_null() & _FOUND.is_not_null()


class OutputMissingError(Exception):
    """The job is ACTIVE, but wrote no output."""


class NothingScoredError(Exception):
    """The job is ACTIVE, but every line of its output is an error."""


def publish(request: PublishRequest, s3: Any) -> PublishReport:
    """Write the table of one job; the run lets ``latest.json`` name it when all of it is there.

    Raises:
        OutputMissingError: no ``.out`` object lies under the output prefix.
        NothingScoredError: there is no line without an error.
    """
    uris = [f"s3://{request.bucket}/{key}" for key in output_keys(s3, request.bucket, request.output)]
    if not uris:
        raise OutputMissingError(f"No .out object under s3://{request.bucket}/{request.output}.")
    lines = pl.scan_ndjson(uris, schema=_LINE)
    table = results(lines, request.kind, request.line)
    key = f"{request.curated}run={request.run}/part-00000.parquet"
    _, totals, errors, counts = pl.collect_all(
        [
            table.sink_parquet(f"s3://{request.bucket}/{key}", lazy=True),
            lines.select(pl.len().alias("lines")),
            lines.filter(~_IS_SCORED).select(
                pl.len().alias("errors"), pl.col("error").fill_null("no output").first().alias("first_error")
            ),
            table.select(
                pl.len().alias("rows"), pl.nth(0).n_unique().alias("keys"), pl.nth(2).n_unique().alias("results")
            ),
        ],
        engine="streaming",
    )
    facts = {**totals.row(0, named=True), **errors.row(0, named=True), **counts.row(0, named=True)}
    if facts["errors"] == facts["lines"]:
        s3.delete_object(Bucket=request.bucket, Key=key)
        raise NothingScoredError(f"All {facts['lines']} lines are errors; the first: {facts['first_error']}")
    location = f"s3://{request.bucket}/{request.curated}run={request.run}/"
    return PublishReport(location=location, **facts)


def output_keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    """List what the job wrote; Personalize also leaves a ``_CHECK`` object there."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", ()) if item["Key"].endswith(".out")]


def results(lines: pl.LazyFrame, kind: str, line: str) -> pl.LazyFrame:
    """Return what was found, a row per line without error and rank: what the line names, rank, finding, score.

    Args:
        lines: what Personalize wrote.
        kind: ``inference`` or ``segment``.
        line: what a line of the input names: ``user``, ``item``, ``ranking`` or ``attributes``.
    """
    key, named, found = _COLUMNS[kind, line]
    output = pl.col("output").struct
    return (
        lines.filter(_IS_SCORED)
        .select(
            pl.col("input").struct[key].alias(named),
            _FOUND.alias(found),
            output["scores"].alias("scores"),
            pl.int_ranges(_FOUND.list.len().cast(pl.Int32), dtype=pl.Int32).alias("rank"),
        )
        .explode(found, "rank", empty_as_null=False)
        .select(
            named,
            pl.col("rank") + 1,
            found,
            # Items that pad a list have no score: the list of scores may be shorter.
            pl.col("scores").list.get(pl.col("rank"), null_on_oob=True).alias("score"),
        )
    )
