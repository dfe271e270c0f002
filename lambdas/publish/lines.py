"""The lines that Personalize writes, as tables: what was found, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from spec.raw.told import without_values
from spec.tables import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.publish.request import Line

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


def scan(uris: Sequence[str]) -> pl.LazyFrame:
    """Return the lines of some objects, in the order of the objects."""
    return pl.scan_ndjson(list(uris), schema=_LINE)


def unreadable(uris: Sequence[str]) -> tuple[str, str] | None:
    """Return the first object that holds other lines than Personalize's pages show, and why; None if none does."""
    for uri in uris:
        try:
            scan([uri]).select(pl.len(), pl.all().count()).collect(engine="streaming")
        except (pl.exceptions.ComputeError, pl.exceptions.SchemaError) as error:
            return uri, without_values(str(error).partition("\n")[0])
    return None


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
