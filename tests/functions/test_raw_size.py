"""The function's limit of raw data: what it refuses before it reads anything."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest

from definition.plan.mappings import dataset_mappings
from lambdas.transform.transform import transform
from tests.documents import parsed
from transform.contract import TransformRequest
from transform.errors import DataTooLargeError

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS

AT = 1_700_000_000
TEXT = "user,item,at\n" + "".join(f"u{row % 7},i{row % 5},{AT + row}\n" for row in range(200))


def written(name: str) -> bytes:
    """Return the same 200 rows in the format and compression that a name tells."""
    if name.endswith(".gz"):
        return gzip.compress(TEXT.encode())
    made = io.BytesIO()
    if name.endswith(".zst"):
        lines = pl.DataFrame({"line": TEXT.splitlines()})
        lines.write_csv(made, include_header=False, quote_style="never", compression="zstd")
    elif name.endswith(".parquet"):
        pl.read_csv(io.StringIO(TEXT)).write_parquet(made)
    else:
        made.write(TEXT.encode())
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "times"), [("a.csv", 1), ("a.csv.gz", 6), ("a.csv.zst", 6), ("a.parquet", 4)], ids=str
)
def test_the_function_refuses_what_is_too_large_unpacked(aws: EmbeddedAWS, name: str, times: int) -> None:
    """All datasets together count, packed ones as what they come to as text; up to the limit all rows are read."""
    s3, bucket = aws.client("s3"), f"size-{name.replace('.', '-')}"
    s3.create_bucket(Bucket=bucket)
    kind = "parquet" if name.endswith(".parquet") else "csv"
    items = {
        "source": {"path": "items.csv"},
        "columns": {"ITEM_ID": "id", "KIND": {"from": "k", "type": "categorical"}},
    }
    source = {"path": f"events/{name}", "format": kind}
    document = parsed(datasets__items=items, datasets__interactions__source=source)
    bodies = {"raw/items.csv": b"id,k\ni1,a\n", f"raw/events/{name}": written(name)}
    for key, body in bodies.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    limit = len(bodies["raw/items.csv"]) + times * len(bodies[f"raw/events/{name}"])

    request = TransformRequest(bucket=bucket, run="r", started=AT, datasets=dataset_mappings(document), max_bytes=limit)

    with pytest.raises(DataTooLargeError, match=r"a function takes .* Set engine: auto or engine: glue"):
        transform(request.model_copy(update={"max_bytes": limit - 1}), s3)
    assert sorted(bodies) == [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    report = transform(request, s3)
    assert {"items": 1, "interactions": 200} == {each.dataset: each.records for each in report.datasets}
