"""SQL that would reach the machine, or that DuckDB would read in its own way."""

import tempfile
from pathlib import Path

import pytest

from emulator.tests.athena.support import CSV, Lake
from emulator.tests.athena.test_queries import refused

REFUSED = {
    "SELECT * FROM read_csv('/etc/passwd')": "the table function read_csv",
    "SELECT * FROM glob('/etc/*')": "the table function glob",
    "SELECT getenv('HOME')": "the function getenv",
    "SELECT current_setting('temp_directory')": "the function current_setting",
    "SELECT trino_text(1)": "the function trino_text",
    "SELECT pg_sleep(1)": "the function pg_sleep",
    "SELECT error('x')": "the function error",
    "SELECT json_extract_scalar('{}', '$.a', 'x')": "the function json_extract_scalar with 3 arguments",
    "SELECT TRY(1 / 0)": "the function try",
    "SELECT {'a': 1}": "Struct",
    "SELECT 1 AS a QUALIFY true": "Select with qualify",
    "SELECT DISTINCT ON (x) x FROM (VALUES 1) AS t(x)": "Distinct with on",
    "SELECT * EXCLUDE (x) FROM (VALUES 1) AS t(x)": "",
    "SELECT x FROM (VALUES 1) AS t(x) GROUP BY ALL": "Group with all",
    "SELECT 'a' ILIKE 'A'": "ILike",
    "SELECT x FROM (VALUES 1) AS t(x) TABLESAMPLE BERNOULLI (10)": "",
    "SELECT timestamp '2020-01-01 00:00:00' AT TIME ZONE 'Asia/Tokyo'": "AtTimeZone",
    "SELECT timestamp '2020-01-01 00:00:00 +07:00'": "a time with another zone than UTC",
    "SELECT transform(ARRAY[1], x -> x + 1)": "Lambda",
    "SELECT date '2020-01-02' - date '2020-01-01'": "time added to or taken from a date",
    "SELECT date_add('hour', 1, date '2020-01-02')": "time added to or taken from a date",
    "SELECT CAST(1 AS decimal(3, 1)) / CAST(2 AS decimal(3, 1))": "division of decimals",
    "SELECT sum(CAST(x AS real)) FROM (VALUES 1) AS t(x)": "a sum or average of reals",
    "SELECT CAST(ARRAY[1] AS json)": "a cast to JSON",
    "SELECT date_format(now(), '%x')": "the specifier %x",
    "SELECT regexp_like('a', '(?<=a)b')": "a regular expression with (?",
    "SELECT interval '1' day": "the interval INTERVAL '1' DAY, which is neither added nor taken",
    "SELECT date '2020-01-01' + 2 * interval '1' day": "which is neither added nor taken",
    "SELECT timestamp '2020-01-02 00:00:00' - timestamp '2020-01-01 00:00:00'": "the type INTERVAL",
    "SELECT json_extract_scalar('{}', '$.*')": "the JSON path '$.*'",
    "SELECT replace('abc', '', 'x')": "replace of an empty text",
    "SELECT regexp_extract('b', '(a)?b', 1)": "regexp_extract of a group that may be left out",
    "SELECT * FROM (VALUES 1) AS a(x) JOIN (VALUES 1) AS b(x) USING (x)": "* of a join with USING",
    "SELECT t FROM (VALUES 1) AS t(x)": "the name t of a column that is also that of its table",
    "SELECT * FROM information_schema.tables": "information_schema",
    "SELECT * FROM other.db.t": "the catalog other",
    'SELECT * FROM "t$partitions"': "the table t$partitions",
    "WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a": "With with recursive",
    "SELECT 1 FROM (VALUES 1) AS a(x) NATURAL JOIN (VALUES 1) AS b(x)": "Join with method",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_not_known_to_mean_the_same_is_refused(lake: Lake, sql: str) -> None:
    """It ends the query, or begins none, with a name and without an answer."""
    what = REFUSED[sql]
    try:
        reason = lake.reason(sql)
    except lake.athena.exceptions.InvalidRequestException as error:
        reason = str(error)
        assert not what or "mismatched input" in reason
        return
    assert what in reason
    assert "is not emulated" in reason


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '/tmp/x'", "ATTACH '/tmp/x.db'", "INSTALL httpfs", "LOAD httpfs", "PRAGMA database_list",
        "SET enable_external_access = true", "CALL pragma_version()", "EXPORT DATABASE '/tmp/x'", "FROM t",
    ],
)  # fmt: skip
def test_duckdbs_own_statements_begin_no_query(lake: Lake, sql: str) -> None:
    """Athena knows none of them."""
    code, message, _ = refused(lake.start, sql=sql)

    assert code in {"InvalidRequestException", "NotImplementedException"}
    assert "mismatched input" in message or "not emulated" in message


@pytest.mark.parametrize("name", ["/etc/passwd", "tables.csv", "pg_class", "duckdb_settings", "os", "sqlite_master"])
def test_names_of_files_and_variables_are_no_tables(lake: Lake, name: str) -> None:
    """A name means a table of the catalog alone."""
    expected = f"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{lake.database}.{name}' does not exist"
    assert lake.reason(f'SELECT * FROM "{name}"') == expected


def test_a_with_query_hides_a_table_only_where_it_is_seen(lake: Lake) -> None:
    """A table inside the WITH query of its own name is that of the catalog."""
    assert "Table 'awsdatacatalog" in lake.reason("WITH a AS (SELECT * FROM a) SELECT * FROM a")
    assert lake.rows("WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b") == [["1"]]
    nested = "SELECT * FROM (WITH a AS (SELECT 1 AS x) SELECT x FROM a) AS q CROSS JOIN a"
    assert "Table 'awsdatacatalog" in lake.reason(nested)


def test_deep_and_long_queries(lake: Lake) -> None:
    """What is too deep or too long is refused, and the server lives on."""
    deep = "SELECT " + "(" * 3000 + "1" + ")" * 3000
    try:
        state = lake.run(deep)["Status"]["State"]
    except lake.athena.exceptions.InvalidRequestException:
        state = "FAILED"
    assert state in {"FAILED", "SUCCEEDED"}
    code, message, _ = refused(lake.start, sql="SELECT '" + "x" * 262144 + "'")
    assert "262144" in message or code == "ParamValidationError"
    assert lake.rows("SELECT 1") == [["1"]]


def test_nothing_is_left_on_the_machine(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of a query is gone with it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: set[str] = set()
    identifier = lake.start(f"SELECT max(x) FROM {numbers(lake)}")
    while not lake.is_over(identifier):
        seen |= {path.name.split("-")[0] for path in tmp_path.iterdir()}

    assert lake.ended(identifier)["Status"]["State"] == "SUCCEEDED"
    assert seen == {"athena"}
    assert list(tmp_path.iterdir()) == []


def numbers(lake: Lake) -> str:
    """Make a table of a hundred thousand lines; return its name."""
    return lake.table({"x": "int"}, CSV, {"a.csv": "\n".join(map(str, range(100_000)))})
