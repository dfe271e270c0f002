"""What the corpus leaves out: Parquet's types, zstd, and objects that several tasks read."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

pytest.importorskip("pyspark", reason="A Spark job needs pyspark on this machine: make spark")

from definition.plan.mappings import dataset_mapping
from tests.documents import parsed
from tests.parity.engines import by_polars, by_spark  # they import pyspark
from tests.unit.raw import table
from transform.errors import ColumnMissingError, DelimiterError, TransformError

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from definition.mapping.mapping import DatasetMapping

AT = 1_700_000_000
VALUES: dict[str, tuple[list[Any], Any]] = {
    "TEXT": (["a", "", None, "b,c"], pl.String),
    "WORD": (["a", "b", "a", None], pl.Categorical),
    "WHOLE": ([1, -1, None, 2**62], pl.Int64),
    "SMALL": ([1, 255, None, 0], pl.UInt8),
    "LARGE": ([2**64 - 1, 0, None, 1], pl.UInt64),
    "FLOAT": ([25360.0, 0.5, -0.0, 1e20], pl.Float64),
    "SINGLE": ([0.1, 1e10, None, -2.0], pl.Float32),
    "STRANGE": ([float("nan"), float("inf"), float("-inf"), 1e-7], pl.Float64),
    "PRICE": ([Decimal("1.50"), Decimal("-0.01"), None, Decimal(12)], pl.Decimal(10, 2)),
    "FLAG": ([True, False, None, True], pl.Boolean),
    "DAY": ([date(2024, 1, 31), date(1900, 1, 1), None, date(2024, 2, 29)], pl.Date),
    "LOCAL": ([datetime(2024, 1, 31, 23, 59, 59, 999_999)] * 4, pl.Datetime("us")),  # noqa: DTZ001  # without zone
    "NANOS": ([datetime(2024, 1, 31, 1)] * 4, pl.Datetime("ns")),  # noqa: DTZ001  # as above
    "ZONED": ([datetime(2024, 1, 31, 12, tzinfo=UTC)] * 4, pl.Datetime("ms", "Asia/Shanghai")),
    "SEVERAL": ([["a", "b"], ["c|d"], [], None], pl.List(pl.String)),
    "COUNTS": ([[1, 2], [3, None], [], None], pl.List(pl.Int32)),
}


def mapping_of(kind: str, **columns: Any) -> DatasetMapping:
    """Return the shop's mapping for a format, with more columns."""
    base = {"USER_ID": "user", "ITEM_ID": "about.item", "TIMESTAMP": {"from": "at", "unit": "s"}}
    section = {"source": {"path": "data/", "format": kind}, "columns": {**base, **columns}}
    return dataset_mapping(parsed(datasets__interactions=section), "interactions")


@pytest.mark.parametrize("names", [list(VALUES)[start : start + 5] for start in range(0, len(VALUES), 5)], ids=str)
def test_parquet_types_are_the_same_text(session: SparkSession, tmp_path: Path, names: list[str]) -> None:
    """Every type of a Parquet column becomes the same text, or is rejected with the same words, in both engines."""
    several = {name: "categorical" if name in {"SEVERAL", "COUNTS"} else "string" for name in names}
    mapping = mapping_of("parquet", **{name: {"from": name, "type": kind} for name, kind in several.items()})
    common = {"user": ["u1", "u2", None, "u4"], "about": [{"item": number} for number in range(4)], "at": [AT] * 4}
    content = table(common | {name: VALUES[name][0] for name in names}, {name: VALUES[name][1] for name in names})
    other = table({"at": [AT], "about": [{"item": 9}], "user": ["u9"]} | {n: VALUES[n][0][:1] for n in names},
                  {name: VALUES[name][1] for name in names})  # fmt: skip
    contents = {"raw/data/a.parquet": content, "raw/data/day=1/b": other}

    spark = by_spark(session, tmp_path / "spark", mapping, contents)
    polars = by_polars(tmp_path / "polars", mapping, contents)
    assert 5 == polars.report["rows_in"]
    assert polars.rejects == spark.rejects
    assert polars.records == spark.records
    assert polars.report == spark.report


