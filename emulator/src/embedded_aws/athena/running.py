"""What a query does: read its SQL, find its tables, load them, run, and write the results."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import duckdb

from embedded_aws import clock
from embedded_aws.athena.catalog import Catalog, Part, Table
from embedded_aws.athena.engine import Engine, chosen
from embedded_aws.athena.errors import not_found, told
from embedded_aws.athena.exceptions import QueryCancelledError, QueryFailedError
from embedded_aws.athena.queries import Answer, Query
from embedded_aws.athena.results import as_csv, cells
from embedded_aws.athena.storage import Bucket, Thing
from embedded_aws.athena.translation import Translated, translated
from embedded_aws.athena.workgroups import write_settings

OVER: Final = "Bytes scanned limit was exceeded"
_NOT_WRITTEN: Final = {'"NULL"': "unknown", "TIMESTAMP WITH TIME ZONE": "timestamp(3) with time zone"}
_Chosen = list[tuple[Table, list[tuple[Part, Sequence[Thing]]]]]


def answered(query: Query, folder: Path) -> Answer:
    """Return what a query gives, after its results have been written.

    Args:
        query: a query that has begun.
        folder: an empty one, for its files.

    Raises:
        QueryFailedError: it fails.
        QueryCancelledError: it was stopped, or reads more than its workgroup lets it.
    """
    if isinstance(query.tree, QueryFailedError):
        raise query.tree
    text = query.statement.query
    plan = translated(query.tree, text, query.database)
    catalog, bucket = Catalog(query.caller, text), Bucket(query.caller)
    tables = [catalog.table(source) for source in plan.sources]
    _check_rows(plan, tables, text)
    found = [(table, _found(table, bucket, folder)) for table in tables]
    _check_size(query, found)
    unload = query.statement.unload
    if unload is not None and not bucket.is_empty(unload.bucket, unload.prefix):
        raise QueryFailedError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory already exists: s3://{unload.bucket}/{unload.prefix}"
        )
    with Engine(folder) as engine:
        query.begin(engine)
        try:
            for table, parts in found:
                query.check()
                engine.load(table, parts, bucket)
            columns = engine.run(plan, text)
            query.check()
            if unload is not None:
                return _unloaded(query, engine, columns, bucket)
            return _shown(query, engine, columns, bucket)
        except duckdb.Error as error:
            raise told(error) from error


def _check_rows(plan: Translated, tables: Sequence[Table], text: str) -> None:
    """Check that names which a table has, too, are those of its columns."""
    columns = {table.source.name: {column.name for column in (*table.columns, *table.keys)} for table in tables}
    for name, source, offset in plan.rows:
        if name not in columns[source]:
            raise not_found(name, text, offset)


def _found(table: Table, bucket: Bucket, folder: Path) -> list[tuple[Part, Sequence[Thing]]]:
    return [(table.parts[at], bucket.below(table.parts[at].location)) for at in chosen(table, folder)]


def _check_size(query: Query, found: _Chosen) -> None:
    """Count what is to be read: whole objects, a table that is named twice twice."""
    query.scanned = sum(thing.size for _, parts in found for _, things in parts for thing in things)
    if query.cutoff is not None and query.scanned > query.cutoff:
        raise QueryCancelledError(OVER)


def _shown(query: Query, engine: Engine, columns: list[tuple[str, str]], bucket: Bucket) -> Answer:
    rows = [cells(row, columns) for row in engine.rows(columns)]
    names = [name for name, _ in columns]
    bucket.write(query.location, as_csv(names, rows), write_settings(query.result))
    return Answer(columns, rows)


def _unloaded(query: Query, engine: Engine, columns: list[tuple[str, str]], bucket: Bucket) -> Answer:
    unload = query.statement.unload
    assert unload is not None, "asked for by an UNLOAD alone"
    names = [name for name, _ in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise QueryFailedError(f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{twice[0]}' specified more than once")
    for name, kind in columns:
        if (unwritten := _NOT_WRITTEN.get(kind)) is not None:
            raise QueryFailedError(f"NOT_SUPPORTED: Unsupported Hive type: {unwritten} (column {name})")
    file, count = engine.unload(columns, unload.compression)
    settings = write_settings(query.result)
    written = []
    if file is not None:
        url = f"s3://{unload.bucket}/{unload.prefix}{_file_name(clock.now())}"
        bucket.write(url, file.read_bytes(), settings)
        written.append(url)
    manifest = f"{query.location}-manifest.csv"
    bucket.write(manifest, "".join(f"{url}\n" for url in written).encode(), settings)
    return Answer(manifest=manifest, written=count)


def _file_name(now: datetime) -> str:
    """Return a name as Athena gives it to a file: when, a number, and an id; without an ending."""
    return f"{now:%Y%m%d_%H%M%S}_{uuid4().int % 100000:05d}_{uuid4().hex[:5]}_{uuid4()}"
