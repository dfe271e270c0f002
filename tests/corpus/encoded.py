"""Bytes with traps: line ends, byte order marks, quotes, widths, encodings, compression."""

from __future__ import annotations

import bz2
import gzip

from tests.corpus.case import AT, COLUMNS, Case, shop

_FIELDS_3 = "fewer than 3 fields"
_NOT_UTF8 = "bytes that are not utf-8"
_VALUED = shop(EVENT_VALUE="x")

BYTES = [
    Case(
        "lines of any shape",
        shop(),
        {
            "a.csv": f"\ufeffuser,item,at\r\nu1,i,{AT}\r\n\r\nu2,i,{AT}\n\n  \nu3,i\nu4,i,{AT},\nu5,i,{AT},x\n"
            f",i,{AT}\nu6\rx,i,{AT}\n"
            f"u\x007,i,{AT}\nu8,i,{AT}\r\r\nu9,i,{AT}"
        },
        [("u1", "i", AT), ("u2", "i", AT), ("u9", "i", AT)],
        [
            ("a.csv", 3, "blank line"),
            ("a.csv", 5, "blank line"),
            ("a.csv", 6, _FIELDS_3),
            ("a.csv", 7, _FIELDS_3),
            ("a.csv", 8, "more than 3 fields"),
            ("a.csv", 9, "more than 3 fields"),
            ("a.csv", 10, "USER_ID is empty"),
            ("a.csv", 11, "USER_ID holds a control character"),
            ("a.csv", 12, "USER_ID holds a control character"),
            ("a.csv", 13, "TIMESTAMP is not an epoch time"),
        ],
    ),
    Case(
        "quotes",
        shop(),
        {
            "a.csv": f'user,"item",at\n"u,1","i",{AT}\n"",i,{AT}\n"u"x,i,{AT}\n"u,i,{AT}\nu"2,i,{AT}\n'
            f'"u ""3""",i,{AT}\nu,"i",{AT},"\n'
            f'u4, "i",{AT}\n"u5",i,"{AT}"\n"u6",i,{AT}\r\n"u\r7",i,{AT}\n'
        },
        [("u,1", "i", AT), ("u5", "i", AT), ("u6", "i", AT)],
        [
            ("a.csv", 3, "USER_ID is empty"),
            ("a.csv", 4, "text or a carriage return stands where a quoted field must end"),
            ("a.csv", 5, "a quoted field does not end"),
            ("a.csv", 6, "may be text of a quoted field that does not end"),
            ("a.csv", 7, "USER_ID holds a quote or a backslash"),
            ("a.csv", 8, "a quoted field does not end"),
            ("a.csv", 9, "may be text of a quoted field that does not end"),
            ("a.csv", 12, "USER_ID holds a control character"),
        ],
    ),
    Case(
        "records of several lines",
        shop(KIND={"from": "kind", "type": "string"}),
        {
            "a.csv": f'user,item,at,kind,comment\nu1,i,{AT},k,"hello\nmallory,i666,{AT},k,nice"\nu2,i,{AT},k,\n'
            f'u3,i,{AT},"a,b","\r\n""x""\r\n"\r\nu4,i,{AT},k,"cut\nmallory,i666,{AT},k,\nu,i,{AT},k,"\n',
            "d.csv": f'"user",item,at,kind,"comment\nmallory"\nu5,i,{AT},k,""\nu6,i,x,k,"\n"\nu7,i,{AT},k,"5 inch\n'
            f'u8,i,{AT},k,x\nu9,i,{AT},k,"\nmallory,i,{AT},k,x"\n',
            "c.csv": gzip.compress(
                f'user,item,at,kind,comment\nu10,i,{AT},k,"a\n\n'.encode()
                + b'\xff\n"\nu11,i,'
                + f'{AT},k,x\nu12,i,{AT},k,"never\nmallory,i666,{AT},k,nice\n'.encode()
            ),
            "e.csv": f'user,item,at,kind,comment\nu13,i,{AT},k,"a\nmallory,i666,{AT},k,x"\nu14,i,{AT},k,',
            # The line that begins the field is not text, and the one that ends it looks like a record.
            "f.csv": f'user,item,at,kind,comment\nu15,i,{AT},k,"'.encode() + b'\xff\nmallory,i666,%d,k,x"\n' % AT,
        },
        [
            ("u1", "i", AT, "k"),
            ("u2", "i", AT, "k"),
            ("u3", "i", AT, "a,b"),
            ("u4", "i", AT, "k"),
            ("u5", "i", AT, "k"),
            ("u11", "i", AT, "k"),
            ("u13", "i", AT, "k"),
            ("u14", "i", AT, "k"),
        ],
        [
            ("c.csv", 2, _NOT_UTF8),
            ("c.csv", 7, "a quoted field does not end"),
            ("c.csv", 8, "may be text of a quoted field that does not end"),
            ("f.csv", 2, _NOT_UTF8),
            ("d.csv", 4, "TIMESTAMP is not an epoch time"),
            ("d.csv", 6, "a quoted field does not end"),
            ("d.csv", 7, "may be text of a quoted field that does not end"),
            ("d.csv", 8, "a quoted field does not end"),
            ("d.csv", 9, "may be text of a quoted field that does not end"),
        ],
    ),
    Case(
        "ids that look like comments",
        shop(),
        {"a.csv": f"user,item,at\n#1,i,{AT}\n//,#,{AT}\n"},
        [("#1", "i", AT), ("//", "#", AT)],
    ),
    Case(
        "Windows in the West",
        {"source": {"encoding": "windows-1252"}, **shop(KIND={"from": "kind", "type": "string"})},
        {"a.csv": b"user,item,at,kind\n\x80,i,%d,\x93caf\xe9\x94\nu\x81,i,1,x\n" % AT},
        [("€", "i", AT, "“café”")],
        [("a.csv", 3, "bytes that are not windows-1252")],
    ),
    Case(
        "Windows that is called Latin-1",
        {"source": {"encoding": "latin-1"}, **shop(KIND={"from": "kind", "type": "string"})},
        {"a.csv": b"user,item,at,kind\n\xe9,i,%d,x\nu,i,%d,\x93caf\xe9\x94\n" % (AT, AT)},
        [("é", "i", AT, "x")],
        [("a.csv", 3, "bytes that are not latin-1; such files are often windows-1252")],
    ),
    Case(
        "tabs without quotes",
        {"source": {"delimiter": "\t", "quote": "none"}, **shop()},
        {"a.tsv": f'user\titem\tat\n"u1"\ti\t{AT}\nu,2\ti\t{AT}\n u3 \ti\t{AT}\nu4\t\t{AT}\n'},
        [("u,2", "i", AT), (" u3 ", "i", AT)],
        [("a.tsv", 2, "USER_ID holds a quote or a backslash"), ("a.tsv", 5, "ITEM_ID is empty")],
    ),
    Case(
        "numbers that engines cast each in its own way",
        {**_VALUED, "source": {"delimiter": ";"}},
        {
            "a.csv": "user;item;at;x\n"
            + "".join(
                f"u{row};i;{AT};{cell}\n"
                for row, cell in enumerate(
                    [
                        "4.0",
                        " 4.0",
                        "4_0",
                        "4.0f",
                        "4.0d",
                        "0x10",
                        "NaN",
                        "1e400",
                        "+4",
                        ".5",
                        "5.",
                        "1E2",
                        "٤",
                        "Infinity",
                        "-0",
                    ]
                )
            )
        },
        [
            (f"u{row}", "i", AT, value)
            for row, value in ((0, 4.0), (8, 4.0), (9, 0.5), (10, 5.0), (11, 100.0), (14, 0.0))
        ],
        [("a.csv", row + 2, "EVENT_VALUE is not a number") for row in (1, 2, 3, 4, 5, 6, 7, 12, 13)],
    ),
    Case(
        "bytes that are not UTF-8",
        shop(),
        {
            "a.csv": b"user,item,at\nu\xff1,i,1700000000\nu\xed\xa0\x80,i,1700000000\n\xe6\r\nu2,i,1700000000\n"
            + "u\ufffd3,i,1700000000\n".encode(),
            "b.csv": f"user,item,at\nu4,i,{AT}\n",
        },
        [("u2", "i", AT), ("u\ufffd3", "i", AT), ("u4", "i", AT)],
        [("a.csv", 2, _NOT_UTF8), ("a.csv", 3, _NOT_UTF8), ("a.csv", 4, _NOT_UTF8)],
    ),
    Case(
        "objects with headers of their own, packed and empty ones",
        {"columns": {**COLUMNS, "EVENT_TYPE": "kind"}},
        {
            "kind=a%20b/1.csv": f"user,item,at\nu1,i,{AT}\n",
            "kind=c/2.csv.gz": gzip.compress(f"at,more,item,user\r\n{AT},?,i,u2\r\n".encode()) + gzip.compress(b"x\n"),
            "kind=c/3.gz": f"user,item,at\nu3,i,{AT}\n",
            "kind=c/4.csv": gzip.compress(f"user,item,at\nu4,i,{AT}\n".encode()),
            "kind=__HIVE_DEFAULT_PARTITION__/5.csv": f"user,item,at\nu5,i,{AT}\n",
            "kind=c/6.csv.gz": gzip.compress(b""),
            "kind=c/x y+é[1]{2}.csv": f"user,item,at\nu7,i,{AT}",
            "kind=c/8.csv": "user,item,at\n",
        },
        [
            ("u1", "i", AT, "a b"),
            ("u2", "i", AT, "c"),
            ("u3", "i", AT, "c"),
            ("u4", "i", AT, "c"),
            ("u7", "i", AT, "c"),
        ],
        [
            ("2.csv.gz", 3, "fewer than 4 fields"),
            ("5.csv", 2, "EVENT_TYPE is empty"),
        ],
    ),
    Case(
        "objects packed with bzip2, whatever their names",
        shop(),
        {
            "a.csv.bz2": bz2.compress(f"user,item,at\nu1,i,{AT}\n".encode()) + bz2.compress(b"x\n"),
            "b.csv": bz2.compress(f"user,item,at\nu2,i,{AT}\ni\n".encode()),
            "c.gz": bz2.compress(f"user,item,at\nu4,i,{AT}\n".encode() + b"u\xff,i,1\n"),
            "d.bz2": f"user,item,at\nu5,i,{AT}\n",
            "e.bz2": bz2.compress(b""),
        },
        [("u1", "i", AT), ("u2", "i", AT), ("u4", "i", AT), ("u5", "i", AT)],
        [
            ("a.csv.bz2", 3, _FIELDS_3),
            ("b.csv", 3, _FIELDS_3),
            ("c.gz", 3, _NOT_UTF8),
        ],
    ),
    Case(
        "UTF-16 without a header",
        {"source": {"encoding": "utf-16", "header": ["user", "item", "at"]}, **shop()},
        {"a.csv": f"支付,i,{AT}\r\n😀,i\r\n".encode("utf-16"), "b.csv": f"Ċ,਀,{AT}".encode("utf-16")},
        [("支付", "i", AT), ("Ċ", "਀", AT)],
        [("a.csv", 2, _FIELDS_3)],
    ),
    Case(
        "GB18030 and latin-1 lines of JSON",
        {"source": {"encoding": "gb18030", "format": "jsonl"}, **shop()},
        {
            "a.jsonl": f'{{"user":"支付","item":12345678901234567890123,"at":{AT}}}\n'.encode("gb18030")
            + f'{{"user":"u","item":1.50,"at":{AT}.0}}\n'.encode()
            + b'{"user":"\xff","item":1,"at":1}\n\n[1]\n{"user":"u","item":1,"at":NaN}\n'
        },
        [("支付", "12345678901234567890123", AT), ("u", "1.50", AT)],
        [
            ("a.jsonl", 3, "bytes that are not gb18030"),
            ("a.jsonl", 4, "blank line"),
            ("a.jsonl", 5, "a JSON array, not an object (format: json reads the objects of an array)"),
            ("a.jsonl", 6, "not JSON"),
        ],
    ),
]
