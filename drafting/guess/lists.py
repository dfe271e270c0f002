"""Tables of the elements of lists: of those that JSON and Parquet have, and of texts that are lists of ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from definition import layout
from definition.mapping.source import Explode
from drafting.look.nested import paths_of_lines, paths_of_schema
from drafting.look.tables import exploded
from transform.raw.text import lines as text_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drafting.guess.profiles import Profile
    from drafting.look.nested import Paths
    from drafting.look.samples import SampleFolder
    from drafting.look.tables import Table

_MOST_LINES = 5_000
_LABELLED = re.compile(r"^(.+)([-:=])([01])$")


def tables_of_lists(table: Table, profiles: Mapping[str, Profile], folder: SampleFolder) -> Iterator[Table]:
    """Yield the table of the elements of each list that a table has."""
    if table.source.format != "csv":
        is_text = table.source.format != "parquet"
        paths = paths_of_lines(_lines(table, folder)) if is_text else _schema_paths(table, folder)
        for name, below in paths.records.items():
            if below:
                yield exploded(table, Explode(path=name), below, folder)
        for name in paths.lists:
            yield exploded(table, Explode(path=name), [name], folder)
    for each in profiles.values():
        if each.name in table.source.lists or not each.split:
            continue
        sample = each.values.head(1_000).str.split(each.split).explode().str.strip_chars(" \t")
        sample = sample.filter(sample != "")
        if found := _labels(sample):
            explode = Explode(path=each.name, split=each.split, fields=["id", "label"], between=found)
            yield exploded(table, explode, [f"{each.name}.id", f"{each.name}.label"], folder)
        else:
            yield exploded(table, Explode(path=each.name, split=each.split), [each.name], folder)


def _labels(parts: pl.Series) -> str | None:
    """Return what stands between an id and whether it was chosen, in a list such as ``N1-1 N2-0``."""
    found = [_LABELLED.match(part) for part in parts.head(200)]
    signs = {match[2] for match in found if match}
    labels = {match[3] for match in found if match}
    return signs.pop() if all(found) and len(signs) == 1 and labels == {"0", "1"} else None


def _lines(table: Table, folder: SampleFolder) -> list[str]:
    found: list[str] = []
    for item in folder.objects(table.source.path):
        with folder.read(item.key) as stream:
            for line in text_lines(item.key, stream, table.source.encoding):
                found.append(line)
                if len(found) >= _MOST_LINES:
                    return found
    return found


def _schema_paths(table: Table, folder: SampleFolder) -> Paths:
    name = layout.RAW.key(path=table.files[0])
    return paths_of_schema(pl.read_parquet_schema(folder.root + name))
