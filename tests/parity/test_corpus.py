"""The corpus of traps through Spark, against the expected values and against the function's engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import CASES

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from tests.corpus.case import Case

pytest.importorskip("pyspark", reason="make spark")

from tests.parity.engines import by_polars, by_spark  # they import pyspark


def check(session: SparkSession, folder: Path, case: Case) -> None:
    """Transform the raw objects of a case with both engines, and compare all that comes of it."""
    mapping = case.mapping()
    contents = case.contents()
    spark = by_spark(session, folder / "spark", mapping, contents, case.left_out)
    polars = by_polars(folder / "polars", mapping, contents, case.left_out)

    assert sorted(case.records, key=str) == sorted(spark.records, key=str)
    assert sorted(case.rejected, key=str) == sorted(
        ((key.rpartition("/")[2], line, reason, *place) for key, line, reason, _, *place in spark.rejects), key=str
    )
    assert case.elements == (tuple(spark.report["elements"].values()) if spark.report["elements"] else None)
    assert (case.filtered, case.forgotten) == (spark.report["rows_filtered"], spark.report.get("rows_forgotten", 0))
    assert sorted(case.failed, key=str) == case.failing(spark.failures)
    assert polars == spark


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_spark_makes_of_the_corpus_what_it_says_and_what_polars_does(
    session: SparkSession, tmp_path: Path, case: Case
) -> None:
    """Records, rejects with their raw text, and every figure of the report are the same in both engines."""
    check(session, tmp_path, case)
