"""Output published in parts, by calls of the function: the table is the same as that of one call."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from lambdas.publish.counting import count_different
from lambdas.publish.publish import OutputTooLargeError, PartMissingError, TooManyErrorsError
from tests.functions.publishing import called, line

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket

# A call that raises, or publishes a part, has nothing to count; Powertools says so at every one.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def failed(user: str, error: str) -> str:
    """Return a line with an error."""
    return json.dumps({"input": {"userId": user}, "output": {"recommendedItems": []}, "error": error})


WRITTEN = {
    "users-00000.json.out": [line("c", ["x", "y"], scores=[0.5, 0.25]), failed("d", "first"), line("b", ["z"])],
    "users-00001.json.out": [line("a", ["y", "x", "w"], scores=[0.5]), line("e", [])],
    "users-00002.json.out": [failed("f", "second"), failed("g", "third")],
    "users-00010.json.out": [line("b", ["x"])],
}
"""Seven users in no order, one of them twice; five items of four; an object of nothing but errors."""


def wrote(bucket: Bucket, run: str = "r1", **objects: list[str]) -> list[str]:
    """Put what Personalize wrote in a run; return the keys, in an order that no listing has."""
    for name, lines in (objects or WRITTEN).items():
        bucket.put(f"batch/{run}/a/top/output/{name}", "\n".join(lines) + "\n")
    bucket.put(f"batch/{run}/a/top/output/_CHECK", b"")
    return list(reversed(bucket.listed(f"batch/{run}/a/top/output/")))


def call(bucket: Bucket, run: str, step: str, **more: Any) -> dict[str, Any]:
    """Call the function for one job of a run."""
    return called(bucket, run, step=step, **more)


def whole(bucket: Bucket, run: str = "r1", **more: Any) -> dict[str, Any]:
    """Publish all of a run's output at once."""
    return call(bucket, run, "whole", **{"max_bytes": 1_000_000, **more})


def in_parts(bucket: Bucket, keys: list[str], run: str = "r1", **more: Any) -> dict[str, Any]:
    """Publish a run's output as the state machine does if it is too large for one call; return the report it makes."""
    counts = [call(bucket, run, "part", part=key, **more) for key in keys]
    total = call(bucket, run, "total", counts=_sums(counts, "lines", "errors"), **more)
    before = {"before": total["before"]}
    found = [call(bucket, run, "range", **before, **each, **more) for each in reversed(total["ranges"])]
    changes = {"since": total["since"], "location": total["changes"], **_sums(found, "added", "removed", "moved")}
    return {**total["table"], **_sums(found, "keys"), "changes": changes if total["since"] else None}


def _sums(reports: list[dict[str, Any]], *names: str) -> dict[str, int]:
    return {name: sum(report[name] for report in reports) for name in names}


def table(bucket: Bucket, prefix: str = "curated/a/top/run=r1/") -> pl.DataFrame:
    """Return the table below a prefix as readers of a folder see it, in the order of its objects."""
    return pl.concat([pl.read_parquet(io.BytesIO(bucket.read(key))) for key in sorted(bucket.listed(prefix))])


def rejects(bucket: Bucket, prefix: str = "rejects/r1/a/top") -> list[dict[str, str]]:
    """Return the lines with errors below a prefix."""
    return [json.loads(each) for key in sorted(bucket.listed(prefix)) for each in bucket.read(key).splitlines()]


def test_both_ways_make_the_same_table(bucket: Bucket) -> None:
    """Rows, their order, their types, counts and lines with errors are the same, whoever made them."""
    keys = wrote(bucket)
    one = whole(bucket)
    expected, set_aside = table(bucket), rejects(bucket)
    parts = in_parts(bucket, keys)

    assert [("c", 1, "x", 0.5), ("c", 2, "y", 0.25), ("b", 1, "z", None), ("a", 1, "y", 0.5)] == expected.rows()[:4]
    assert ("b", 1, "x", None) == expected.rows()[-1]
    assert expected.equals(table(bucket))
    assert expected.schema == table(bucket).schema
    assert (8, 3, "first", 7, 3, 4) == tuple(
        one[name] for name in ("lines", "errors", "first_error", "rows", "keys", "results")
    )
    assert one | {"rejects": f"s3://{bucket.name}/rejects/r1/a/top/"} == parts
    assert ["d", "f", "g"] == [each["user_id"] for each in set_aside]
    assert set_aside == rejects(bucket)


