"""The functions by themselves, against the embedded S3 and Personalize: what a whole run does not show."""

from __future__ import annotations

import gzip
import io
import json
import random
from typing import Any

import polars as pl
import pytest

from definition.plan.mappings import dataset_mappings
from lambdas.transform.handler import handler as transform_handler
from tests.documents import parsed, shop
from tests.functions.handlers import Bucket, Context
from tests.pipeline.data import HEADER, csv
from transform.errors import DamagedError, SourceEmptyError, TransformError

AT = 1_700_000_000

# A call that raises has nothing to count; Powertools says so at every one.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def transform(bucket: Bucket, **changes: Any) -> dict[str, Any]:
    """Call the transform function with the changed shop's datasets; return the report of the interactions."""
    document = parsed(**changes)
    inputs = [{"prefix": f"batch/r1/{name}/top/input/", "line": "user", "users": "all"} for name in "ab"]
    event = {
        "bucket": bucket.name,
        "run": "r1",
        "started": AT + 10_000_000,
        "datasets": [mapping.model_dump(mode="json") for mapping in dataset_mappings(document)],
        "batch_inputs": [{**given, "lines_per_file": 1000} for given in inputs],
    }
    report: dict[str, Any] = transform_handler(event, Context())["datasets"][-1]
    return report


def test_every_object_under_the_prefix_is_read(bucket: Bucket) -> None:
    """Objects in subfolders and with odd characters in their keys are read; empty ones and others are not."""
    names = ["a.csv", "deep/b c.csv", "year=2026/d+e%20é.csv", "f[1]*?.csv"]
    for number, name in enumerate(names):
        bucket.put(f"raw/events/{name}", csv([f"u{number},i,{AT + number}"]))
    names.append("packed.csv.gz")
    bucket.put("raw/events/packed.csv.gz", gzip.compress(csv([f"u4,i,{AT}"]).encode()))
    bucket.put("raw/events/", b"")
    bucket.put("raw/events_old/g.csv", csv([f"old,i,{AT}"]))
    report = transform(bucket)

    assert sorted(f"raw/events/{name}" for name in names) == sorted(item["key"] for item in report["objects"])
    table = pl.read_csv(io.BytesIO(bucket.read("transformed/r1/interactions/interactions.csv")))
    assert {f"u{number}" for number in range(5)} == set(table["USER_ID"])


def test_one_object_can_be_named(bucket: Bucket) -> None:
    """A path without a slash at its end is that object and no other."""
    bucket.put("raw/events.csv", csv([f"u,i,{AT}"]))
    bucket.put("raw/events.csv.old", csv([f"old,i,{AT}"]))

    report = transform(bucket, datasets__interactions__source={"path": "events.csv"})

    assert ["raw/events.csv"] == [item["key"] for item in report["objects"]]


def test_the_csv_keeps_personalizes_rules(bucket: Bucket) -> None:
    """The header is not quoted and has the schema's order; ids with a comma are quoted, times are whole seconds."""
    bucket.put("raw/events/a.csv", f'{HEADER}\n"u,1",i,{AT}.9\n')
    transform(bucket)

    assert f'USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n"u,1",i,{AT},click\n'.encode() == bucket.read(
        "transformed/r1/interactions/interactions.csv"
    )


def test_batch_input_names_each_user_once(bucket: Bucket) -> None:
    """Users of rows out and of filtered rows are there once, as JSON, in every job's input; rejected ones are not."""
    rows = ['"a,b",i,1700000000', "支,i,1700000000", "支,j,1700000000", "bad,i,never", "low,skip,1700000000"]
    bucket.put("raw/events/a.csv", csv(rows))
    report = transform(bucket, datasets__interactions__keep="item <> 'skip'")

    for job in "ab":
        lines = bucket.read(f"batch/r1/{job}/top/input/users-00000.json").decode().splitlines()
        assert [{"userId": user} for user in ("a,b", "low", "支")] == [json.loads(line) for line in lines]
    assert (3, 2) == (report["interactions"]["users_scored"], report["interactions"]["per_user"]["count"])


def test_rejects_tell_object_line_reason_and_text(bucket: Bucket) -> None:
    """A rejected row can be found again in the raw data."""
    bucket.put("raw/events/a.csv", csv([f"u,i,{AT}", "u,i"]))
    report = transform(bucket)

    reject = json.loads(bucket.read("rejects/r1/interactions.jsonl"))
    assert {"object": "raw/events/a.csv", "line": 3, "reason": "fewer than 3 fields", "raw": "u,i"} == reject
    assert f"s3://{bucket.name}/rejects/r1/" == report["rejects"]


def test_nothing_is_left_in_staging(bucket: Bucket) -> None:
    """Staged objects are gone after success, and without rejects there is no empty rejects object."""
    bucket.put("raw/events/a.csv", csv([f"u,i,{AT}"]))
    report = transform(bucket)

    assert [] == bucket.listed("staging/")
    assert [] == bucket.listed("rejects/")
    assert report["rejects"] is None


