"""The rows of a dataset with their fate, and everything that is derived from them, as one query over one scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.columns import LINE, LINE_NUMBER, OBJECT, SHAPE
from lambdas.transform.engine import RULES, with_values
from transform.records import FILTERED, OUT, REJECTED

if TYPE_CHECKING:
    from definition.mapping.mapping import DatasetMapping, Duplicates
    from transform.records import Plan

FATE, REASON = ":fate", ":reason"
_FATES = pl.Enum([OUT, FILTERED, REJECTED])
INTERACTIONS, NEWEST = ":interactions", ":newest"
_READABLE = ":readable"
_COUNT = pl.UInt32
_ONE = pl.lit(1, dtype=_COUNT).alias(INTERACTIONS)
USER_SCHEMA = {"USER_ID": pl.String, INTERACTIONS: _COUNT, NEWEST: pl.Int64}


def counts_schema(column: str) -> dict[str, type[pl.DataType]]:
    """Return the schema of ``counted_by``."""
    return {column: pl.String, INTERACTIONS: _COUNT}


def with_fate(lines: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Add to each line the values of its columns and its fate (out, filtered, rejected).

    Args:
        lines: what ``reader.read`` returns.
        plan: the dataset's mapping.
    """
    mapping = plan.mapping
    compared = mapping.compared_numbers()
    rules = {key: RULES.column_rule(key, column) for key, column in plan.columns.items()}
    taken = pl.any_horizontal(pl.col(_takes(index)) for index in range(len(plan.records)))
    ok = pl.all_horizontal(
        ~pl.col(_takes(index)) | pl.col(_ok(key)) for index, keys in enumerate(plan.records) for key in keys
    )
    return (
        with_values(lines, plan.columns, compared)
        .with_columns(
            (pl.col(SHAPE).is_null() & RULES.readable(compared)).alias(_READABLE),
            *(
                (RULES.holds(mapping.keep) & RULES.holds(record.when)).alias(_takes(index))
                for index, record in enumerate(mapping.records)
            ),
            *(rule.ok.alias(_ok(key)) for key, rule in rules.items()),
            *(rule.value.alias(key) for key, rule in rules.items()),
        )
        .with_columns(
            pl.when(~pl.col(_READABLE) | ~ok)
            .then(pl.lit(REJECTED, dtype=_FATES))
            .when(taken)
            .then(pl.lit(OUT, dtype=_FATES))
            .otherwise(pl.lit(FILTERED, dtype=_FATES))
            .alias(FATE)
        )
    )


def with_reason(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Add to each row that is rejected the first thing wrong with it; cheap where few rows are given."""
    shape = pl.col(SHAPE)
    mapping = plan.mapping
    compared = RULES.unreadable_reason("keep", mapping.compared_numbers())
    wrong = [
        pl.when(_takes(index)).then(RULES.column_rule(key, plan.columns[key]).reason)
        for index, keys in enumerate(plan.records)
        for key in keys
    ]
    first = pl.coalesce(shape, compared, *wrong)
    return rows.with_columns(pl.when(pl.col(FATE) == REJECTED).then(first).alias(REASON))


def records(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return the records of the rows out, with the dataset's columns in the schema's order."""
    out = _having(rows, OUT)
    if plan.mapping.duplicates:
        out = _distinct(out, plan.mapping, plan.mapping.duplicates)
    names = plan.mapping.column_names
    frames = [
        (out if len(plan.records) == 1 else out.filter(_takes(index))).select(
            pl.col(key).alias(name) for key, name in zip(keys, names, strict=True)
        )
        for index, keys in enumerate(plan.records)
    ]
    # In no order: to keep one, the engine would hold all records of the second while it writes those of the first.
    return pl.union(frames)


def rejects(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return the rejected rows: object, line number from 1, reason, raw text."""
    has_lines = plan.mapping.format != "parquet"
    line = pl.col(LINE_NUMBER) if has_lines else pl.lit(None, dtype=pl.get_index_type())
    return with_reason(_having(rows, REJECTED), plan).select(
        pl.col(OBJECT).alias("object"), line.alias("line"), pl.col(REASON).alias("reason"), pl.col(LINE).alias("raw")
    )


def counts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: raw rows in, out, filtered and rejected."""
    fate = pl.col(FATE)
    return rows.select(
        pl.len().alias("rows_in"),
        *((fate == each).sum().alias(f"rows_{each}") for each in (OUT, FILTERED, REJECTED)),
    )


def facts(dataset: pl.LazyFrame, plan: Plan, started: int) -> pl.LazyFrame:
    """Return one row about the records: their number, and of interactions the times.

    Args:
        dataset: what ``records`` returns.
        plan: the dataset's mapping.
        started: when the run began, in seconds since 1970.
    """
    nullable = [column.name for column in plan.mapping.records[0].columns if column.nullable]
    found = [pl.len().alias("records"), *(pl.col(name).null_count().alias(f"empty:{name}") for name in nullable)]
    if plan.mapping.dataset == "interactions":
        time = pl.col("TIMESTAMP")
        found += [
            time.min().alias("first_timestamp"),
            time.max().alias("last_timestamp"),
            (time > started).sum().alias("after_start"),
        ]
    return dataset.select(found)


def user_counts(rows: pl.LazyFrame, dataset: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return what a tally adds up to each user of records and filtered rows: records, time of the newest one."""
    known = rows.filter(_ok("USER_ID"))
    if plan.is_plain:
        out = pl.col(FATE) == OUT
        newest = pl.when(out).then(pl.col("TIMESTAMP")).alias(NEWEST)
        return known.filter(pl.col(FATE) != REJECTED).select("USER_ID", out.cast(_COUNT).alias(INTERACTIONS), newest)
    nothing = (pl.lit(0, dtype=_COUNT).alias(INTERACTIONS), pl.lit(None, dtype=pl.Int64).alias(NEWEST))
    return pl.union(
        [
            dataset.select("USER_ID", _ONE, pl.col("TIMESTAMP").alias(NEWEST)),
            known.filter(pl.col(FATE) != REJECTED).select("USER_ID", *nothing),
        ]
    )


def counted_by(dataset: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """Return what a tally adds up to each value of a column: its records."""
    return dataset.select(column, _ONE)


def reasons(rejected: pl.LazyFrame) -> pl.LazyFrame:
    """Return the number of ``rejects`` by reason, in no order."""
    return rejected.group_by("reason").agg(pl.len().alias("rows"))


def _distinct(out: pl.LazyFrame, mapping: DatasetMapping, same: Duplicates) -> pl.LazyFrame:
    """Keep one of the rows that are the same; they come in no order where objects are read in several ways."""
    latest = same.keep == "latest"
    by_time = latest and mapping.dataset == "interactions" and "TIMESTAMP" not in same.by
    # Keys in the order of their bytes, as S3 lists them.
    order = [*(["TIMESTAMP"] if by_time else []), OBJECT, LINE_NUMBER]
    wanted = out.select(*mapping.column_names, OBJECT, LINE_NUMBER)
    return wanted.sort(order).unique(subset=same.by, keep="last" if latest else "first", maintain_order=True)


def _having(rows: pl.LazyFrame, fate: str) -> pl.LazyFrame:
    return rows.filter(pl.col(FATE) == fate)


def _takes(record: int) -> str:
    return f"takes:{record}"


def _ok(key: str) -> str:
    return f"ok:{key}"
