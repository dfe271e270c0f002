"""Raw objects in a folder, read as the transform reads a bucket."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from definition.plan.mappings import dataset_mapping
from lambdas.transform import plan
from lambdas.transform.columns import LINE, LINE_NUMBER, OBJECT
from lambdas.transform.reader import read
from tests.documents import parsed
from transform.contract import RawObject
from transform.raw.folder import FolderStore as Folder
from transform.raw.objects import matches
from transform.records import Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from definition.mapping.mapping import DatasetMapping

AT = 964982703
HEADER = "user,item,at\n"
GOOD = ("u1", "i1", AT, None)
"""Time and header of the rows that tests write, and what `told` says of one that is right."""


def fill(folder: Path, contents: Mapping[str, bytes | str]) -> list[RawObject]:
    """Write raw objects and list them as a bucket would."""
    objects = []
    for key, content in contents.items():
        body = content.encode() if isinstance(content, str) else content
        Folder(folder).write(key, body)
        objects.append(RawObject(key=key, size=len(body), etag=""))
    return objects


def fill_all(
    folder: Path, mapping: DatasetMapping, contents: Mapping[str, bytes | str]
) -> tuple[list[RawObject], dict[str, list[RawObject]]]:
    """Write raw objects and return those of the rows, and those of each look-up."""
    objects = fill(folder, contents)

    beside = {
        lookup.name: [item for item in objects if matches(item.key.removeprefix("raw/"), lookup.path)]
        for lookup in mapping.lookups
    }
    others = [item for found in beside.values() for item in found]
    return [item for item in objects if item not in others], beside


def lazy_fates(
    folder: Path, contents: Mapping[str, bytes | str], broken: Collection[str] = (), **source: Any
) -> pl.LazyFrame:
    """Return the rows of raw objects with their fate, by the shop's mapping and a source of these keys.

    Keys with two underscores change other places of the document.
    """
    changes = {key: source.pop(key) for key in list(source) if "__" in key}
    document = parsed(datasets__interactions__source={"path": "events/"} | source, **changes)
    mapping = dataset_mapping(document, "interactions")
    objects = fill(folder, contents)
    lines = read(Folder(folder), objects, mapping, mapping.raw_columns(), staging="staging/", broken=broken)
    return shown(plan.with_reason(plan.with_fate(lines, Plan.of(mapping)), Plan.of(mapping)))


def shown(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return rows with the engine's own columns under plain names: object, line_number, line, fate, reason."""
    return rows.rename({name: name[1:] for name in (OBJECT, LINE_NUMBER, LINE, plan.FATE, plan.REASON)})


def fates(
    folder: Path, contents: Mapping[str, bytes | str], broken: Collection[str] = (), **source: Any
) -> pl.DataFrame:
    """Collect ``lazy_fates``."""
    return lazy_fates(folder, contents, broken, **source).collect(engine="streaming")


def told(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Return user, item, time and reason of each row."""
    return frame.select("USER_ID", "ITEM_ID", "TIMESTAMP", "reason").rows()


def found(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Return where each row was found, and why it is rejected."""
    return frame.select("object", "line_number", "line", "reason").rows()


def table(columns: dict[str, Any], schema: dict[str, Any] | None = None) -> bytes:
    """Return columns as a Parquet file."""
    buffer = io.BytesIO()
    pl.DataFrame(columns, schema_overrides=schema).write_parquet(buffer)
    return buffer.getvalue()
