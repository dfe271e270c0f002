"""Write a dataset as the CSV that Personalize imports, and the rows that were rejected as JSON Lines.

Source: pages preparing-training-data and items-datasets of the developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import BLOCK, FATE, MORE, NAMED, OBJECT, RAW, REASON, ROW, col
from jobs.transform.elements import WRONG, leading
from jobs.transform.files import publish, write_text
from transform import reasons
from transform.checks import Failed
from transform.raw.text import shown
from transform.records import REJECTED, failed, failed_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from definition.mapping.checks import CheckMapping
    from definition.mapping.mapping import ColumnMapping


@dataclass(frozen=True)
class Target:
    """Keys of a dataset's outputs.

    Attributes:
        staging: prefix of what is staged.
        dataset: prefix of the CSV objects.
        rejects: keys of the rejected rows, with the place of the part's number, ``{:05}``.
        failures: the same of rows that fail a check.
        lookup_rejects: the same of a look-up, with ``{lookup}`` for its name.
    """

    staging: str
    dataset: str
    rejects: str
    failures: str
    lookup_rejects: str


class Place(NamedTuple):
    """Where an output goes: root of the store, folder for its parts, and the final keys, ``{:05}`` for the number."""

    root: str
    staging: str
    target: str


def write_dataset(session: SparkSession, records: DataFrame, columns: Sequence[ColumnMapping], at: Place) -> None:
    """Write records as ``part-00000.csv`` and so on, each with the header."""
    line = F.concat_ws(",", *(F.coalesce(_cell(column), F.lit("")) for column in columns))
    header = ",".join(column.name for column in columns)
    write_text(records.select(line.alias(header)), at.root, at.staging)
    publish(session, at.root, at.staging, at.target)


def write_rejects(session: SparkSession, rows: DataFrame, places: DataFrame, at: Place, *, bare: bool = False) -> None:
    """Write the rejected rows: object, line number from 1, reason, raw text; where a list is exploded element, too.

    Args:
        session: the Spark session.
        rows: what ``fates.rows_with_fate`` returns.
        places: key, and number of lines before it (``before``, null in Parquet), of each split.
        at: where to.
        bare: whether they are written without their text: nobody knows which users it names.
    """
    rejected = leading(rows).where(F.col(FATE) == REJECTED)
    if bare:
        rejected = rejected.withColumn(NAMED, F.lit(False))  # noqa: FBT003  # a value
    element = [F.col(WRONG).alias("element")] if WRONG in rows.columns else []
    _write_lines(session, _shown(rejected, places, *element, F.col(REASON).alias("reason")), at)


def write_failures(
    session: SparkSession, rows: DataFrame, places: DataFrame, checks: Sequence[CheckMapping], at: Place
) -> dict[str, Failed]:
    """Write the rows that fail a check as ``write_rejects`` does, once for each; return them counted by its name.

    Args:
        session: the Spark session.
        rows: what ``fates.rows_with_fate`` returns.
        places: as of ``write_rejects``.
        checks: those of rows.
        at: where to.
    """
    frames = []
    for index, check in enumerate(checks):
        element = [col(failed_at(index)).alias("element")] if failed_at(index) in rows.columns else []
        reason = F.lit(reasons.failed_check(check.name, check.text)).alias("reason")
        failing = leading(rows).where(col(failed(index)))
        frames.append(_shown(failing, places, *element, F.lit(check.name).alias("check"), reason))
    every = reduce(lambda left, right: left.unionAll(right), frames)
    first = F.min(F.struct("object", "line"))
    counted = every.groupBy("check").agg(F.count(F.lit(1)).alias("rows"), first.alias("first")).collect()
    if counted:
        _write_lines(session, every, at)
    return {row["check"]: Failed(row["rows"], row["first"]["object"], row["first"]["line"]) for row in counted}


def _shown(rows: DataFrame, places: DataFrame, *more: Column) -> DataFrame:
    """Return rows as they are written: object, line number from 1, more, and raw text."""
    placed = rows.join(F.broadcast(places), [OBJECT, BLOCK], "left")
    line = F.col("before") + F.col(ROW) + F.col(MORE) + 1
    raw = F.udf(shown)(F.col(RAW))
    if NAMED in rows.columns:
        raw = F.when(F.col(NAMED), raw)
    return placed.select(F.col("key").alias("object"), line.alias("line"), *more, raw.alias("raw"))


def _write_lines(session: SparkSession, lines: DataFrame, at: Place) -> None:
    lines.write.json(at.root + at.staging, mode="overwrite", ignoreNullFields=False)
    publish(session, at.root, at.staging, at.target)


def _cell(column: ColumnMapping) -> Column:
    value = col(column.name)
    if column.type != "string":
        return value.cast("string")
    quoted = F.concat(F.lit('"'), value, F.lit('"'))
    # A quote within a textual field is escaped by a backslash, which is not how CSV writers do it.
    return quoted if column.textual else F.when(value.contains(","), quoted).otherwise(value)
