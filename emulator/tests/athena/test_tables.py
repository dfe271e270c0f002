"""Tables of the Data Catalog: how files of each kind are read, and what is refused by name."""

import bz2
import gzip
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from emulator.tests.athena.support import CSV, HCATALOG, LAZY, OPENX, PARQUET, Lake, as_parquet


def test_parquet_by_name(lake: Lake) -> None:
    """Columns are found by their names, whatever their case and order; what a file lacks is NULL; integers widen."""
    frame = pl.DataFrame(
        {
            "Extra": [1],
            "B": pl.Series([7], dtype=pl.Int32),
            "a": ["é"],
            "d": [date(2020, 1, 2)],
            "t": [datetime(2020, 1, 2, 3, 4, 5, 678901)],  # noqa: DTZ001  # a timestamp has no zone
            "n": [Decimal("1.50")],
            "l": [[1, 2]],
            "s": [{"x": 1, "y": "z"}],
            "f": pl.Series([0.1], dtype=pl.Float32),
        }
    )
    columns = {
        "a": "string", "b": "bigint", "d": "date", "t": "timestamp", "n": "decimal(38,2)", "l": "array<bigint>",
        "s": "struct<x:bigint,y:string>", "f": "float", "missing": "int",
    }  # fmt: skip
    name = lake.parquet(frame, columns)

    expected = ["é", "7", "2020-01-02", "2020-01-02 03:04:05.678", "1.50", "[1, 2]", "{x=1, y=z}", "0.1", None]
    assert lake.rows(f"SELECT * FROM {name}") == [expected]
    assert lake.rows(f"SELECT s.y, {name}.a, {lake.database}.{name}.b FROM {lake.database}.{name}") == [["z", "é", "7"]]
    assert lake.rows(f'SELECT count(*) FROM "AwsDataCatalog"."{lake.database}"."{name}"') == [["1"]]


def test_parquet_of_another_type(lake: Lake) -> None:
    """A file with another type than the table says fails the query, and is named."""
    name = lake.parquet(pl.DataFrame({"a": ["x"]}), {"a": "bigint"})
    assert lake.reason(f"SELECT * FROM {name}") == (
        f"HIVE_BAD_DATA: Field a's type VARCHAR in parquet file s3://{lake.bucket}/{name}/a.parquet is incompatible "
        "with type BIGINT defined in table schema"
    )
    lake.put(f"{name}/a.parquet", "no parquet")
    assert "HIVE_BAD_DATA: Not valid Parquet file: s3://" in lake.reason(f"SELECT * FROM {name}")


def test_csv(lake: Lake) -> None:
    """OpenCSVSerde: quotes, escapes, a header, a missing last field; days and milliseconds since 1970 as numbers."""
    body = 'a,b,c,d\n"x, ""y""",1,18262,1577934245678\n\\"q,-2,0\n'
    columns = {"a": "string", "b": "bigint", "c": "date", "d": "timestamp"}
    name = lake.table(columns, CSV, {"a.csv": body}, settings={"skip.header.line.count": "1"})

    found = lake.rows(f"SELECT a, b, c, d FROM {name} ORDER BY b")
    assert found == [['"q', "-2", "1970-01-01", None], ['x, "y"', "1", "2020-01-01", "2020-01-02 03:04:05.678"]]


def test_csv_with_other_marks(lake: Lake) -> None:
    """Separator and quote may be others; gzip is read by its ending; hidden and empty objects are left out."""
    files = {
        "a.csv.gz": gzip.compress(b"'a;b';c\n"),
        "_b.csv": "x;y\n",
        ".c.csv": "x;y\n",
        "d.csv": "",
        "_e/f.csv": "1",
    }
    settings = {"separatorChar": ";", "quoteChar": "'"}
    name = lake.table({"a": "string", "b": "string"}, CSV, files, settings=settings)

    assert lake.rows(f"SELECT * FROM {name}") == [["a;b", "c"]]


def test_csv_that_is_no_number(lake: Lake) -> None:
    """A text that is no number fails the query, an empty one too."""
    for text in ("abc", ""):
        name = lake.table({"a": "string", "b": "int"}, CSV, {"a.csv": f"x,{text}\n"})
        expected = f"HIVE_BAD_DATA: Error parsing field value '{text}' for field 1: For input string: \"{text}\""
        assert lake.reason(f"SELECT * FROM {name}") == expected


