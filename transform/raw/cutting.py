"""Which of its modules cuts the text of a format into records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from transform.raw import documents, records
from transform.raw.dialect import UNQUOTED, Dialect
from transform.raw.records import Batch

if TYPE_CHECKING:
    from definition.mapping.source import SourceMapping

Cutter = Callable[[str, Iterator[str]], Iterator[Batch]]
"""Returns the records of an object from its key and its lines with their line ends."""


def cutter(mapping: SourceMapping) -> Cutter:
    """Return what cuts the text of a dataset's objects into records."""
    if mapping.format == "json":
        return documents.batches
    return partial(records.batches, dialect=Dialect.of(mapping) if mapping.format == "csv" else UNQUOTED)


def is_sequential(mapping: SourceMapping) -> bool:
    """Say whether only who reads all lines of an object in turn knows where its records begin."""
    return mapping.format == "json" or (mapping.format == "csv" and Dialect.of(mapping).is_sequential)
