"""The rows of a dataset with their fate, and the records that they give."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import (
    BLOCK,
    ELEMENT,
    FATE,
    FORGOTTEN,
    LINE,
    MORE,
    NAMED,
    OBJECT,
    RAW,
    REASON,
    ROW,
    SHAPE,
    all_of,
    col,
    first_of,
)
from jobs.transform.elements import exploded, with_row_fate
from jobs.transform.engine import RULES, with_values
from jobs.transform.files import decoded
from transform.records import FILTERED, OUT, REJECTED, failed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from definition.mapping.mapping import ColumnMapping, DatasetMapping, RecordMapping
    from transform.records import Plan

ADDRESS, ORDER = ":address", ":order"
_READABLE, _RANK = ":readable", ":rank"


def rows_with_fate(rows: DataFrame, plan: Plan) -> DataFrame:
    """Return for each row its place, its fate (out, filtered, rejected), and what outputs need of it.

    These are REASON of rejected rows, RAW (its bytes) of those and of rows that fail a check, whether they fail each of
    ``DatasetMapping.row_checks``, the values and ``takes`` of rows out, and USER_ID of
    filtered ones if it is one. Of rows with a list that is exploded there is one for each element (``elements``).

    Args:
        rows: what ``source.read`` returns.
        plan: the dataset's mapping.
    """
    mapping = plan.mapping
    compared = mapping.numbers_of_conditions()
    rules = {key: RULES.column_rule(key, column) for key, column in plan.columns.items()}
    if mapping.explode:
        rows = exploded(rows, mapping)
    judged = with_values(rows, plan.columns, compared).withColumns(
        {_READABLE: F.col(SHAPE).isNull() & RULES.answerable(mapping)}
        | {takes(index): _taking(mapping, record) for index, record in enumerate(mapping.records)}
        | {_ok(key): rule.ok for key, rule in rules.items()}
        | {value(key): rule.value for key, rule in rules.items()}
    )
    if plan.forgets:
        judged = _without_forgotten(judged, plan)
    ok = all_of(
        *(~col(takes(index)) | col(_ok(key)) for index, keys in enumerate(plan.records) for key in dict.fromkeys(keys))
    )
    taken = reduce(or_, takes_each(plan))
    fate = F.when(~F.col(_READABLE) | ~ok, REJECTED).when(taken, OUT).otherwise(FILTERED)
    line = F.col(LINE).cast("binary")
    checks = [failed(index) for index in range(len(mapping.row_checks))]
    judged = _checked(judged.withColumn(FATE, fate), mapping)
    shown = reduce(or_, map(col, checks), F.col(FATE) == REJECTED)
    found = judged.select(
        OBJECT,
        BLOCK,
        ROW,
        MORE,
        *([ELEMENT] if mapping.explode else []),
        FATE,
        F.when(F.col(FATE) == REJECTED, _reason(plan)).alias(REASON),
        (line if mapping.explode else F.when(shown, line)).alias(RAW),
        *(col(takes(index)) for index in range(len(plan.records))),
        *map(col, checks),
        *([_filtered_as_forgotten(mapping), F.col(NAMED)] if plan.forgets else []),
        *(F.when(_is_kept(key), col(value(key))).alias(value(key)) for key in plan.columns),
    )
    return with_row_fate(found, len(checks), forgets=plan.forgets) if mapping.explode else found


def _without_forgotten(judged: DataFrame, plan: Plan) -> DataFrame:
    """Let no record be taken whose user is to be forgotten; add FORGOTTEN, whether one is, and NAMED.

    So nothing that is wrong with the other columns of such a row makes it a reject.
    """
    salt, listed = F.lit(plan.forgotten.salt), [(digest,) for digest in sorted(plan.forgotten.digests)]
    keys = list(dict.fromkeys(plan.users))
    for key in keys:
        digests = F.broadcast(judged.sparkSession.createDataFrame(listed, f"`{_gone(key)}` string"))
        digest = F.sha2(F.concat(salt, col(value(key))), 256)
        judged = judged.join(digests, digest == col(_gone(key)), "left")
        judged = judged.withColumn(_gone(key), col(_gone(key)).isNotNull())
    gone = {key: col(_gone(key)) for key in keys}
    return judged.withColumns(
        {
            FORGOTTEN: reduce(or_, gone.values()),
            NAMED: all_of(F.col(SHAPE).isNull(), *(col(_ok(key)) & ~found for key, found in gone.items())),
            **{takes(index): col(takes(index)) & ~gone[key] for index, key in enumerate(plan.users)},
            # Nor is such a user among those that there are.
            **{_ok(key): col(_ok(key)) & ~found for key, found in gone.items()},
            **{value(key): F.when(~found, col(value(key))) for key, found in gone.items()},
        }
    )


def _filtered_as_forgotten(mapping: DatasetMapping) -> Column:
    """Return FORGOTTEN of a row; of an element, which has no fate of its own, whether its user is."""
    found = F.col(FORGOTTEN)
    return found if mapping.explode else (found & (F.col(FATE) == FILTERED)).alias(FORGOTTEN)


def _checked(judged: DataFrame, mapping: DatasetMapping) -> DataFrame:
    """Add to rows with a fate whether they fail each check."""
    return judged.withColumns(
        {failed(index): (F.col(FATE) == OUT) & ~RULES.fulfils(check) for index, check in enumerate(mapping.row_checks)}
    )


def records(rows: DataFrame, plan: Plan, order: DataFrame) -> DataFrame:
    """Return the records of the rows out, with the dataset's columns in the schema's order.

    Records of elements have OBJECT, BLOCK and ROW before them.

    Args:
        rows: what ``rows_with_fate`` returns.
        plan: the dataset's mapping.
        order: ADDRESS of each object, and its place in the order of their keys (ORDER).
    """
    out = rows.where(F.col(FATE) == OUT)
    names = plan.mapping.column_names
    if plan.mapping.duplicates:
        out = _distinct(out.where(reduce(or_, takes_each(plan))), plan.mapping, order)
    places = [OBJECT, BLOCK, ROW] if plan.mapping.explode else []
    frames = [
        out.where(col(takes(index))).select(
            *places, *(col(value(key)).alias(name) for key, name in zip(keys, names, strict=True))
        )
        for index, keys in enumerate(plan.records)
    ]
    return reduce(lambda left, right: left.unionAll(right), frames)


def users_known(rows: DataFrame) -> DataFrame:
    """Return the users of rows out, whether they stay or are the same as others, and of filtered rows."""
    user = col(value("USER_ID"))
    return rows.where((F.col(FATE) != REJECTED) & user.isNotNull()).select(user.alias("USER_ID"))


def value(key: str) -> str:
    """Return the frame's column for the value of a column of the dataset, by its id."""
    return f"value:{key}"


