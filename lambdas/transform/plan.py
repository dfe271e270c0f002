"""The rows of a dataset with their fate, and everything that is derived from them, as one query over one scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.reader import LINE, LINE_NUMBER, OBJECT, SHAPE
from lambdas.transform.rules import column_rule, keep_condition, keep_readable, keep_reason, with_parsed

if TYPE_CHECKING:
    from spec.mapping import DatasetMapping

_FATE, _REASON, _USER = "fate", "reason", "user"
_INTERACTIONS = "interactions"
_OUT, _FILTERED, _REJECTED = "out", "filtered", "rejected"
_FATES = pl.Enum([_OUT, _FILTERED, _REJECTED])


def with_fate(lines: pl.LazyFrame, mapping: DatasetMapping) -> pl.LazyFrame:
    """Add to each line its columns and its fate (out, filtered, rejected).

    Args:
        lines: what ``reader.read`` returns.
        mapping: the dataset's mapping.
    """
    rules = {column.name: column_rule(column) for column in mapping.columns}
    readable = pl.col(SHAPE).is_null() & keep_readable(mapping.keep)
    ok = pl.all_horizontal(pl.col(_ok(name)) for name in rules)
    return (
        with_parsed(lines, mapping)
        .with_columns(
            readable.alias("readable"),
            keep_condition(mapping.keep).alias("kept"),
            *(rule.ok.alias(_ok(name)) for name, rule in rules.items()),
            *(rule.value.alias(name) for name, rule in rules.items()),
        )
        .with_columns(
            pl.when(~pl.col("readable") | (pl.col("kept") & ~ok))
            .then(pl.lit(_REJECTED, dtype=_FATES))
            .when("kept")
            .then(pl.lit(_OUT, dtype=_FATES))
            .otherwise(pl.lit(_FILTERED, dtype=_FATES))
            .alias(_FATE),
            (pl.when(_ok("USER_ID")).then("USER_ID") if "USER_ID" in rules else pl.lit(None, pl.String)).alias(_USER),
        )
    )


def with_reason(rows: pl.LazyFrame, mapping: DatasetMapping) -> pl.LazyFrame:
    """Add to each row that is rejected the first thing wrong with it; cheap where few rows are given."""
    wrong = [column_rule(column).reason for column in mapping.columns]
    first = pl.coalesce(pl.col(SHAPE), keep_reason(mapping.keep), *wrong)
    return rows.with_columns(pl.when(pl.col(_FATE) == _REJECTED).then(first).alias(_REASON))


def dataset(rows: pl.LazyFrame, mapping: DatasetMapping) -> pl.LazyFrame:
    """Return the rows out, with the dataset's columns in the schema's order."""
    return _having(rows, _OUT).select(column.name for column in mapping.columns)


def rejects(rows: pl.LazyFrame, mapping: DatasetMapping) -> pl.LazyFrame:
    """Return the rejected rows: object, line number from 1, reason, raw text."""
    return with_reason(_having(rows, _REJECTED), mapping).select(
        OBJECT, pl.col(LINE_NUMBER).alias("line"), _REASON, pl.col(LINE).alias("raw")
    )


def per_user(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return each user of rows out and filtered once, in the order of appearance, with the number of rows out."""
    return (
        rows.filter(pl.col(_USER).is_not_null() & (pl.col(_FATE) != _REJECTED))
        .group_by(_USER, maintain_order=True)
        .agg((pl.col(_FATE) == _OUT).sum().alias(_INTERACTIONS))
    )


def batch_users(users: pl.LazyFrame) -> pl.LazyFrame:
    """Return the batch inference input: all users of ``per_user``."""
    return users.select(pl.col(_USER).alias("userId"))


def counts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: rows in, out, filtered, rejected, first and last timestamp."""
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


def items(out: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row from ``dataset``: its distinct items."""
    return out.select(pl.col("ITEM_ID").n_unique().alias("items"))


def users(users: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row from ``per_user``: users of the rows out, those with at least two, users of the batch input."""
    count = pl.col(_INTERACTIONS)
    return users.select(
        (count >= 1).sum().alias("users"),
        (count >= 2).sum().alias("users_with_two"),  # noqa: PLR2004  # two
        pl.len().alias("users_scored"),
    )


def reasons(rejected: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows of ``rejects`` by reason, the most frequent first."""
    return rejected.group_by(_REASON).agg(pl.len().alias("rows")).sort("rows", _REASON, descending=[True, False])


def _having(rows: pl.LazyFrame, fate: str) -> pl.LazyFrame:
    return rows.filter(pl.col(_FATE) == fate)


def _ok(column: str) -> str:
    return f"ok:{column}"
