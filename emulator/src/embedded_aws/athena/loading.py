"""A table's objects, brought into DuckDB with the table's types."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from embedded_aws.athena import conversion
from embedded_aws.athena.catalog import Column, Part, Table
from embedded_aws.athena.exceptions import QueryFailedError
from embedded_aws.athena.hive import INTEGERS, is_nested, quoted, text
from embedded_aws.athena.rows import rows
from embedded_aws.athena.storage import Bucket, Thing
from embedded_aws.athena.translation import SCHEMA

_TEXTS = "texts"
_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")


class Loader:
    """Loads tables into one database; `folder` is for files that are gone with it."""

    def __init__(self, database: duckdb.DuckDBPyConnection, bucket: Bucket, folder: Path) -> None:
        self._database = database
        self._bucket = bucket
        self._folder = folder

    def load(self, table: Table, parts: Sequence[tuple[Part, Sequence[Thing]]]) -> None:
        """Load what lies in some parts of a table.

        Raises:
            QueryFailedError: an object cannot be read, or holds other types than the table says.
        """
        name = table.source.name
        described = ", ".join(f"{quoted(each.name)} {each.kind}" for each in (*table.columns, *table.keys))
        run(self._database, f"CREATE TABLE data.{name} ({described})")
        # A view has no columns of DuckDB's own, such as rowid.
        run(self._database, f"CREATE VIEW {SCHEMA}.{name} AS SELECT * FROM data.{name}")
        for part, things in parts:
            keys = [literal(key, value) for key, value in zip(table.keys, part.values, strict=False)]
            for thing in things:
                if part.serde == "parquet":
                    self._load_parquet(name, table.columns, keys, thing)
                else:
                    self._load_texts(name, table.columns, keys, part, thing)

    def _load_parquet(self, name: str, columns: Sequence[Column], keys: list[str], thing: Thing) -> None:
        file = self._folder / "object.parquet"
        file.write_bytes(self._bucket.read(thing))
        source = f"read_parquet({text(str(file))}, hive_partitioning = false)"
        try:
            found = run(self._database, f"DESCRIBE SELECT * FROM {source}").fetchall()
            kinds = {str(row[0]).lower(): (str(row[0]), str(row[1])) for row in found}
            values = [_of_parquet(column, kinds, thing) for column in columns]
            run(self._database, f"INSERT INTO data.{name} SELECT {', '.join([*values, *keys])} FROM {source}")
        except duckdb.Error as error:
            told = str(error).splitlines()[0].replace(str(file), thing.url)
            raise QueryFailedError(f"HIVE_BAD_DATA: Not valid Parquet file: {thing.url}: {told}") from error

    def _load_texts(self, name: str, columns: Sequence[Column], keys: list[str], part: Part, thing: Thing) -> None:
        body = self._bucket.read(thing)
        values = [conversion.value(part.serde, column, at) for at, column in enumerate(columns)]
        found = list(rows(part, columns, thing, body))
        schema: Any = dict.fromkeys((column.name for column in columns), pl.String)
        file = self._folder / f"{_TEXTS}.parquet"
        pl.DataFrame(found, schema=schema, orient="row").write_parquet(file)
        source = f"read_parquet({text(str(file))}, hive_partitioning = false)"
        run(self._database, f"INSERT INTO data.{name} SELECT {', '.join([*values, *keys])} FROM {source}")


def run(database: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    """Run one statement of this package's own making."""
    return database.execute(sql)


def literal(column: Column, value: str | None) -> str:
    """Return the value of a partition as DuckDB's SQL.

    Raises:
        QueryFailedError: it is none of the column's type.
    """
    if value is None:
        return f"CAST(NULL AS {column.kind})"
    number = value.lstrip("+-")
    if column.kind in INTEGERS and not (number.isascii() and number.isdecimal()):
        raise QueryFailedError(
            f"HIVE_INVALID_PARTITION_VALUE: Invalid partition value '{value}' for {column.kind} partition key: "
            f"{column.name}"
        )
    return f"CAST({text(value)} AS {column.kind})"


def _of_parquet(column: Column, kinds: Mapping[str, tuple[str, str]], thing: Thing) -> str:
    """Return the expression of a column in a Parquet file, which is found by its name."""
    if column.name not in kinds:
        return f"CAST(NULL AS {column.kind})"
    name, kind = kinds[column.name]
    if kind == column.kind:
        return f"date_trunc('milliseconds', {quoted(name)})" if kind == "TIMESTAMP" else quoted(name)
    if column.kind == "TIMESTAMP" and kind in _TIMES:
        return f"date_trunc('milliseconds', CAST({quoted(name)} AS TIMESTAMP))"
    if column.kind == "VARCHAR" and kind == "BLOB":
        return f"decode({quoted(name)})"
    if _fits(kind, column.kind):
        return f"CAST({quoted(name)} AS {column.kind})"
    raise QueryFailedError(
        f"HIVE_BAD_DATA: Field {column.name}'s type {kind} in parquet file {thing.url} is incompatible with type "
        f"{column.kind} defined in table schema"
    )


def _fits(found: str, declared: str) -> bool:
    """Say whether each value of one type is one of the other."""
    if found in INTEGERS and declared in INTEGERS:
        return INTEGERS[found] <= INTEGERS[declared]
    if (found, declared) == ("FLOAT", "DOUBLE"):
        return True
    if is_nested(found) and is_nested(declared):
        return found.replace('"', "").lower() == declared.replace('"', "").lower()
    return False
