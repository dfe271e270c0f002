"""Types, lists, duplicates, events and texts: what a section of the pipeline file makes of whole rows."""

from __future__ import annotations

import json

from tests.corpus.case import AT, COLUMNS, Case, shop

_TYPES = shop(
    A={"from": "a", "type": "int"}, B={"from": "b", "type": "long", "nullable": False},
    C={"from": "c", "type": "float"},
    D={"from": "d", "type": "double"}, E={"from": "e", "type": "categorical", "split": ","},
)  # fmt: skip
_TYPED = "user;item;at;a;b;c;d;e\n"

SHAPES = [
    Case(
        "types of metadata",
        {**_TYPES, "source": {"delimiter": ";"}},
        {
            "a.csv": _TYPED
            + f"u;i;{AT};-2147483648;9223372036854775807;1.5;1e300; Action ,Drama,,\n"
            + f"u;i;{AT};;+7;;;\n"
            + f"u;i;{AT};2147483648;1;;;\n"
            + f"u;i;{AT};1.0;1;.5;-.5;,\n"
            + f"u;i;{AT};1;;;;\n"
            + f"u;i;{AT};1;9223372036854775808;;;\n"
            + f"u;i;{AT};1;1;1e39;;\n"
            + f"u;i;{AT};1;1;0x10;;\n"
            + f"u;i;{AT};1.5;1;;;\n"
        },
        [
            ("u", "i", AT, -2147483648, 9223372036854775807, 1.5, 1e300, "Action|Drama"),
            ("u", "i", AT, None, 7, None, None, None),
            ("u", "i", AT, 1, 1, 0.5, -0.5, None),
        ],
        [
            ("a.csv", 4, "A is not a whole number that int can hold"),
            ("a.csv", 6, "B is empty"),
            ("a.csv", 7, "B is not a whole number that long can hold"),
            ("a.csv", 8, "C is beyond what a float can hold"),
            ("a.csv", 9, "C is not a number"),
            ("a.csv", 10, "A is not a whole number that int can hold"),
        ],
    ),
    Case(
        "lists in JSON",
        {"source": {"format": "jsonl"}, **shop(GENRES={"from": "about.genres", "type": "categorical"})},
        {
            "a.jsonl": f'{{"user":"u","item":7,"at":{AT},"about":{{"genres":["A","B C",null,""]}}}}\n'
            f'{{"user":"u","item":7,"at":{AT},"about":{{"genres":["A|B"]}}}}\n'
            f'{{"user":"u","item":7,"at":{AT},"about":{{"genres":[]}}}}\n'
            f'{{"user":"u","item":7,"at":{AT},"about":{{"genres":"A|B"}}}}\n'
            f'{{"user":["u"],"item":7,"at":{AT}}}\n'
            f'{{"user":"u","item":7,"at":{AT},"about":{{"genres":[["A"]]}}}}\n'
            f'{{"user":"u","item":7,"at":{AT},"about":[{{"genres":"A"}}]}}\n'
            f'{{"user":"u","item":7,"at":{AT}}}{{"user":"u","item":7,"at":{AT}}}\n'
        },
        [("u", "7", AT, "A|B C"), ("u", "7", AT, None), ("u", "7", AT, "A|B")],
        [
            ("a.jsonl", 2, "about.genres holds | within a list"),
            ("a.jsonl", 5, "user is a list; explode: user makes each element a record"),
            ("a.jsonl", 6, "about.genres is a list or an object"),
            (
                "a.jsonl",
                7,
                "about is a list, through which about.genres cannot lead; explode: about makes each element a record",
            ),
            ("a.jsonl", 8, "several JSON objects on one line: set format: json"),
        ],
    ),
    Case(
        "words that stand for no value",
        {
            "source": {"format": "jsonl", "nulls": ["NULL", "\\N", "None", "0"]},
            "keep": "kind IS NULL OR kind != 'gone'",
            **shop(
                EVENT_VALUE="x",
                KIND={"from": "kind", "type": "categorical"},
                PLACE={"from": "place.name", "map": {"": "nowhere"}, "otherwise": "keep", "type": "string"},
            ),
        },
        {
            "a.jsonl": "".join(
                json.dumps({"user": user, "item": "i", "at": AT, "x": x, "kind": kind, "place": place}) + "\n"
                for user, x, kind, place in (
                    ("u1", "\\N", "NULL", {"name": "None"}),
                    ("u2", 0, "null", {"name": "NULL "}),
                    ("u3", "1.5", "gone", None),
                    ("NULL", 1, "k", None),
                    ("u4", "NaN", "k", None),
                )
            )
        },
        [("u1", "i", AT, None, None, "nowhere"), ("u2", "i", AT, None, "null", "NULL ")],
        [("a.jsonl", 4, "USER_ID is empty"), ("a.jsonl", 5, "EVENT_VALUE is not a number")],
        filtered=1,
    ),
    Case(
        "words that a map turns into no value",
        shop(
            EVENT_VALUE={"from": "x", "map": {"NULL": None, "": None, "NaN": None}, "otherwise": "keep"},
            KIND={"from": "kind", "type": "categorical", "map": {"NULL": None, "a": "b"}},
            RANK={"from": "x", "type": "int", "map": {"NULL": None}, "otherwise": 3},
            NONE={"from": "kind", "type": "string", "map": {"NULL": None}, "otherwise": None},
        ),
        {
            "a.csv": "user,item,at,x,kind\n"
            f"u1,i,{AT},NULL,NULL\nu2,i,{AT},,a\nu3,i,{AT},1.5,a\nu4,i,{AT},null,a\nu5,i,{AT},1,\nu6,i,{AT},1,b\n"
        },
        [
            ("u1", "i", AT, None, None, None, None),
            ("u2", "i", AT, None, "b", 3, None),
            ("u3", "i", AT, 1.5, "b", 3, None),
        ],
        [
            ("a.csv", 5, "EVENT_VALUE is not a number"),
            ("a.csv", 6, "KIND: its value is not in the map"),
            ("a.csv", 7, "KIND: its value is not in the map"),
        ],
    ),
    Case(
        "nulls of MySQL in CSV",
        {"source": {"nulls": ["\\N"]}, **shop(EVENT_VALUE="x")},
        {"a.csv": f'user,item,at,x\nu1,i,{AT},\\N\n\\N,i,{AT},1\nu2,"\\N",{AT},1\n'},
        [("u1", "i", AT, None)],
        [("a.csv", 3, "USER_ID is empty"), ("a.csv", 4, "ITEM_ID is empty")],
    ),
    Case(
        "duplicates: the latest of each pair",
        {**shop(), "duplicates": {"keep": "latest", "by": ["USER_ID", "ITEM_ID"]}},
        {
            "a.csv": f"user,item,at\nu,i,{AT + 5}\nu,i,{AT}\nu,j,{AT}\nv,i,{AT}\n",
            "b.csv": f"user,item,at\nu,i,{AT + 5}\nu,j,{AT - 1}\nx,i,never\n",
        },
        [("u", "i", AT + 5), ("u", "j", AT), ("v", "i", AT)],
        [("b.csv", 4, "TIMESTAMP is not an epoch time")],
        filtered=3,
    ),
    Case(
        "duplicates: the newest item by a time of its own",
        {
            "columns": {
                "ITEM_ID": "sku",
                "KIND": {"from": "kind", "type": "categorical"},
                "UPDATED": {"from": "at", "type": "long", "unit": "ms"},
            },
            "duplicates": {"keep": "latest", "order_by": "UPDATED"},
        },
        {
            "a.csv": f"sku,kind,at\na,new,{AT}999\na,none,\na,old,{AT - 1}000\nb,x,\nb,y,\nc,x,{AT}000\nc,y,{AT}001\n",
            "b.csv": f"sku,kind,at\na,older,{AT - 9}000\nb,z,never\nd,x,-1\nc,z,{AT - 1}999\n",
        },
        [("a", "new", AT), ("b", "y", None), ("c", "y", AT)],
        [("b.csv", 3, "UPDATED is not an epoch time"), ("b.csv", 4, "UPDATED is not an epoch time")],
        filtered=6,
        dataset="items",
    ),
    Case(
        "duplicates: the greatest user by a number and by a text",
        {
            "columns": {
                "USER_ID": "user",
                "RANK": {"from": "rank", "type": "float"},
                "KIND": {"from": "kind", "type": "categorical"},
            },
            "duplicates": {"keep": "latest", "by": ["USER_ID"], "order_by": "RANK"},
        },
        {"a.csv": "user,rank,kind\nu,10,a\nu,9.5,b\nu,,c\nv,0,a\nv,-0.0,b\nw,-1,a\nw,-2,b\n"},
        [("u", 10.0, "a"), ("v", 0.0, "b"), ("w", -1.0, "a")],
        filtered=4,
        dataset="users",
    ),
    Case(
        "duplicates: the greatest by a text",
        {
            "columns": {"USER_ID": "user", "KIND": {"from": "kind", "type": "categorical"}},
            "duplicates": {"keep": "latest", "order_by": "KIND"},
        },
        {"a.csv": "user,kind\nu,2024-02-01\nu,2024-01-31\nu,\nv,Z\nv,a\nv,é\nv,b\nw,😀\nw,\uffee\n"},
        [("u", "2024-02-01"), ("v", "é"), ("w", "😀")],
        filtered=6,
        dataset="users",
    ),
    Case(
        "duplicates: the first of equal ones",
        {**shop(EVENT_TYPE={"from": "x"}), "duplicates": "first"},
        {"a.csv": f"user,item,at,x\nu,i,{AT},a\nu,i,{AT},b\nu,i,{AT + 1},c\n"},
        [("u", "i", AT, "a"), ("u", "i", AT + 1, "c")],
        filtered=1,
    ),
    Case(
        "several events of one row",
        {
            "columns": COLUMNS,
            "keep": "user <> 'nobody'",
            "events": [
                {"when": "clicks > 0", "columns": {"EVENT_TYPE": {"value": "click"}, "EVENT_VALUE": {"value": 1}}},
                {
                    "when": "bought IS NOT NULL",
                    "columns": {
                        "TIMESTAMP": {"from": "bought", "unit": "s"},
                        "EVENT_TYPE": {"value": "purchase"},
                        "EVENT_VALUE": {"value": 4},
                    },
                },
            ],
        },
        {
            "a.csv": "user,item,at,clicks,bought\n"
            f"u,i,{AT},2,{AT + 9}\n"
            f"u,j,{AT},1,\n"
            f"u,k,{AT},0,\n"
            f"u,l,{AT},0,never\n"
            f"u,m,never,0,{AT}\n"
            f"nobody,i,{AT},1,never\n"
            f"u,n,{AT},many,\n"
        },
        [
            ("u", "i", AT, "click", 1.0),
            ("u", "j", AT, "click", 1.0),
            ("u", "i", AT + 9, "purchase", 4.0),
            ("u", "m", AT, "purchase", 4.0),
        ],
        [("a.csv", 5, "TIMESTAMP is not an epoch time"), ("a.csv", 8, "keep: clicks is not a number")],
        filtered=2,
    ),
    Case(
        "items of a shop",
        {
            "columns": {
                "ITEM_ID": "sku",
                "PRICE": "price",
                "CATEGORY_L1": "category",
                "PRODUCT_DESCRIPTION": "text",
                "RELEASED": {"from": "released", "type": "long", "format": "%Y-%m-%d"},
            }
        },
        {
            "a.csv": "sku,price,category,text,released\n"
            'a,1.5,Toys|Games,"A ""great"" toy, really \\o/",1950-01-01\n'
            "b,,Toys,x,\n"
            "c,2,,x,\n"
            "a,9,Toys,,\n"
        },
        [("a", 9.0, "Toys", None, None)],
        [("a.csv", 3, "PRICE is empty"), ("a.csv", 4, "CATEGORY_L1 is empty")],
        filtered=1,
        dataset="items",
        domain="ECOMMERCE",
    ),
    Case(
        "texts in human language",
        {
            "columns": {
                "ITEM_ID": "sku",
                "TITLE": {"from": "t", "type": "string"},
                "ABOUT": {"from": "x", "type": "textual"},
            }
        },
        {"a.csv": 'sku,t,x\na,"x, y","say ""hi"" \\ you, all"\nb,z,\nc,"a""b",fine\n'},
        [("a", "x, y", 'say "hi" \\ you, all'), ("b", "z", None)],
        [("a.csv", 4, "TITLE holds a quote or a backslash")],
        dataset="items",
    ),
    Case(
        "columns with names that mean something elsewhere",
        shop(
            line={"from": "x", "type": "categorical"},
            fate={"value": "out", "type": "string"},
            key={"from": "y", "type": "string"},
        ),
        {"a.csv": f"user,item,at,x,y\nu,i,{AT},a,b\nu,i,never,a,b\n"},
        [("u", "i", AT, "a", "out", "b")],
        [("a.csv", 3, "TIMESTAMP is not an epoch time")],
    ),
    Case(
        "constants of every type",
        {
            "columns": {
                "ITEM_ID": "sku",
                "STOCK": {"value": 3, "type": "int"},
                "SINCE": {"value": -9007199254740992, "type": "long"},
                "PRICE": {"value": 3, "type": "float"},
                "SIZE": {"value": -0.25, "type": "double"},
                "KIND": {"value": "a,b", "type": "categorical"},
                "RANK": {"from": "x", "map": {"a": 2147483647, "b": -2147483647}, "otherwise": 7, "type": "int"},
            }
        },
        {"a.csv": "sku,x\ns,a\nt,b\nu,c\n,a\n"},
        [
            ("s", 3, -9007199254740992, 3.0, -0.25, "a,b", 2147483647),
            ("t", 3, -9007199254740992, 3.0, -0.25, "a,b", -2147483647),
            ("u", 3, -9007199254740992, 3.0, -0.25, "a,b", 7),
        ],
        [("a.csv", 5, "ITEM_ID is empty")],
        dataset="items",
    ),
    Case(
        "a constant time, where the data has none",
        {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": {"value": AT}, "EVENT_TYPE": "kind"}},
        {"a.csv": "user,item,kind\nu,i,play\nu,j,play\nu,,play\n"},
        [("u", "i", AT, "play"), ("u", "j", AT, "play")],
        [("a.csv", 4, "ITEM_ID is empty")],
    ),
    Case(
        "no record at all, of one event type",
        shop(EVENT_TYPE={"value": "View"}) | {"keep": "x = 'b'"},
        {"a.csv": f"user,item,at,x\nu,i,{AT},a\nu,,{AT},b\n"},
        [],
        [("a.csv", 3, "ITEM_ID is empty")],
        filtered=1,
    ),
]
