"""CSV as the world writes it: delimiters of several characters, and lines that are no records."""

from __future__ import annotations

from typing import Any

from tests.corpus.case import AT, Case, shop

_FIELDS_3 = "fewer than 3 fields"
_KIND = shop(KIND={"from": "kind", "type": "string"})
_TITLE = {"columns": {"ITEM_ID": "id", "TITLE": {"from": "title", "type": "textual"}}}


def _source(section: dict[str, Any], **source: Any) -> dict[str, Any]:
    return {**section, "source": source}


DIALECTS = [
    Case(
        "a delimiter of several characters, without quotes",
        _source(shop(), delimiter="::", quote="none", header=["user", "item", "rating", "at"]),
        {"ratings.dat": f"u1::i:1::5::{AT}\nu2::i\nu3:::i::5::{AT}\r\nu4::i::5::{AT}::\n"},
        [("u1", "i:1", AT), ("u3", ":i", AT)],
        [("ratings.dat", 2, "fewer than 4 fields"), ("ratings.dat", 4, "more than 4 fields")],
    ),
    Case(
        "a delimiter of several characters, with quotes",
        _source(_KIND, delimiter="||"),
        {
            "a.csv": f'user||item||at||"kind"\n"u||1"||i||{AT}||a|b\nu2||i||{AT}||"x|""|"\n'
            f'u3||"i"|{AT}||k\nu4||i||{AT}||"never\nu5||i||{AT}||k"k\n',
            "b.csv": f'user||item||at||kind||note\nu6||i||{AT}||k||"two\nmallory||i||{AT}||k||lines"\n"u7"||i\n',
        },
        [("u||1", "i", AT, "a|b"), ("u6", "i", AT, "k")],
        [
            ("a.csv", 3, "KIND holds a quote or a backslash"),
            ("a.csv", 4, "text or a carriage return stands where a quoted field must end"),
            ("a.csv", 5, "a quoted field does not end"),
            ("a.csv", 6, "may be text of a quoted field that does not end"),
            ("b.csv", 4, "fewer than 5 fields"),
        ],
    ),
    Case(
        "a first line that names the delimiter",
        _source(shop(), delimiter=";"),
        {
            "a.csv": f"\ufeffsep=;\r\nuser;item;at\r\nu1;i;{AT}\r\nu2;i\r\n",
            "b.csv": f'"SEP=;"\nuser;item;at\nu3;i;{AT}\nsep=;\n',
            "c.csv": "sep=;\n",
            "d.csv": f"user;item;at\nu4;i;{AT}\n",
        },
        [("u1", "i", AT), ("u3", "i", AT), ("u4", "i", AT)],
        [("a.csv", 4, _FIELDS_3), ("b.csv", 4, _FIELDS_3)],
    ),
    Case(
        "a first line that names the delimiter, without a header",
        _source(shop(), delimiter="\t", header=["user", "item", "at"]),
        {"a.tsv": f"sep=\t\nu1\ti\t{AT}\nu2\ti\n", "b.tsv": f"sep=x\ti\t{AT}\n"},
        [("u1", "i", AT), ("sep=x", "i", AT)],
        [("a.tsv", 3, _FIELDS_3)],
    ),
]
