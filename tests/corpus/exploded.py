"""Lists of which each element becomes a record: of objects, of texts, in a text; empty ones, broken ones."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from tests.corpus.case import AT, Case

if TYPE_CHECKING:
    from definition.mapping.mapping import DatasetMapping


def _lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _event(item: Any, at: Any = AT, kind: Any = "click") -> dict[str, Any]:
    return {"aid": item, "ts": at, "type": kind}


def _parquet(columns: dict[str, Any], schema: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(columns, schema_overrides=schema).write_parquet(buffer)
    return buffer.getvalue()


_SESSIONS = {
    "USER_ID": "user",
    "ITEM_ID": "events.aid",
    "TIMESTAMP": {"from": "events.ts", "unit": "s"},
    "EVENT_TYPE": "events.type",
}
_BASKETS = {"USER_ID": "user", "ITEM_ID": "skus", "TIMESTAMP": {"from": "at", "unit": "s"}}
_ORDER = pl.List(pl.Struct({"sku": pl.String, "price": pl.Float64, "at": pl.Datetime("ns"), "tags": pl.List(pl.Int8)}))

EXPLODED = [
    Case(
        "explode: sessions of events",
        {
            "source": {"format": "jsonl", "explode": "events"},
            "keep": "events.type <> 'seen'",
            "columns": _SESSIONS,
        },
        {
            "a.jsonl": _lines(
                {"user": "u1", "events": [_event("a"), _event("b", AT + 1, "seen"), _event("a", AT + 2, "buy")]},
                {"user": "u2", "events": []},
                {"user": "u3", "events": None},
                {"user": "u4"},
                {"user": "u5", "events": [_event("a", kind="seen"), _event("", "never", "seen")]},
                {"user": "u6", "events": [_event("a"), _event("b", "never"), _event("")]},
                {"user": "u7", "events": [_event("a"), None]},
                {"user": "u8", "events": [_event("a"), _event({})]},
                {"user": "u9", "events": _event("a")},
                {"user": "", "events": [_event("a")]},
                {"user": "", "events": []},
                {"user": "u10", "events": ["a"]},
            )
            + "not JSON\n"
        },
        [("u1", "a", AT, "click"), ("u1", "a", AT + 2, "buy"), ("u7", "a", AT, "click")],
        [
            ("a.jsonl", 6, "TIMESTAMP is not an epoch time", 2),
            ("a.jsonl", 8, "events.aid is a list or an object", 2),
            ("a.jsonl", 9, "events is no list, which explode needs", None),
            ("a.jsonl", 10, "USER_ID is empty", 1),
            ("a.jsonl", 12, "events is a text or a number, through which events.aid cannot lead", 1),
            ("a.jsonl", 13, "not JSON", None),
        ],
        # Of an event that is null the type is null, too: keep is not true for it.
        filtered=5,
        elements=(14, 3, 4, 7, 4),
    ),
    Case(
        "explode: baskets in a text",
        {
            "source": {"explode": {"from": "skus", "split": "|"}, "nulls": ["NULL"]},
            "columns": {**_BASKETS, "IMPRESSION": "skus[*]", "PLACE": {"from": "day", "type": "categorical"}},
        },
        {
            "day=1/a.csv": f'user,skus,at\nu1,"a| b |a",{AT}\nu2,||,{AT}\nu3,,{AT}\nu4,NULL,{AT}\nu5,a|NULL,{AT}\n'
            f'u6,a,never\nu7\n"u8","c\td|\n",{AT}\n"u9","c|d",{AT}\n',
            "day=2/b.csv.gz": gzip.compress(f'at,user,skus,note\n{AT},u10,x|y|,"a\nb"\n{AT},u11,z,"c'.encode()),
        },
        [
            *(("u1", item, AT, "a|b|a", "1") for item in "aba"),
            *(("u9", item, AT, "c|d", "1") for item in "cd"),
            *(("u10", item, AT, "x|y", "2") for item in "xy"),
        ],
        [
            ("a.csv", 6, "ITEM_ID is empty", 2),
            ("a.csv", 7, "TIMESTAMP is not an epoch time", 1),
            ("a.csv", 8, "fewer than 3 fields", None),
            ("a.csv", 9, "ITEM_ID holds a control character", 1),
            ("b.csv.gz", 4, "a quoted field does not end", None),
        ],
        filtered=3,
        elements=(12, 7, 0, 5, 3),
    ),
    Case(
        "explode: impressions with labels",
        {
            "source": {
                "delimiter": "\t",
                "header": ["id", "user", "at", "history", "shown"],
                "explode": {"from": "shown", "split": " ", "fields": ["news", "clicked"], "between": "-"},
            },
            "keep": "shown.clicked = 1",
            "columns": {
                "USER_ID": "user",
                "ITEM_ID": "shown.news",
                "TIMESTAMP": {"from": "at", "format": "%m/%d/%Y %I:%M:%S %p"},
                "IMPRESSION": "shown[*].news",
            },
        },
        {
            "a.tsv": "1\tU1\t11/15/2019 10:22:32 AM\tN106403\tN1-0 N-2-1 N3-1\n"
            "2\tU2\t11/15/2019 10:22:32 AM\t\tN1-0\n"
            "3\tU3\t11/15/2019 10:22:32 AM\t\tN1-1 N2\n"
            "4\tU4\t11/15/2019 10:22:32 AM\t\tN1-1 N2-yes\n"
            "5\tU5\t11/15/2019 10:22:32 AM\t\tN1-1 N|2-0\n"
            "6\tU6\t11/15/2019 10:22:32 AM\t\t-1\n"
        },
        # 2019-11-15T10:22:32Z
        [("U1", "N-2", 1573813352, "N1|N-2|N3"), ("U1", "N3", 1573813352, "N1|N-2|N3")],
        [
            ("a.tsv", 3, "shown has an element of fewer than 2 parts", 2),
            ("a.tsv", 4, "keep: shown.clicked is not a number", 2),
            ("a.tsv", 5, "shown.news holds | within a list", None),
            ("a.tsv", 6, "ITEM_ID is empty", 1),
        ],
        filtered=1,
        elements=(9, 2, 2, 5, 0),
    ),
    Case(
        "explode: lists of JSON in another encoding, of which each element is an event or two",
        {
            "source": {"format": "jsonl", "encoding": "gb18030", "explode": "cart.lines"},
            "columns": {
                "USER_ID": "user.id",
                "ITEM_ID": "cart.lines.sku.id",
                "TIMESTAMP": {"from": "at", "unit": "s"},
                "TAGS": {"from": "cart.lines.tags", "type": "categorical"},
            },
            "events": [
                {"when": "cart.lines.seen > 0", "columns": {"EVENT_TYPE": {"value": "view"}}},
                {"when": "cart.lines.bought > 0", "columns": {"EVENT_TYPE": {"value": "buy"}}},
            ],
        },
        {
            "a.jsonl": _lines(
                {
                    "user": {"id": 7},
                    "at": AT,
                    "cart": {
                        "lines": [
                            {"sku": {"id": "支付"}, "seen": 1, "bought": 2, "tags": ["x", None, "y"]},
                            {"sku.id": 12, "seen": 0, "bought": 1.0},
                            {"sku": None, "seen": 0, "bought": 0},
                        ]
                    },
                },
                {"user": {"id": 8}, "at": AT, "cart": {"lines": [{"sku": [{"id": 1}], "seen": 1}]}},
                {"user": {"id": 9}, "at": AT, "cart": [{"lines": []}]},
            ).encode("gb18030")
        },
        [("7", "支付", AT, "x|y", "view"), ("7", "支付", AT, "x|y", "buy"), ("7", "12", AT, None, "buy")],
        [
            ("a.jsonl", 2, "cart.lines.sku is a list, through which cart.lines.sku.id cannot lead", 1),
            ("a.jsonl", 3, "cart is a list, through which cart.lines cannot lead", None),
        ],
        elements=(4, 2, 1, 1, 0),
    ),
    Case(
        "explode: items in lists of texts",
        {
            "source": {"format": "jsonl", "explode": "skus"},
            "columns": {"ITEM_ID": "skus", "SHOP": {"from": "shop", "type": "categorical"}},
        },
        {
            "a.jsonl": _lines({"shop": "s", "skus": ["a", "b", "b"]}, {"shop": "t", "skus": [1, None]}),
            "b.jsonl": _lines(
                {"shop": "u", "skus": ["a"]}, {"shop": "v", "skus": ["b", "c"]}, {"shop": "w", "skus": ["c"]}
            ),
        },
        [("a", "u"), ("b", "v"), ("c", "w")],
        [("a.jsonl", 2, "ITEM_ID is empty", 2)],
        filtered=1,
        elements=(9, 3, 4, 2, 0),
        dataset="items",
    ),
    Case(
        "explode: orders in Parquet",
        {
            "source": {"format": "parquet", "explode": "lines"},
            "columns": {
                "USER_ID": "user",
                "ITEM_ID": "lines.sku",
                "TIMESTAMP": {"from": "lines.at", "format": "iso8601"},
                "EVENT_VALUE": "lines.price",
                "TAGS": {"from": "lines.tags", "type": "categorical"},
                "IMPRESSION": "lines[*].sku",
            },
        },
        {
            "a.parquet": _parquet(
                {
                    "user": ["u1", "u2", "u3", "u4"],
                    "lines": [
                        [
                            {"sku": "a", "price": 1.25, "at": datetime.fromtimestamp(AT, UTC), "tags": [1, None, 2]},
                            {"sku": "b", "price": 3.0, "at": datetime.fromtimestamp(AT + 1, UTC), "tags": []},
                        ],
                        [],
                        None,
                        [{"sku": "a", "price": None, "at": datetime.fromtimestamp(AT, UTC), "tags": None}, None],
                    ],
                },
                {"lines": _ORDER},
            )
        },
        [("u1", "a", AT, 1.25, "1|2", "a|b"), ("u1", "b", AT + 1, 3.0, None, "a|b")],
        [("a.parquet", None, "ITEM_ID is empty", 2)],
        filtered=2,
        elements=(4, 2, 0, 2, 2),
    ),
    Case(
        "explode: a list of numbers in Parquet",
        {
            "source": {"format": "parquet", "explode": "skus"},
            "columns": {"USER_ID": "user", "ITEM_ID": "skus", "TIMESTAMP": {"from": "at", "unit": "s"}},
        },
        {"a.parquet": _parquet({"user": ["u1", "u2"], "at": [AT, AT], "skus": [[0.5, 7.0], [-0.0]]}, {})},
        [("u1", "0.5", AT), ("u1", "7", AT), ("u2", "0", AT)],
        elements=(3, 3, 0, 0, 0),
    ),
]

REFUSED = [
    (None, "lists.id", "a list in 'lists', through which 'lists.id' cannot lead. Set explode: lists in the source"),
    (None, "lists", "holds List in 'lists', which no text stands for. Set explode: lists"),
    ("lists", "lists.sku", "The elements of 'lists' in raw/data/a.parquet have no field 'sku'"),
    ("lists", "lists.more.id", "a list in 'more', through which 'more.id' cannot lead. Map a column that no further"),
    ("lists", "lists", "which no text stands for"),
    ("user", "user.id", "is no list to explode. If it is a text with several values, set split"),
    ("gone", "gone.id", "has no column 'gone'"),
]
"""What is exploded of a Parquet object, the column of ITEM_ID, and what both engines say of it."""


def refused(explode: str | None, column: str) -> tuple[DatasetMapping, bytes]:
    """Return a mapping of ``REFUSED``, and the Parquet object."""
    content = _parquet({"user": ["u"], "at": [AT], "lists": [[{"id": "a", "more": [{"id": "b"}]}]]}, {})
    source = {"format": "parquet"} | ({"explode": explode} if explode else {})
    columns = {"USER_ID": "user", "ITEM_ID": column, "TIMESTAMP": {"from": "at", "unit": "s"}}
    return Case("", {"source": source, "columns": columns}, {}, []).mapping(), content
