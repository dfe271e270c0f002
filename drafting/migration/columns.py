"""The `datasets` section of a pipeline file from Avro schemas of datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.service.dataset_types import dataset_type

if TYPE_CHECKING:
    from definition.service.dataset_types import DatasetName, Domain
    from drafting.migration.found import Found

_NUMBERS = ("int", "long", "float", "double")
_TIMES = ("TIMESTAMP", "CREATION_TIMESTAMP")


def datasets(found: Found, domain: Domain | None, notes: list[str]) -> dict[str, Any]:
    """Return the section; what no column can be is noted.

    The raw data has the schema's columns under their names: it is what was imported so far.
    """
    return {name: _dataset(name, found, domain, notes) for name in sorted(found.schemas)}


def _dataset(name: DatasetName, found: Found, domain: Domain | None, notes: list[str]) -> dict[str, Any]:
    known = dataset_type(name, domain).fields
    columns: dict[str, Any] = {}
    for field in found.schemas[name]["fields"]:
        title = field["name"]
        if title in known:
            columns[title] = {"from": title, "unit": "s"} if title in _TIMES else title
        elif form := _metadata(field):
            columns[title] = form
        else:
            notes.append(f"datasets.{name}.columns.{title}: pipelines have no columns of the type {field['type']}")
    mode = {"import_mode": "incremental"} if name in found.incremental else {}
    return {"source": {"path": f"{name}/", "format": "csv"}, **mode, "columns": columns}


def _metadata(field: dict[str, Any]) -> dict[str, Any] | None:
    """Return the form of a column of metadata, None for a type that there is none for."""
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    kinds = [each for each in types if each != "null"]
    if len(kinds) != 1 or kinds[0] not in ("string", *_NUMBERS):
        return None
    kind, required = kinds[0], {} if "null" in types else {"nullable": False}
    if kind == "string":
        kind = "categorical" if field.get("categorical") else "textual" if field.get("textual") else "string"
    return {"from": field["name"], "type": kind, **required}
