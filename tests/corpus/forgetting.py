"""Rows of users that are to be forgotten: out, filtered, broken; and those of others whose ids are alike."""

from __future__ import annotations

import io
import json

import polars as pl

from tests.corpus.case import AT, COLUMNS, Case, shop


def _parquet(users: list[str | None]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"user": users, "item": ["i"] * len(users), "at": [AT] * len(users)}).write_parquet(buffer)
    return buffer.getvalue()


FORGETTING = [
    Case(
        "forget: a user whose id begins others",
        shop() | {"keep": "item <> 'seen'"},
        {
            "a.csv": "user,item,at\n"
            f"1,i,{AT}\n11,i,{AT}\n1,seen,{AT}\n 1,i,{AT}\n11,seen,{AT}\n1,i,never\n11,i,never\n"
            f"1,i\n,i,{AT}\n01,1,{AT}\n"
        },
        [("11", "i", AT), (" 1", "i", AT), ("01", "1", AT)],
        [
            ("a.csv", 8, "TIMESTAMP is not an epoch time"),
            ("a.csv", 9, "fewer than 3 fields"),
            ("a.csv", 10, "USER_ID is empty"),
        ],
        filtered=4,
        forget=("1", "nobody"),
        forgotten=3,
        # Whose they are nobody can say, so their text is not kept.
        bare=[("a.csv", 9), ("a.csv", 10)],
    ),
    Case(
        "forget: ids as they stand in the results",
        {"columns": COLUMNS | {"USER_ID": {"expression": "lower(user)"}}},
        {"a.csv": f"user,item,at\nBob@X.COM,i,{AT}\nbob@x.com,i,{AT}\nbob@x.co,i,{AT}\n\u00c9mile,i,{AT}\n"},
        [("bob@x.co", "i", AT)],
        filtered=3,
        forget=("bob@x.com", "\u00e9mile"),
        forgotten=3,
    ),
    Case(
        "forget: one of the two users of a row",
        {
            "events": [
                {"when": "item = 'i'", "columns": {"EVENT_TYPE": {"value": "sold"}, "USER_ID": "seller"}},
                {"when": "item = 'i'", "columns": {"EVENT_TYPE": {"value": "bought"}, "USER_ID": "buyer"}},
            ],
            "columns": {name: COLUMNS[name] for name in ("ITEM_ID", "TIMESTAMP")},
        },
        {"a.csv": f"seller,buyer,item,at\na,b,i,{AT}\nb,c,i,{AT}\na,a,i,{AT}\nb,c,i,never\na,c,i,never\n"},
        [("i", AT, "bought", "b"), ("i", AT, "sold", "b"), ("i", AT, "bought", "c")],
        [
            ("a.csv", 5, "TIMESTAMP is not an epoch time"),
            ("a.csv", 6, "TIMESTAMP is not an epoch time"),
        ],
        filtered=1,
        forget=("a",),
        forgotten=1,
        bare=[("a.csv", 6)],
    ),
    Case(
        "forget: users of elements",
        {
            "source": {"format": "jsonl", "explode": "visits"},
            "columns": {"USER_ID": "visits.user", "ITEM_ID": "item", "TIMESTAMP": {"from": "at", "unit": "s"}},
        },
        {
            "a.jsonl": "".join(
                json.dumps({"item": "i", "at": at, "visits": [{"user": user} for user in users]}) + "\n"
                for at, users in ((AT, ["a", "b"]), (AT, ["a"]), ("never", ["a"]), ("never", ["a", "b"]), ("no", ["b"]))
            )
        },
        [("b", "i", AT)],
        [
            ("a.jsonl", 4, "TIMESTAMP is not an epoch time", 2),
            ("a.jsonl", 5, "TIMESTAMP is not an epoch time", 1),
        ],
        filtered=2,
        elements=(7, 1, 3, 3, 0),
        forget=("a",),
        forgotten=2,
        bare=[("a.jsonl", 4)],
    ),
    Case(
        "forget: among duplicates, and from a look-up whose broken rows have no text",
        {
            "lookups": {"orders": {"key": "id", "on": "order"}},
            "duplicates": {"by": ["USER_ID"], "keep": "latest"},
            "columns": COLUMNS | {"USER_ID": "orders.user"},
        },
        {"a.csv": f"order,item,at\n1,i,{AT}\n1,j,{AT + 1}\n2,i,{AT}\n2,j,{AT + 1}\n3,i,{AT}\n"},
        [("b", "j", AT + 1)],
        [("a.csv", 6, "no row of orders has this order")],
        filtered=3,
        beside={"orders": {"o.csv": "id,user\n1,a\n2,b\n,a\n"}},
        lookups={"orders": (2, 0, [("o.csv", 4, "id is empty")])},
        forget=("a",),
        forgotten=2,
        bare=[("a.csv", 6)],
    ),
    Case(
        "forget: of the users dataset, in Parquet",
        {
            "source": {"format": "parquet"},
            "columns": {"USER_ID": "user", "ITEM": {"from": "item", "type": "categorical"}},
        },
        {"a.parquet": _parquet(["a", "b", None, "a "])},
        [("b", "i"), ("a ", "i")],
        [("a.parquet", None, "USER_ID is empty")],
        filtered=1,
        dataset="users",
        forget=("a",),
        forgotten=1,
        bare=[("a.parquet", None)],
    ),
    Case(
        "forget: nobody of a dataset of items",
        {"columns": {"ITEM_ID": "item", "OWNER": {"from": "user", "type": "categorical"}}},
        {"a.csv": "item,user\n1,1\n,1\n"},
        [("1", "1")],
        [("a.csv", 3, "ITEM_ID is empty")],
        dataset="items",
        forget=("1",),
    ),
]
