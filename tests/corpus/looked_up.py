"""Look-ups: what stands beside the rows, found by a key."""

from __future__ import annotations

import gzip
import json

from tests.corpus.case import AT, Case

COLUMNS = {"USER_ID": "orders.customer", "ITEM_ID": "product", "TIMESTAMP": {"from": "orders.at", "unit": "s"}}
LOOKUP = {"source": {"path": "orders/"}, "key": "order_id"}
OF_LINES = {"source": {"path": "lines/"}, "lookups": {"orders": LOOKUP}, "columns": COLUMNS}
_ORDERS = {"orders": {"key": "order_id"}}
_BY_ORDER = {"columns": COLUMNS, "lookups": _ORDERS}
_NO_ORDER = "no row of orders has this order_id"
_NO_KEY = "order_id is empty, so nothing is found in orders"

LOOKED_UP = [
    Case(
        "look-ups: the customer of an order",
        _BY_ORDER,
        {"a.csv": "order_id,product\n1,p\n1,q\n2,p\n3,p\n01,p\n,p\n1 ,p\n4,p\n5,p\n"},
        [("c1", "p", AT), ("c1", "q", AT), ("c2", "p", AT + 1)],
        [
            ("a.csv", 5, _NO_ORDER),
            ("a.csv", 6, _NO_ORDER),
            ("a.csv", 7, _NO_KEY),
            ("a.csv", 8, _NO_ORDER),
            ("a.csv", 9, "USER_ID is empty"),
            ("a.csv", 10, "TIMESTAMP is not an epoch time"),
        ],
        beside={
            "orders": {
                "a.csv": f"customer,order_id,at\nc1,1,{AT}\nc2,2,{AT + 1}\nnobody,,{AT}\n,4,{AT}\n",
                "b.csv": f"order_id,at,customer\n5,never,c5\n6,{AT}\n,,\n7,{AT},c,c\n",
            }
        },
        lookups={
            "orders": (
                4,
                0,
                [
                    ("a.csv", 4, "order_id is empty"),
                    ("b.csv", 3, "fewer than 3 fields"),
                    ("b.csv", 4, "order_id is empty"),
                    ("b.csv", 5, "more than 3 fields"),
                ],
            )
        },
    ),
    Case(
        "look-ups: by another name, of another format, with words for no value, in a packed object of another encoding",
        {
            "source": {"format": "jsonl"},
            "lookups": {
                "orders": {
                    "source": {
                        "encoding": "latin-1",
                        "delimiter": ";",
                        "header": ["id", "who", "when"],
                        "nulls": ["NULL"],
                    },
                    "key": "id",
                    "on": "order.no",
                }
            },
            "columns": {"USER_ID": "orders.who", "ITEM_ID": "sku", "TIMESTAMP": {"from": "orders.when", "unit": "s"}},
        },
        {
            "a.jsonl": "".join(
                json.dumps({"order": {"no": number}, "sku": "s"}, ensure_ascii=False) + "\n"
                for number in (7, "7", 7.5, "ä;b", None, "NULL", True)
            )
        },
        [("José", "s", AT), ("José", "s", AT), ("x", "s", AT), ("y", "s", AT), ("z", "s", AT)],
        [
            ("a.jsonl", 5, "order.no is empty, so nothing is found in orders"),
            ("a.jsonl", 6, "no row of orders has this order.no"),
        ],
        beside={
            "orders": {
                "a.csv.gz": gzip.compress(
                    f'7;José;{AT}\n7.5;x;{AT}\n"ä;b";y;{AT}\nNULL;z;{AT}\ntrue;z;{AT}\n8;"a\nb";{AT}\n'.encode(
                        "latin-1"
                    )
                )
            }
        },
        lookups={"orders": (5, 0, [("a.csv.gz", 4, "id is empty")])},
    ),
    Case(
        "look-ups: records of several lines, and one that does not end",
        _BY_ORDER,
        {"a.csv": "order_id,product\n1,p\n2,p\n"},
        [("c1", "p", AT), ("c2", "p", AT)],
        [],
        beside={"orders": {"a.csv": f'order_id,customer,at,note\n1,c1,{AT},"a\nb"\n2,c2,{AT},c\n3,c3,{AT},"d\n'}},
        lookups={"orders": (2, 0, [("a.csv", 5, "a quoted field does not end")])},
    ),
    Case(
        "look-ups: the latest of several rows with the same key",
        {**_BY_ORDER, "lookups": {"orders": {"key": "order_id", "duplicates": "latest"}}},
        {"a.csv": "order_id,product\n1,p\n2,p\n"},
        [("c3", "p", AT + 3), ("c2", "p", AT + 2)],
        beside={
            "orders": {
                "a.csv": f"order_id,customer,at\n1,c9,{AT + 9}\n2,c2,{AT + 2}\n",
                "b.csv": f"order_id,customer,at\n1,c8,{AT + 8}\n1,c3,{AT + 3}\n",
            }
        },
        lookups={"orders": (2, 2, [])},
    ),
    Case(
        "look-ups: the first of several rows with the same key",
        {**_BY_ORDER, "lookups": {"orders": {"key": "order_id", "duplicates": "first"}}},
        {"a.csv": "order_id,product\n1,p\n"},
        [("c9", "p", AT + 9)],
        beside={
            "orders": {
                "a.csv": f"order_id,customer,at\n1,c9,{AT + 9}\n1,c8,{AT + 9}\n",
                "b.csv": f"order_id,customer,at\n1,c8,{AT + 8}\n",
            }
        },
        lookups={"orders": (1, 2, [])},
    ),
    Case(
        "look-ups: in conditions, and only where something of a row reads them",
        {
            "lookups": _ORDERS | {"stock": {"key": "sku", "on": "product"}},
            "keep": "orders.status <> 'void'",
            "columns": {"USER_ID": "orders.customer", "ITEM_ID": "product", "TIMESTAMP": {"from": "at", "unit": "s"}},
            "events": [
                {"when": "kind = 'sale'", "columns": {"EVENT_TYPE": {"value": "sale"}, "EVENT_VALUE": {"value": 1}}},
                {
                    "when": "kind = 'return'",
                    "columns": {
                        "EVENT_TYPE": {"value": "return"},
                        "EVENT_VALUE": {"expression": "stock.price * 2 + quantity"},
                    },
                },
            ],
        },
        {
            "a.csv": "order_id,product,at,kind,quantity\n"
            f"1,p,{AT},sale,1\n1,q,{AT},sale,1\n1,p,{AT},return,1\n1,q,{AT},return,1\n1,x,{AT},return,1\n"
            f"2,p,{AT},sale,1\n3,p,{AT},sale,1\n,p,{AT},other,1\n1,q,{AT},other,1\n"
        },
        [("c1", "p", AT, "sale", 1.0), ("c1", "q", AT, "sale", 1.0), ("c1", "p", AT, "return", 4.0)],
        [
            ("a.csv", 5, "no row of stock has this product"),
            ("a.csv", 6, "EVENT_VALUE: stock.price is not a number"),
            ("a.csv", 8, _NO_ORDER),
            ("a.csv", 9, _NO_KEY),
        ],
        filtered=2,
        beside={
            "orders": {"a.csv": "order_id,status,customer\n1,paid,c1\n2,void,c2\n"},
            "stock": {"a.csv": "sku,price\np,1.5\nx,much\n"},
        },
        lookups={"orders": (2, 0, []), "stock": (2, 0, [])},
    ),
    Case(
        "look-ups: columns that stay empty without a match",
        {
            "lookups": {"stock": {"source": {"format": "jsonl"}, "key": "sku", "on": "product", "missing": "empty"}},
            "columns": {
                "USER_ID": "user",
                "ITEM_ID": "product",
                "TIMESTAMP": {"from": "at", "unit": "s"},
                "EVENT_VALUE": "stock.about.price",
                "KIND": {"from": "stock.kinds", "type": "categorical"},
            },
        },
        {"a.csv": f"user,product,at\nu,p,{AT}\nu,q,{AT}\nu,,{AT}\nu,r,{AT}\n"},
        [("u", "p", AT, 2.5, "a|b"), ("u", "q", AT, None, None), ("u", "r", AT, None, None)],
        [("a.csv", 4, "ITEM_ID is empty")],
        beside={
            "stock": {
                "a.jsonl": '{"sku":"p","about":{"price":2.50},"kinds":["a","b"]}\n{"sku":"r"}\n'
                '{"sku":["s"]}\n{"about":{}}\n\n{"sku":"t","about":{"price":[1]}}\n'
            }
        },
        lookups={
            "stock": (
                2,
                0,
                [
                    ("a.jsonl", 3, "sku is a list or an object"),
                    ("a.jsonl", 4, "sku is empty"),
                    ("a.jsonl", 5, "blank line"),
                    ("a.jsonl", 6, "about.price is a list or an object"),
                ],
            )
        },
    ),
    Case(
        "look-ups: beside a list that is exploded, and duplicates",
        {
            "source": {"format": "jsonl", "explode": "items"},
            "lookups": _ORDERS,
            "keep": "items.sku <> 'gift'",
            "columns": {**COLUMNS, "ITEM_ID": "items.sku"},
            "duplicates": "latest",
        },
        {
            "a.jsonl": '{"order_id":1,"items":[{"sku":"a"},{"sku":"b"},{"sku":"gift"},{"sku":"a"}]}\n'
            '{"order_id":9,"items":[{"sku":"gift"}]}\n'
            '{"order_id":9,"items":[{"sku":"gift"},{"sku":"a"}]}\n'
            '{"order_id":9,"items":[]}\n'
        },
        [("c1", "a", AT), ("c1", "b", AT)],
        [("a.jsonl", 3, _NO_ORDER, 2)],
        filtered=2,
        elements=(7, 2, 3, 2, 1),
        beside={"orders": {"a.csv": f"order_id,customer,at\n1,c1,{AT}\n"}},
        lookups={"orders": (1, 0, [])},
    ),
    Case(
        "look-ups: a field of the row that could be meant as well",
        {**_BY_ORDER, "source": {"format": "jsonl"}},
        {
            "a.jsonl": '{"order_id":1,"product":"p","orders":3}\n'
            '{"order_id":1,"product":"p","orders":{"customer":"c"}}\n'
            '{"order_id":1,"product":"p","orders.customer":null}\n'
        },
        [("c1", "p", AT)],
        [
            ("a.jsonl", 2, "orders is a field of the row and of the look-up: give the look-up orders another name"),
            (
                "a.jsonl",
                3,
                "orders.customer is a field of the row and of the look-up: give the look-up orders another name",
            ),
        ],
        beside={"orders": {"a.csv": f"order_id,customer,at\n1,c1,{AT}\n"}},
        lookups={"orders": (1, 0, [])},
    ),
    Case(
        "look-ups: a table without rows, of items, of which the key itself is a column",
        {
            "lookups": {"names": {"key": "sku", "missing": "empty"}},
            "columns": {
                "ITEM_ID": "sku",
                "KIND": {"from": "kind", "type": "categorical"},
                "TITLE": {"from": "names.title", "type": "string"},
                "KNOWN": {"from": "names.sku", "type": "string"},
            },
        },
        {"a.csv": "sku,kind\na,k\n"},
        [("a", "k", None, None)],
        dataset="items",
        beside={"names": {"a.csv": "sku,title\n"}},
        lookups={"names": (0, 0, [])},
    ),
    Case(
        "look-ups: rows without a match that are filtered, since a condition asks for one",
        {
            "lookups": {"orders": {"key": "order_id", "missing": "empty"}},
            "keep": "orders.order_id IS NOT NULL",
            "columns": COLUMNS,
        },
        {"a.csv": "order_id,product\n1,p\n2,p\n,p\n3,p\n"},
        [("c1", "p", AT)],
        [("a.csv", 5, "USER_ID is empty")],
        filtered=2,
        beside={"orders": {"a.csv": f"order_id,customer,at\n1,c1,{AT}\n3,,{AT}\n"}},
        lookups={"orders": (2, 0, [])},
    ),
]
