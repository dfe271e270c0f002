"""Published tables, and ranges of their keys that memory can hold."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from definition.contract.publishing import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAMPLES_PER_RANGE = 100


def table(location: str) -> pl.LazyFrame:
    """Return the table in an S3 folder; its first column is the key."""
    return pl.scan_parquet(f"{location}*.parquet")


def ranges(locations: Sequence[str], *, rows: int) -> list[Range]:
    """Cut the keys of some tables in ranges that have about the same number of rows.

    Tables are mostly in the order of their keys, so Parquet's statistics let each range be read without the others.

    Args:
        locations: S3 folders of the tables.
        rows: of all tables together that a range has at the most, about.
    """
    tables = [table(location) for location in locations]
    there = sum(each.select(pl.len()).collect().item() for each in tables)
    wanted = max(1, -(-there // rows))
    cuts = _cuts(tables, wanted, rows) if wanted > 1 else []
    return [
        Range(number=number, low=low, high=high) for number, (low, high) in enumerate(pairwise([None, *cuts, None]))
    ]


def within(rows: pl.LazyFrame, low: str | None, high: str | None) -> pl.LazyFrame:
    """Return the rows of the keys from ``low`` up to, but not including, ``high``."""
    key = pl.nth(0)
    if low is not None:
        rows = rows.filter(key >= low)
    if high is None:
        return rows
    below = key < high
    return rows.filter(below | key.is_null() if low is None else below)


def _cuts(tables: Sequence[pl.LazyFrame], wanted: int, rows: int) -> list[str]:
    every = max(1, rows // _SAMPLES_PER_RANGE)
    sampled = [
        each.select(pl.nth(0).alias("key")).with_row_index().filter(pl.col("index") % every == 0).select("key")
        for each in tables
    ]
    keys = pl.concat(sampled).drop_nulls().collect(engine="streaming")["key"].sort()
    return sorted({keys[len(keys) * number // wanted] for number in range(1, wanted)})
