"""What a pipeline file is to say, before it is written: datasets, their columns, and what is unsure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from definition.mapping.expressions import RawColumn
from definition.mapping.sql import UnsupportedSqlError, parse_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from definition.service.dataset_types import DatasetName
    from drafting.look.samples import Useless
    from drafting.look.tables import Table


@dataclass(frozen=True)
class Column:
    """A column of a dataset.

    Attributes:
        name: Personalize's name.
        form: what the pipeline file says of it: a raw column, or keys.
        note: what stands beside it as a comment.
        optional: whether the dataset does without it.
        off: whether it stands there as a comment only.
    """

    name: str
    form: str | dict[str, Any]
    note: str = ""
    optional: bool = True
    off: bool = False


@dataclass
class Part:
    """A dataset.

    Attributes:
        table: what it is read from.
        nulls: words that stand for no value.
        keep: condition on the raw columns.
        why_keep: what stands beside it as a comment.
        duplicates: what the file says of them, None to leave them out.
        remarks: comments that stand before the dataset.
        others: further keys and columns as comments: name, what it says, and what stands beside it.
    """

    dataset: DatasetName
    table: Table
    columns: list[Column]
    nulls: list[str] = field(default_factory=list)
    keep: str | None = None
    why_keep: str = ""
    duplicates: dict[str, Any] | None = None
    remarks: list[str] = field(default_factory=list)
    others: list[tuple[str, Any, str]] = field(default_factory=list)


@dataclass
class Draft:
    """A pipeline.

    Attributes:
        parts: datasets, interactions first.
        unsure: what whoever reads the file should look at.
        unused: files that are not used, and why.
    """

    parts: list[Part]
    unsure: list[str]
    unused: list[Useless]


def sql_name(name: str) -> str:
    """Return a raw column as conditions and expressions have it."""
    try:
        plain = parse_value(name)
    except UnsupportedSqlError:
        plain = None
    if isinstance(plain, RawColumn) and plain.name == name:
        return name
    return '"{}"'.format(name.replace('"', '""'))


def sql_text(text: str) -> str:
    """Return a text as a constant of SQL."""
    return "'{}'".format(text.replace("'", "''"))


def field_name(raw: str, taken: Iterable[str], fallback: str = "FIELD") -> str:
    """Return a name for metadata from a raw column's: in capitals, and unlike the names that are taken.

    Personalize ignores underscores when it compares names (page how-it-works-dataset-schema).
    """
    last = raw.rpartition(".")[2] or raw
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last)
    name = re.sub(r"[^A-Za-z0-9]+", "_", snake).strip("_").upper() or fallback
    name = name if name[0].isalpha() else f"{fallback}_{name}"
    known = {each.replace("_", "").upper() for each in taken}
    number, found = 2, name
    while found.replace("_", "") in known:
        found, number = f"{name}_{number}", number + 1
    return found
