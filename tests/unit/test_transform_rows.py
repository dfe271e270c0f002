"""The fate of every row: out, filtered, or rejected with a reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from definition.plan.mappings import dataset_mapping
from lambdas.transform import plan
from lambdas.transform.reader import read
from tests.documents import parsed
from tests.unit.raw import Folder, shown
from transform.contract import RawObject
from transform.errors import ColumnMissingError
from transform.records import Plan

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

COLUMNS = "datasets__interactions__columns"


def fates(folder: Path, *texts: str | bytes, **changes: Any) -> pl.DataFrame:
    """Return the rows of raw objects with their fate, by the mapping of the changed shop document."""
    mapping = dataset_mapping(parsed(**changes), "interactions")
    objects = []
    for number, text in enumerate(texts):
        file = folder / f"{number}.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        objects.append(RawObject(key=file.name, size=file.stat().st_size, etag=""))
    lines = read(Folder(folder), objects, mapping, mapping.raw_columns(), staging="staging/")
    ids = Plan.of(mapping)
    return shown(plan.with_reason(plan.with_fate(lines, ids), ids)).collect(engine="streaming")


def reason_of(folder: Path, row: str, **changes: Any) -> str | None:
    """Return why the one row of a file with the header user,item,at,x is rejected, None if it is not."""
    frame = fates(folder, f"user,item,at,x\n{row}\n", **changes)
    assert 1 == len(frame)
    reason: str | None = frame["reason"].item()
    assert (reason is not None) == (frame["fate"].item() == "rejected")
    return reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("u1,i1,964982703,", None),
        ('"u,1",i1,964982703,', None),
        ("", "blank line"),
        ("u1,i1,964982703", "fewer than 4 fields"),
        ("u1,i1,964982703,,", "more than 4 fields"),
        ('"u1",i1,964982703', "fewer than 4 fields"),
        ('"u1",i1,964982703,,', "more than 4 fields"),
        ('"u1,i1,964982703,', "a quoted field does not end"),
        ('"u1"x,i1,964982703,', "text or a carriage return stands where a quoted field must end"),
        (",i1,964982703,", "USER_ID is empty"),
        ("u1,,964982703,", "ITEM_ID is empty"),
        ("u1,i1,,", "TIMESTAMP is empty"),
        ("u" * 257 + ",i1,964982703,", "USER_ID is longer than 256 characters"),
        ("支" * 256 + ",i1,964982703,", None),
        ("u1,i\x001,964982703,", "ITEM_ID holds a control character"),
        ("u\\1,i1,964982703,", "USER_ID holds a quote or a backslash"),
        ('u1,"i""1",964982703,', "ITEM_ID holds a quote or a backslash"),
        ("u1,i1,yesterday,", "TIMESTAMP is not an epoch time"),
        ("u1,i1,-5,", "TIMESTAMP is not an epoch time"),
        ("u1,i1,0x10,", "TIMESTAMP is not an epoch time"),
        ("u1,i1,964_982_703,", "TIMESTAMP is not an epoch time"),
        ("u1,i1,٩٦٤٩٨٢٧٠٣,", "TIMESTAMP is not an epoch time"),
        ("u1,i1, 964982703,", "TIMESTAMP is not an epoch time"),
        ("u1,i1,99999999999999999999,", "TIMESTAMP is not an epoch time"),
        ("u1,i1,964982703.75,", None),
        ("u1,i1,0,", "TIMESTAMP is outside 1971 to 2099"),
        ("u1,i1,31535999,", "TIMESTAMP is outside 1971 to 2099"),
        ("u1,i1,31536000,", None),
        ("u1,i1,4102444799,", None),
        ("u1,i1,4102444800,", "TIMESTAMP is outside 1971 to 2099"),
        ("u1,i1,964982703000,", "TIMESTAMP is outside 1971 to 2099 in s, but not in ms: set unit: ms"),
        ("u1,i1,964982703000000,", "TIMESTAMP is outside 1971 to 2099 in s, but not in us: set unit: us"),
    ],
)
def test_reasons_of_rejection(tmp_path: Path, row: str, reason: str | None) -> None:
    """Each kind of broken row has its named reason, and what only looks odd is kept."""
    assert reason == reason_of(tmp_path, row)


@pytest.mark.parametrize(
    ("unit", "raw", "seconds"),
    [("s", "964982703", 964982703), ("ms", "1500000000123", 1500000000), ("us", "1500000000999999", 1500000000),
     ("ns", "1500000000123456789", 1500000000)],
)  # fmt: skip
def test_epoch_units_become_seconds(tmp_path: Path, unit: str, raw: str, seconds: int) -> None:
    """A time in each unit becomes whole seconds, the fraction dropped."""
    frame = fates(tmp_path, f"user,item,at\nu,i,{raw}\n", **{f"{COLUMNS}__TIMESTAMP__unit": unit})

    assert [seconds] == frame["TIMESTAMP"].to_list()


ZONED = {"from": "at", "format": "%Y-%m-%d %H-%M-%S", "timezone": "Asia/Shanghai"}
NEW_YORK = {"from": "at", "format": "%Y-%m-%d %H:%M:%S", "timezone": "America/New_York"}


def test_formatted_times_are_read_in_their_zone(tmp_path: Path) -> None:
    """A local time becomes the same instant that Python's own zone data gives."""
    frame = fates(tmp_path, "user,item,at\nu,i,2021-12-18 03-16-24\n", **{f"{COLUMNS}__TIMESTAMP": ZONED})

    expected = datetime(2021, 12, 18, 3, 16, 24, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert [int(expected.timestamp())] == frame["TIMESTAMP"].to_list()
    assert datetime(2021, 12, 17, 19, 16, 24, tzinfo=UTC) == expected


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2021-11-07 01:30:00", None),
        ("2021-03-14 02:30:00", "TIMESTAMP falls into the hour that America/New_York skips"),
        ("2021-02-30 00:00:00", "TIMESTAMP is not a time of the form %Y-%m-%d %H:%M:%S"),
        ("2021-02-03 00:00:60", "TIMESTAMP is not a time of the form %Y-%m-%d %H:%M:%S"),
        ("2021-2-3 0:0:0", None),
        ("2021-13-03 00:00:00", "TIMESTAMP is not a time of the form %Y-%m-%d %H:%M:%S"),
        ("2021-02-03 24:00:00", "TIMESTAMP is not a time of the form %Y-%m-%d %H:%M:%S"),
        ("21-02-03 00:00:00", "TIMESTAMP is not a time of the form %Y-%m-%d %H:%M:%S"),
        ("2021-02-03 00:00:00 ", "TIMESTAMP is not a time of the form %Y-%m-%d %H:%M:%S"),
        ("2262-04-12 00:00:00", "TIMESTAMP is outside 1971 to 2099"),
    ],
)
def test_times_that_do_not_exist_are_rejected(tmp_path: Path, time: str, reason: str | None) -> None:
    """Gaps of a zone, impossible dates and other spellings are no times."""
    assert reason == reason_of(tmp_path, f"u,i,{time},", **{f"{COLUMNS}__TIMESTAMP": NEW_YORK})


