"""Pipeline files are drafted from objects of a bucket where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.load import parse
from drafting.drafting import draft
from tests.unit.drafting import events, lines
from tests.unit.raw import table

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket


def test_a_prefix_of_a_bucket_is_drafted(bucket: Bucket) -> None:
    """Text and Parquet below a prefix are read, relative to it, and nothing is written there."""
    every = events()
    bought = table(
        {"customer": [f"c{e.user}" for e in every], "sku": [f"s{e.item}" for e in every], "at": [e.at for e in every]}
    )
    names = "".join(f"s{item},{['Toys', 'Books', 'Food'][item % 3]}\n" for item in range(90))
    contents = {
        "export/orders/1.parquet": bought,
        "export/names.csv": f"sku,kind\n{names}".encode(),
        "other/log.csv": lines("user,item,at", lambda e: f"{e.user},{e.item},{e.at}").encode(),
    }
    for key, content in contents.items():
        bucket.put(key, content)

    drafted = draft(f"s3://{bucket.name}/export/", name="shop", schema=None, s3=lambda: bucket.s3)

    datasets = parse(drafted.text).datasets
    assert (datasets.interactions.source.path, datasets.interactions.source.format) == ("orders/", "parquet")
    assert datasets.items is not None
    assert datasets.items.source.path == "names.csv"
    assert [outcome.facts["rows_out"] for outcome in drafted.outcomes] == [90, 1_200]
    assert set(bucket.listed()) == set(contents)
