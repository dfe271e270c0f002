"""Expressions and times: one raw text a row, and what becomes of it."""

from __future__ import annotations

from tests.corpus.case import of_time, of_x

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
    of_x(
        "CASE WHEN x IN ('NULL', 'NaN') THEN NULL WHEN y = 'a' THEN x ELSE CASE WHEN y = 'b' THEN NULL ELSE y END END",
        "categorical",
        [("NULL,a", None), ("NaN,c", None), ("k,a", "k"), ("k,b", None), ("k,c", "c"), (",", None)],
    ),
    of_x("IF(x > 1, y, 'none')", "string", [("2,a", "a"), ("1,a", "none"), ("2,", None), (",a", "none")]),
    of_x(
        "if(x = 'a', IF(y > 0, y, -1))",
        "float",
        [("a,2", 2.0), ("a,-3", -1.0), ("b,2", None), ("a,x", "!X: y is not a number")],
    ),
    of_x("coalesce(CASE WHEN x = 'n' THEN NULL ELSE x * 2 END, 7)", "float", [("3,", 6.0), (",", 7.0)]),
    of_x("length(x)", "long", [("支付宝,", 3), ("é,", 1), (",", None)]),
    of_x(
        "CASE WHEN x LIKE 'a%_c' THEN 1 ELSE 0 END",
        "int",
        [("abc,", 1), ("ac,", 0), ("a\u652fc,", 1), ("xabc,", 0), ("a.c,", 1)],
    ),
]

TIMES = [
    # Days as spreadsheets count them: 45,322 is 31 January 2024, and half a day is noon.
    of_time(
        {"expression": "ROUND((at - 25569) * 86400)", "unit": "s"},
        [
            ("45322", 1706659200),
            ("45321.5", 1706616000),
            ("45321.999994", 1706659199),
            ("x", "TIMESTAMP: at is not a number"),
        ],
    ),
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