def test_an_overlap_takes_the_earlier_instant(tmp_path: Path) -> None:
    """01:30 stands twice on the night that summer time ends; the first one counts."""
    frame = fates(tmp_path, "user,item,at\nu,i,2021-11-07 01:30:00\n", **{f"{COLUMNS}__TIMESTAMP": NEW_YORK})

    earlier = datetime(2021, 11, 7, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=0)
    assert [int(earlier.timestamp())] == frame["TIMESTAMP"].to_list()


EVENTS = {"from": "x", "map": {"支付": 4, "创建订单": 3, "1": 1}}


@pytest.mark.parametrize(
    ("otherwise", "raw", "value", "reason"),
    [
        (..., "支付", 4.0, None),
        (..., "1", 1.0, None),
        (..., "view", None, "EVENT_VALUE: its value is not in the map"),
        (..., "", None, "EVENT_VALUE: its value is not in the map"),
        (None, "view", None, None),
        (0.5, "view", 0.5, None),
        ("keep", "2.5", 2.5, None),
        ("keep", "view", None, "EVENT_VALUE is not a number"),
        ("keep", "创建订单", 3.0, None),
    ],
)
def test_maps_and_what_they_do_not_list(
    tmp_path: Path, otherwise: Any, raw: str, value: float | None, reason: str | None
) -> None:
    """Listed texts become their values; others go by `otherwise`: reject, null, a value, or the raw text."""
    form = EVENTS if otherwise is ... else {**EVENTS, "otherwise": otherwise}
    frame = fates(tmp_path, f"user,item,at,x\nu,i,964982703,{raw}\n", **{f"{COLUMNS}__EVENT_VALUE": form})

    assert [reason] == frame["reason"].to_list()
    assert [value] == frame["EVENT_VALUE"].to_list()


@pytest.mark.parametrize("raw", ["nan", "inf", "1e400", "4_0", "4.0f", "0x10", "4,0", " 4", "--4"])
def test_what_is_no_number(tmp_path: Path, raw: str) -> None:
    """Spellings that some engines take for numbers are rejected, and none reaches EVENT_VALUE."""
    row = f'u,i,964982703,"{raw}"'

    assert "EVENT_VALUE is not a number" == reason_of(tmp_path, row, **{f"{COLUMNS}__EVENT_VALUE": "x"})


