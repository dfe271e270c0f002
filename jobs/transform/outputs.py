"""Write a dataset as the CSV that Personalize imports, and the rows that were rejected as JSON Lines.

Source: pages preparing-training-data and items-datasets of the developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from jobs.transform.columns import BLOCK, FATE, MORE, OBJECT, RAW, REASON, ROW, col
from jobs.transform.elements import WRONG, leading
from jobs.transform.files import publish, write_text
from transform.raw.text import shown
from transform.records import REJECTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from definition.mapping.mapping import ColumnMapping


@dataclass(frozen=True)
class Target:
    """Keys of a dataset's outputs.

    Attributes:
        staging: prefix of what is staged.
        dataset: prefix of the CSV objects.
        rejects: keys of the rejected rows, with the place of the part's number, ``{:05}``.
        lookup_rejects: the same of a look-up, with ``{lookup}`` for its name.
    """

    staging: str
    dataset: str
    rejects: str
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


def write_rejects(session: SparkSession, rows: DataFrame, places: DataFrame, at: Place) -> None:
    """Write the rejected rows: object, line number from 1, reason, raw text; where a list is exploded element, too.

    Args:
        session: the Spark session.
        rows: what ``fates.rows_with_fate`` returns.
        places: key, and number of lines before it (``before``, null in Parquet), of each split.
        at: where to.
    """
    spelled = F.udf(shown)
    placed = leading(rows).where(F.col(FATE) == REJECTED).join(F.broadcast(places), [OBJECT, BLOCK], "left")
    rejected = placed.select(
        F.col("key").alias("object"),
        (F.col("before") + F.col(ROW) + F.col(MORE) + 1).alias("line"),
        *([F.col(WRONG).alias("element")] if WRONG in rows.columns else []),
        F.col(REASON).alias("reason"),
        spelled(F.col(RAW)).alias("raw"),
    )
    rejected.write.json(at.root + at.staging, mode="overwrite", ignoreNullFields=False)
    publish(session, at.root, at.staging, at.target)


def _cell(column: ColumnMapping) -> Column:
    value = col(column.name)
    if column.type != "string":
        return value.cast("string")
    quoted = F.concat(F.lit('"'), value, F.lit('"'))
    # A quote within a textual field is escaped by a backslash, which is not how CSV writers do it.
    return quoted if column.textual else F.when(value.contains(","), quoted).otherwise(value)
