"""Tables in other formats than Parquet: the same rows, whoever made them, and nothing that nobody asked for."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from lambdas.publish.publish import PartMissingError, TooManyErrorsError
from tests.functions.publishing import line
from tests.functions.test_publish import FAILED
from tests.functions.test_publish_parts import call, in_parts, table, whole, wrote

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

BOTH = ["csv", "jsonl"]


def exported(bucket: Bucket, form: str, run: str = "r1") -> list[tuple[str, int, str, float | None]]:
    """Return the rows of the objects of a format, read by the standard library."""
    rows: list[dict[str, str]] = []
    for key in sorted(bucket.listed(f"exports/a/top/{form}/run={run}/")):
        assert key.endswith(f".{form}")
        text = bucket.read(key).decode()
        rows += csv.DictReader(io.StringIO(text)) if form == "csv" else map(json.loads, text.splitlines())
    return [
        (row["user_id"], int(row["rank"]), row["item_id"], float(row["score"]) if row["score"] else None)
        for row in rows
    ]


@pytest.mark.parametrize("form", BOTH)
def test_the_same_rows_lie_beside_the_table(bucket: Bucket, form: str) -> None:
    """At once and in parts, with the columns of the table by their names; the report says where."""
    keys = wrote(bucket)
    one = whole(bucket, formats=[form])
    expected = table(bucket).rows()
    assert expected == exported(bucket, form)
    parts = in_parts(bucket, keys, formats=[form])

    assert expected == exported(bucket, form)
    assert {form: f"s3://{bucket.name}/exports/a/top/{form}/run=r1/"} == one["exports"] == parts["exports"]
    assert len(keys) - 1 == len(bucket.listed("exports/"))


def test_odd_ids_stay_what_they_are(bucket: Bucket) -> None:
    """Quotes, delimiters, line ends and blanks of an id make no field and no row of their own."""
    odd = 'a"b,c\r\nd\n\te '
    bucket.put("batch/r1/a/top/output/users.json.out", line(odd, ["x,y", '"', " "]) + "\n")
    whole(bucket, formats=BOTH)

    for form in BOTH:
        assert [(odd, 1, "x,y", None), (odd, 2, '"', None), (odd, 3, " ", None)] == exported(bucket, form)


def test_nothing_is_exported_that_nobody_asks_for(bucket: Bucket) -> None:
    """What an attempt before has left goes, of another format and of parts that are no more."""
    keys = wrote(bucket)
    assert {} == whole(bucket)["exports"]
    assert [] == bucket.listed("exports/")
    in_parts(bucket, keys, formats=BOTH)
    whole(bucket, formats=["csv"])

    assert ["exports/a/top/csv/run=r1/part-00000.csv"] == bucket.listed("exports/")


def test_too_many_errors_leave_no_export(bucket: Bucket) -> None:
    """What is not published is published in no format."""
    bucket.put("batch/r1/a/top/output/users.json.out", "\n".join([line("a", ["x"]), FAILED]) + "\n")
    with pytest.raises(TooManyErrorsError):
        whole(bucket, formats=BOTH, max_errors=0.4)

    assert [] == bucket.listed("exports/") + bucket.listed("curated/")


def test_an_export_with_a_hole_is_told(bucket: Bucket) -> None:
    """A part that is only in the table is missing in the export."""
    keys = wrote(bucket)
    in_parts(bucket, keys, formats=BOTH)
    gone = next(key for key in bucket.listed("exports/") if key.endswith("users-00001.json.csv"))
    bucket.s3.delete_object(Bucket=bucket.name, Key=gone)
    with pytest.raises(PartMissingError, match=r"users-00001\.json\.parquet"):
        call(bucket, "r1", "total", counts={"lines": 8, "errors": 3}, formats=BOTH)