def test_parts_bear_the_names_of_objects(bucket: Bucket) -> None:
    """So a part that is asked for twice is there once, and what is no output makes none."""
    keys = wrote(bucket)
    in_parts(bucket, [*keys, *keys[:2]])

    assert [f"curated/a/top/run=r1/{name.removesuffix('.out')}.parquet" for name in WRITTEN] == bucket.listed(
        "curated/"
    )
    assert [f"rejects/r1/a/top/users-0000{number}.json.jsonl" for number in (0, 2)] == bucket.listed("rejects/")


def test_what_is_too_large_is_refused_before_anything_is_written(bucket: Bucket) -> None:
    """A byte more than one call takes is too much; ``_CHECK`` counts for nothing."""
    wrote(bucket)
    size = sum(len("\n".join(lines)) + 1 for lines in WRITTEN.values())
    bucket.put("batch/r1/a/top/output/_CHECK", b"checked")
    with pytest.raises(OutputTooLargeError, match=f"{size:,} bytes of output; one call takes {size - 1:,}"):
        whole(bucket, max_bytes=size - 1)
    assert [] == bucket.listed("curated/") + bucket.listed("rejects/")

    assert 7 == whole(bucket, max_bytes=size)["rows"]


def test_one_way_leaves_nothing_of_the_other(bucket: Bucket) -> None:
    """A run that is resumed the other way has no row and no line with an error twice."""
    keys = wrote(bucket)
    in_parts(bucket, keys)
    whole(bucket)
    assert ["curated/a/top/run=r1/part-00000.parquet"] == bucket.listed("curated/")
    assert ["rejects/r1/a/top.jsonl"] == bucket.listed("rejects/")
    in_parts(bucket, keys)
    assert 7 == len(table(bucket))
    assert 3 == len(rejects(bucket))


def test_too_many_errors_of_all_parts_are_no_result(bucket: Bucket) -> None:
    """The share is that of all lines; no part of the table stays, and all lines with errors can be read."""
    keys = wrote(bucket)
    with pytest.raises(
        TooManyErrorsError, match=r"3 of 8 lines \(37.5 %\) are errors, more than .*; the first: first;"
    ):
        in_parts(bucket, keys, max_errors=0.37)
    assert [] == bucket.listed("curated/")
    assert 3 == len(rejects(bucket))
    assert 7 == in_parts(bucket, keys, max_errors=0.38)["rows"]


def test_a_missing_part_is_told(bucket: Bucket) -> None:
    """A table is not published with a hole in it."""
    keys = wrote(bucket)
    in_parts(bucket, keys)
    gone = "curated/a/top/run=r1/users-00001.json.parquet"
    bucket.s3.delete_object(Bucket=bucket.name, Key=gone)
    with pytest.raises(PartMissingError, match=gone):
        call(bucket, "r1", "total", counts={"lines": 8, "errors": 3})


def test_a_table_in_parts_is_compared_with_the_one_before(bucket: Bucket) -> None:
    """What changed since a table of one object is told of a table of many."""
    wrote(bucket)
    first = whole(bucket)
    bucket.put("curated/a/top/latest.json", json.dumps({"run": "r1", "location": first["location"]}))
    changed = WRITTEN | {"users-00001.json.out": [line("a", ["x", "y", "v"])]}
    report = in_parts(bucket, wrote(bucket, "r2", **changed), "r2")

    assert {"added": 1, "removed": 1, "moved": 2, "since": "r1"} == {
        name: report["changes"][name] for name in ("added", "removed", "moved", "since")
    }


@pytest.mark.parametrize("per_pass", [1, 3, 1000])
def test_values_are_counted_in_passes(per_pass: int) -> None:
    """However few values fit into memory, each is counted once, and null like any other."""
    values = [str(number % 250) for number in range(1000)] + [None]
    assert 251 == count_different(pl.LazyFrame({"a": range(1001), "b": values}), 1, per_pass=per_pass)
