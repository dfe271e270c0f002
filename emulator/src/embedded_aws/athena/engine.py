"""One query in a DuckDB of its own, which cannot reach the machine once the query's SQL comes to it.

The tables are loaded first. Then DuckDB's access to files, the network, extensions and this process is closed for good
(https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview), but for one folder, into which the results
of UNLOAD are written. What a query may say has been looked at before (see `translation`): this is the second lock.
"""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb

from embedded_aws.athena.catalog import Table
from embedded_aws.athena.errors import told
from embedded_aws.athena.exceptions import not_emulated
from embedded_aws.athena.hive import quoted, text
from embedded_aws.athena.loading import Loader, literal, run
from embedded_aws.athena.macros import MACROS
from embedded_aws.athena.storage import Bucket, Thing
from embedded_aws.athena.translation import SCHEMA, Translated

_SETTINGS: Final = (
    "SET integer_division = true",
    "SET default_null_order = 'nulls_last'",
    "SET TimeZone = 'UTC'",
    "SET preserve_insertion_order = true",
)
_LOCKS: Final = ("SET enable_external_access = false", "SET lock_configuration = true")
_RESULT: Final = "result"
_WIDE: Final = "HUGEINT"
_NOT_SHOWN: Final = {"INTERVAL", "UHUGEINT", "TIME", "BIT"}


class Engine:
    """A DuckDB for one query; a context manager that forgets it at the end.

    Args:
        folder: for the files of this query alone.
    """

    def __init__(self, folder: Path) -> None:
        self._in, self._out = folder / "in", folder / "out"
        for each in (self._in, self._out):
            each.mkdir()
        self._database = _opened(folder / "swap")
        for schema in ("data", SCHEMA):
            run(self._database, f"CREATE SCHEMA {schema}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def interrupt(self) -> None:
        """End what runs, from another thread; the method that runs it raises. One that is closed runs nothing."""
        with contextlib.suppress(duckdb.Error):
            self._database.interrupt()

    def load(self, table: Table, chosen: Sequence[tuple[Any, Sequence[Thing]]], bucket: Bucket) -> None:
        """Load a table.

        Raises:
            QueryFailedError: an object cannot be read as the table says.
        """
        try:
            Loader(self._database, bucket, self._in).load(table, chosen)
        except duckdb.Error as error:
            raise told(error) from error

    def run(self, query: Translated, given: str) -> list[tuple[str, str]]:
        """Run a query and keep its result; return the names and types of its columns.

        Args:
            query: in DuckDB's SQL.
            given: the text as it came, for the places in errors.

        Raises:
            QueryFailedError: it fails.
        """
        _lock(self._database, self._out)
        try:
            found = run(self._database, f"DESCRIBE {query.sql}").fetchall()
            columns = [(str(row[0]), str(row[1])) for row in found]
            names = ", ".join(f"c{at}" for at in range(len(columns)))
            run(self._database, f"CREATE TEMP TABLE {_RESULT}({names}) AS {query.sql}")
            run(self._database, f"CREATE TEMP VIEW narrow AS SELECT {_narrowed(columns)} FROM {_RESULT}")
        except duckdb.Error as error:
            raise told(error, query, given) from error
        for name, kind in columns:
            if kind in _NOT_SHOWN:
                raise not_emulated(f"the type {kind} of the column {name} of the result")
        return [(name, "BIGINT" if kind == _WIDE else kind) for name, kind in columns]

    def rows(self, columns: Sequence[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the result as Python's values; times with a zone in UTC, without it.

        Raises:
            QueryFailedError: a sum is larger than a bigint.
        """
        read = ", ".join(
            f"CAST(c{at} AS TIMESTAMP)" if kind == "TIMESTAMP WITH TIME ZONE" else f"c{at}"
            for at, (_, kind) in enumerate(columns)
        )
        try:
            yield from run(self._database, f"SELECT {read} FROM narrow").fetchall()
        except duckdb.Error as error:
            raise told(error) from error

    def unload(self, columns: Sequence[tuple[str, str]], compression: str) -> tuple[Path | None, int]:
        """Write the result as a Parquet file; return it and its rows, None without any.

        Raises:
            QueryFailedError: a sum is larger than a bigint.
        """
        file = self._out / "result.parquet"
        named = ", ".join(f"c{at} AS {quoted(name)}" for at, (name, _) in enumerate(columns))
        try:
            (count,) = run(self._database, f"SELECT count(*) FROM {_RESULT}").fetchall()[0]
            if not count:
                return None, 0
            copy = f"COPY (SELECT {named} FROM narrow) TO {text(str(file))}"
            run(self._database, f"{copy} (FORMAT parquet, COMPRESSION {compression})").fetchall()
        except duckdb.Error as error:
            raise told(error) from error
        return file, int(count)


def chosen(table: Table, folder: Path) -> list[int]:
    """Return the places of the partitions that the query can need rows of.

    Raises:
        QueryFailedError: a partition's value is none of its column's type.
    """
    keys = {column.name for column in table.keys}
    conditions = [sql for sql, names in table.source.conditions if names <= keys]
    everything = list(range(len(table.parts)))
    if not table.keys or not conditions or not table.parts:
        return everything
    described = ", ".join(f"{quoted(column.name)} {column.kind}" for column in table.keys)
    with _scratch(folder) as database:
        run(database, f"CREATE TABLE parts ({described}, place_ BIGINT)")
        for at, part in enumerate(table.parts):
            values = [literal(key, value) for key, value in zip(table.keys, part.values, strict=True)]
            run(database, f"INSERT INTO parts VALUES ({', '.join([*values, str(at)])})")
        _lock(database, None)
        try:
            where = " AND ".join(f"({each})" for each in conditions)
            found = run(database, f"SELECT place_ FROM parts WHERE {where} ORDER BY place_").fetchall()
        except duckdb.Error:
            return everything  # the query itself will tell what is wrong with the condition
    return [int(row[0]) for row in found]


def _narrowed(columns: Sequence[tuple[str, str]]) -> str:
    """Return the columns as Athena has them: a sum of integers is a bigint there."""
    return ", ".join(
        f"CAST(c{at} AS BIGINT) AS c{at}" if kind == _WIDE else f"c{at}" for at, (_, kind) in enumerate(columns)
    )


@contextmanager
def _scratch(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    database = _opened(folder / "swap")
    try:
        yield database
    finally:
        database.close()


def _opened(swap: Path) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": False,  # names of this process's variables are no tables
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "threads": 2,
            "temp_directory": str(swap),
        },
    )
    for each in _SETTINGS:
        run(database, each)
    for macro in MACROS:
        run(database, f"CREATE MACRO {macro}")
    return database


def _lock(database: duckdb.DuckDBPyConnection, out: Path | None) -> None:
    if out is not None:
        run(database, f"SET allowed_directories = [{text(str(out))}]")
    for each in _LOCKS:
        run(database, each)
