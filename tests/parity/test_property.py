"""Random mappings over random raw data through both engines."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="A Spark job needs pyspark on this machine: make spark")

from tests.parity.engines import FEW, by_polars, by_spark  # they import pyspark
from tests.parity.tables import table  # as above

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@FEW
@given(seed=st.integers(0, 2**32))
def test_engines_agree_on_whatever_the_spec_allows(session: SparkSession, seed: int) -> None:
    """Records, rejects with object, line, reason and raw text, and the report are the same in both engines."""
    made = table(Random(seed))
    note(f"seed {seed}: {made.document}")
    with TemporaryDirectory() as folder:
        spark = by_spark(session, Path(folder) / "spark", made.mapping, made.contents)
        polars = by_polars(Path(folder) / "polars", made.mapping, made.contents)

    assert polars.rejects == spark.rejects
    assert polars.records == spark.records
    assert polars.report == spark.report
