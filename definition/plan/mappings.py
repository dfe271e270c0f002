"""Compile the datasets of a pipeline file into their neutral mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from definition.mapping.checks import CheckMapping
from definition.mapping.expressions import Number, RawColumn, Text, raw_columns
from definition.mapping.lookups import LookupMapping
from definition.mapping.mapping import (
    ColumnMapping,
    DatasetMapping,
    Duplicates,
    EpochTime,
    FormattedTime,
    RecordMapping,
    references,
)
from definition.mapping.source import Explode
from definition.mapping.sql import parse_condition, parse_counts, parse_value
from definition.mapping.times import compile_format
from definition.service.dataset_types import dataset_type, metadata_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.file.datasets import Check, Column, Dataset, Lookup
    from definition.file.pipeline import Pipeline
    from definition.file.source import Source
    from definition.mapping.expressions import Value
    from definition.service.dataset_types import DatasetName, DatasetType, Field

NO_PATH = "s3://"
"""Stands for the path of what Athena finds, which each run puts in its place; nothing lies there."""


def dataset_mappings(pipeline: Pipeline) -> list[DatasetMapping]:
    """Compile all datasets of a pipeline, in the order in which they are transformed."""
    return [_mapping(pipeline, name, dataset) for name, dataset in pipeline.datasets.by_name().items()]


def dataset_mapping(pipeline: Pipeline, name: DatasetName) -> DatasetMapping:
    """Compile one dataset of a pipeline."""
    return _mapping(pipeline, name, pipeline.datasets.by_name()[name])


def dataset_fields(pipeline: Pipeline, name: DatasetName) -> list[Field]:
    """Return the fields of a dataset's schema, in the order of its columns."""
    kind = dataset_type(name, pipeline.domain)
    return [field_of(kind, column, form) for column, form in _records(pipeline.datasets.by_name()[name])[0][1].items()]


def field_of(kind: DatasetType, name: str, column: Column) -> Field:
    """Return the field of a column: a required or reserved one, or metadata."""
    known = kind.fields.get(name)
    nullable = True if column.nullable is None else column.nullable
    return known or metadata_field(name, column.type or "string", nullable=nullable)


def _mapping(pipeline: Pipeline, name: DatasetName, dataset: Dataset) -> DatasetMapping:
    kind = dataset_type(name, pipeline.domain)
    lists, read = _lists(kind, dataset), _read(dataset)
    lookups = [_lookup(name, each, lookup, read, lists) for each, lookup in dataset.lookups.items()]
    records = [
        RecordMapping(
            when=parse_condition(when) if when else None,
            columns=[_column(field_of(kind, name, column), column, lookups) for name, column in columns.items()],
        )
        for when, columns in _records(dataset)
    ]
    return DatasetMapping(
        dataset=name,
        **_source(dataset.source),
        lists=[name for name in lists if not any(each.column_of(name) for each in lookups)],
        explode=_explode(dataset),
        lookups=lookups,
        keep=parse_condition(dataset.keep) if dataset.keep else None,
        records=records,
        duplicates=_duplicates(kind, dataset),
        checks=[_check(each) for each in dataset.checks],
    )


def _check(check: Check) -> CheckMapping:
    return CheckMapping(
        name=check.name,
        severity=check.severity,
        text=" ".join((check.rows or check.counts or "").split()),
        rows=parse_condition(check.rows) if check.rows else None,
        counts=parse_counts(check.counts) if check.counts else None,
        max_rows=check.max or 0,
        max_share=check.max_share or 0,
    )


def _source(source: Source) -> dict[str, Any]:
    """Return how the raw objects of a source are read, but for lists."""
    return {
        "path": NO_PATH if source.path is None else source.path,
        "queried": source.is_queried,
        "format": "parquet" if source.is_queried else source.format,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "quote": None if source.quote == "none" else source.quote,
        "header": source.header,
        "escape": source.escape,
        "comment": source.comment,
        "skip_lines": source.skip_lines,
        "nulls": source.nulls,
    }


