"""CSV as the world writes it: delimiters of several characters, lines that are no records, and escapes."""

from __future__ import annotations

import gzip
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
    Case(
        "lines before the header, and comments",
        _source(shop(), skip_lines=2, comment="#"),
        {
            "a.csv": f'Report of "2024\n,,\n# exported\nuser,item,at,note\nu1,i,{AT},k\n# u9,i,{AT},"k\n'
            f'u2,i,{AT},"two\n# no comment\nlines"\n"#3",i,{AT},k\nu4,i\n # u5\n\n#\nu6,i,{AT},k',
            "b.csv": "Report\n,,\n",
            "c.csv": "Report",
            "d.csv": f"Report\r\n\r\nuser,item,at\r\nu7,i,{AT}\r\n#\r\nu8,i\r\n",
        },
        [("u1", "i", AT), ("u2", "i", AT), ("#3", "i", AT), ("u6", "i", AT), ("u7", "i", AT)],
        [
            ("a.csv", 11, "fewer than 4 fields"),
            ("a.csv", 12, "fewer than 4 fields"),
            ("a.csv", 13, "blank line"),
            ("d.csv", 6, _FIELDS_3),
        ],
    ),
    Case(
        "comments beside quotes that never close",
        _source(shop(), comment="#", delimiter="::"),
        {
            "a.csv": f'user::item::at::note\nu1::i::{AT}::"never\n# a comment\nu2::i::{AT}::"x"\nu3::i::{AT}::"never\n'
            "# perhaps its text\n"
        },
        [("u2", "i", AT)],
        [
            ("a.csv", 2, "a quoted field does not end"),
            ("a.csv", 5, "a quoted field does not end"),
            ("a.csv", 6, "may be text of a quoted field that does not end"),
        ],
    ),
    Case(
        "comments without quotes or a header, in another encoding",
        _source(shop(), comment="//", quote="none", header=["user", "item", "at"], encoding="windows-1252"),
        {
            "a.csv.gz": gzip.compress(b"// \x81\nu1,i,%d\n//u,i,1\nu\x81,i,1\n/,i,%d\n" % (AT, AT)),
            "b.csv": f"sep=,\n//\nu2,i,{AT}\nu3,i\n",
        },
        [("u1", "i", AT), ("/", "i", AT), ("u2", "i", AT)],
        [("a.csv.gz", 4, "bytes that are not windows-1252"), ("b.csv", 4, _FIELDS_3)],
    ),
    Case(
        "escapes beside quotes",
        _source(_TITLE, escape="\\", comment="#", nulls=["\\N"]),
        {
            # As Book-Crossing and UNLOAD have them.
            "a.csv": 'id,title\ni0,Path\\, with comma\ni1,"Size 5\\" tall"\r\ni2,"a ""b"", c\\\\"\n'
            'i3,\\N\ni4,\\\\N\ni5,"\\N"\n'
            'i6,"two\n# \\"lines\\"\nhere"\ni7,"5\\"\ni7b,x\n# C:\\\ni8,"y"\ni9,"x"y\n\\#1,a\\bc"d\ni10,\\',
            # Line ends that are escaped, in fields without quotes and with them.
            "b.csv": "id,title\ni11,one\\\nmallory\\, x\ni12,a\\\\\n"
            'i13,"\\\nmallory,x"\ni14,one\\\r\n\\\r\n#two\r\ni15,x,y\n',
        },
        [
            ("i0", "Path, with comma"),
            ("i1", 'Size 5" tall'),
            ("i2", 'a "b", c\\'),
            ("i3", None),
            ("i4", None),
            ("i5", "N"),
            ("i6", 'two # "lines" here'),
            ("i7b", "x"),
            ("i8", "y"),
            ("#1", 'abc"d'),
            ("i10", "\\"),
            ("i11", "one mallory, x"),
            ("i12", "a\\"),
            ("i13", " mallory,x"),
            ("i14", "one    #two"),
        ],
        [
            ("a.csv", 11, "a quoted field does not end"),
            ("a.csv", 15, "text or a carriage return stands where a quoted field must end"),
            ("b.csv", 10, "more than 2 fields"),
        ],
        dataset="items",
    ),
    Case(
        "escapes without quotes",
        _source(
            shop(), escape="\\", delimiter="||", quote="none", header=["user", "item", "at", "note"], nulls=["\\N"]
        ),
        {
            "a.csv": f'u1||\\||i"||{AT}||x\\\nmallory\nu2||\\N||{AT}||x\n'
            f"u3|\\|||i|||{AT}||\nu4||i||{AT}\\||x\nu\\|\\|5||i||{AT}||\\N\n"
        },
        [("u||5", "i", AT)],
        [
            ("a.csv", 1, "ITEM_ID holds a quote or a backslash"),
            ("a.csv", 3, "ITEM_ID is empty"),
            ("a.csv", 4, "TIMESTAMP is not an epoch time"),
            ("a.csv", 5, "fewer than 4 fields"),
        ],
    ),
]
