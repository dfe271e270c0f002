"""Look-ups through both engines: against dictionaries, and with the same words where a run ends."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from definition.plan.mappings import dataset_mapping
from tests.corpus.looked_up import LOOKUP, OF_LINES
from tests.corpus.orders import ORDERS, Orders
from tests.documents import parsed
from tests.unit.raw import table
from transform.errors import TransformError

pytest.importorskip("pyspark", reason="make spark")

from tests.parity.engines import FEW, by_polars, by_spark  # they import pyspark
from tests.parity.test_corpus import check  # it imports pyspark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PARQUET = {"path": "orders/", "format": "parquet"}
LINES = "order_id,product\n1,p\n"
ORDER = "order_id,customer,at\n1,c,1\n"


@FEW
@given(orders=ORDERS)
def test_engines_agree_on_every_order(session: SparkSession, orders: Orders) -> None:
    """Records, rejects and the counts of the look-up are what a dictionary gives."""
    with TemporaryDirectory() as folder:
        check(session, Path(folder), orders.case())


@pytest.mark.parametrize(
    ("section", "contents"),
    [
        ({}, {"raw/orders/a.csv": ORDER + "2,c,1\n2,c,1\n", "raw/orders/b.csv": ORDER}),
        (
            {"lookups": {"orders": LOOKUP | {"source": PARQUET}}},
            {"raw/orders/a.parquet": table({"order_id": [7, 7], "customer": ["c", "c"], "at": [1, 1]})},
        ),
        ({}, {"raw/orders/a.csv": "order,customer,at\n"}),
        ({}, {"raw/orders/a.csv": b"order_id,customer,at,\xff\n"}),
        ({}, {"raw/orders/a.csv": ORDER, "raw/lines/a.csv": "order_id,product,orders.at\n"}),
        (
            {"source": {"path": "lines/", "format": "parquet"}},
            {
                "raw/orders/a.csv": ORDER,
                "raw/lines/a.csv": table({"order_id": ["1"], "product": ["p"], "orders": [{"customer": "c"}]}),
            },
        ),
    ],
    ids=["twice", "twice in Parquet", "no key", "not UTF-8", "a name in CSV", "a name in Parquet"],
)
def test_what_ends_a_run_is_told_alike(
    session: SparkSession, tmp_path: Path, section: dict[str, Any], contents: dict[str, Any]
) -> None:
    """Both engines raise the same error with the same message."""
    mapping = dataset_mapping(parsed(datasets__interactions=OF_LINES | section), "interactions")
    contents = {"raw/lines/a.csv": LINES} | contents
    with pytest.raises(TransformError) as polars:
        by_polars(tmp_path / "polars", mapping, contents)
    with pytest.raises(TransformError) as spark:
        by_spark(session, tmp_path / "spark", mapping, contents)

    assert (type(polars.value), str(polars.value)) == (type(spark.value), str(spark.value))
