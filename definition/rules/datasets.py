"""Rules of one dataset of a pipeline file: raw data, conditions, and which columns there may be together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from definition.mapping.expressions import raw_columns
from definition.mapping.sql import UnsupportedSqlError, parse_condition
from definition.rules.checks import check_checks
from definition.rules.columns import check_column, form_of
from definition.rules.exploding import check_explode
from definition.rules.findings import Finding, items, mapping
from definition.rules.lookups import check_lookups
from definition.rules.reading import read_by
from definition.rules.sources import check_source, is_queried
from definition.service.dataset_types import ColumnType, avro_schema, dataset_type, metadata_field
from definition.service.limits import MAX_SCHEMA_LENGTH, MAX_TEXTUAL_COLUMNS
from definition.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path
    from definition.service.dataset_types import DatasetName, DatasetType, Domain

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MARKED = frozenset({"categorical", "textual", "int", "long", "float", "double"})
"""Types of metadata that recipes train on."""


def check_dataset(
    name: DatasetName, dataset: dict[str, Any], domain: Domain | None, *, has_items: bool
) -> Iterator[Finding]:
    """Yield every broken rule of a dataset.

    Args:
        name: which dataset.
        dataset: its section in the document.
        domain: of the dataset group, None for a custom one.
        has_items: whether the pipeline has a dataset of items.
    """
    kind = dataset_type(name, domain)
    path: Path = ("datasets", name)
    columns = mapping(dataset.get("columns"))
    events = [mapping(event) for event in items(dataset.get("events"))]
    yield from check_source((*path, "source"), mapping(dataset.get("source")))
    yield from check_lookups(path, dataset)
    yield from _check_forms((*path, "columns"), kind, columns)
    for index, event in enumerate(events):
        yield from _check_forms((*path, "events", index, "columns"), kind, mapping(event.get("columns")))
    yield from _check_events(path, columns, events)
    every = columns | (mapping(events[0].get("columns")) if events else {})
    yield from check_explode((*path, "source"), kind, mapping(dataset.get("source")), every)
    if columns:
        yield from _check_together((*path, "columns"), kind, every)
    yield from _check_condition((*path, "keep"), dataset.get("keep"), every)
    for index, event in enumerate(events):
        yield from _check_condition((*path, "events", index, "when"), event.get("when"), every)
    yield from check_checks((*path, "checks"), name, dataset.get("checks"), every, has_items=has_items)
    for index, check in enumerate(items(dataset.get("checks"))):
        yield from _check_condition((*path, "checks", index, "rows"), mapping(check).get("rows"), every)
    yield from _check_duplicates((*path, "duplicates"), kind, dataset, every)
    yield from _check_import(path, name, dataset)


def _check_import(path: Path, name: DatasetName, dataset: dict[str, Any]) -> Iterator[Finding]:
    keep = dataset.get("duplicates")
    keep = keep.get("keep", "latest") if isinstance(keep, dict) else keep
    if name == "interactions" and dataset.get("import_mode") == "incremental" and keep in {"latest", "first"}:
        yield Finding(
            (*path, "import_mode"),
            "what is imported already would stay beside the record that duplicates keeps",
            "Import in full, or keep all duplicates",
        )
    if dataset.get("import_mode") == "incremental" and is_queried(mapping(dataset.get("source"))):
        yield Finding(
            (*path, "import_mode"),
            "what a query finds is found anew in each run, so nothing tells what is new of it",
            "Import in full",
        )
    if dataset.get("import_mode") == "incremental" and mapping(dataset.get("duplicates")).get("order_by"):
        yield Finding(
            (*path, "import_mode"),
            "what a new object holds replaces what is imported already, be it older by order_by",
            "Import in full, or remove duplicates.order_by",
        )


def _check_forms(path: Path, kind: DatasetType, columns: dict[str, Any]) -> Iterator[Finding]:
    for name, given in columns.items():
        form = form_of(given)
        if form is None:
            continue
        if name not in kind.fields:
            yield from _check_metadata((*path, name), kind, name, form)
        elif extra := [key for key in ("type", "nullable") if key in form]:
            yield Finding(
                (*path, name, extra[0]), f"Personalize gives {name} its own type", f"Remove {' and '.join(extra)}"
            )
        if name in kind.fields or form.get("type") in get_args(ColumnType):
            yield from check_column((*path, name), kind, name, form)


def _check_metadata(path: Path, kind: DatasetType, name: str, form: dict[str, Any]) -> Iterator[Finding]:
    types = ", ".join(get_args(ColumnType))
    if not _NAME.fullmatch(name):
        yield Finding(path, f"'{name}' cannot be a field's name", "Use letters, digits and underscores")
    elif "type" not in form:
        hint, known = did_you_mean(name, kind.fields), ", ".join(kind.fields)
        yield Finding(
            path,
            f"is no field that Personalize knows in {kind.name}",
            f"{hint}Known: {known}. For metadata of your own add a type: {types}",
        )
    elif form["type"] == "textual" and kind.name != "items":
        yield Finding((*path, "type"), "only items have textual fields", "Use categorical or string")


def _check_together(path: Path, kind: DatasetType, columns: dict[str, Any]) -> Iterator[Finding]:
    for name in kind.required:
        if name not in columns:
            yield Finding(path, f"{name} is missing", f"Map it: {name}: <raw column>")
    seen: dict[str, str] = {}
    for name in columns:
        # The service ignores underscores when it compares names (page how-it-works-dataset-schema).
        other = seen.setdefault(name.replace("_", "").upper(), name)
        if other != name:
            yield Finding((*path, name), f"is {other} to Personalize, which ignores underscores", "Rename one of them")
    own = [name for name in columns if name not in kind.fields]
    types = {name: (form_of(columns[name]) or {}).get("type") for name in own}
    if len(own) > kind.max_metadata:
        yield Finding(
            path, f"{len(own)} metadata columns are more than the {kind.max_metadata} of {kind.name}", "Leave some out"
        )
    textual = [name for name, given in types.items() if given == "textual"]
    textual += [name for name in columns if name in kind.fields and kind.fields[name].textual]
    if len(textual) > MAX_TEXTUAL_COLUMNS:
        yield Finding(path, f"{', '.join(textual)} are textual, but only one may be", "Make the others string")
    trained = [name for name in columns if name in kind.fields and name not in {*kind.keys, "CREATION_TIMESTAMP"}]
    if kind.name != "interactions" and not trained and not _MARKED & set(types.values()):
        yield Finding(
            path, f"{kind.name} need a metadata column", "Add one of type categorical, textual, int, long or float"
        )
    fields = [kind.fields.get(name) or metadata_field(name, types[name] or "string", nullable=True) for name in columns]
    if (length := len(avro_schema(kind, fields))) > MAX_SCHEMA_LENGTH:
        yield Finding(
            path,
            f"the schema has {length} characters of at most {MAX_SCHEMA_LENGTH}",
            "Shorten names, or leave some out",
        )


def _check_events(path: Path, columns: dict[str, Any], events: list[dict[str, Any]]) -> Iterator[Finding]:
    if not events:
        return
    first = {*columns, *mapping(events[0].get("columns"))}
    for index, event in enumerate(events[1:], 1):
        differing = sorted(first ^ {*columns, *mapping(event.get("columns"))})
        if differing:
            yield Finding(
                (*path, "events", index, "columns"),
                f"{', '.join(differing)} is not a column of every event",
                "Give all events the same columns",
            )
    for index, event in enumerate(events):
        for name in mapping(event.get("columns")):
            kinds = [_kind_of(mapping(other.get("columns")).get(name, columns.get(name))) for other in events]
            if any(kind != kinds[index] for kind in kinds[:index]):
                yield Finding(
                    (*path, "events", index, "columns", name),
                    "has another type than in an event before, or may be empty where it may not there",
                    "Give it the same type and nullable in all events",
                )


def _kind_of(given: Any) -> tuple[Any, Any]:
    form = form_of(given) or {}
    return form.get("type"), form.get("nullable", True)


def _check_condition(path: Path, text: Any, columns: dict[str, Any]) -> Iterator[Finding]:
    if not isinstance(text, str):
        return
    try:
        names = [leaf.name for leaf in raw_columns(parse_condition(text))]
    except UnsupportedSqlError:
        return
    read = {name for form in columns.values() for name in read_by(form)}
    for name in dict.fromkeys(names):
        if name in columns and name not in read and "value" not in (form_of(columns[name]) or {}):
            yield Finding(
                path,
                f"{name} is a column of the dataset",
                "Conditions read the raw columns: name the raw column that it is taken from",
            )


def _check_duplicates(
    path: Path, kind: DatasetType, dataset: dict[str, Any], columns: dict[str, Any]
) -> Iterator[Finding]:
    given = dataset.get("duplicates")
    form = {"keep": given} if isinstance(given, str) else mapping(given)
    if given is not None and form.get("keep") != "all" and items(dataset.get("events")):
        yield Finding(path, "cannot be told apart where a row gives several events", "Remove duplicates, or events")
    named = [(("by", index), name) for index, name in enumerate(items(form.get("by")))]
    order = form.get("order_by")
    for place, name in [*named, *([(("order_by",), order)] if isinstance(order, str) else [])]:
        if name not in columns:
            yield Finding((*path, *place), f"'{name}' is no column of the dataset", f"Use some of {', '.join(columns)}")
    if order is not None:
        yield from _check_order((*path, "order_by"), kind, form)


def _check_order(path: Path, kind: DatasetType, form: dict[str, Any]) -> Iterator[Finding]:
    if kind.name == "interactions":
        yield Finding(path, "belongs to items and users; interactions are ordered by TIMESTAMP", "Remove it")
    elif form.get("keep", "latest") != "latest":
        yield Finding(path, f"has no meaning for keep: {form['keep']}", "Write keep: latest, or remove it")
    elif form["order_by"] in (items(form.get("by")) or kind.keys):
        yield Finding(path, f"{form['order_by']} is the same in records that are the same", "Name another column")