def test_undecodable_bytes_reject_their_line(bucket: Bucket) -> None:
    """Bytes that are not UTF-8, met after many rows, reject one row; every other row of every object is there."""
    good = csv([f"user{number},item,{AT}" for number in range(300_000)]).encode()
    bucket.put("raw/events/a.csv", csv([f"u,i,{AT}"]))
    bucket.put("raw/events/b.csv", good + b"u,\xff,1700000000\n" + f"last,i,{AT}\n".encode())
    report = transform(bucket)

    assert (300_003, 300_002, 1) == (report["rows_in"], report["rows_out"], report["rows_rejected"])
    reject = json.loads(bucket.read("rejects/r1/interactions.jsonl"))
    told = {"line": 300_002, "reason": "bytes that are not utf-8", "raw": "u,\\xff,1700000000"}
    assert {"object": "raw/events/b.csv", **told} == reject
    assert [] == bucket.listed("staging/")


def test_a_failed_transform_leaves_nothing(bucket: Bucket) -> None:
    """An object that turns out to be cut off after many rows ends the transform; nothing bears a final key."""
    dice = random.Random(7)
    good = csv([f"user{dice.random()},item,{AT}" for _ in range(100_000)]).encode()
    bucket.put("raw/events/a.csv.gz", gzip.compress(good)[:-100])

    with pytest.raises(DamagedError, match=r"raw/events/a.csv.gz is cut off or damaged"):
        transform(bucket)

    assert ["raw/events/a.csv.gz"] == [key for key in bucket.listed() if not key.startswith("staging/")]


def test_what_cannot_be_read_is_an_error(bucket: Bucket) -> None:
    """Where the engine gives up, the object that it cannot read either by itself is named, with the engine's words."""
    bucket.put("raw/events/a.csv.zst", b"\x28\xb5\x2f\xfd" + b"no frame" * 9)

    with pytest.raises(TransformError, match=r"raw/events/a\.csv\.zst cannot be read"):
        transform(bucket)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_format_is_read_from_the_bucket(bucket: Bucket, kind: str) -> None:
    """A glob over day folders finds the objects of each format, whatever their names, and the folder gives the time."""
    table = pl.DataFrame({"user": ["u"], "item": ["i"]})
    for day, name in (("01", "part-1 +é%20"), ("02", "part-[2]"), ("02", "other")):
        body = io.BytesIO()
        {"csv": table.write_csv, "jsonl": table.write_ndjson, "parquet": table.write_parquet}[kind](body)
        bucket.put(f"raw/events/day=2024-01-{day}/{name}", body.getvalue())
    bucket.put("raw/events/day=2024-01-02/_SUCCESS", "?")
    columns = shop()["datasets"]["interactions"]["columns"] | {"TIMESTAMP": {"from": "day", "format": "%Y-%m-%d"}}
    source = {"path": "events/*/part-*", "format": kind}
    report = transform(bucket, datasets__interactions={"source": source, "columns": columns})

    assert (2, 2, 2) == (report["object_count"], report["rows_in"], report["rows_out"])
    times = [report["interactions"][f"{end}_timestamp"] for end in ("first", "last")]
    assert [1704067200, 1704153600] == times


def test_many_small_objects_in_another_encoding(bucket: Bucket) -> None:
    """Objects that have to be staged first are read whole, and nothing of them is left in staging."""
    for number in range(70):
        bucket.put(f"raw/events/{number}.csv", csv([f"支{number},i,{AT}", "u"]).encode("gb18030"))
    source = {"path": "events/", "encoding": "gb18030"}
    report = transform(bucket, datasets__interactions__source=source)

    assert (140, 70, 70) == tuple(report[key] for key in ("rows_in", "rows_out", "rows_rejected"))
    assert 70 == report["interactions"]["per_user"]["count"]
    table = pl.read_csv(io.BytesIO(bucket.read("transformed/r1/interactions/interactions.csv")))
    assert {f"支{number}" for number in range(70)} == set(table["USER_ID"])
    assert [] == bucket.listed("staging/")


def test_no_data_is_an_error(bucket: Bucket) -> None:
    """Only empty objects under the path are as good as none."""
    bucket.put("raw/events/a.csv", b"")

    with pytest.raises(SourceEmptyError, match="Upload the raw data there"):
        transform(bucket)


def test_bytes_to_be_imported_are_those_of_the_csv(bucket: Bucket) -> None:
    """What an import is billed by stands in the report."""
    bucket.put("raw/events/a.csv", csv([f"支{number},i,{AT}" for number in range(5)]))
    report = transform(bucket)

    assert len(bucket.read("transformed/r1/interactions/interactions.csv")) == report["imports"]["bytes"]
