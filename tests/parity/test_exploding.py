"""Lists that are exploded through both engines, against a computation of its own."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from tests.corpus.baskets import ROWS, Rows
from tests.corpus.exploded import REFUSED, refused
from transform.errors import ColumnMissingError

pytest.importorskip("pyspark", reason="make spark")

from tests.parity.engines import FEW, by_spark  # they import pyspark
from tests.parity.test_corpus import check  # it imports pyspark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@FEW
@given(rows=ROWS)
def test_engines_agree_on_every_element(session: SparkSession, rows: Rows) -> None:
    """Records, rejects with the place of their element, rows and elements are what a few lines of Python say."""
    with TemporaryDirectory() as folder:
        check(session, Path(folder), rows.case())


@pytest.mark.parametrize(("explode", "column", "text"), REFUSED)
def test_what_parquet_cannot_explode_is_told(
    session: SparkSession, tmp_path: Path, explode: str | None, column: str, text: str
) -> None:
    """Spark says of a list in the way, or of one that is none, what the function's engine says."""
    mapping, content = refused(explode, column)

    with pytest.raises(ColumnMissingError) as caught:
        by_spark(session, tmp_path, mapping, {"raw/data/a.parquet": content})
    assert text in str(caught.value)
