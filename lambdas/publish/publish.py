"""Turn the lines that Personalize writes into one Parquet table, a row per line and rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.publish.changes import changes
from lambdas.publish.request import PublishReport
from spec.tables import columns

if TYPE_CHECKING:
    from lambdas.publish.request import Line, PublishRequest

_LINE: dict[str, pl.DataType | type[pl.DataType]] = {
    "input": pl.Struct({"userId": pl.String, "itemId": pl.String, "itemAttributes": pl.String}),
    "output": pl.Struct(
        {
            "recommendedItems": pl.List(pl.String),
            "usersList": pl.List(pl.String),
            "recommendedUsers": pl.List(pl.String),
            "scores": pl.List(pl.Float64),
            "itemsThemeRelevanceScores": pl.List(pl.Float64),
            "theme": pl.String,
        }
    ),
    "error": pl.String,
}
"""A line of output; scores and error may be absent (page batch-inference-job-output-examples). Of segments the pages
name ``recommendedUsers`` (getting-user-segments), and the service's own samples read ``usersList``."""

_FOUND = pl.coalesce(pl.col("output").struct[key] for key in ("recommendedItems", "usersList", "recommendedUsers"))
_IS_SCORED = pl.col("error").is_null() & _FOUND.is_not_null()


class OutputMissingError(Exception):
    """The job is ACTIVE, but wrote no output."""


class TooManyErrorsError(Exception):
    """The job is ACTIVE, but more lines of its output than allowed, or all of them, are errors."""


def publish(request: PublishRequest, s3: Any) -> PublishReport:
    """Write the table of one job; the run lets ``latest.json`` name it when all of it is there.

    Raises:
        OutputMissingError: no ``.out`` object lies under the output prefix.
        TooManyErrorsError: more lines than allowed are errors, or all of them.
    """
    uris = [f"s3://{request.bucket}/{key}" for key in output_keys(s3, request.bucket, request.output)]
    if not uris:
        raise OutputMissingError(f"No .out object under s3://{request.bucket}/{request.output}.")
    lines = pl.scan_ndjson(uris, schema=_LINE)
    table = results(lines, request.kind, request.line, themed=request.themed)
    failed = errors(lines, request.kind, request.line)
    folder = f"{request.curated}run={request.run}/"
    key, rejects = f"{folder}part-00000.parquet", f"s3://{request.bucket}/{request.rejects}"
    _, _, totals, errored, counts = pl.collect_all(
        [
            table.sink_parquet(f"s3://{request.bucket}/{key}", lazy=True),
            failed.sink_ndjson(rejects, lazy=True, check_extension=False),
            lines.select(pl.len().alias("lines")),
            failed.select(pl.len().alias("errors"), pl.col("error").first().alias("first_error")),
            table.select(
                pl.len().alias("rows"), pl.nth(0).n_unique().alias("keys"), pl.nth(2).n_unique().alias("results")
            ),
        ],
        engine="streaming",
    )
    facts = {**totals.row(0, named=True), **errored.row(0, named=True), **counts.row(0, named=True)}
    if not facts["errors"]:
        s3.delete_object(Bucket=request.bucket, Key=request.rejects)
    elif refused := _refused(facts, request.max_errors):
        s3.delete_object(Bucket=request.bucket, Key=key)
        raise TooManyErrorsError(f"{refused}; the first: {facts['first_error']}; all of them: {rejects}")
    location = f"s3://{request.bucket}/{folder}"
    changed = changes(request, s3, location)
    return PublishReport(location=location, rejects=rejects if facts["errors"] else None, changes=changed, **facts)


def _refused(facts: dict[str, Any], most: float) -> str | None:
    """Return why so many errors are not published, None if they are."""
    told = f"{facts['errors']} of {facts['lines']} lines ({100 * facts['errors'] / facts['lines']:.3g} %) are errors"
    if facts["errors"] == facts["lines"]:
        return told
    return f"{told}, more than the {100 * most:g} % of max_errors" if facts["errors"] > most * facts["lines"] else None


def output_keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    """List what the job wrote; Personalize also leaves a ``_CHECK`` object there."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", ()) if item["Key"].endswith(".out")]


def results(lines: pl.LazyFrame, kind: str, line: Line, *, themed: bool = False) -> pl.LazyFrame:
    """Return what was found, a row per line without error and rank, with the columns of ``spec.tables``.

    Args:
        lines: what Personalize wrote.
        kind: ``inference`` or ``segment``.
        line: what a line of the input names.
        themed: whether lines have a theme; scores then say how well an item fits it.
    """
    wanted = columns(kind, line, themed=themed)
    output = pl.col("output").struct
    scores = output["itemsThemeRelevanceScores" if themed else "scores"]
    return (
        lines.filter(_IS_SCORED)
        .select(
            pl.col("input").struct[wanted.key].alias(wanted.named),
            _FOUND.alias(wanted.found),
            scores.alias("scores"),
            pl.int_ranges(_FOUND.list.len().cast(pl.Int32), dtype=pl.Int32).alias("rank"),
            output["theme"].alias("theme"),
        )
        .explode(wanted.found, "rank", empty_as_null=False)
        .with_columns(
            pl.col("rank") + 1,
            # Items that pad a list have no score: the list of scores may be shorter.
            pl.col("scores").list.get(pl.col("rank"), null_on_oob=True).alias("score"),
        )
        .select(*wanted.results)
    )


def errors(lines: pl.LazyFrame, kind: str, line: Line) -> pl.LazyFrame:
    """Return a row per line with an error: what the line names, and the error; arguments are those of `results`."""
    wanted = columns(kind, line)
    named = pl.col("input").struct[wanted.key].alias(wanted.named)
    return lines.filter(~_IS_SCORED).select(named, pl.col("error").fill_null("no output"))
