"""Rules of a list that is exploded: what it may be in its format, and that the columns read its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.mapping.source import ALL_ELEMENTS, Explode
from definition.rules.findings import Finding, items, mapping
from definition.rules.reading import read_by
from definition.rules.sources import format_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path
    from definition.service.dataset_types import DatasetName, DatasetType


def explode_of(source: dict[str, Any]) -> dict[str, Any]:
    """Return the long form of a source's explode, empty where there is none that can be checked."""
    given = source.get("explode")
    form = {"from": given} if isinstance(given, str) else mapping(given)
    return form if isinstance(form.get("from"), str) and form["from"] else {}


def check_explode(path: Path, kind: DatasetType, source: dict[str, Any], columns: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of a source's explode.

    Args:
        path: of the source.
        kind: the dataset's type.
        source: the source.
        columns: all columns of the dataset.
    """
    form = explode_of(source)
    if not form:
        return
    place = (*path, "explode")
    if found := list(_check_form(place, format_of(source), form)):
        yield from found
        return
    exploded = _compiled(form)
    read = {name: [exploded.column_of(raw) for raw in read_by(given)] for name, given in columns.items()}
    if not any(any(names) for names in read.values()):
        below = f" or {exploded.path}.{exploded.fields[0] if exploded.fields else '…'}"
        inner = below if exploded.split is None or exploded.fields else ""
        yield Finding(
            place, f"no column is taken from an element of {exploded.path}", f"Take one from {exploded.path}{inner}"
        )
        return
    key = _identity(kind.name)
    if key in columns and not any(read[key]):
        yield Finding(
            place,
            f"{key} is the same for all elements of a row, of which one would stay",
            f"Take {key} from an element, or remove explode",
        )
    yield from _check_whole((*path[:-1], "columns"), kind, exploded, columns)


def _check_form(place: Path, kind: Any, form: dict[str, Any]) -> Iterator[Finding]:
    if kind == "csv" and "split" not in form:
        yield Finding(
            place, "a field of csv is a text and no list", f"Write {{from: {form['from']}, split: …}} with what cuts it"
        )
    if ("fields" in form) != ("between" in form):
        missing = "between" if "fields" in form else "fields"
        yield Finding(
            place, f"{missing} is missing", "Give fields and between together: {fields: [id, label], between: '-'}"
        )
    elif "fields" in form and "split" not in form:
        yield Finding(
            (*place, "fields"), "belongs to elements of a text", "Add split, or name fields of objects with dots"
        )
    for index, name in enumerate(names := items(form.get("fields"))):
        if name in names[:index]:
            yield Finding((*place, "fields", index), f"'{name}' stands twice", "Give each part its own name")
    if form.get("split") is not None and form.get("split") == form.get("between"):
        yield Finding((*place, "between"), "is what stands between the elements", "Give the text between their parts")
    if ALL_ELEMENTS in form["from"]:
        yield Finding(place, f"{form['from']} is no name of a list", f"Remove {ALL_ELEMENTS}")


def _compiled(form: dict[str, Any]) -> Explode:
    split = form.get("split")
    fields = [name for name in items(form.get("fields")) if isinstance(name, str)]
    return Explode(path=form["from"], split=split if isinstance(split, str) else None, fields=fields)


def _identity(name: DatasetName) -> str | None:
    """Return the column by which two records are the same, None where they are so by several."""
    return {"items": "ITEM_ID", "users": "USER_ID"}.get(name)


def _check_whole(path: Path, kind: DatasetType, exploded: Explode, columns: dict[str, Any]) -> Iterator[Finding]:
    """Yield columns that take one value and are taken from all elements."""
    begin = exploded.path + ALL_ELEMENTS
    for name, given in columns.items():
        form = {"from": given} if isinstance(given, str) else mapping(given)
        whole = isinstance(form.get("from"), str) and form["from"].startswith(begin)
        several = kind.fields[name].several if name in kind.fields else form.get("type") == "categorical"
        if whole and not several:
            yield Finding(
                (*path, name), f"takes one value, but {form['from']} is that of all elements", f"Remove {ALL_ELEMENTS}"
            )
        elif whole and exploded.column_of(form["from"]) is None:
            yield Finding((*path, name), f"'{form['from']}' is no part of an element", "Use a name of explode.fields")
