"""Take raw columns out of Parquet objects as text.

The texts are those of the other engine (``lambdas/transform/formats/parquet.py`` has the table): whole numbers as
digits, decimals with their digits after the point, floating point as the shortest decimal that reads back as the same
number, without ``.0`` where it is whole, dates as 2024-01-31, timestamps as 2024-01-31 23:59:59, with Z where
they have a zone.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegralType,
    LongType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from definition.mapping.mapping import EXACT, SEVERAL
from jobs.transform.columns import BLOCK, ELEMENTS, LINE, MORE, OBJECT, ROW, SHAPE, col, filled, first_of, text
from jobs.transform.files import READ_OPTIONS, folders_of, footer, literal_path, places
from transform import reasons
from transform.errors import ColumnMissingError, UndecodableError
from transform.meaning.names import raw
from transform.raw.foreign import check_foreign
from transform.raw.lists import list_held, list_in_path, no_list_held
from transform.raw.objects import partitions
from transform.raw.told import fields_told, without_values

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from definition.mapping.source import SourceMapping
    from transform.contract import RawObject
    from transform.raw.store import Store

_NANOS = 10**9
_CELL, _LISTED = "cell:{}", "listed:{}"
_DIGITS = {"float": 9, "double": 17}
"""Significant digits that always tell two numbers apart."""


class Field(NamedTuple):
    """A raw column: its expression, its type, and that type in Java as the object's footer has it.

    Only the footer tells a count of nanoseconds, which Spark knows as a long.
    """

    value: Column
    kind: DataType
    found: Any

    @property
    def nanos(self) -> bool:
        """Whether it is a count of nanoseconds."""
        return isinstance(self.kind, LongType) and "NANOS" in str(self.found.toString())

    def element(self, value: Column) -> Field:
        """Return an element of a list, whose expression is given."""
        assert isinstance(self.kind, ArrayType), "asked for lists only"
        inner = self.found.asGroupType().getType(0)
        # Some writers leave out the group around each element (Parquet's rules for lists, LogicalTypes.md).
        wrapped = not inner.isPrimitive() and inner.asGroupType().getFieldCount() == 1
        if wrapped and inner.getName() not in {"array", f"{self.found.getName()}_tuple"}:
            inner = inner.asGroupType().getType(0)
        return Field(value, self.kind.elementType, inner)


def read(
    session: SparkSession, store: Store, objects: Sequence[RawObject], mapping: SourceMapping, columns: Sequence[str]
) -> DataFrame:
    """Return the rows of all objects; those with the same columns are read together.

    Rows have no line numbers; their raw text is a JSON object of the columns that are read.

    Raises:
        ColumnMissingError: an object lacks one of ``columns``, or holds there what no text stands for.
        UndecodableError: an object is not Parquet.
    """
    with ThreadPoolExecutor() as pool:
        schemas = list(pool.map(lambda item: _schema(session, store, item, mapping.place), objects))
    groups: dict[tuple[object, ...], list[tuple[RawObject, Any]]] = defaultdict(list)
    for item, schema in zip(objects, schemas, strict=True):
        given = frozenset(columns).intersection(partitions(item.key))
        groups[given, schema.toString()].append((item, schema))
    frames = [_read_alike(session, store, alike, mapping, columns) for alike in groups.values()]
    return reduce(lambda left, right: left.unionByName(right), frames)


def _schema(session: SparkSession, store: Store, item: RawObject, place: str) -> Any:
    try:
        return footer(session, store.address(item.key))
    except Exception as error:
        remedy = f"Upload it again, or correct {place}.format"
        what = str(getattr(error, "java_exception", error)).splitlines()[0]
        raise UndecodableError(f"{item.key} is not Parquet ({without_values(what)}). {remedy}.") from error


def _read_alike(
    session: SparkSession,
    store: Store,
    alike: list[tuple[RawObject, Any]],
    mapping: SourceMapping,
    columns: Sequence[str],
) -> DataFrame:
    key, schema = alike[0][0].key, alike[0][1]
    paths = [literal_path(store.address(item.key)) for item, _ in alike]
    try:
        found = session.read.options(**READ_OPTIONS).parquet(*paths)
    except PySparkException as error:
        raise UndecodableError(f"{key} holds what Spark cannot read: {error}. Write it with other types.") from error
    records = [field.name for field in found.schema if isinstance(field.dataType, StructType)]
    check_foreign(key, found.columns, mapping, records)
    given = partitions(key)

    def fields_of(name: str) -> Field:
        return _field(key, name, found.schema, schema, columns)

    fields = {name: fields_of(name) for name in columns if name not in given}
    lists = {name for name, field in fields.items() if isinstance(field.kind, ArrayType) and name in mapping.lists}
    cells = {
        name: _joined(key, name, field) if name in lists else _text(key, name, field) for name, field in fields.items()
    }
    wrong = [
        F.when(_holds_several(fields[name].value), text(reasons.bar_in_list(name)))
        for name in mapping.lists
        if name in lists
    ]
    explode = mapping.explode if mapping.explode and mapping.explode.split is None else None
    listed = _element_texts(key, fields_of(explode.path), explode.path, mapping) if explode else {}
    # From here on there are no columns under the names that the object gives them.
    rows = found.select(
        *places(found),
        first_of(*wrong).alias(SHAPE),
        *(cell.alias(_CELL.format(name)) for name, cell in cells.items()),
        *(cell.alias(_LISTED.format(name)) for name, cell in listed.items()),
    )
    rows, folders = folders_of(session, rows, {store.address(item.key): item.key for item, _ in alike}, columns)
    texts = {name: filled(col(_CELL.format(name))) for name in cells} | folders
    whole = [_as_objects(listed, explode.path).alias(explode.path)] if explode else []
    return rows.select(
        OBJECT,
        BLOCK,
        ROW,
        MORE,
        _as_json([*(col(_CELL.format(name)).alias(name) for name in cells), *whole]).alias(LINE),
        SHAPE,
        *(texts[name].alias(raw(name)) for name in columns),
        *([_as_elements(listed).alias(ELEMENTS)] if explode else []),
    )


def _as_json(fields: Sequence[Column]) -> Column:
    return F.to_json(F.struct(*fields), {"ignoreNullFields": "false"}) if fields else text("{}")


def _as_objects(listed: Collection[str], path: str) -> Column:
    """Return the list that is exploded with the texts that are read of it, as the raw text of a row shows it."""
    first, *_ = texts = [col(_LISTED.format(name)) for name in listed]
    if list(listed) == [path]:
        return first
    below = [name.removeprefix(f"{path}.") for name in listed]

    def whole(_: Column, place: Column) -> Column:
        return F.struct(*(F.get(each, place).alias(part) for each, part in zip(texts, below, strict=True)))

    return F.transform(first, whole)


def _as_elements(listed: Collection[str]) -> Column:
    first, *_ = texts = [col(_LISTED.format(name)) for name in listed]

    def cells(_: Column, place: Column) -> Column:
        return F.array(text(None), *(filled(F.get(each, place)) for each in texts))

    return F.transform(first, cells)


def _element_texts(key: str, field: Field, path: str, mapping: SourceMapping) -> dict[str, Column]:
    """Return a list of texts for each raw column that is read of the elements of a list."""
    if not isinstance(field.kind, ArrayType):
        raise ColumnMissingError(no_list_held(key, path, field.kind.typeName(), mapping.place))
    columns, kind = mapping.element_columns(), field.kind.elementType
    below = [name.removeprefix(f"{path}.") for name in columns if name != path]
    found = {}
    for name in columns:
        part, inner = name.removeprefix(f"{path}."), kind if isinstance(kind, StructType) else StructType([])

        def read(element: Column, name: str = name, part: str = part, inner: StructType = inner) -> Field:
            of = field.element(element)
            return of if name == path else _field(key, part, inner, of.found, below, path=path, begin=element)

        found[name] = _texts(key, name, field.value, read, several=name in mapping.lists)
    return found


def _texts(key: str, name: str, listed: Column, read: Callable[[Column], Field], *, several: bool) -> Column:
    """Return the text of a field of each element of a list."""
    probe = read(listed)
    if isinstance(probe.kind, FloatType | DoubleType):
        # Spark takes no function of Python within a list.
        kind = probe.kind.typeName()
        spelled = F.udf(lambda numbers: numbers and [spell_any(number, kind) for number in numbers], "array<string>")
        return spelled(F.transform(listed, lambda element: read(element).value))

    def text_of(element: Column) -> Column:
        field = read(element)
        return _joined(key, name, field) if several and isinstance(field.kind, ArrayType) else _text(key, name, field)

    return F.transform(listed, text_of)


def _field(
    key: str,
    name: str,
    schema: StructType,
    found: Any,
    columns: Sequence[str],
    *,
    path: str = "",
    begin: Column | None = None,
) -> Field:
    """Return one of the raw columns.

    Args:
        key: of the object.
        name: of the raw column.
        schema: where it is looked for: the object's, or that of the elements of a list.
        found: that schema as the object's footer has it.
        columns: names of the raw columns that are looked for there.
        path: name of that list, empty for the object.
        begin: an element of it, None for the object.
    """
    parts = [name] if name in schema.fieldNames() else name.split(".")
    kind: DataType = schema
    value = begin
    for at, part in enumerate(parts):
        if isinstance(kind, ArrayType):
            raise ColumnMissingError(list_in_path(key, ".".join(parts[:at]), name, may_explode=not path))
        if not isinstance(kind, StructType) or part not in kind.fieldNames():
            told = fields_told(schema.fieldNames(), columns)
            where = f"{key} has no column '{name}'; it"
            if path:
                where = f"The elements of '{path}' in {key} have no field '{name}'; each"
            raise ColumnMissingError(f"{where} {told}. Correct the column names in the pipeline file.")
        kind = kind[part].dataType
        found = found.asGroupType().getType(part)
        value = col(part) if value is None else value.getField(part)
    assert value is not None, "names have one part at least"
    return Field(value, kind, found)


def _joined(key: str, name: str, field: Field) -> Column:
    """Return the values of a list as one text; those without a value are left out."""
    texts = _texts(key, name, field.value, field.element, several=False)
    return F.array_join(F.filter(texts, lambda each: each != ""), SEVERAL)


def _holds_several(value: Column) -> Column:
    return F.exists(value.cast("array<string>"), lambda each: each.contains(SEVERAL))


def _text(key: str, name: str, field: Field) -> Column:
    """Return a field of one value as text.

    Raises:
        ColumnMissingError: no text stands for its type.
    """
    value, kind = field.value, field.kind
    if field.nanos:
        seconds = F.floor(F.call_function("div", value - F.pmod(value, F.lit(_NANOS)), F.lit(_NANOS)))
        return F.date_format(F.timestamp_seconds(seconds), "yyyy-MM-dd HH:mm:ss")
    if isinstance(kind, TimestampType):
        return F.date_format(value, "yyyy-MM-dd HH:mm:ss'Z'")
    if isinstance(kind, TimestampNTZType):
        return F.date_format(value, "yyyy-MM-dd HH:mm:ss")
    if isinstance(kind, FloatType | DoubleType):
        whole = (value == F.rint(value)) & (F.abs(value) < EXACT)
        name_of_type = kind.typeName()
        spelled = F.udf(lambda number: spell(number, name_of_type), "string")
        other = spelled(F.when(~whole, value))
        return F.when(whole, value.cast("long").cast("string")).otherwise(other)
    if isinstance(kind, DecimalType):
        return _decimal(value.cast("string"), kind.scale)
    if isinstance(kind, StringType | IntegralType | BooleanType | DateType):
        return value.cast("string")
    if isinstance(kind, ArrayType):
        raise ColumnMissingError(list_held(key, name))
    told = {"struct": "Struct", "binary": "Binary"}.get(kind.typeName(), kind.typeName())
    raise ColumnMissingError(
        f"{key} holds {told} in '{name}', which no text stands for. Map a column of text, numbers, booleans, dates "
        "or timestamps."
    )


def _decimal(spelled: Column, scale: int) -> Column:
    """Spell a decimal without an exponent, which Java uses for small ones; its digits end at the scale."""
    digits = F.regexp_replace(F.regexp_replace(spelled, "[Ee].*", ""), "[-.]", "")
    plain = F.concat(F.when(spelled.startswith("-"), "-").otherwise(""), F.lit("0."), F.lpad(digits, scale, "0"))
    return F.when(spelled.contains("E"), plain).otherwise(spelled)


def spell_any(number: float | None, kind: str) -> str | None:
    """Return the text of a number, be it whole or not; ``kind`` is as of ``spell``."""
    if number is not None and abs(number) < EXACT and number == int(number):
        return str(int(number))
    return spell(number, kind)


def spell(number: float | None, kind: str) -> str | None:
    """Return the shortest decimal that reads back as the same number, None for None.

    Args:
        number: not whole, or beyond ``2**53``.
        kind: ``float`` for 32 bits, ``double`` for 64.
    """
    if number is None:
        return None
    if number != number or number in {float("inf"), -float("inf")}:  # noqa: PLR0124  # the definition of NaN
        return "NaN" if number != number else "inf" if number > 0 else "-inf"  # noqa: PLR0124  # as above
    sign, digits, _ = Decimal(_shortest(number, kind)).as_tuple()
    exponent = Decimal(_shortest(number, kind)).adjusted()
    significant = "".join(map(str, digits)).rstrip("0")
    minus = "-" if sign else ""
    if not _LEAST_PLAIN <= exponent < _LEAST_LARGE:
        fraction = f".{significant[1:]}" if len(significant) > 1 else ""
        return f"{minus}{significant[0]}{fraction}e{exponent:+d}".replace("e-0", "e-")
    if exponent < 0:
        return f"{minus}0.{'0' * (-exponent - 1)}{significant}"
    whole = significant[: exponent + 1].ljust(exponent + 1, "0")
    return f"{minus}{whole}.{significant[exponent + 1 :] or '0'}"


_LEAST_PLAIN, _LEAST_LARGE = -5, 16
"""Exponents from and up to which numbers are spelled without one."""


def _shortest(number: float, kind: str) -> str:
    if kind == "double":
        return repr(number)
    spellings = (f"{number:.{digits}e}" for digits in range(_DIGITS[kind]))
    return next(each for each in spellings if struct.pack("f", float(each)) == struct.pack("f", number))
