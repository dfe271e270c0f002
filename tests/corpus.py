"""Raw data with traps, and what every engine must make of it: records, and rejected lines with their reasons.

Expected values are worked out by hand, times with Python's datetime and zoneinfo.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spec.compiler import dataset_mapping
from spec.load import parse

if TYPE_CHECKING:
    from spec.datasets import DatasetName
    from spec.mapping import DatasetMapping

INTERACTIONS: DatasetName = "interactions"
_COLUMNS = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": {"from": "at", "unit": "s"}}
AT = 1_700_000_000


@dataclass(frozen=True)
class Case:
    """A dataset's section, its raw objects, and what comes of them.

    Attributes:
        section: source without path, keep, columns, duplicates, events.
        raw: content of the objects by their names under ``data/``.
        records: the dataset's rows in the order of its columns; numbers as numbers, nothing as None.
        rejected: object, line (None in Parquet) and reason.
        filtered: rows that are in neither.
    """

    name: str
    section: dict[str, Any]
    raw: dict[str, str | bytes]
    records: list[tuple[Any, ...]]
    rejected: list[tuple[str, int | None, str]] = field(default_factory=list)
    filtered: int = 0
    dataset: DatasetName = INTERACTIONS
    domain: str | None = None

    def mapping(self) -> DatasetMapping:
        """Return the mapping that the pipeline file of the case compiles to."""
        return dataset_mapping(parse(json.dumps(self._document(), ensure_ascii=False)), self.dataset)

    def _document(self) -> dict[str, Any]:
        source = {"path": "data/", **self.section.get("source", {})}
        others = {INTERACTIONS: {"source": {"path": "none/"}, "columns": {**_COLUMNS, "EVENT_TYPE": {"value": "View"}}}}
        datasets = others | {self.dataset: {**self.section, "source": source}}
        solution = {"name": "s", "recipe": "aws-user-personalization-v2", "batch_inference": [{"name": "j"}]}
        return {"name": "corpus", "domain": self.domain, "datasets": datasets, "solutions": [solution]}


def shop(**columns: Any) -> dict[str, Any]:
    """Return a section with the shop's three columns and more of them."""
    return {"columns": {**_COLUMNS, **columns}}


def of_x(sql: str, kind: str, cells: list[tuple[str, Any]]) -> Case:
    """Return a case of one expression: raw text of ``x`` and what becomes of it; a reason begins with ``!``."""
    raw = "user,item,at,x,y\n" + "".join(f"u{row},i,{AT},{cell}\n" for row, (cell, _) in enumerate(cells))
    rejected = [
        ("a.csv", row + 2, str(value)[1:]) for row, (_, value) in enumerate(cells) if str(value).startswith("!")
    ]
    records = [(f"u{row}", "i", AT, value) for row, (_, value) in enumerate(cells) if not str(value).startswith("!")]
    section = shop(X={"expression": sql, "type": kind})
    return Case(f"expression {sql}", section, {"a.csv": raw}, records, rejected)


def of_time(form: dict[str, Any], cells: list[tuple[str, Any]]) -> Case:
    """Return a case of one form of times: raw text, and seconds or a reason."""
    raw = "user;item;at\n" + "".join(f"u{row};i;{cell}\n" for row, (cell, _) in enumerate(cells))
    rejected = [("a.csv", row + 2, value) for row, (_, value) in enumerate(cells) if isinstance(value, str)]
    records = [(f"u{row}", "i", value) for row, (_, value) in enumerate(cells) if not isinstance(value, str)]
    section = {"source": {"delimiter": ";"}, "columns": _COLUMNS | {"TIMESTAMP": {"from": "at", **form}}}
    return Case(f"times {form}", section, {"a.csv": raw}, records, rejected)


_NOT_ISO = "TIMESTAMP is not a time of the form iso8601"