ANY_NAMES = (
    "object", "block", "row", "line", "shape", "folder", "split", "quoted", "fields", "json", "damaged", "value",
    "fate", "reason", "raw", "order", "rank", "readable", "key", "before", "address", "path", "line_number", "index",
    "packed", ":object", ":line", ":shape", ":fate", ":path", ":line_number", ":row", "raw:row", "cell:row",
    "_metadata",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_raw_columns_may_have_any_name(session: SparkSession, tmp_path: Path, kind: str) -> None:
    """Raw columns named like those that an engine keeps beside them are read as any other, folders differing too."""
    columns = {f"F{place}": {"from": name, "type": "categorical"} for place, name in enumerate((*ANY_NAMES, "day"))}
    section = {
        "source": {"path": "data/", "format": kind},
        "columns": {"ITEM_ID": "id", **columns},
        "duplicates": {"keep": "latest", "by": ["ITEM_ID", f"F{len(ANY_NAMES)}"]},
    }
    mapping = dataset_mapping(parsed(datasets__items=section), "items")
    read = {name: f"={name}" for name in ANY_NAMES}
    rows = [{"id": "i"} | read, {"id": ""} | read, {"id": "i"} | read | {"object": "last"}]
    contents = {f"raw/data/day={day}/a": written_as(kind, rows) for day in "12"}

    polars = by_polars(tmp_path / "polars", mapping, contents)
    spark = by_spark(session, tmp_path / "spark", mapping, contents)
    assert [("i", *({**read, "object": "last"}).values(), day) for day in "12"] == spark.records
    assert ["ITEM_ID is empty"] * 2 == [reason for _, _, reason, _ in spark.rejects]
    assert polars == spark


def written_as(kind: str, rows: list[dict[str, str]]) -> bytes:
    """Return rows of texts as an object of a format."""
    if kind == "parquet":
        return table({name: [row[name] for row in rows] for name in rows[0]})
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    return "".join(",".join(line) + "\n" for line in (rows[0], *(row.values() for row in rows))).encode()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_both_refuse_a_file_without_header_in_words_without_its_values(
    session: SparkSession, tmp_path: Path, kind: str
) -> None:
    """Some write Parquet with the first row of such a file as its columns: that is data too."""
    text = "carla,lisbon,mark@example.com\nu,i,1700000000\n"
    content = table({name: ["x"] for name in text.splitlines()[0].split(",")}) if kind == "parquet" else text
    contents = {f"raw/data/a.{kind}": content}
    words = []
    for number, run in enumerate((by_polars, partial(by_spark, session))):
        with pytest.raises(ColumnMissingError, match="it has 3 fields, of which none is a column") as caught:
            run(tmp_path / str(number), mapping_of(kind), contents)
        words.append(str(caught.value))

    assert words[0] == words[1]
    assert not {"carla", "lisbon", "mark"} & set(re.findall(r"\w+", words[0]))


@pytest.mark.parametrize("header", [None, ["user", "item", "at"]])
def test_both_refuse_a_first_line_that_names_another_delimiter(
    session: SparkSession, tmp_path: Path, header: list[str] | None
) -> None:
    """What is cut at the wrong character is no row: both name the object and both delimiters."""
    words = []
    for number, run in enumerate((by_polars, partial(by_spark, session))):
        reading = mapping_of("csv").model_copy(update={"header": header})
        with pytest.raises(DelimiterError, match="cut at ';', but the source's delimiter is ','") as caught:
            run(tmp_path / str(number), reading, {"raw/data/a.csv": "sep=;\nuser;item;at\n"})
        words.append(str(caught.value))

    assert words[0] == words[1]
    assert words[0].startswith("raw/data/a.csv says")


def test_times_of_day_stand_for_no_text(session: SparkSession, tmp_path: Path) -> None:
    """Where a time of day is read, both engines refuse it; Spark also where nobody reads it, and says why."""
    content = table({"user": ["u"], "about": [{"item": 1}], "at": [AT], "OPENS": [time(9)]})
    reading = mapping_of("parquet", OPENS={"from": "OPENS", "type": "string"})
    contents = {"raw/data/a.parquet": content}

    with pytest.raises(ColumnMissingError, match="which no text stands for"):
        by_polars(tmp_path / "polars", reading, contents)
    assert 1 == by_polars(tmp_path / "p", mapping_of("parquet"), contents).report["rows_out"]
    with pytest.raises(TransformError, match=r"Illegal Parquet type: INT64 \(TIME"):
        by_spark(session, tmp_path / "spark", mapping_of("parquet"), contents)


def test_lines_keep_their_numbers_over_splits(session: SparkSession, tmp_path: Path) -> None:
    """Where several tasks read an object, each rejected line still has its own number; zstd is one task's."""
    lines = [f"u{number},i{number % 7},{'never' if number % 50 == 3 else AT + number}" for number in range(1000)]
    text = "\n".join(["user,about.item,at", *lines]) + "\n"
    body = io.BytesIO()
    pl.DataFrame({"line": text.rstrip("\n").split("\n")}).write_csv(
        body, include_header=False, quote_style="never", compression="zstd"
    )
    mapping = mapping_of("csv")
    contents = {"raw/data/a.csv": text, "raw/data/b.csv.zst": body.getvalue()}
    before = session.conf.get("spark.sql.files.maxPartitionBytes")
    session.conf.set("spark.sql.files.maxPartitionBytes", "2000")
    session.conf.set("spark.sql.files.openCostInBytes", "2000")
    try:
        spark = by_spark(session, tmp_path / "spark", mapping, contents)
    finally:
        session.conf.set("spark.sql.files.maxPartitionBytes", str(before))
        session.conf.set("spark.sql.files.openCostInBytes", str(before))

    assert [number + 2 for number in range(1000) if number % 50 == 3] * 2 == sorted(
        (row[1] for row in spark.rejects if "a.csv" in row[0]), key=int
    ) + sorted((row[1] for row in spark.rejects if "b.csv" in row[0]), key=int)
    polars = by_polars(tmp_path / "polars", mapping, contents)
    assert polars.rejects == spark.rejects
    assert polars.records == spark.records