def fate_by(folder: Path, keep: str, values: list[str]) -> list[str]:
    """Return the fate of rows that differ in the raw column x."""
    rows = "".join(f"u,i,964982703,{value}\n" for value in values)
    return fates(folder, f"user,item,at,x\n{rows}", datasets__interactions__keep=keep)["fate"].to_list()


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("x >= 3.5", {"3.5", "4", "1e1"}),
        ("NOT x >= 3.5", {"3.4"}),
        ("x IN (4, 10)", {"4", "1e1"}),
        ("x BETWEEN 3.4 AND 3.5", {"3.4", "3.5"}),
        ("x IS NULL", {""}),
        ("x >= 3.5 OR x IS NULL", {"3.5", "4", "1e1", ""}),
        ("x = '4'", {"4"}),
        ("x <> '4'", {"3.5", "3.4", "1e1"}),
    ],
)
def test_keep_follows_sql(tmp_path: Path, keep: str, kept: set[str]) -> None:
    """Conditions hold as in SQL: with an empty field a comparison is never true, nor is its negation."""
    values = ["3.5", "3.4", "4", "1e1", ""]

    assert ["out" if value in kept else "filtered" for value in values] == fate_by(tmp_path, keep, values)


def test_text_where_keep_compares_numbers_is_rejected(tmp_path: Path) -> None:
    """A row for which `keep` cannot be answered is neither kept nor silently filtered."""
    reason = reason_of(tmp_path, "u,i,964982703,n/a", datasets__interactions__keep="x >= 3.5")

    assert "keep: x is not a number" == reason


def test_a_filtered_row_may_be_broken_elsewhere(tmp_path: Path) -> None:
    """What `keep` leaves out is filtered whatever its other columns hold."""
    frame = fates(tmp_path, "user,item,at,x\n,,never,1\n", datasets__interactions__keep="x >= 3.5")

    assert ["filtered"] == frame["fate"].to_list()


def test_each_object_is_bound_by_its_own_header(tmp_path: Path) -> None:
    """Objects may order and add columns; a BOM and Windows line ends do no harm."""
    frame = fates(
        tmp_path, b"\xef\xbb\xbfuser,item,at\r\nu1,i1,964982703\r\n", "at,more,item,user\n964982704,?,i2,u2\n"
    )

    assert [("u1", "i1", 964982703), ("u2", "i2", 964982704)] == frame.select("USER_ID", "ITEM_ID", "TIMESTAMP").rows()
    assert [("0.csv", 2), ("1.csv", 2)] == frame.select("object", "line_number").rows()


@pytest.mark.parametrize(("header", "told"), [("user,thing,at", "no column 'item'"), ("user,item,item,at", "twice")])
def test_a_header_without_a_mapped_column_is_refused(tmp_path: Path, header: str, told: str) -> None:
    """The error names the object, the column, and those that the header has."""
    with pytest.raises(ColumnMissingError, match=told) as caught:
        fates(tmp_path, f"{header}\nu,i,1,2\n")

    assert "0.csv" in str(caught.value)
    assert f"it has {', '.join(header.split(','))}. " in str(caught.value)


def test_fields_without_quoting_are_cut_as_they_are(tmp_path: Path) -> None:
    """With quote: none a quote is a character like any other, and tabs cut."""
    source = {"path": "events/", "delimiter": "\t", "quote": "none"}
    frame = fates(tmp_path, "user\titem\tat\nu,1\ti 2\t964982703\n", datasets__interactions__source=source)
    quoted = fates(tmp_path, 'user\titem\tat\n"u\ti\t964982703\n', datasets__interactions__source=source)

    assert [("u,1", "i 2", None)] == frame.select("USER_ID", "ITEM_ID", "reason").rows()
    assert ["USER_ID holds a quote or a backslash"] == quoted["reason"].to_list()


def test_nothing_falls_back_to_the_in_memory_engine(tmp_path: Path) -> None:
    """The compiled plan streams: no node materialises a column function such as replace."""
    changes = {f"{COLUMNS}__EVENT_VALUE": EVENTS, f"{COLUMNS}__TIMESTAMP": ZONED}
    mapping = dataset_mapping(parsed(**changes), "interactions")
    (tmp_path / "0.csv").write_text("user,item,at,x\n")
    raw = [RawObject(key="0.csv", size=1, etag="")]
    lines = read(Folder(tmp_path), raw, mapping, mapping.raw_columns(), staging="staging/")
    graph = plan.with_fate(lines, Plan.of(mapping)).show_graph(
        engine="streaming", plan_stage="physical", raw_output=True
    )

    assert graph is not None
    nodes = re.findall(r'^\d+ \[label="([\w-]+)', graph, flags=re.MULTILINE)
    assert "multi-scan" in nodes
    assert not {"columnar-function", "in-memory-map", "in-memory-source"} & set(nodes)