EXPRESSIONS = [
    of_x(
        "x * y",
        "float",
        [
            ("2,3.5", 7.0),
            ("-0,3", 0.0),
            (",3", None),
            ("1e308,1e308", None),
            ("a,3", "!X: x is not a number"),
            ("0.1,3", 0.30000000000000004),
            ("NaN,1", "!X: x is not a number"),
            (" 4,1", "!X: x is not a number"),
        ],
    ),
    of_x("x / y", "double", [("1,4", 0.25), ("1,0", None), ("0,0", None), ("-7,2", -3.5)]),
    of_x("round(x * y, 2)", "double", [("1.005,100", 100.5), ("0.125,1", 0.13), ("-0.125,1", -0.12), ("2.5,1", 2.5)]),
    of_x("floor(x) - ceil(y)", "double", [("-1.5,1.2", -4.0), ("3,3", 0.0)]),
    of_x("abs(x)", "int", [("-3,", 3), ("2.5,", "!X is not a whole number that int can hold"), (",", None)]),
    of_x("lower(x) || '-' || upper(y)", "string", [("ÀB,ç", "àb-Ç"), ("A,", None), ("STRASSE,ß", "strasse-SS")]),
    of_x("trim(x)", "categorical", [("  a b ,", "a b"), ("   ,", None), ("\u00a0a,", "\u00a0a")]),
    of_x("substr(x, 2, 3)", "string", [("支付宝abc,", "付宝a"), ("a,", None), ("ab,", "b")]),
    of_x("replace(x, '.', '')", "string", [("a.b..c,", "abc"), ("..,", None)]),
    of_x("split_part(x, '/', 2)", "string", [("a/b/c,", "b"), ("a,", None), ("/b,", "b"), ("a//c,", None)]),
    of_x("coalesce(x, y, 'none')", "string", [("a,b", "a"), (",b", "b"), (",", "none")]),
    of_x("nullif(x, 0)", "float", [("0,", None), ("-0.0,", None), ("1,", 1.0), (",", None)]),
    of_x(
        "CASE WHEN x >= 10 THEN 'many' WHEN x > 1 AND y = 'a' THEN 'few' ELSE y END",
        "string",
        [("10,z", "many"), ("2,a", "few"), ("2,b", "b"), (",c", "c"), ("1,", None)],
    ),
    of_x("length(x)", "long", [("支付宝,", 3), ("é,", 1), (",", None)]),
    of_x(
        "CASE WHEN x LIKE 'a%_c' THEN 1 ELSE 0 END",
        "int",
        [("abc,", 1), ("ac,", 0), ("a\u652fc,", 1), ("xabc,", 0), ("a.c,", 1)],
    ),
]

