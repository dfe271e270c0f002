"""What Athena's SQL means, where DuckDB or sqlglot alone would take it otherwise; values from Trino's documentation."""

import pytest

from emulator.tests.athena.support import Lake

VALUES = {
    # Numbers: integers divide to integers, literals with a point are doubles, casts round half up.
    "1 / 2": "0",
    "-7 / 2": "-3",
    "7 / 2.0": "3.5",
    "1.5": "1.5",
    "0.1 + 0.2": "0.30000000000000004",
    "-5 % 3": "-2",
    "mod(-5, 3)": "-2",
    "CAST(2.5 AS integer)": "3",
    "CAST(-2.5 AS bigint)": "-3",
    "CAST('12' AS integer)": "12",
    "CAST(9007199254740993 AS bigint)": "9007199254740993",
    "CAST(1.25 AS decimal(10, 1))": "1.3",
    "TRY_CAST('1.5' AS integer)": None,
    "TRY_CAST('x' AS double)": None,
    "round(2.5)": "3.0",
    "round(-2.5)": "-3.0",
    "round(2.567, 2)": "2.57",
    "ceil(3)": "3",
    "floor(-1.5)": "-2.0",
    "truncate(-1.9)": "-1.0",
    "log(2, 8)": "3.0",
    "1e10": "1.0E10",
    "12345678.5": "1.23456785E7",
    "0.00012": "1.2E-4",
    "CAST(12345678.0 AS varchar)": "1.2345678E7",
    "CAST(0.5 AS varchar)": "0.5",
    "CAST(1 AS varchar)": "1",
    "CAST(true AS varchar)": "true",
    "CAST('abcdef' AS varchar(3))": "abc",
    "abs(-2)": "2",
    "sqrt(16)": "4.0",
    "exp(0)": "1.0",
    "ln(1)": "0.0",
    "log2(8)": "3.0",
    "log10(100)": "2.0",
    "power(2, 3)": "8.0",
    "degrees(pi())": "180.0",
    "sign(-2)": "-1",
    "ceiling(1.2)": "2.0",
    "round(25, -1)": "30",
    "greatest(1, 2)": "2",
    "least(2, 1)": "1",
    "greatest(1, NULL)": None,
    # Texts: NULL is contagious, a place of 0 is nowhere, a pattern that is not found gives NULL.
    "'a' || NULL": None,
    "concat('a', 'b', 'c')": "abc",
    "concat('a', NULL)": None,
    "substr('abc', 2)": "bc",
    "substr('abc', 0)": "",
    "substr('abc', -2)": "bc",
    "substr('abc', -5)": "",
    "substring('abc' FROM 2 FOR 1)": "b",
    "split('a,b', ',')[1]": "a",
    "split_part('a,b', ',', 3)": None,
    "trim('\t u1x0b \n')": "u1x0b",
    "ltrim(' u1 ')": "u1 ",
    "rtrim(' u1 ')": " u1",
    "length('Hé🦆')": "3",
    "upper('aé')": "AÉ",
    "reverse('abc')": "cba",
    "chr(65)": "A",
    "codepoint('A')": "65",
    "starts_with('abc', 'ab')": "true",
    "strpos('abc', '')": "1",
    "split('', ',')": "[]",
    "lpad('a', 3, 'xy')": "xya",
    "rpad('abc', 2, 'x')": "ab",
    "from_utf8(from_hex('61'))": "a",
    "to_hex(sha256(to_utf8('')))": "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    "position('b' IN 'abc')": "2",
    "strpos('abc', 'd')": "0",
    "regexp_extract('a1b2', '[0-9]')": "1",
    "regexp_extract('ab', '[0-9]')": None,
    "regexp_extract('a1b2', '(b)([0-9])', 2)": "2",
    "regexp_replace('a1b2', '[0-9]', '-')": "a-b-",
    "regexp_replace('a1', '([0-9])', '[$1]')": "a[1]",
    "regexp_like('abc', 'b')": "true",
    "replace('abc', 'b')": "ac",
    "'a_b' LIKE 'a!_b' ESCAPE '!'": "true",
    "lower(to_hex(md5(to_utf8('a'))))": "0cc175b9c0f1b6a831c399e269772661",
    # Times: whole units between, dates stay dates, weeks begin on Monday, names of days count from it.
    "date_diff('day', timestamp '2020-01-01 23:00:00', timestamp '2020-01-02 01:00:00')": "0",
    "date_diff('month', date '2020-01-31', date '2020-03-01')": "1",
    "date_add('day', 1, date '2020-02-28')": "2020-02-29",
    "date_add('month', 1, date '2020-01-31')": "2020-02-29",
    "date '2020-01-31' + interval '1' month": "2020-02-29",
    "timestamp '2020-01-01 00:00:00' - interval '1' second": "2019-12-31 23:59:59.000",
    "date_trunc('week', date '2020-01-01')": "2019-12-30",
    "date_trunc('hour', timestamp '2020-01-01 05:06:07.891')": "2020-01-01 05:00:00.000",
    "day_of_week(date '2020-01-05')": "7",
    "week(date '2021-01-01')": "53",
    "extract(year FROM date '2021-01-01')": "2021",
    "quarter(date '2021-05-01')": "2",
    "month(date '2021-05-01')": "5",
    "day_of_month(date '2021-05-09')": "9",
    "day_of_year(date '2020-03-01')": "61",
    "year_of_week(date '2021-01-01')": "2020",
    "last_day_of_month(date '2020-02-01')": "2020-02-29",
    "hour(timestamp '2020-01-01 05:06:07.900')": "5",
    "minute(timestamp '2020-01-01 05:06:07.900')": "6",
    "second(timestamp '2020-01-01 05:06:07.900')": "7",
    "date('2020-01-02')": "2020-01-02",
    "from_iso8601_date('2020-01-02')": "2020-01-02",
    "date_diff('week', date '2020-01-01', date '2020-01-20')": "2",
    "date_diff('day', timestamp '2020-01-02 00:00:00', timestamp '2020-01-01 01:00:00')": "0",
    "millisecond(timestamp '2020-01-01 00:00:05.250')": "250",
    "date_format(timestamp '2020-01-02 03:04:05', '%Y/%m/%d %H:%i:%s')": "2020/01/02 03:04:05",
    "date_parse('2020/01/02', '%Y/%m/%d')": "2020-01-02 00:00:00.000",
    "from_unixtime(1.5)": "1970-01-01 00:00:01.500 UTC",
    "to_unixtime(timestamp '1970-01-01 00:00:01.500')": "1.5",
    "from_iso8601_timestamp('2020-01-02T03:04:05Z')": "2020-01-02 03:04:05.000 UTC",
    "CAST('2020-01-02 03:04:05.678' AS timestamp)": "2020-01-02 03:04:05.678",
    "CAST(timestamp '2020-01-02 03:04:05' AS date)": "2020-01-02",
    "CAST(date '2020-01-02' AS varchar)": "2020-01-02",
    # Arrays count from one; JSON gives NULL for what is no plain value.
    "ARRAY[10, 20][2]": "20",
    "element_at(ARRAY[10, 20], -1)": "20",
    "element_at(ARRAY[10, 20], 3)": None,
    "ARRAY[1, NULL]": "[1, null]",
    "array_sort(ARRAY[3, NULL, 1])": "[1, 3, null]",
    "array_join(ARRAY['a', NULL, 'b'], '-')": "a-b",
    "cardinality(ARRAY[1, 2])": "2",
    "contains(ARRAY[1, 2], 3)": "false",
    "contains(ARRAY[1, NULL], 3)": None,
    "contains(ARRAY[1, NULL], 1)": "true",
    "array_max(ARRAY[1, 3])": "3",
    "array_max(ARRAY[1, NULL])": None,
    "array_min(ARRAY[1, 3])": "1",
    "map_keys(map(ARRAY['a'], ARRAY[1]))": "[a]",
    "map_values(map(ARRAY['a'], ARRAY[1]))": "[1]",
    "element_at(map(ARRAY['a'], ARRAY[1]), 'b')": None,
    "sequence(1, 3)": "[1, 2, 3]",
    "map(ARRAY['a'], ARRAY[1])": "{a=1}",
    "map(ARRAY['a'], ARRAY[1])['a']": "1",
    """json_extract_scalar('{"a": {"b": "x"}}', '$.a.b')""": "x",
    """json_extract_scalar('{"a": [1]}', '$.a')""": None,
    """json_extract_scalar('{"a": 1}', '$.a')""": "1",
    "json_extract_scalar('nonsense', '$.a')": None,
    # Conditions.
    "if(1 > 2, 'a')": None,
    "CASE WHEN NULL THEN 1 ELSE 2 END": "2",
    "coalesce(NULL, 'x')": "x",
    "nullif(1, 1)": None,
    "NULL IS DISTINCT FROM 1": "true",
    "3 NOT IN (1, NULL)": None,
}
ONE_TO_FOUR = "FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL), (NULL, 'd')) AS t(x, y)"
AGGREGATES = {
    "count(*)": "4",
    "count(x)": "3",
    "sum(x)": "6",
    "avg(x)": "2.0",
    "sum(x) / 4": "1",
    "max(y)": "d",
    "max_by(y, x)": None,
    "min_by(y, x)": "a",
    "approx_distinct(x)": "3",
    "count_if(x > 1)": "2",
    "bool_and(x > 0)": "true",
    "count(*) FILTER (WHERE x > 1)": "2",
    "array_agg(x ORDER BY x DESC)": "[3, 2, 1, null]",
    "arbitrary(x) IS NULL": "false",
    "stddev_pop(x) < 1": "true",
}


