"""The publish function by itself, against the embedded S3: what a whole run does not show."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from lambdas.publish import changes
from lambdas.publish.lines import OutputUnreadableError
from lambdas.publish.objects import OutputMissingError
from lambdas.publish.publish import TooManyErrorsError
from tests.functions.publishing import called, line

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket

# A call that raises has nothing to count; Powertools says so at every one.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


WHOLE = {"step": "whole", "max_bytes": 1_000_000}


def publish(bucket: Bucket, run: str = "r1", **changed: Any) -> dict[str, Any]:
    """Call the function for one job of a run."""
    return called(bucket, run, **(WHOLE | changed))


def wrote(bucket: Bucket, run: str, *lines: str) -> None:
    """Put what Personalize wrote in a run."""
    bucket.put(f"batch/{run}/a/top/output/users.json.out", "\n".join(lines) + "\n")


def table(bucket: Bucket, key: str) -> pl.DataFrame:
    """Return a Parquet table."""
    return pl.read_parquet(io.BytesIO(bucket.read(key)))


FAILED = '{"input":{"userId":"c"},"output":{"recommendedItems":[]},"error":"User error: no"}'
EMPTY = '{"input":{"userId":"d"},"output":null,"error":null}'


def test_lines_with_errors_are_set_aside(bucket: Bucket) -> None:
    """The table holds what was scored, short lists of scores are padded with nulls, errors lie among the rejects."""
    wrote(bucket, "r1", line("a", ["x", "y"], scores=[0.5]), line("b", ["y"]), FAILED, EMPTY)
    bucket.put("batch/r1/a/top/output/_CHECK", b"")
    report = publish(bucket)

    rows = table(bucket, "curated/a/top/run=r1/part-00000.parquet").rows()
    assert [("a", 1, "x", 0.5), ("a", 2, "y", None), ("b", 1, "y", None)] == rows
    assert (4, 2, "User error: no") == (report["lines"], report["errors"], report["first_error"])
    assert (3, 2, 2) == (report["rows"], report["keys"], report["results"])
    assert f"s3://{bucket.name}/rejects/r1/a/top.jsonl" == report["rejects"]
    assert [{"user_id": "c", "error": "User error: no"}, {"user_id": "d", "error": "no output"}] == [
        json.loads(each) for each in bucket.read("rejects/r1/a/top.jsonl").splitlines()
    ]


def test_without_errors_there_are_no_rejects(bucket: Bucket) -> None:
    """No empty object is left behind."""
    wrote(bucket, "r1", line("a", ["x"]))

    assert publish(bucket)["rejects"] is None
    assert [] == bucket.listed("rejects/")


@pytest.mark.parametrize(
    ("lines", "most", "told"),
    [
        ([FAILED], 1.0, r"1 of 1 lines \(100 %\) are errors; the first: User error: no; all of them: s3://"),
        ([line("a", ["x"]), FAILED], 0.4, r"1 of 2 lines \(50 %\) are errors, more than the 40 % of max_errors; the f"),
    ],
    ids=["all", "many"],
)
def test_too_many_errors_are_no_result(bucket: Bucket, lines: list[str], most: float, told: str) -> None:
    """Nothing is published and latest.json stays as it was; the lines with errors can be read."""
    bucket.put("curated/a/top/latest.json", '{"run": "r0"}')
    wrote(bucket, "r1", *lines)

    with pytest.raises(TooManyErrorsError, match=told):
        publish(bucket, max_errors=most)
    assert ["curated/a/top/latest.json"] == bucket.listed("curated/")
    assert b'{"run": "r0"}' == bucket.read("curated/a/top/latest.json")
    assert 1 == len(bucket.read("rejects/r1/a/top.jsonl").splitlines())


def test_missing_output_is_an_error(bucket: Bucket) -> None:
    """A job that is ACTIVE and wrote nothing is told."""
    with pytest.raises(OutputMissingError, match=r"No \.out object"):
        publish(bucket)


@pytest.mark.parametrize(
    "broken",
    ['{"input":{"userId":"somebody"}', "somebody", '{"input":{"userId":"b"},"output":["somebody"],"error":null}'],
    ids=["cut", "text", "shape"],
)
def test_lines_of_another_kind_name_their_object(bucket: Bucket, broken: str) -> None:
    """A line that is no result of a batch job is told by its object, not by what it holds; nothing is published."""
    wrote(bucket, "r1", line("a", ["x"]), broken)
    bucket.put("batch/r1/a/top/output/another.json.out", line("c", ["x"]))

    told = r"s3://\S+/users\.json\.out holds a line that is no result"
    with pytest.raises(OutputUnreadableError, match=told) as caught:
        publish(bucket)
    assert "somebody" not in str(caught.value)
    assert [] == bucket.listed("curated/")


def follow(bucket: Bucket, *lines: str, **changed: Any) -> dict[str, Any]:
    """Publish a first run, let latest.json name it, and publish a second one of these lines."""
    wrote(bucket, "r1", line("a", ["x", "y", "z"]), line("b", ["y"]))
    first = publish(bucket)
    assert first["changes"] is None
    bucket.put("curated/a/top/latest.json", json.dumps({"run": "r1", "location": first["location"]}))
    wrote(bucket, "r2", *lines)
    return publish(bucket, "r2", **changed)


@pytest.mark.parametrize("rows_per_range", [1000, 1])
def test_what_changed_is_a_table_of_its_own(
    bucket: Bucket, rows_per_range: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are new, gone or moved since the table that latest.json names, whatever the number of parts."""
    monkeypatch.setattr(changes, "ROWS_PER_RANGE", rows_per_range)
    report = follow(bucket, line("a", ["x", "z", "new"]), line("c", ["y"]))

    expected = [
        ("a", "new", "added", 3, None),
        ("a", "y", "removed", None, 2),
        ("a", "z", "moved", 2, 3),
        ("b", "y", "removed", None, 1),
        ("c", "y", "added", 1, None),
    ]
    keys = bucket.listed("curated/a/top/changes/run=r2/")
    assert (len(keys) > 1) == (rows_per_range == 1)
    found = pl.concat([table(bucket, key) for key in keys])
    assert ["user_id", "item_id", "change", "rank", "rank_before"] == found.columns
    assert expected == sorted(found.rows())
    counted = {"since": "r1", "added": 2, "removed": 2, "moved": 1}
    assert {"location": f"s3://{bucket.name}/curated/a/top/changes/run=r2/", **counted} == report["changes"]