def test_text(lake: Lake) -> None:
    """LazySimpleSerDe: no quotes, NULL for its mark and for what is no value of the type, escapes if asked for."""
    columns = {"a": "string", "b": "int", "c": "date", "d": "timestamp", "e": "boolean", "f": "decimal(5,2)"}
    body = '"x"\t1\t2020-01-02\t2020-01-02 03:04:05.6\tTRUE\t1.50\n\\N\t1.5\tx\t2020\tyes\tz\textra\n\t\n'
    name = lake.table(columns, LAZY, {"a.tsv": body}, settings={"field.delim": "\t"})
    assert lake.rows(f"SELECT * FROM {name} ORDER BY a") == [
        ["", None, None, None, None, None],
        ['"x"', "1", "2020-01-02", "2020-01-02 03:04:05.600", "true", "1.50"],
        [None] * 6,
    ]
    plain = lake.table({"a": "string", "b": "string"}, LAZY, {"a": "x\x01y\r\n"})
    assert lake.rows(f"SELECT * FROM {plain}") == [["x", "y"]]
    settings = {"field.delim": ",", "escape.delim": "\\", "serialization.null.format": "-"}
    escaped = lake.table({"a": "string", "b": "string"}, LAZY, {"a": "x\\,y,-\n"}, settings=settings)
    assert lake.rows(f"SELECT * FROM {escaped}") == [["x,y", None]]


@pytest.mark.parametrize("serde", [OPENX, HCATALOG])
def test_json(lake: Lake, serde: str) -> None:
    """Keys are names of columns in any case; nested values become arrays, maps and rows; texts keep what they are."""
    columns = {
        "a": "string", "n": "bigint", "x": "double", "b": "boolean", "l": "array<int>", "s": "struct<p:int,q:string>",
        "m": "map<string,int>", "j": "string",
    }  # fmt: skip
    body = '{"A":"é","n":1,"x":1.5,"b":true,"l":[1,2],"s":{"P":3,"q":"z"},"m":{"K":1},"j":{"u":[1.50]}}\n{"a":null}\n'
    name = lake.table(columns, serde, {"a.json": body})

    assert lake.rows(f"SELECT * FROM {name} ORDER BY a") == [
        ["é", "1", "1.5", "true", "[1, 2]", "{p=3, q=z}", "{K=1}", '{"u":[1.50]}'],
        [None] * 8,
    ]


def test_json_that_is_none(lake: Lake) -> None:
    """A line that is no object fails the query, unless the table says that it is NULL."""
    name = lake.table({"a": "string"}, OPENX, {"a.json": "nonsense\n"})
    assert lake.reason(f"SELECT * FROM {name}").startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    settings = {"ignore.malformed.json": "true"}
    lenient = lake.table({"a": "string"}, OPENX, {"a.json": 'nonsense\n{"a":"x"}\n'}, settings=settings)
    assert lake.rows(f"SELECT * FROM {lenient} ORDER BY a") == [["x"], [None]]


def test_partitions(lake: Lake) -> None:
    """Values of partitions are columns with their types; what WHERE leaves out is not read, nor counted."""
    name = lake.table({"a": "string"}, LAZY, {}, keys={"day": "date", "n": "int"})
    frames = {("2020-01-01", "1"): "x\n", ("2020-01-02", "2"): "yyyy\n", ("__HIVE_DEFAULT_PARTITION__", "3"): "zz\n"}
    described = lake.glue.get_table(DatabaseName=lake.database, Name=name)["Table"]["StorageDescriptor"]
    partitions = []
    for (day, number), body in frames.items():
        location = lake.put(f"{name}/day={day}/n={number}/f", body).removesuffix("f")
        partitions.append({"Values": [day, number], "StorageDescriptor": {**described, "Location": location}})
    lake.put(f"{name}/day=2021-01-01/n=9/f", "not in the catalog\n")
    first, *others = partitions
    lake.glue.create_partition(DatabaseName=lake.database, TableName=name, PartitionInput=first)
    lake.glue.batch_create_partition(DatabaseName=lake.database, TableName=name, PartitionInputList=others)

    everything = [["x", "2020-01-01", "1"], ["yyyy", "2020-01-02", "2"], ["zz", None, "3"]]
    assert lake.rows(f"SELECT * FROM {name} ORDER BY n") == everything
    for where, size, rows in (
        ("day = date '2020-01-02' AND a <> 'q'", 5, 1),
        ("t.n < 2", 2, 1),
        ("day IS NULL", 3, 1),
        ("a = 'x'", 10, 1),
        ("n > 7", 0, 0),
    ):
        query = lake.run(f"SELECT a FROM {name} AS t WHERE {where}")
        assert query["Statistics"]["DataScannedInBytes"] == size, where
        result = lake.athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])["ResultSet"]["Rows"]
        assert len(result) - 1 == rows
    joined = f"SELECT v.x, t.a FROM (VALUES 1, 5) AS v(x) LEFT JOIN {name} AS t ON v.x = t.n WHERE t.day IS NULL"
    assert lake.rows(joined) == [["5", None]]


