"""The rows of a dataset with their fate, and everything that is derived from them, as one query over one scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from lambdas.forgetting import is_forgotten
from lambdas.transform.columns import LINE, LINE_NUMBER, OBJECT, SHAPE
from lambdas.transform.engine import RULES, with_values
from transform import reasons as told
from transform.checks import Failed
from transform.records import FILTERED, NULL_WORDS, OUT, REJECTED, failed, failed_at

if TYPE_CHECKING:
    from definition.mapping.mapping import DatasetMapping, Duplicates, RecordMapping
    from definition.mapping.source import SourceMapping
    from transform.records import Plan

FATE, REASON, ELEMENT = ":fate", ":reason", ":element"
"""What becomes of a row, and why it is rejected; of an element of a list that is exploded its place in it, from 1."""

FATES = pl.Enum([OUT, FILTERED, REJECTED])
INTERACTIONS, NEWEST = ":interactions", ":newest"
CHECK = ":check"
FORGOTTEN, NAMED = ":forgotten", ":named"
"""Whether a row is of a user that is to be forgotten, and whether it is surely of others. Both are there only if there
are such users."""

WITHOUT_TEXT = pl.lit(None, dtype=pl.String).alias(LINE)
"""The text of a row that is rejected, where it may be of such a user."""
_READABLE = ":readable"
_APART, _LINE_DIGITS = "\n", 20
"""What stands between key and line where they are compared as one text: no key that is read holds it."""

_COUNT = pl.UInt32
_LONGEST_WORD = max(map(len, NULL_WORDS))
_ONE = pl.lit(1, dtype=_COUNT).alias(INTERACTIONS)
USER_SCHEMA = {"USER_ID": pl.String, INTERACTIONS: _COUNT, NEWEST: pl.Int64}


def counts_schema(column: str) -> dict[str, type[pl.DataType]]:
    """Return the schema of ``counted_by``."""
    return {column: pl.String, INTERACTIONS: _COUNT}


def counted_texts(plan: Plan) -> frozenset[str]:
    """Return the ids of columns whose every text in rows that are not rejected is counted by itself, in a tally.

    So whether they fit can be asked of the different texts alone, which are few.
    """
    if plan.mapping.dataset != "interactions" or plan.mapping.explode or not plan.is_plain or plan.forgets:
        return frozenset()
    return frozenset(plan.columns.keys() & {"USER_ID", "ITEM_ID", "EVENT_TYPE"})


def with_fate(lines: pl.LazyFrame, plan: Plan, trusted: frozenset[str] = frozenset()) -> pl.LazyFrame:
    """Add to each line the values of its columns and its fate (out, filtered, rejected).

    Args:
        lines: what ``reader.read`` returns.
        plan: the dataset's mapping.
        trusted: ids of columns whose texts are looked at where they are counted.
    """
    mapping = plan.mapping
    compared = mapping.numbers_of_conditions()
    rules = {key: RULES.column_rule(key, column, trusted=key in trusted) for key, column in plan.columns.items()}
    taken = pl.any_horizontal(pl.col(_takes(index)) for index in range(len(plan.records)))
    ok = pl.all_horizontal(
        ~pl.col(_takes(index)) | pl.col(_ok(key)) for index, keys in enumerate(plan.records) for key in keys
    )
    judged = with_values(lines, plan.columns, compared).with_columns(
        (pl.col(SHAPE).is_null() & RULES.answerable(mapping)).alias(_READABLE),
        *(_taking(mapping, record).alias(_takes(index)) for index, record in enumerate(mapping.records)),
        *(rule.ok.alias(_ok(key)) for key, rule in rules.items()),
        *(rule.value.alias(key) for key, rule in rules.items()),
    )
    if plan.forgets:
        judged = _without_forgotten(judged, plan)
    return judged.with_columns(
        pl.when(~pl.col(_READABLE) | ~ok)
        .then(pl.lit(REJECTED, dtype=FATES))
        .when(taken)
        .then(pl.lit(OUT, dtype=FATES))
        .otherwise(pl.lit(FILTERED, dtype=FATES))
        .alias(FATE)
    ).with_columns(
        ((pl.col(FATE) == OUT) & ~RULES.fulfils(check)).alias(failed(index))
        for index, check in enumerate(mapping.row_checks)
    )


def _without_forgotten(judged: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Let no record be taken whose user is to be forgotten; add FORGOTTEN, whether one is, and NAMED.

    So nothing that is wrong with the other columns of such a row makes it a reject.
    """
    keys = dict.fromkeys(plan.users)
    gone = [is_forgotten(key, plan.forgotten).alias(_gone(key)) for key in keys]
    named = pl.all_horizontal(pl.col(SHAPE).is_null(), *(pl.col(_ok(key)) & ~pl.col(_gone(key)) for key in keys))
    return judged.with_columns(gone).with_columns(
        pl.any_horizontal(map(_gone, keys)).alias(FORGOTTEN),
        named.alias(NAMED),
        *((pl.col(_takes(index)) & ~pl.col(_gone(key))).alias(_takes(index)) for index, key in enumerate(plan.users)),
        # Nor is such a user among those that there are.
        *((pl.col(_ok(key)) & ~pl.col(_gone(key))).alias(_ok(key)) for key in keys),
    )