TIMES = [
    of_time(
        {"format": "%Y-%m-%d %H-%M-%S", "timezone": "Asia/Shanghai"},
        [
            ("2021-12-18 03-16-24", 1639768584),
            ("2021-12-18 24-00-00", "TIMESTAMP is not a time of the form %Y-%m-%d %H-%M-%S"),
            ("1986-05-04 01-59-59", 515527199),
        ],
    ),
    of_time(
        {"format": "iso8601"},
        [
            ("2024-02-29", 1709164800),
            ("2024-02-29T23:59:60Z", _NOT_ISO),
            ("2023-02-29", _NOT_ISO),
            ("2024-02-29T01:02:03Z", 1709168523),
            ("2024-02-29 01:02:03.999+05:30", 1709148723),
            ("2024-02-29T01:02-0800", 1709197320),
            ("2024-02-29t01:02:03,5 +01", 1709164923),
            ("20240229", _NOT_ISO),
            ("2024-02-29T01", _NOT_ISO),
            ("2024-02-29T01:02:03+15:00", _NOT_ISO),
            ("٢٠٢٤-02-29", _NOT_ISO),
            ("", "TIMESTAMP is empty"),
        ],
    ),
    of_time(
        {"format": "iso8601", "timezone": "America/New_York"},
        [
            ("2021-11-07 01:30", 1636263000),
            ("2021-11-07 01:30-05:00", 1636266600),
            ("2021-03-14T02:30", "TIMESTAMP falls into the hour that America/New_York skips"),
            ("2021-03-14T02:30Z", 1615689000),
        ],
    ),
    of_time(
        {"format": "%m/%d/%Y %I:%M %p"},
        [
            ("12/1/2010 8:26 AM", 1291191960),
            ("12/01/2010 12:05 pm", 1291205100),
            ("1/2/2011 12:00 am", 1293926400),
            ("1/2/2011 0:30 AM", "TIMESTAMP is not a time of the form %m/%d/%Y %I:%M %p"),
            ("13/1/2011 1:00 AM", "TIMESTAMP is not a time of the form %m/%d/%Y %I:%M %p"),
        ],
    ),
    of_time(
        {"format": "%a, %d %b %y %T %z"},
        [
            ("Thu, 29 Feb 24 01:02:03 +0000", 1709168523),
            ("XXX, 29 Feb 24 01:02:03 Z", "TIMESTAMP is not a time of the form %a, %d %b %y %T %z"),
            ("Thu, 29 feb 24 01:02:03 -02:30", 1709177523),
            ("Sun, 1 Jan 69 00:00:00 Z", "TIMESTAMP is outside 1971 to 2099"),
        ],
    ),
    of_time(
        {"format": "%Y%m%d"}, [("20240229", 1709164800), ("2024229", "TIMESTAMP is not a time of the form %Y%m%d")]
    ),
    of_time(
        {"format": "%Y-%j %H:%M:%S.%f"},
        [
            ("2024-60 00:00:00.123456", 1709164800),
            ("2023-366 00:00:00.1", "TIMESTAMP is not a time of the form %Y-%j %H:%M:%S.%f"),
        ],
    ),
    of_time(
        {"unit": "ms"},
        [
            ("1500000000123", 1500000000),
            ("1500000000", "TIMESTAMP is outside 1971 to 2099 in ms, but not in s: set unit: s"),
            ("1500000000123.0", 1500000000),
            ("-1", "TIMESTAMP is not an epoch time"),
            ("9" * 20, "TIMESTAMP is not an epoch time"),
            ("9223372036854775807", "TIMESTAMP is outside 1971 to 2099"),
        ],
    ),
]

_TYPES = shop(
    A={"from": "a", "type": "int"}, B={"from": "b", "type": "long", "nullable": False}, C={"from": "c", "type": "float"},
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
        },
        [("u", "7", AT, "A|B C"), ("u", "7", AT, None), ("u", "7", AT, "A|B")],
        [
            ("a.jsonl", 2, "about.genres holds | within a list"),
            ("a.jsonl", 5, "user is a list or an object"),
            ("a.jsonl", 6, "about.genres is a list or an object"),
        ],
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
        "duplicates: the first of equal ones",
        {**shop(EVENT_TYPE={"from": "x"}), "duplicates": "first"},
        {"a.csv": f"user,item,at,x\nu,i,{AT},a\nu,i,{AT},b\nu,i,{AT + 1},c\n"},
        [("u", "i", AT, "a"), ("u", "i", AT + 1, "c")],
        filtered=1,
    ),
    Case(
        "several events of one row",
        {
            "columns": _COLUMNS,
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
]

CASES = [*EXPRESSIONS, *TIMES, *SHAPES]


def written(text: str, mapping: DatasetMapping) -> list[tuple[Any, ...]]:
    """Read a dataset's CSV by the rules of Personalize: a backslash takes away what the next character means.

    Raises:
        AssertionError: the header is not that of the mapping.
    """
    header, *rows = csv.reader(io.StringIO(text, newline=""), escapechar="\\", doublequote=False, strict=True)
    assert mapping.column_names == header
    read = [float if column.type in {"float", "double"} else int for column in mapping.records[0].columns]
    texts = [column.type == "string" for column in mapping.records[0].columns]
    return [
        tuple(
            None if not cell else cell if text else number(cell)
            for cell, text, number in zip(row, texts, read, strict=True)
        )
        for row in rows
    ]
