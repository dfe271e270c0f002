"""Count different values of columns that are larger than memory."""

from __future__ import annotations

import polars as pl

VALUES_PER_PASS = 4_000_000
"""Different values that are held at once: about half a gigabyte of ids."""


def count_different(table: pl.LazyFrame, column: int, *, per_pass: int = VALUES_PER_PASS) -> int:
    """Return how many different values a column holds, in as many passes over it as memory asks for.

    Args:
        table: the rows.
        column: position of the column.
        per_pass: different values that may be held at once.
    """
    values = table.select(pl.nth(column).alias("value"))
    about = _whole(values.select(pl.col("value").approx_n_unique()))
    passes = max(1, -(-about // per_pass))
    if passes == 1:
        return _whole(values.select(pl.col("value").n_unique()))
    each = (values.filter(pl.col("value").hash() % passes == number) for number in range(passes))
    return sum(_whole(some.select(pl.col("value").n_unique())) for some in each)


def _whole(counted: pl.LazyFrame) -> int:
    return int(counted.collect(engine="streaming").item())
