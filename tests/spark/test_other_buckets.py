"""Raw data in another bucket, read by the Spark job as its role may."""

from __future__ import annotations

import bz2
import gzip
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest

from embedded_aws.glue import spark
from tests.documents import popular, shop
from tests.permissions.policies import altered
from tests.pipeline.data import orders, planted, with_orders
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from typing import Any

    from embedded_aws.server import EmbeddedAWS

LACKING = spark.missing()
pytestmark = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))
BUCKET = "warehouse"
ITEMS = {
    "source": {"path": f"s3://{BUCKET}/products/p.parquet", "format": "parquet"},
    "columns": {"ITEM_ID": "sku", "KIND": {"from": "kind", "type": "categorical"}},
}


@pytest.fixture(scope="module")
def rig(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline of Spark whose data lies in another bucket."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    document = shop(
        name="warehoused",
        engine="glue",
        datasets={"items": ITEMS, "interactions": with_orders(BUCKET)},
        solutions=[popular()],
        schedule=...,
    )
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("warehoused"))


def test_spark_reads_another_bucket(rig: Rig) -> None:
    """Plain, packed and Parquet objects, partition folders and a look-up are read where they lie."""
    rows = [row.split(",") for row in planted()]
    texts = [
        "".join(f"{line}\n" for line in ["id,product", *(f"{number},{rows[number][1]}" for number in part)])
        for part in (range(1000), range(1000, 1400), range(1400, 1800))
    ]
    products = io.BytesIO()
    pl.DataFrame({"sku": sorted({item for _, item, _ in rows}), "kind": "x"}).write_parquet(products)
    contents = {
        "shop/lines/day=monday/a.csv": f"{texts[0]}none,A01\n".encode(),
        "shop/lines/day=tuesday/b.csv.gz": gzip.compress(texts[1].encode()),
        "shop/lines/day=tuesday/c.csv.bz2": bz2.compress(texts[2].encode()),
        "erp/orders-1.jsonl": "".join(f"{order}\n" for order in orders(planted())).encode(),
        "products/p.parquet": products.getvalue(),
        "private/x.csv": b"",
    }
    for key, body in contents.items():
        rig.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    run = rig.run()

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert run.manifest is not None
    _, interactions = run.manifest["datasets"]
    assert (1801, 1800, 1) == tuple(interactions[f"rows_{fate}"] for fate in ("in", "out", "rejected"))
    assert [f"s3://{BUCKET}/{key}" for key in contents if key.startswith("shop/lines/")] == [
        item["key"] for item in interactions["objects"]
    ]
    (reject,) = [line for key in rig.keys(f"rejects/{run.id}/") for line in rig.lines(key)]
    assert (f"s3://{BUCKET}/shop/lines/day=monday/a.csv", 1002) == (reject["object"], reject["line"])
    keys = rig.keys(f"transformed/{run.id}/interactions/")
    written = [line for key in keys for line in rig.read(key).decode().splitlines()]
    days = ["monday"] * 1000 + ["tuesday"] * 800
    expected = sorted(f"{','.join(row)},{day}" for row, day in zip(rows, days, strict=True))
    assert expected == sorted(line for line in written if not line.startswith("USER_ID"))

    def nothing_elsewhere(statement: dict[str, Any]) -> dict[str, Any]:
        if statement["Action"] != "s3:GetObject":
            return statement
        own = [arn for arn in statement["Resource"] if not str(arn).startswith(f"arn:aws:s3:::{BUCKET}/")]
        return {**statement, "Resource": own}

    with altered(rig.aws, "warehoused-test", "TransformJobRole", nothing_elsewhere):
        refused = rig.run({"import": "full"})
    assert "FAILED" == refused.status
    assert "SourceRefusedError" in refused.cause
    assert f"s3://{BUCKET}/products/p.parquet may not be read" in refused.cause