def takes(record: int) -> str:
    """Return the frame's column that says whether a row gives a record."""
    return f"takes:{record}"


def takes_each(plan: Plan) -> list[Column]:
    """Return whether a row gives each of its records."""
    return [col(takes(index)) for index in range(len(plan.records))]


def _taking(mapping: DatasetMapping, record: RecordMapping) -> Column:
    taking = RULES.holds(mapping.keep) & RULES.holds(record.when)
    # A row without elements is looked at as well.
    return taking if mapping.explode is None else taking & F.col(ELEMENT).isNotNull()


def _ok(key: str) -> str:
    return f"ok:{key}"


def _gone(key: str) -> str:
    return f"gone:{key}"


def _is_kept(key: str) -> Column:
    out = F.col(FATE) == OUT
    return out | ((F.col(FATE) == FILTERED) & col(_ok(key))) if key == "USER_ID" else out


def _reason(plan: Plan) -> Column:
    """Return the first thing wrong with a row."""
    wrong = [
        F.when(col(takes(index)), RULES.column_rule(key, plan.columns[key]).reason)
        for index, keys in enumerate(plan.records)
        for key in keys
    ]
    return first_of(F.col(SHAPE), RULES.unanswerable_reason(plan.mapping), *wrong)


def _distinct(out: DataFrame, mapping: DatasetMapping, order: DataFrame) -> DataFrame:
    same = mapping.duplicates
    assert same is not None, "the caller has looked"
    place = [F.col(ORDER), F.col(BLOCK), F.col(ROW), *([F.col(ELEMENT)] if mapping.explode else [])]
    if same.keep == "latest":
        place = [each.desc_nulls_last() for each in (*_latest(mapping.latest_by()), *place)]
    placed = out.join(F.broadcast(order), decoded(F.col(OBJECT)) == F.col(ADDRESS), "left")
    window = Window.partitionBy(*(col(value(name)) for name in same.by)).orderBy(*place)
    return placed.withColumn(_RANK, F.row_number().over(window)).where(F.col(_RANK) == 1)


def _latest(column: ColumnMapping | None) -> list[Column]:
    if column is None:
        return []
    given = col(value(column.name))
    # -0 is 0.
    return [given + 0.0 if column.reads_float else given]