def _read(dataset: Dataset) -> list[str]:
    """Return the raw columns that columns and conditions read, each once."""
    values = [_value(column) for _, columns in _records(dataset) for column in columns.values()]
    texts = [dataset.keep, *(when for when, _ in _records(dataset)), *(check.rows for check in dataset.checks)]
    conditions = [parse_condition(text) for text in texts if text]
    return list(dict.fromkeys(leaf.name for node in (*values, *conditions) for leaf in raw_columns(node)))


def _lookup(
    dataset: DatasetName, name: str, lookup: Lookup, read: Sequence[str], lists: Sequence[str]
) -> LookupMapping:
    begin = f"{name}."
    return LookupMapping(
        dataset=dataset,
        name=name,
        **_source(lookup.source),
        lists=[each.removeprefix(begin) for each in lists if each.startswith(begin)],
        key=lookup.key,
        on=lookup.on or lookup.key,
        columns=[each.removeprefix(begin) for each in read if each.startswith(begin)],
        duplicates=lookup.duplicates,
        missing=lookup.missing,
    )


def _records(dataset: Dataset) -> list[tuple[str | None, dict[str, Column]]]:
    """Return condition and columns of each record that a row gives; all have the columns in the same order."""
    events = getattr(dataset, "events", None)
    if not events:
        return [(None, dataset.columns)]
    merged = [(event.when, dataset.columns | event.columns) for event in events]
    order = list(merged[0][1])
    return [(when, {name: columns[name] for name in order}) for when, columns in merged]


def _column(field: Field, column: Column, lookups: list[LookupMapping]) -> ColumnMapping:
    value = _value(column)
    otherwise, otherwise_value = _otherwise(column.otherwise)
    return ColumnMapping(
        name=field.name,
        type=field.type,
        nullable=field.nullable,
        max_length=field.max_length,
        textual=field.textual,
        value=value,
        split=column.split,
        values=column.map,
        otherwise=otherwise,
        otherwise_value=otherwise_value,
        time=_time(column),
        any_year=not field.time,
        lookups=references(lookups, [leaf.name for leaf in raw_columns(value)]),
    )


def _value(column: Column) -> Value:
    if column.from_ is not None:
        return RawColumn(name=column.from_)
    if column.expression is not None:
        return parse_value(column.expression)
    if isinstance(column.value, str):
        return Text(value=column.value)
    assert column.value is not None, "the rules let no column pass without from, value, expression"
    return Number(value=column.value)


def _lists(kind: DatasetType, dataset: Dataset) -> list[str]:
    """Return the raw columns that only fields with several values are taken from."""
    takes: dict[str, bool] = {}
    for _, columns in _records(dataset):
        for name, column in columns.items():
            if column.from_ is not None:
                takes[column.from_] = field_of(kind, name, column).several and takes.get(column.from_, True)
    return [name for name, several in takes.items() if several]


def _explode(dataset: Dataset) -> Explode | None:
    given = dataset.source.explode
    if given is None:
        return None
    return Explode(path=given.from_, split=given.split, fields=given.fields or [], between=given.between or "")


def _duplicates(kind: DatasetType, dataset: Dataset) -> Duplicates | None:
    given = dataset.duplicates
    if given is None:
        # The service replaces an item or user by the one that it reads later, and order is not promised.
        return None if kind.name == "interactions" else Duplicates(keep="latest", by=list(kind.keys))
    if given.keep == "all":
        return None
    return Duplicates(keep=given.keep, by=given.by or list(kind.keys), order_by=given.order_by)


def _otherwise(
    given: str | float | None,
) -> tuple[Literal["reject", "keep", "null", "value"], str | float | None]:
    if given is None:
        return "null", None
    if given == "reject":
        return "reject", None
    if given == "keep":
        return "keep", None
    return "value", given


def _time(column: Column) -> EpochTime | FormattedTime | None:
    if column.unit:
        return EpochTime(unit=column.unit)
    if column.format:
        pattern, parts = compile_format(column.format)
        return FormattedTime(format=column.format, pattern=pattern, parts=parts, timezone=column.timezone or "UTC")
    return None