def test_expressions(lake: Lake) -> None:
    """Each expression has the value that Trino's documentation gives it."""
    (found,) = lake.rows("SELECT " + ",\n".join(VALUES))

    assert dict(zip(VALUES, found, strict=True)) == VALUES


def test_aggregates(lake: Lake) -> None:
    """Each aggregate leaves out and counts what Trino's does."""
    (found,) = lake.rows(f"SELECT {', '.join(AGGREGATES)} {ONE_TO_FOUR}")

    assert dict(zip(AGGREGATES, found, strict=True)) == AGGREGATES


@pytest.mark.parametrize(("direction", "expected"), [("", "123-"), ("DESC", "321-"), ("DESC NULLS FIRST", "-321")])
def test_nulls_are_last(lake: Lake, direction: str, expected: str) -> None:
    """NULL comes last in both directions, unless the query says otherwise."""
    found = lake.rows(f"SELECT x {ONE_TO_FOUR} ORDER BY x {direction}")

    assert "".join(row[0] or "-" for row in found) == expected


def test_queries_of_queries(lake: Lake) -> None:
    """WITH, joins, set operations, windows, grouping sets, UNNEST and LIMIT work together."""
    found = lake.rows(
        """
        WITH a AS (SELECT x, y FROM (VALUES (1, 'p'), (2, 'q'), (2, 'r')) AS v(x, y)),
             b AS (SELECT x, count(*) AS n FROM a GROUP BY x)
        SELECT a.x, a.y, b.n, row_number() OVER (PARTITION BY a.x ORDER BY a.y DESC) AS at
        FROM a LEFT JOIN b USING (x)
        """.replace("a.x, a.y", "x, a.y").replace("PARTITION BY a.x", "PARTITION BY x")
        + " ORDER BY 1, 2"
    )
    assert found == [["1", "p", "1", "1"], ["2", "q", "2", "2"], ["2", "r", "2", "1"]]
    assert lake.rows("SELECT 1 UNION ALL SELECT 1 EXCEPT SELECT 2") == [["1"]]
    unnested = "SELECT u.v, u.n FROM (VALUES (ARRAY['a', 'b'])) AS t(l) CROSS JOIN UNNEST(l) WITH ORDINALITY AS u(v, n)"
    assert lake.rows(unnested + " ORDER BY n") == [["a", "1"], ["b", "2"]]
    rolled = "SELECT x, count(*) FROM (VALUES 1, 2) AS t(x) GROUP BY ROLLUP (x) ORDER BY x"
    assert lake.rows(rolled) == [["1", "1"], ["2", "1"], [None, "2"]]
    assert lake.rows("SELECT x FROM (VALUES 1, 2, 3) AS t(x) ORDER BY x OFFSET 1 LIMIT 1") == [["2"]]


