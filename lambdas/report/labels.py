"""Readable labels of items, from a raw CSV file."""

from __future__ import annotations

import io
from itertools import chain
from typing import TYPE_CHECKING

from lambdas.transform.text import lines
from transform.raw.dialect import Dialect
from transform.raw.records import batches
from transform.raw.text import UNDECODABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.contract.report import Labels


class LabelsMissingError(Exception):
    """The file has not the columns that it is said to have."""


def read_labels(key: str, body: bytes, labels: Labels) -> Iterator[tuple[str, str]]:
    """Yield id and label of each item that has both.

    Args:
        key: of the raw object, for messages.
        body: its content.
        labels: its columns, and how it is written.

    Raises:
        LabelsMissingError: it lacks a column.
        TransformError: it cannot be read.
    """
    rows = _rows(key, body, labels)
    header = labels.header or next(rows, [])
    if missing := [name for name in (labels.id, labels.label) if name not in header]:
        raise LabelsMissingError(f"{key} has no column {' and '.join(missing)}; it has {', '.join(header)}")
    for row in rows:
        found = dict(zip(header, row, strict=False))
        if found.get(labels.id) and found.get(labels.label):
            yield found[labels.id], found[labels.label]


def _rows(key: str, body: bytes, labels: Labels) -> Iterator[list[str]]:
    dialect = Dialect(labels.delimiter, '"')
    text = lines(key, io.BufferedReader(io.BytesIO(body)), labels.encoding)
    for record in chain.from_iterable(batch.records() for batch in batches(key, text, dialect)):
        yield dialect.fields(record.text.replace(UNDECODABLE, ""))
