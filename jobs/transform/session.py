"""The Spark session of the transform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SPLIT = 128 * 1024 * 1024

SETTINGS: dict[str, Any] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": False,
    "spark.sql.caseSensitive": True,
    # Opening an object counts as much as a split, so that no task reads two: rows are numbered within their task.
    "spark.sql.files.maxPartitionBytes": _SPLIT,
    "spark.sql.files.openCostInBytes": _SPLIT,
    # Java does not compile methods beyond this many bytes: what Spark generates for a whole stage would be interpreted.
    "spark.sql.codegen.hugeMethodLimit": 8000,
    # Spark knows no nanoseconds; they are reckoned with as whole numbers.
    "spark.sql.legacy.parquet.nanosAsLong": True,
    "spark.sql.parquet.inferTimestampNTZ.enabled": True,
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
}
"""What the transform's meaning rests on, whatever the cluster's defaults are."""


def configured(session: SparkSession) -> SparkSession:
    """Give a session the settings."""
    for name, value in SETTINGS.items():
        session.conf.set(name, str(value).lower() if isinstance(value, bool) else str(value))
    return session
