"""Users that are to be forgotten, in the words of Polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from transform.forgotten import Forgotten


def is_forgotten(column: str, forgotten: Forgotten) -> pl.Expr:
    """Return whether a column names a user who is to be forgotten; false where it names nobody.

    Each batch of rows asks once for each of its users: digests cost more than all else that is done with a row.
    """

    def among(users: pl.Series) -> pl.Series:
        return users.is_in(forgotten.among(users.unique().drop_nulls())).fill_null(value=False)

    return pl.col(column).map_batches(among, return_dtype=pl.Boolean, is_elementwise=True)


def without_forgotten(rows: pl.LazyFrame, columns: list[str], forgotten: Forgotten) -> pl.LazyFrame:
    """Return the rows in which none of these columns names such a user."""
    if not forgotten or not columns:
        return rows
    return rows.filter(~pl.any_horizontal(is_forgotten(column, forgotten) for column in columns))
