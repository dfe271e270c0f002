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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_spark_makes_of_the_corpus_what_it_says_and_what_polars_does(
    session: SparkSession, tmp_path: Path, case: Case
) -> None:
    """Records, rejects with their raw text, and every figure of the report are the same in both engines."""
    mapping = case.mapping()
    contents = {f"raw/data/{name}": content for name, content in case.raw.items()}
    spark = by_spark(session, tmp_path / "spark", mapping, contents)
    polars = by_polars(tmp_path / "polars", mapping, contents)

    assert sorted(case.records, key=str) == sorted(spark.records, key=str)
    assert sorted(case.rejected, key=str) == sorted(
        ((key.rpartition("/")[2], line, reason) for key, line, reason, _ in spark.rejects), key=str
    )
    assert case.filtered == spark.report["rows_filtered"]
    assert polars == spark
