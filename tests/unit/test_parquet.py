"""Parquet: what becomes of its types, and of objects that cannot be read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.unit.raw import fates, found, lazy_fates, table, told
from transform.errors import ColumnMissingError, UndecodableError

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "datasets__interactions__columns"
AT = 964982703


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        (["a", "", None], pl.String, ["a", None, None]),
        (["a", "b"], pl.Categorical, ["a", "b"]),
        ([1, -1, None], pl.Int64, ["1", "-1", None]),
        ([2**64 - 1], pl.UInt64, ["18446744073709551615"]),
        ([25360.0, 0.5, -0.0, 1e20, None], pl.Float64, ["25360", "0.5", "0", "1e+20", None]),
        ([0.1], pl.Float32, ["0.1"]),
        ([float("nan"), float("inf")], pl.Float64, ["NaN", "inf"]),
        ([Decimal("1.50")], pl.Decimal(10, 2), ["1.50"]),
        ([True, False], pl.Boolean, ["true", "false"]),
        ([date(2024, 1, 31)], pl.Date, ["2024-01-31"]),
        ([datetime(2024, 1, 31, 23, 59, 59, 999_999)], pl.Datetime("us"), ["2024-01-31 23:59:59"]),  # noqa: DTZ001  # without zone
        ([datetime(2024, 1, 31, 12, tzinfo=UTC)], pl.Datetime("ms", "Asia/Shanghai"), ["2024-01-31 12:00:00Z"]),
        ([None], pl.Null, [None]),
    ],
)  # fmt: skip
def test_parquet_values_as_text(tmp_path: Path, values: list[Any], kind: Any, texts: list[str | None]) -> None:
    """Each type of a Parquet column becomes the documented text."""
    count = len(values)
    body = table({"user": ["u"] * count, "item": values, "at": [AT] * count}, {"item": kind})
    frame = fates(tmp_path, {"a.parquet": body}, format="parquet")

    assert texts == frame["ITEM_ID"].to_list()
    assert [AT] * count == frame["TIMESTAMP"].to_list()


def test_parquet_rows_are_accounted_for(tmp_path: Path) -> None:
    """Nested columns are reached by dots, a column of that very name goes first, and a reject shows what was read."""
    bodies = {
        "a/1.parquet": table({"user": ["u1", None], "event": [{"item": {"id": 1}}, {"item": None}], "at": [AT, 1]}),
        "b/1.parquet": table({"event.item.id": ["i2"], "user": ["u2"], "at": [f"{AT}"]}),
    }
    frame = fates(tmp_path, bodies, format="parquet", **{f"{COLUMNS}__ITEM_ID": "event.item.id"})

    assert [("u1", "1", AT, None), (None, None, 1, "USER_ID is empty"), ("u2", "i2", AT, None)] == told(frame)
    where, _, text, reason = found(frame)[1]
    assert ("a/1.parquet", '{"user":null,"event.item.id":null,"at":"1"}', "USER_ID is empty") == (where, text, reason)


def test_many_parquet_objects_are_one_scan(tmp_path: Path) -> None:
    """Objects of the same columns are one scan, and rows know their object, whatever its name."""
    keys = ["x y%20é+[1]*?.parquet", "day=1/b.parquet", *(f"{n}.parquet" for n in range(20))]
    contents = {key: table({"user": [key], "item": ["i"], "at": [AT]}) for key in keys}
    lazy = lazy_fates(tmp_path, contents, format="parquet")

    assert 1 == lazy.explain().count("SCAN")
    frame = lazy.collect(engine="streaming")
    assert keys == frame["object"].to_list()
    assert keys == frame["USER_ID"].to_list()


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        (b"user,item,at\n", UndecodableError, "a is not Parquet"),
        (table({"user": ["u"], "at": [AT]}), ColumnMissingError, "no column 'item'; it has user, at"),
        (table({"user": ["u"], "at": [AT], "item": [["i"]]}), ColumnMissingError, "List"),
        (table({"user": ["u"], "at": [AT], "item": [{"id": 1}]}), ColumnMissingError, "Struct"),
        (table({"user": ["u"], "at": [AT], "item": [b"i"]}), ColumnMissingError, "Binary"),
    ],
)
def test_parquet_that_cannot_be_read(tmp_path: Path, body: bytes, error: type[Exception], text: str) -> None:
    """What is not Parquet, lacks a column, or holds no text there, is an error with the object's name."""
    with pytest.raises(error, match=text):
        fates(tmp_path, {"a": body}, format="parquet")
