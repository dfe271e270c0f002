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
from lambdas.transform.columns import ELEMENTS, LINE, LINE_NUMBER, Origin
from transform import reasons
from transform.errors import ColumnMissingError, UndecodableError
from transform.meaning.names import raw
from transform.raw.foreign import check_foreign
from transform.raw.lists import list_held, list_in_path, no_list_held
from transform.raw.objects import partitions
from transform.raw.told import fields_told, without_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polars.datatypes import DataTypeClass

    from definition.mapping.source import Explode, SourceMapping
    from transform.contract import RawObject
    from transform.raw.store import Store

_PATH, _WRONG = ":path", ":wrong"
"""Columns beside the fields: address of the object, what is wrong with a list."""


def scan(store: Store, objects: Sequence[RawObject], mapping: SourceMapping, columns: Sequence[str]) -> pl.LazyFrame:
    """Return the frame between reader and rules: one scan for all objects that have the same columns.

    Rows are numbered throughout the objects of one scan; their raw text is a JSON object of the columns that are read.

    Raises:
        ColumnMissingError: an object lacks one of ``columns``, or holds there what no text stands for.
        UndecodableError: an object is not Parquet.
    """
    with ThreadPoolExecutor() as pool:
        schemas = pool.map(lambda item: _schema(store, item, mapping.place), objects)
        groups: dict[tuple[object, ...], list[RawObject]] = defaultdict(list)
        for item, schema in zip(objects, schemas, strict=True):
            given = frozenset(columns).intersection(partitions(item.key))
            groups[given, *schema.items()].append(item)
    return pl.concat([_scan_alike(store, alike, mapping, columns) for alike in groups.values()])


def _schema(store: Store, item: RawObject, place: str) -> pl.Schema:
    try:
        return pl.scan_parquet(store.address(item.key), glob=False, hive_partitioning=False).collect_schema()
    except PolarsError as error:
        remedy = f"Upload it again, or correct {place}.format"
        raise UndecodableError(f"{item.key} is not Parquet ({without_values(str(error))}). {remedy}.") from error


def _scan_alike(store: Store, objects: list[RawObject], mapping: SourceMapping, columns: Sequence[str]) -> pl.LazyFrame:
    first = objects[0].key
    schema = _schema(store, objects[0], mapping.place)
    check_foreign(first, schema, mapping, [name for name, kind in schema.items() if isinstance(kind, pl.Struct)])
    uris = pl.Series([store.address(item.key) for item in objects])
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
    explode = mapping.explode if mapping.explode and mapping.explode.split is None else None
    spelled = dict(cells)
    if explode:
        spelled[explode.path] = _elements(first, explode.path, _field(first, explode.path, schema, columns), mapping)
    row = (
        pl.struct(text.alias(name) for name, text in spelled.items()).struct.json_encode() if spelled else pl.lit("{}")
    )
    path, number = _unused(_PATH, schema), _unused(LINE_NUMBER, schema)
    rows = pl.scan_parquet(
        uris.to_list(), glob=False, hive_partitioning=False, include_file_paths=path, row_index_name=number
    ).select(
        pl.col(path).alias(_PATH),
        pl.col(number).alias(LINE_NUMBER),
        row.alias(LINE),
        pl.coalesce([pl.lit(None, dtype=pl.String), *wrong]).alias(_WRONG),
        *(text.alias(raw(name)) for name, text in cells.items()),
        *([spelled[explode.path].alias(ELEMENTS)] if explode else []),
    )
    filled: dict[str, pl.Expr] = {name: pl.when(pl.col(raw(name)) != "").then(raw(name)) for name in cells}
    return origin.rows(rows, columns, pl.col(_WRONG), filled, _listed(explode, mapping) if explode else None)


def _elements(
    key: str, name: str, field: tuple[pl.Expr, DataTypeClass | pl.DataType], mapping: SourceMapping
) -> pl.Expr:
    """Return a list that is exploded, with texts in the places of the raw columns that are read of its elements."""
    expression, kind = field
    if not isinstance(kind, pl.List):
        raise ColumnMissingError(no_list_held(key, name, str(kind), mapping.place))
    columns = mapping.element_columns()
    if columns == [name]:
        return expression.list.eval(_text(key, name, pl.element(), kind.inner))
    inner = pl.Schema(kind.inner.to_schema() if isinstance(kind.inner, pl.Struct) else {})
    below = [column.removeprefix(f"{name}.") for column in columns]
    texts = []
    for column, part in zip(columns, below, strict=True):
        found = _field(key, part, inner, below, path=name, field_of=pl.element().struct.field)
        several = column in mapping.lists and isinstance(found[1], pl.List)
        texts.append((_joined(key, column, found) if several else _text(key, column, *found)).alias(part))
    return expression.list.eval(pl.struct(texts))


def _listed(explode: Explode, mapping: SourceMapping) -> pl.Expr:
    """Return ELEMENTS of what ``_elements`` returns."""
    columns = mapping.element_columns()
    begin = f"{explode.path}."
    cells = [
        pl.element() if columns == [explode.path] else pl.element().struct.field(name.removeprefix(begin))
        for name in columns
    ]
    shape = pl.lit(None, dtype=pl.String)
    return pl.col(ELEMENTS).list.eval(pl.concat_list([shape, *(pl.when(cell != "").then(cell) for cell in cells)]))


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
    key: str,
    name: str,
    schema: pl.Schema,
    columns: Sequence[str],
    *,
    path: str = "",
    field_of: Callable[[str], pl.Expr] = pl.col,
) -> tuple[pl.Expr, DataTypeClass | pl.DataType]:
    """Return a raw column and its type.

    Args:
        key: of the object.
        name: of the raw column.
        schema: where it is looked for: the object's, or that of the elements of a list.
        columns: names of the raw columns that are looked for there.
        path: name of that list, empty for the object.
        field_of: returns a field of the schema.
    """
    parts = [name] if name in schema else name.split(".")
    expression = field_of(parts[0])
    kind: DataTypeClass | pl.DataType | None = schema.get(parts[0])
    for at, part in enumerate(parts[1:], 1):
        if isinstance(kind, pl.List):
            raise ColumnMissingError(list_in_path(key, ".".join(parts[:at]), name, may_explode=not path))
        inner = kind.to_schema() if isinstance(kind, pl.Struct) else pl.Schema()
        expression, kind = expression.struct.field(part), inner.get(part)
    if kind is None:
        found = fields_told(list(schema), columns)
        where = f"{key} has no column '{name}'; it"
        if path:
            where = f"The elements of '{path}' in {key} have no field '{name}'; each"
        raise ColumnMissingError(f"{where} {found}. Correct the column names in the pipeline file.")
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
    if isinstance(kind, pl.List):
        raise ColumnMissingError(list_held(key, name))
    if kind.is_nested() or kind in {pl.Binary, pl.Time, pl.Duration, pl.Object}:
        raise ColumnMissingError(
            f"{key} holds {kind} in '{name}', which no text stands for. Map a column of text, numbers, booleans, dates "
            "or timestamps."
        )
    return expression.cast(pl.String)