def test_partitions_of_other_columns(lake: Lake) -> None:
    """A partition from before a column was added gives NULL, one with another type is refused."""
    name = lake.table({"a": "string", "b": "int"}, LAZY, {}, keys={"p": "int"}, settings={"field.delim": ","})
    described = lake.glue.get_table(DatabaseName=lake.database, Name=name)["Table"]["StorageDescriptor"]
    location = lake.put(f"{name}/p=1/f", "x\n").removesuffix("f")

    def partition(value: str, *columns: tuple[str, str]) -> None:
        listed = [{"Name": column, "Type": kind} for column, kind in columns]
        storage = {**described, "Location": location, "Columns": listed}
        given = {"Values": [value], "StorageDescriptor": storage}
        lake.glue.create_partition(DatabaseName=lake.database, TableName=name, PartitionInput=given)

    partition("1", ("a", "string"))
    assert lake.rows(f"SELECT * FROM {name}") == [["x", None, "1"]]
    partition("2", ("a", "bigint"))
    assert "with other columns than it has is not emulated" in lake.reason(f"SELECT * FROM {name}")


def test_settings_of_the_table_itself(lake: Lake) -> None:
    """A header is skipped whether the table or its SerDe says so; bzip2 is read by its ending."""
    files = {"a.csv.bz2": bz2.compress(b"a\nx\n")}
    name = lake.table({"a": "string"}, CSV, files, parameters={"skip.header.line.count": "1"})

    assert lake.rows(f"SELECT * FROM {name}") == [["x"]]


def test_a_column_that_is_called_like_its_table(lake: Lake) -> None:
    """The name means the column, and the row that DuckDB would see is none."""
    name = lake.parquet(pl.DataFrame({"a": [1]}), {"a": "bigint"})
    assert lake.rows(f"SELECT a FROM {name} AS a") == [["1"]]
    assert lake.reason(f"SELECT {name} FROM {name}").startswith(f"COLUMN_NOT_FOUND: line 1:8: Column '{name}' cannot")


def test_a_table_without_objects_has_no_rows(lake: Lake) -> None:
    """Nothing below a location is no error."""
    assert lake.rows(f"SELECT count(*) FROM {lake.table({'a': 'int'}, PARQUET, {})}") == [["0"]]


def test_hidden_names_of_duckdb(lake: Lake) -> None:
    """A table has the columns that the catalog says, and none of the engine's own."""
    name = lake.parquet(pl.DataFrame({"a": [1]}), {"a": "bigint"})

    assert lake.reason(f"SELECT rowid FROM {name}").startswith("COLUMN_NOT_FOUND: line 1:8: Column 'rowid' cannot")


ORC = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"serde": ORC}, f"the SerDe '{ORC}'"),
    ({"parameters": {"table_type": "ICEBERG"}}, "which is of the format ICEBERG"),
    ({"parameters": {"spark.sql.sources.provider": "delta"}}, "which is of the format delta"),
    ({"parameters": {"projection.enabled": "true"}, "keys": {"p": "int"}}, "the partition projection of the table"),
    ({"TableType": "VIRTUAL_VIEW"}, "the view"),
    ({"columns": {"a": "uniontype<int,string>"}}, "the type uniontype<int,string> of a column"),
    ({"columns": {"a": "array<int>"}}, "the type INTEGER[] of the column a"),
    ({"settings": {"separatorChar": "||"}}, "a separatorChar, quoteChar or escapeChar that is not one character"),
    ({"file": "a.csv.zst"}, "the compression of s3://"),
]


@pytest.mark.parametrize(("given", "what"), REFUSED, ids=[what for _, what in REFUSED])
def test_other_tables_are_refused_by_name(lake: Lake, given: dict[str, Any], what: str) -> None:
    """What is not read here fails the query with the name of what is not emulated."""
    more = dict(given)
    columns, serde, file = more.pop("columns", {"a": "string"}), more.pop("serde", CSV), more.pop("file", "a.csv")
    name = lake.table(columns, serde, {file: "x\n"}, **more)

    reason = lake.reason(f"SELECT * FROM {name}")
    assert reason.startswith("NOT_SUPPORTED: ")
    assert what in reason
    assert "is not emulated" in reason


def test_a_location_that_is_gone(lake: Lake) -> None:
    """A bucket that is not there is named."""
    name = lake.table({"a": "string"}, CSV, {})
    found = lake.glue.get_table(DatabaseName=lake.database, Name=name)["Table"]
    described = {**found["StorageDescriptor"], "Location": "s3://nobody-has-this/x/"}
    changed = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": described}
    lake.glue.update_table(DatabaseName=lake.database, TableInput=changed)

    assert "The specified bucket does not exist" in lake.reason(f"SELECT * FROM {name}")


def test_bytes_of_each_mention_count(lake: Lake) -> None:
    """What is scanned are the whole objects, twice for a table that is named twice."""
    frame = pl.DataFrame({"a": [1], "b": [2]})
    name = lake.parquet(frame, {"a": "bigint", "b": "bigint"})

    query = lake.run(f"SELECT x.a FROM {name} AS x CROSS JOIN {name} AS y")
    assert query["Statistics"]["DataScannedInBytes"] == 2 * len(as_parquet(frame))
