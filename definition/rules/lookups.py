"""Rules of look-ups: each has a source, something reads it, and no name means two things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.mapping.address import WILDCARD
from definition.mapping.source import Explode
from definition.rules.exploding import explode_of
from definition.rules.findings import Finding, mapping
from definition.rules.reading import read_by_dataset
from definition.rules.sources import check_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path


def check_lookups(path: Path, dataset: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of a dataset's look-ups.

    Args:
        path: of the dataset.
        dataset: its section in the document.
    """
    lookups = mapping(dataset.get("lookups"))
    if not lookups:
        return
    read = read_by_dataset(dataset)
    for name, given in lookups.items():
        lookup, place = mapping(given), (*path, "lookups", name)
        source = mapping(lookup.get("source"))
        yield from check_source((*place, "source"), source)
        if "explode" in source:
            yield Finding(
                (*place, "source", "explode"),
                "a row of a look-up is one row, which no list takes apart",
                "Remove it; the source of the dataset may explode a list",
            )
        if not any(each.startswith(f"{name}.") for each in read):
            yield Finding(place, f"nothing reads {name}", f"Take a column from {name}.<column>, or remove the look-up")
        if f"{name}." in read:
            yield Finding(place, f"{name}. names no column of it", f"Write {name}.<column> where it is read")
        yield from _check_apart((*place, "source", "path"), source, mapping(dataset.get("source")))
        yield from _check_key(place, lookup, list(lookups), mapping(dataset.get("source")))
    yield from _check_exploded(path, list(lookups), mapping(dataset.get("source")))


def _check_apart(path: Path, source: dict[str, Any], rows: dict[str, Any]) -> Iterator[Finding]:
    """Yield that the dataset would read objects of the look-up as its own, or the look-up those of the dataset."""
    own, others = source.get("path"), rows.get("path")
    if not isinstance(own, str) or not isinstance(others, str):
        return
    if _is_within(own, others):
        found = f"{own} lies within {others}, so its rows would be taken for rows of the dataset"
    elif _is_within(others, own):
        found = f"{others} lies within {own}, so the rows of the dataset would be looked up as well"
    else:
        return
    yield Finding(path, found, "Give each a folder of its own, or a glob that leaves the other out")


def _is_within(path: str, folder: str) -> bool:
    if not folder.endswith("/") or WILDCARD.search(folder) or path == folder or not path.startswith(folder):
        return False
    # A folder does not take what is hidden.
    return not any(name.startswith(("_", ".")) for name in path.removeprefix(folder).split("/"))


def _check_key(place: Path, lookup: dict[str, Any], names: list[str], source: dict[str, Any]) -> Iterator[Finding]:
    key = lookup.get("on", lookup.get("key"))
    if not isinstance(key, str):
        return
    at = (*place, "on" if "on" in lookup else "key")
    if other := next((name for name in names if key.startswith(f"{name}.")), None):
        yield Finding(
            at,
            f"{key} is a column of the look-up {other}, but the key must stand in the rows of the dataset",
            "Name a raw column of the dataset's own source with on",
        )
    form = explode_of(source)
    if form and Explode(path=form["from"]).column_of(key) is not None:
        yield Finding(
            at,
            f"{key} belongs to the elements of {form['from']}, but something is looked up once for each row",
            "Name a raw column of the row with on",
        )


def _check_exploded(path: Path, names: list[str], source: dict[str, Any]) -> Iterator[Finding]:
    form = explode_of(source)
    for name in names:
        if form and (form["from"] == name or form["from"].startswith(f"{name}.")):
            yield Finding(
                (*path, "lookups", name),
                f"{name}.<column> would mean the elements of {form['from']} as well",
                "Give the look-up another name: columns follow it",
            )