@pytest.mark.parametrize(
    "condition",
    [
        "'1' = 1", "x = '1'", "y = 1", "x IN ('1')", "y <> 2", "x < '2'", "d = '2020-01-01'", "d > '2020-01-01'",
        "d BETWEEN '2020-01-01' AND '2020-01-02'", "y || x = 'a'", "concat(y, x) = 'a'", "x + y = 2", "y IN (1, 2)",
        "year('2020-01-01') = 2020", "y IS DISTINCT FROM 1",
    ],
)  # fmt: skip
def test_types_are_not_mixed(lake: Lake, condition: str) -> None:
    """What Trino refuses to compare or to join is refused, not converted."""
    source = "(VALUES (1, '1', date '2020-01-01')) AS t(x, y, d)"

    assert lake.reason(f"SELECT x FROM {source} WHERE {condition}").startswith("TYPE_MISMATCH: ")


def test_numbers_and_times_are_compared_across_types(lake: Lake) -> None:
    """An integer with a double, a date with a timestamp, arrays, rows, and NULL."""
    conditions = (
        "1 = 1.0", "date '2020-01-01' = timestamp '2020-01-01 00:00:00'", "ARRAY[1] = ARRAY[1]", "(1, 'a') = (1, 'a')",
        "1 IN (1, NULL)", "'a' = CAST('a' AS varchar(2))", "CAST(1 AS decimal(5, 1)) = 1", "1 = ANY (SELECT 1)",
        "(SELECT 1) = 1", "'a' || 'b' = concat('a', 'b')", "ARRAY[1] || ARRAY[2] = ARRAY[1, 2]", "length('a\\nb') = 4",
    )  # fmt: skip
    for condition in conditions:
        assert lake.value(condition) == "true", condition
    joined = "(VALUES 1, 2) AS a(x) JOIN (VALUES 2, 3) AS b(y) ON a.x = b.y"
    assert lake.rows(f"SELECT x, y FROM {joined}") == [["2", "2"]]