def test_themes_are_a_column(bucket: Bucket) -> None:
    """Each row bears its line's theme, and the score says how well the item fits it."""
    output = {"recommendedItems": ["y", "z"], "theme": "On the road", "itemsThemeRelevanceScores": [0.2, 0.1]}
    wrote(bucket, "r1", json.dumps({"input": {"itemId": "x"}, "output": output}))
    publish(bucket, line="item", themed=True)

    found = table(bucket, "curated/a/top/run=r1/part-00000.parquet")
    assert ["item_id", "rank", "related_item_id", "score", "theme"] == found.columns
    assert [("x", 1, "y", 0.2, "On the road"), ("x", 2, "z", 0.1, "On the road")] == found.rows()


def test_tables_of_other_columns_are_not_compared(bucket: Bucket) -> None:
    """A job that finds other things than it did is as good as new."""
    related = '{"input":{"itemId":"x"},"output":{"recommendedItems":["y"]},"error":null}'
    assert follow(bucket, related, line="item")["changes"] is None


def test_a_table_before_that_is_gone_is_not_compared(bucket: Bucket) -> None:
    """Who deletes old tables still gets new ones."""
    bucket.put("curated/a/top/latest.json", f'{{"run": "r0", "location": "s3://{bucket.name}/curated/a/top/run=r0/"}}')
    wrote(bucket, "r1", line("a", ["x"]))

    assert publish(bucket)["changes"] is None
