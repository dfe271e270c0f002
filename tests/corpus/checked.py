"""Checks: rows out that fail a condition stay in the dataset, and are shown with their lines."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl

from tests.corpus.case import AT, COLUMNS, Case

_PAID = {"name": "paid", "rows": "price > 0"}
_PRICED = "user,item,at,price,shop\n"


def _lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _parquet(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def _record(user: str, item: str = "i") -> tuple[Any, ...]:
    return (user, item, AT)


CHECKED = [
    Case(
        "checks: what is false, null or no number fails; what is rejected or filtered is not tested",
        {
            "keep": "shop <> 'test'",
            "columns": COLUMNS,
            "checks": [
                _PAID,
                {"name": "paid-or-unknown", "rows": "price IS NULL OR price > 0", "severity": "warn"},
                {"name": "with-a-default", "rows": "COALESCE(price, 1) > 0"},
                {"name": "known_shop", "rows": "shop IN ('a', 'b')", "max": 5},
            ],
        },
        {
            "b.csv": _PRICED + f"u6,i,{AT},0,a\n",
            "a.csv": _PRICED
            + f"u1,i,{AT},1,a\n"
            + f"u2,i,{AT},-1,c\n"
            + f"u3,i,{AT},,a\n"
            + f"u4,i,{AT},free,a\n"
            + f"u5,i,{AT},-1,test\n"
            + ",i,1,-1,z\n",
        },
        [_record("u1"), _record("u2"), _record("u3"), _record("u4"), _record("u6")],
        [("a.csv", 7, "USER_ID is empty")],
        filtered=1,
        failed=[
            ("a.csv", 3, "paid"),
            ("a.csv", 4, "paid"),
            ("a.csv", 5, "paid"),
            ("b.csv", 2, "paid"),
            ("a.csv", 3, "paid-or-unknown"),
            ("a.csv", 5, "paid-or-unknown"),
            ("b.csv", 2, "paid-or-unknown"),
            ("a.csv", 3, "with-a-default"),
            ("a.csv", 5, "with-a-default"),
            ("b.csv", 2, "with-a-default"),
            ("a.csv", 3, "known_shop"),
        ],
    ),
    Case(
        "checks: before duplicates go, and once for a row of several events",
        {"columns": COLUMNS, "duplicates": "latest", "checks": [_PAID]},
        {"a.csv": _PRICED + f"u1,i,{AT},0,a\n" + f"u1,i,{AT},1,a\n"},
        [_record("u1")],
        filtered=1,
        failed=[("a.csv", 2, "paid")],
    ),
    Case(
        "checks: of elements that give a record, a row once with the first that fails",
        {
            "source": {"format": "jsonl", "explode": "events"},
            "keep": "events.kind = 'buy'",
            "columns": {"USER_ID": "user", "ITEM_ID": "events.item", "TIMESTAMP": {"from": "events.at", "unit": "s"}},
            "checks": [{"name": "paid", "rows": "events.price > 0 AND user <> 'robot'"}],
        },
        {
            "a.jsonl": _lines(
                {"user": "u1", "events": [{"item": "a", "at": AT, "kind": "buy", "price": 1}]},
                {
                    "user": "u2",
                    "events": [
                        {"item": "a", "at": AT, "kind": "see", "price": 0},
                        {"item": "b", "at": AT, "kind": "buy", "price": 2},
                        {"item": "c", "at": AT, "kind": "buy", "price": 0},
                        {"item": "d", "at": AT, "kind": "buy", "price": -1},
                    ],
                },
                {
                    "user": "u3",
                    "events": [
                        {"item": "a", "at": AT, "kind": "buy", "price": 0},
                        {"item": "b", "at": "never", "kind": "buy", "price": 0},
                    ],
                },
                {"user": "u4", "events": []},
                {"user": "robot", "events": [{"item": "a", "at": AT, "kind": "buy", "price": 1}]},
            )
        },
        [_record("u1", "a"), _record("u2", "b"), _record("u2", "c"), _record("u2", "d"), _record("robot", "a")],
        [("a.jsonl", 3, "TIMESTAMP is not an epoch time", 2)],
        filtered=1,
        elements=(8, 5, 1, 2, 1),
        failed=[("a.jsonl", 2, "paid", 3), ("a.jsonl", 5, "paid", 1)],
    ),
    Case(
        "checks: of what stands beside the rows, where a match is not there",
        {
            "columns": {**COLUMNS, "USER_ID": "user"},
            "lookups": {"shops": {"key": "shop"}},
            "checks": [{"name": "open", "rows": "shops.open = 'yes'"}],
        },
        {"a.csv": _PRICED + f"u1,i,{AT},1,a\n" + f"u2,i,{AT},1,b\n" + f"u3,i,{AT},1,c\n"},
        [_record("u1"), _record("u2"), _record("u3")],
        beside={"shops": {"a.csv": "shop,open\na,yes\nb,no\n"}},
        lookups={"shops": (2, 0, [])},
        failed=[("a.csv", 3, "open"), ("a.csv", 4, "open")],
    ),
    Case(
        "checks: of Parquet, which has no lines",
        {"source": {"format": "parquet"}, "columns": COLUMNS, "checks": [_PAID]},
        {"a.parquet": _parquet(user=["u1", "u2"], item=["i", "i"], at=[AT, AT], price=[0.5, -0.5])},
        [_record("u1"), _record("u2")],
        failed=[("a.parquet", None, "paid")],
    ),
    Case(
        "checks: that nothing fails",
        {"columns": COLUMNS, "checks": [_PAID, {"name": "enough", "counts": "records >= 2"}]},
        {"a.csv": _PRICED + f"u1,i,{AT},1,a\n"},
        [_record("u1")],
    ),
]
