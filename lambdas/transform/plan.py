"""The rows of a dataset with their fate, and everything that is derived from them, as one query over one scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.reader import LINE, LINE_NUMBER, OBJECT, SHAPE
from lambdas.transform.rules import column_rule, keep_condition, keep_reason, parsed_columns

if TYPE_CHECKING:
    from spec.mapping import DatasetMapping

_FATE, _REASON, _USER = "fate", "reason", "user"
_OUT, _FILTERED, _REJECTED = "out", "filtered", "rejected"


def with_fate(lines: pl.LazyFrame, mapping: DatasetMapping) -> pl.LazyFrame:
    """Add to each line its columns, its fate (out, filtered, rejected) and, if rejected, the reason.

    Args:
        lines: what ``reader.scan`` returns.
        mapping: the dataset's mapping.
    """
    rules = {column.name: column_rule(column) for column in mapping.columns}
    broken = pl.coalesce(pl.col(SHAPE), keep_reason(mapping.keep))
    user = rules.get("USER_ID")
    named = pl.when(user.reason.is_null()).then(user.value) if user else pl.lit(None, dtype=pl.String)
    return (
        lines.with_columns(*parsed_columns(mapping))
        .with_columns(broken.alias("broken"), keep_condition(mapping.keep).alias("kept"))
        .with_columns(
            pl.when(pl.col("broken").is_not_null())
            .then(pl.col("broken"))
            .when(pl.col("kept"))
            .then(pl.coalesce([rule.reason for rule in rules.values()]))
            .alias(_REASON),
            named.alias(_USER),
            *(rule.value.alias(name) for name, rule in rules.items()),
        )
        .select(
            OBJECT,
            LINE_NUMBER,
            LINE,
            _REASON,
            _USER,
            *rules,
            pl.when(pl.col(_REASON).is_not_null())
            .then(pl.lit(_REJECTED))
            .when(pl.col("kept"))
            .then(pl.lit(_OUT))
            .otherwise(pl.lit(_FILTERED))
            .alias(_FATE),
        )
    )


def dataset(rows: pl.LazyFrame, mapping: DatasetMapping) -> pl.LazyFrame:
    """Return the rows out, with the dataset's columns in the schema's order."""
    return _having(rows, _OUT).select(column.name for column in mapping.columns)


def rejects(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rejected rows: object, line number from 1, reason, raw text."""
    return _having(rows, _REJECTED).select(
        OBJECT, pl.col(LINE_NUMBER).alias("line"), _REASON, pl.col(LINE).alias("raw")
    )


def batch_users(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the batch inference input: each user once, of rows out and filtered, in the order of appearance."""
    users = rows.filter((pl.col(_FATE) != _REJECTED) & pl.col(_USER).is_not_null()).select(
        pl.col(_USER).alias("userId")
    )
    # Without maintain_order the streaming engine keeps all users several times over.
    return users.unique(maintain_order=True)


def counts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: rows in, out, filtered, rejected, distinct items, first and last timestamp."""
    out = pl.col(_FATE) == _OUT
    times = pl.when(out).then(pl.col("TIMESTAMP"))
    return rows.select(
        pl.len().alias("rows_in"),
        out.sum().alias("rows_out"),
        (pl.col(_FATE) == _FILTERED).sum().alias("rows_filtered"),
        (pl.col(_FATE) == _REJECTED).sum().alias("rows_rejected"),
        times.min().alias("first_timestamp"),
        times.max().alias("last_timestamp"),
    )


def items(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: distinct items of the rows out."""
    return _having(rows, _OUT).select(pl.col("ITEM_ID").n_unique().alias("items"))


def users(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: distinct users of the rows out, and those with at least two interactions."""
    per_user = _having(rows, _OUT).group_by("USER_ID").agg(pl.len().alias("interactions"))
    return per_user.select(
        pl.len().alias("users"),
        (pl.col("interactions") >= 2).sum().alias("users_with_two"),  # noqa: PLR2004  # two
    )


def reasons(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rejected rows by reason, the most frequent first."""
    return (
        _having(rows, _REJECTED)
        .group_by(_REASON)
        .agg(pl.len().alias("rows"))
        .sort("rows", _REASON, descending=[True, False])
    )


def _having(rows: pl.LazyFrame, fate: str) -> pl.LazyFrame:
    return rows.filter(pl.col(_FATE) == fate)