def shown(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return rows that are written as they are read, without the text of those that may be of forgotten users."""
    return rows.with_columns(pl.when(NAMED).then(LINE).alias(LINE)) if plan.forgets else rows


def with_reason(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Add to each row that is rejected the first thing wrong with it; cheap where few rows are given."""
    shape = pl.col(SHAPE)
    mapping = plan.mapping
    unanswerable = RULES.unanswerable_reason(mapping)
    wrong = [
        pl.when(_takes(index)).then(RULES.column_rule(key, plan.columns[key]).reason)
        for index, keys in enumerate(plan.records)
        for key in keys
    ]
    first = pl.coalesce(shape, unanswerable, *wrong)
    return rows.with_columns(pl.when(pl.col(FATE) == REJECTED).then(first).alias(REASON))


def records(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return the records of the rows out, with the dataset's columns in the schema's order."""
    out = _having(rows, OUT)
    if plan.mapping.duplicates:
        out = distinct(out, plan.mapping, plan.mapping.duplicates)
    return records_of(out, plan)


def records_of(out: pl.LazyFrame, plan: Plan, *more: str) -> pl.LazyFrame:
    """Return the records of rows out; ``more`` columns of the rows stand before those of the dataset."""
    names = plan.mapping.column_names
    frames = [
        (out if len(plan.records) == 1 else out.filter(_takes(index))).select(
            *more, *(pl.col(key).alias(name) for key, name in zip(keys, names, strict=True))
        )
        for index, keys in enumerate(plan.records)
    ]
    # In no order: to keep one, the engine would hold all records of the second while it writes those of the first.
    return pl.union(frames)


def rejects(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return the rejected rows: object, line number from 1, reason, raw text."""
    return written(shown(with_reason(_having(rows, REJECTED), plan), plan), plan.mapping)


def written(rejected: pl.LazyFrame, source: SourceMapping, *more: pl.Expr) -> pl.LazyFrame:
    """Return rows with a REASON as they are written, and ``more``; ELEMENT is, too, where a list is exploded."""
    has_lines = source.format != "parquet"
    line = pl.col(LINE_NUMBER) if has_lines else pl.lit(None, dtype=pl.get_index_type())
    return rejected.select(
        pl.col(OBJECT).alias("object"),
        line.alias("line"),
        *([pl.col(ELEMENT).alias("element")] if source.explode else []),
        *more,
        pl.col(REASON).alias("reason"),
        pl.col(LINE).alias("raw"),
    )


def failures(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return the rows out that fail a check, once for each: as ``rejects`` does, with the name of the check."""
    mapping = plan.mapping
    frames = [
        shown(rows.filter(failed(index)), plan).with_columns(
            pl.lit(check.name).alias(CHECK),
            pl.lit(told.failed_check(check.name, check.text)).alias(REASON),
            *([pl.col(failed_at(index)).alias(ELEMENT)] if mapping.explode else []),
        )
        for index, check in enumerate(mapping.row_checks)
    ]
    return pl.concat([written(frame, mapping, pl.col(CHECK).alias("check")) for frame in frames])


def failed_checks(failing: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each check that some of ``failures`` fail: how many, and where the first one stands."""
    line = pl.col("line").cast(pl.String).str.zfill(_LINE_DIGITS).fill_null("")
    place = pl.concat_str("object", pl.lit(_APART), line).alias("first")
    return failing.select("check", place).group_by("check").agg(pl.len().alias("rows"), pl.col("first").min())


def found_failures(counted: pl.DataFrame) -> dict[str, Failed]:
    """Return what ``failed_checks`` has counted by the names of the checks."""
    found = {}
    for check, rows, first in counted.iter_rows():
        key, _, line = first.rpartition(_APART)
        found[check] = Failed(rows, key, int(line) if line else None)
    return found


def counted_forgotten() -> pl.Expr:
    """Return how many rows are filtered since their users are to be forgotten, for ``counts``."""
    return ((pl.col(FATE) == FILTERED) & pl.col(FORGOTTEN)).sum().alias("rows_forgotten")


def counts(rows: pl.LazyFrame, *more: pl.Expr) -> pl.LazyFrame:
    """Return one row: raw rows in, out, filtered and rejected, and whatever else is to be counted of them."""
    fate = pl.col(FATE)
    return rows.select(
        pl.len().alias("rows_in"),
        *((fate == each).sum().alias(f"rows_{each}") for each in (OUT, FILTERED, REJECTED)),
        *more,
    )


def facts(dataset: pl.LazyFrame, plan: Plan, started: int, *more: pl.Expr) -> pl.LazyFrame:
    """Return one row about the records: their number, and of interactions the times.

    Args:
        dataset: what ``records`` returns.
        plan: the dataset's mapping.
        started: when the run began, in seconds since 1970.
        more: what else is to be told of the records.
    """
    nullable = [column.name for column in plan.mapping.records[0].columns if column.nullable]
    found = [pl.len().alias("records"), *(pl.col(name).null_count().alias(f"empty:{name}") for name in nullable)]
    # Ids of interactions are counted in any case (``report``), and few texts are as short as such a word.
    counted = {"USER_ID", "ITEM_ID", "EVENT_TYPE"} if plan.mapping.dataset == "interactions" else set()
    for name in (each for each in plan.told_columns if each not in counted):
        short = pl.col(name).filter(pl.col(name).str.len_bytes() <= _LONGEST_WORD)
        found.append(short.is_in(NULL_WORDS).sum().alias(f"null_words:{name}"))
    if plan.mapping.dataset == "interactions":
        time = pl.col("TIMESTAMP")
        found += [
            time.min().alias("first_timestamp"),
            time.max().alias("last_timestamp"),
            (time > started).sum().alias("after_start"),
        ]
    return dataset.select(found + list(more))


def user_counts(rows: pl.LazyFrame, dataset: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Return what a tally adds up to each user of records and filtered rows: records, time of the newest one."""
    known = rows.filter(is_ok("USER_ID"))
    if plan.is_plain:
        out = pl.col(FATE) == OUT
        newest = pl.when(out).then(pl.col("TIMESTAMP")).alias(NEWEST)
        return known.filter(pl.col(FATE) != REJECTED).select("USER_ID", out.cast(_COUNT).alias(INTERACTIONS), newest)
    return user_counts_of(dataset, known.filter(pl.col(FATE) != REJECTED))


def user_counts_of(dataset: pl.LazyFrame, known: pl.LazyFrame) -> pl.LazyFrame:
    """Return the same of records and of others with a USER_ID that is known."""
    nothing = (pl.lit(0, dtype=_COUNT).alias(INTERACTIONS), pl.lit(None, dtype=pl.Int64).alias(NEWEST))
    given = dataset.select("USER_ID", _ONE, pl.col("TIMESTAMP").alias(NEWEST))
    return pl.union([given, known.select("USER_ID", *nothing)])


def counted_by(dataset: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """Return what a tally adds up to each value of a column: its records."""
    return dataset.select(column, _ONE)


def reasons(rejected: pl.LazyFrame) -> pl.LazyFrame:
    """Return the number of ``rejects`` by reason, in no order."""
    return rejected.group_by("reason").agg(pl.len().alias("rows"))


def distinct(out: pl.LazyFrame, mapping: DatasetMapping, same: Duplicates, *more: str) -> pl.LazyFrame:
    """Keep one of the rows that are the same; they come in no order where objects are read in several ways.

    Args:
        out: the rows.
        mapping: the dataset's mapping.
        same: which are the same, and which stays.
        more: columns that tell apart what is of one line, in their order.
    """
    column = mapping.latest_by()
    places = [OBJECT, LINE_NUMBER, *more]
    wanted = out.select(*mapping.column_names, *places)
    # Keys in the order of their bytes, as S3 lists them. Nothing comes before every value, and -0 is 0.
    by = [pl.col(column.name) + 0.0 if column.reads_float else pl.col(column.name)] if column else []
    ordered = wanted.sort([*by, *places], nulls_last=False)
    keep: Literal["last", "first"] = "last" if same.keep == "latest" else "first"
    return ordered.unique(subset=same.by, keep=keep, maintain_order=True)


def is_ok(key: str) -> pl.Expr:
    """Return whether a row has a value that a column takes, by the column's id."""
    return pl.col(_ok(key))


def _taking(mapping: DatasetMapping, record: RecordMapping) -> pl.Expr:
    """Return whether a row gives a record."""
    taking = RULES.holds(mapping.keep) & RULES.holds(record.when)
    # A row without elements is looked at as well.
    return taking if mapping.explode is None else taking & pl.col(ELEMENT).is_not_null()


def _having(rows: pl.LazyFrame, fate: str) -> pl.LazyFrame:
    return rows.filter(pl.col(FATE) == fate)


def _takes(record: int) -> str:
    return f"takes:{record}"


def _ok(key: str) -> str:
    return f"ok:{key}"


def _gone(key: str) -> str:
    return f"gone:{key}"
