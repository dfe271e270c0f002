"""Objects that are read in different ways give the same records, and what cannot be read is named."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from definition.plan.mappings import dataset_mapping
from lambdas.transform.execute import DATASET, Outcome, execute
from lambdas.transform.packing import SMALL
from tests.documents import parsed
from tests.unit.raw import Folder, fill, table
from transform.errors import TransformError

if TYPE_CHECKING:
    from pathlib import Path

ITEMS = {"columns": {"ITEM_ID": "id", "N": {"from": "n", "type": "int"}}}
FILLER = {f"z{number:03}.csv": "id,n\n" for number in range(70)}
BIG = "id,n\n" + "j,0\n" * (SMALL // 4) + "i,1\n"


def items_of(folder: Path, raw: dict[str, bytes | str], **section: Any) -> tuple[list[str], Outcome]:
    """Return the lines of the items dataset that raw objects give, and what was counted."""
    source = {"path": "data/", **section.pop("source", {})}
    pipeline = parsed(datasets__items={**ITEMS, **section, "source": source})
    objects = fill(folder, dict(sorted(raw.items())))
    (folder / "staging").mkdir()
    outcome = execute(dataset_mapping(pipeline, "items"), Folder(folder), objects, staging="staging/", started=0)
    return (folder / outcome.staging / DATASET).read_text().splitlines()[1:], outcome


@pytest.mark.parametrize(
    ("raw", "source", "latest"),
    [
        ({"a.csv": "id,n\ni,1\n", "b.csv": b"id,n\ni,2\n\xff,x\n"}, {}, 2),
        ({**FILLER, "a.csv": "id,n\ni,1", "b.csv": "n,id\n2,i", "c.csv": "id,n\ni,3"}, {}, 3),
        ({**FILLER, "a.csv": BIG, "b.csv": "id,n\ni,2\n"}, {}, 2),
        (
            {
                "a.parquet": table({"id": ["i"], "n": [1]}),
                "b.parquet": table({"n": [2], "id": ["i"]}),
                "c.parquet": table({"id": ["i", "i"], "n": [4, 3]}),
            },
            {"format": "parquet"},
            3,
        ),
    ],
    ids=["broken byte", "two headers", "large and small", "two schemas"],
)
def test_the_latest_record_is_the_last_in_the_order_of_keys(
    tmp_path: Path, raw: dict[str, bytes | str], source: dict[str, Any], latest: int
) -> None:
    """However objects are read, the record of the last one stays, and of one object the last row."""
    lines, _ = items_of(tmp_path, raw, source=source)

    assert f"i,{latest}" in lines
    assert 1 == sum(line.startswith("i,") for line in lines)


@pytest.mark.parametrize(
    ("content", "source"),
    [
        ("id,n\ni,1\n".encode("utf-16-le"), {"encoding": "utf-16"}),
        ("id,n\ni,1\n".encode("utf-16-be").join([b"\xfe\xff", b""]), {"encoding": "utf-16"}),
        ("x^id^n\n0^i^1\n", {"delimiter": "^", "quote": "none"}),
        ("x\x01id\x01n\n0\x01i\x011\n", {"delimiter": "\x01", "quote": "none"}),
        (gzip.compress(b"id,n\ni,1\n") + bytes(512), {}),
    ],
    ids=["utf-16 without BOM", "utf-16 big-endian", "like zlib", "like zlib too", "gzip with padding"],
)
def test_odd_beginnings_and_ends_are_read(tmp_path: Path, content: bytes | str, source: dict[str, Any]) -> None:
    """Text is not taken for compressed, UTF-16 needs no BOM, and zeros after gzip content mean nothing."""
    assert ["i,1"] == items_of(tmp_path, {"a": content}, source=source)[0]


def _damaged_parquet() -> bytes:
    content = bytearray(table({"id": ["u", None], "n": [1, 2], "at": [1700000000] * 2}))
    content[67] = 0
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "source"),
    [
        (b"\x28\xb5\x2f\xfd" + b"no frame" * 9, {}),
        (_damaged_parquet(), {"format": "parquet"}),
        (table({"id": ["i"] * 999, "n": list(range(999))})[:-40], {"format": "parquet"}),
    ],
    ids=["zstd", "parquet that the engine panics over", "parquet without its end"],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, source: dict[str, Any]) -> None:
    """The error names the object, not only the dataset, whatever the engine makes of it."""
    good = table({"id": ["i"], "n": [1]}) if source else b"id,n\ni,1\n"

    with pytest.raises(TransformError, match=re.escape("raw/b.x ")):
        items_of(tmp_path, {"raw/a.x": good, "raw/b.x": content}, source=source)


def test_columns_that_nobody_reads_are_in_nobodys_way(tmp_path: Path) -> None:
    """Parquet may have columns of any name, and the zone of a timestamp is part of its text."""
    when = [datetime(2024, 1, 1, 12, tzinfo=UTC)]
    others = {"path": ["p"], "line_number": [1], "line": ["l"], "wrong": ["w"], "when": when}
    columns = {
        "ITEM_ID": "line",
        "SEEN": {"from": "when", "type": "long", "format": "iso8601", "timezone": "Asia/Tokyo"},
        "W": {"from": "wrong", "type": "categorical"},
    }
    lines, _ = items_of(tmp_path, {"a.parquet": table(others)}, source={"format": "parquet"}, columns=columns)

    assert ["l,1704110400,w"] == lines


def test_numbers_of_rejected_lines_stay(tmp_path: Path) -> None:
    """Rows are ordered by line numbers; rejected ones keep theirs, and rows of Parquet have none."""
    _, outcome = items_of(
        tmp_path, {"a.parquet": table({"id": ["i", None], "n": [1, 2]})}, source={"format": "parquet"}
    )
    rejected = [json.loads(line) for line in (tmp_path / outcome.staging / "rejects.jsonl").read_bytes().splitlines()]

    assert [("a.parquet", None)] == [(row["object"], row["line"]) for row in rejected]