def test_what_is_taken_here_alone(lake: Lake) -> None:
    """What AWS refuses and is taken here, as the documentation says: it is no other answer, but none there."""
    assert lake.rows("SELECT 1 UNION ALL SELECT 'a'") == [["1"], ["a"]]
    assert lake.rows("SELECT x + 1 AS z FROM (VALUES 1) AS t(x) WHERE z = 2") == [["2"]]
    assert lake.value("date '2020-01-31' + 1") == "2020-02-01"
    assert lake.reason("SELECT 1e0 / 0") == "DIVISION_BY_ZERO: Division by zero"


WINDOWS = {
    "row_number() OVER w": ["1", "2", "3", "4"],
    "rank() OVER (ORDER BY g)": ["1", "1", "3", "3"],
    "dense_rank() OVER (ORDER BY g)": ["1", "1", "2", "2"],
    "ntile(2) OVER w": ["1", "1", "2", "2"],
    "lag(x) OVER w": [None, "1", None, "3"],
    "lag(x, 2, 0) OVER w": ["0", "0", "1", None],
    "lead(x) IGNORE NULLS OVER w": ["3", "3", "4", None],
    "last_value(x) IGNORE NULLS OVER w": ["1", "1", "3", "4"],
    "lag(x) RESPECT NULLS OVER w": [None, "1", None, "3"],
    "first_value(x) OVER (PARTITION BY g ORDER BY k)": ["1", "1", "3", "3"],
    "last_value(x) OVER w": ["1", None, "3", "4"],
    "nth_value(x, 3) OVER w": [None, None, "3", "3"],
    "sum(x) OVER w": ["1", "1", "4", "8"],
    "sum(x) OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)": ["1", "4", "7", "7"],
    "count(x) OVER (PARTITION BY g)": ["1", "1", "2", "2"],
}


def test_windows(lake: Lake) -> None:
    """Windows, named ones too, have Trino's frames; a sum stays a bigint."""
    source = "(VALUES (1, 'a', 1), (2, 'a', NULL), (3, 'b', 3), (4, 'b', 4)) AS t(k, g, x)"
    found = lake.rows(f"SELECT {', '.join(WINDOWS)} FROM {source} WINDOW w AS (ORDER BY k) ORDER BY k")

    assert {name: list(column) for name, column in zip(WINDOWS, zip(*found, strict=True), strict=True)} == WINDOWS


def test_columns_without_a_name(lake: Lake) -> None:
    """They are called after their place, names are in small letters, and those in quotes as they are written."""
    query = lake.run("SELECT 1, 2 AS Two, 3 AS \"Three\", 'x', 2 AS two")
    info = lake.athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])["ResultSet"]["ResultSetMetadata"]

    assert [column["Name"] for column in info["ColumnInfo"]] == ["_col0", "two", "Three", "_col3", "two"]
    assert [column["Type"] for column in info["ColumnInfo"]][:4] == ["integer", "integer", "integer", "varchar"]


def test_a_group_is_of_the_column_not_of_the_alias(lake: Lake) -> None:
    """GROUP BY means a column of the table even where a result has the same name."""
    found = lake.rows("SELECT lower(y) AS y, count(*) FROM (VALUES 'a', 'A') AS t(y) GROUP BY y ORDER BY 2")

    assert found == [["a", "1"], ["a", "1"]]
