"""Which raw columns rows of JSON Lines and Parquet have: paths into objects, and lists."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEEPEST = 6


@dataclass
class Paths:
    """Raw columns of a table of objects.

    Attributes:
        plain: paths to texts and numbers.
        lists: paths to lists of texts and numbers.
        records: paths to lists of objects, each with the paths below its elements.
    """

    plain: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    records: dict[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, by which tables of the same kind are known."""
        return (*self.plain, *self.lists, *self.records)


def paths_of_lines(lines: Iterable[str]) -> Paths:
    """Return the raw columns of JSON Lines; lines that are no objects are passed over."""
    found: dict[str, dict[str, None]] = {"plain": {}, "lists": {}, "records": {}}
    below: dict[str, dict[str, None]] = {}
    for line in lines:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            _walk(document, "", found, below)
    plain = [name for name in found["plain"] if name not in found["lists"] and name not in found["records"]]
    lists = [name for name in found["lists"] if name not in found["records"]]
    return Paths(plain, lists, {name: list(below.get(name, ())) for name in found["records"]})


def _walk(
    node: dict[str, Any], path: str, found: dict[str, dict[str, None]], below: dict[str, dict[str, None]] | None
) -> None:
    for key, value in node.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and name.count(".") < _DEEPEST:
            _walk(value, name, found, below)
        elif isinstance(value, list):
            elements = [each for each in value if isinstance(each, dict)]
            if elements and below is not None:
                found["records"][name] = None
                inner: dict[str, dict[str, None]] = {"plain": {}, "lists": {}, "records": {}}
                for element in elements:
                    _walk(element, name, inner, None)
                below.setdefault(name, {}).update(inner["plain"])
            elif value and not isinstance(value[0], list | dict):
                found["lists"][name] = None
        elif not isinstance(value, dict):
            found["plain"][name] = None


def paths_of_schema(schema: Mapping[str, pl.DataType]) -> Paths:
    """Return the raw columns of Parquet for which a text stands."""
    found = Paths()
    _walk_schema(schema, "", found)
    return found


def _walk_schema(schema: Mapping[str, pl.DataType], path: str, found: Paths) -> None:
    for key, kind in schema.items():
        name = f"{path}.{key}" if path else key
        if isinstance(kind, pl.Struct):
            _walk_schema(_fields(kind), name, found)
        elif isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
            inner = Paths()
            _walk_schema(_fields(kind.inner), name, inner)
            found.records[name] = inner.plain
        elif isinstance(kind, pl.List):
            if not kind.inner.is_nested():
                found.lists.append(name)
        elif kind not in {pl.Binary, pl.Time, pl.Duration, pl.Object, pl.Null}:
            found.plain.append(name)


def _fields(kind: pl.Struct) -> dict[str, pl.DataType]:
    return {name: inner for name, inner in kind.to_schema().items() if isinstance(inner, pl.DataType)}
