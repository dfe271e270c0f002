"""Take raw columns out of Parquet objects as text.

    text, category       as it is
    whole number         its digits
    decimal              its digits, with as many after the point as the type has
    floating point       shortest decimal that reads back as the same number, without ".0" where it is whole
    boolean              true or false
    date                 2024-01-31
    timestamp            2024-01-31 23:59:59, or 2024-01-31 23:59:59Z where it has a zone; fractions are dropped

A name with dots is a path into nested structs, unless a column has that very name. Lists of these are joined by | where
the mapping says so; other lists, structs, bytes and times of day stand for no text.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from definition.mapping.mapping import EXACT, SEVERAL
from lambdas.transform.columns import LINE, LINE_NUMBER, Origin
from transform import reasons
from transform.errors import ColumnMissingError, UndecodableError
from transform.meaning.names import raw
from transform.raw.objects import partitions
from transform.raw.told import fields_told, without_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polars.datatypes import DataTypeClass

    from definition.mapping.mapping import DatasetMapping
    from transform.contract import RawObject
    from transform.raw.store import Store

_PATH, _WRONG = ":path", ":wrong"
"""Columns beside the fields: address of the object, what is wrong with a list."""


def scan(store: Store, objects: Sequence[RawObject], mapping: DatasetMapping, columns: Sequence[str]) -> pl.LazyFrame:
    """Return the frame between reader and rules: one scan for all objects that have the same columns.

    Rows are numbered throughout the objects of one scan; their raw text is a JSON object of the columns that are read.

    Raises:
        ColumnMissingError: an object lacks one of ``columns``, or holds there what no text stands for.
        UndecodableError: an object is not Parquet.
    """
    with ThreadPoolExecutor() as pool:
        schemas = pool.map(lambda item: _schema(store, item, mapping.dataset), objects)
        groups: dict[tuple[object, ...], list[RawObject]] = defaultdict(list)
        for item, schema in zip(objects, schemas, strict=True):
            given = frozenset(columns).intersection(partitions(item.key))
            groups[given, *schema.items()].append(item)
    return pl.concat([_scan_alike(store, alike, mapping, columns) for alike in groups.values()])


def _schema(store: Store, item: RawObject, dataset: str) -> pl.Schema:
    try:
        return pl.scan_parquet(store.root + item.key, glob=False, hive_partitioning=False).collect_schema()
    except PolarsError as error:
        remedy = f"Upload it again, or correct datasets.{dataset}.source.format"
        raise UndecodableError(f"{item.key} is not Parquet ({without_values(str(error))}). {remedy}.") from error


def _scan_alike(
    store: Store, objects: list[RawObject], mapping: DatasetMapping, columns: Sequence[str]
) -> pl.LazyFrame:
    first = objects[0].key
    schema = _schema(store, objects[0], mapping.dataset)
    uris = pl.Series([store.root + item.key for item in objects])
    given = [partitions(item.key) for item in objects]
    origin = Origin(
        _lookup(uris, [item.key for item in objects]),
        {name: _lookup(uris, [of[name] for of in given]) for name in columns if name in given[0]},
    )
    fields = {name: _field(first, name, schema, columns) for name in columns if name not in origin.partitions}
    lists = {name for name, (_, kind) in fields.items() if isinstance(kind, pl.List) and name in mapping.lists}
    cells = {
        name: _joined(first, name, field) if name in lists else _text(first, name, *field)
        for name, field in fields.items()
    }
    wrong = [
        pl.when(_holds_several(fields[name][0])).then(pl.lit(reasons.bar_in_list(name)))
        for name in mapping.lists
        if name in lists
    ]
    row = pl.struct(text.alias(name) for name, text in cells.items()).struct.json_encode() if cells else pl.lit("{}")
    path, number = _unused(_PATH, schema), _unused(LINE_NUMBER, schema)
    rows = pl.scan_parquet(
        uris.to_list(), glob=False, hive_partitioning=False, include_file_paths=path, row_index_name=number
    ).select(
        pl.col(path).alias(_PATH),
        pl.col(number).alias(LINE_NUMBER),
        row.alias(LINE),
        pl.coalesce([pl.lit(None, dtype=pl.String), *wrong]).alias(_WRONG),
        *(text.alias(raw(name)) for name, text in cells.items()),
    )
    return origin.rows(
        rows, columns, pl.col(_WRONG), {name: pl.when(pl.col(raw(name)) != "").then(raw(name)) for name in cells}
    )


def _unused(name: str, schema: pl.Schema) -> str:
    """Return a name like this one that no column of an object has."""
    return _unused(f":{name}", schema) if name in schema else name


def _lookup(uris: pl.Series, values: Sequence[str | None]) -> pl.Expr:
    """Return the value of a row's object; batch by batch, since the engine's own replace would hold all rows."""
    found = pl.Series(values, dtype=pl.String)
    return pl.col(_PATH).map_batches(
        lambda paths: paths.replace_strict(uris, found, return_dtype=pl.String),
        return_dtype=pl.String,
        is_elementwise=True,
    )


def _field(
    key: str, name: str, schema: pl.Schema, columns: Sequence[str]
) -> tuple[pl.Expr, DataTypeClass | pl.DataType]:
    """Return a raw column and its type."""
    parts = [name] if name in schema else name.split(".")
    expression = pl.col(parts[0])
    kind: DataTypeClass | pl.DataType | None = schema.get(parts[0])
    for part in parts[1:]:
        inner = kind.to_schema() if isinstance(kind, pl.Struct) else pl.Schema()
        expression, kind = expression.struct.field(part), inner.get(part)
    if kind is None:
        found = fields_told(list(schema), columns)
        raise ColumnMissingError(
            f"{key} has no column '{name}'; it {found}. Correct the column names in the pipeline file."
        )
    return expression, kind


def _joined(key: str, name: str, field: tuple[pl.Expr, DataTypeClass | pl.DataType]) -> pl.Expr:
    """Return the values of a list as one text; those without a value are left out."""
    expression, kind = field
    inner = kind.inner if isinstance(kind, pl.List) else pl.String()
    texts = expression.list.eval(_text(key, name, pl.element(), inner))
    return texts.list.eval(pl.element().filter(pl.element() != "")).list.join(SEVERAL)


def _holds_several(expression: pl.Expr) -> pl.Expr:
    texts = expression.cast(pl.List(pl.String))
    return texts.list.eval(pl.element().str.contains(SEVERAL, literal=True)).list.any()


def _text(key: str, name: str, expression: pl.Expr, kind: DataTypeClass | pl.DataType) -> pl.Expr:
    """Return a field of one value as text.

    Raises:
        ColumnMissingError: no text stands for its type.
    """
    if isinstance(kind, pl.Datetime):
        if kind.time_zone:
            return expression.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%SZ")
        return expression.dt.strftime("%Y-%m-%d %H:%M:%S")
    if kind == pl.Date:
        return expression.dt.strftime("%Y-%m-%d")
    if kind.is_float():
        whole = (expression == expression.round()) & (expression.abs() < EXACT)
        return (
            pl.when(whole)
            .then(expression.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(expression.cast(pl.String))
        )
    if kind.is_nested() or kind in {pl.Binary, pl.Time, pl.Duration, pl.Object}:
        raise ColumnMissingError(
            f"{key} holds {kind} in '{name}', which no text stands for. Map a column of text, numbers, booleans, dates "
            "or timestamps."
        )
    return expression.cast(pl.String)
