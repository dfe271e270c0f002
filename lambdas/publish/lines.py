"""The lines that Personalize writes, as tables: what was found, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from definition.plan.tables import columns
from transform.raw.told import without_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.contract.publishing import Line

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
_UNREADABLE = (pl.exceptions.ComputeError, pl.exceptions.SchemaError)
_IS_SCORED = pl.col("error").is_null() & _FOUND.is_not_null()


class OutputUnreadableError(Exception):
    """An object holds other lines than Personalize's pages show."""


def scan(uris: Sequence[str]) -> pl.LazyFrame:
    """Return the lines of some objects, in the order of the objects."""
    return pl.scan_ndjson(list(uris), schema=_LINE)


def counted(uris: Sequence[str]) -> tuple[int, int]:
    """Return how many lines some objects hold, and how many of them are errors.

    To be asked before anything is written: where a query that writes meets a line that it cannot read, Polars'
    streaming engine may crash or never end (seen with 2.1.0; not with one that only counts).

    Raises:
        OutputUnreadableError: an object holds other lines than Personalize's pages show.
    """
    try:
        return _counted(uris)
    except _UNREADABLE:
        for uri in uris:
            try:
                _counted([uri])
            except _UNREADABLE as error:
                why = without_values(str(error).partition("\n")[0])
                raise OutputUnreadableError(
                    f"{uri} holds a line that is no result of a batch job ({why}). Start a run with this job anew; if "
                    "it stays, Personalize writes other lines than its pages show."
                ) from error
        raise


def _counted(uris: Sequence[str]) -> tuple[int, int]:
    # Only a column that is asked for is read.
    every = pl.all().count().name.prefix("there_")
    found = scan(uris).select(pl.len().alias("lines"), (~_IS_SCORED).sum().alias("errors"), every)
    row = found.collect(engine="streaming")
    return row["lines"].item(), row["errors"].item()


def results(lines: pl.LazyFrame, kind: str, line: Line, *, themed: bool = False) -> pl.LazyFrame:
    """Return what was found, a row per line without error and rank, with the columns of ``definition.plan.tables``.

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
