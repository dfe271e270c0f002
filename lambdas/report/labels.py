"""Readable labels of items, from a raw CSV file or from a column of the items dataset."""

from __future__ import annotations

import io
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.text import lines
from transform.raw.dialect import Dialect
from transform.raw.records import batches
from transform.raw.text import UNDECODABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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


def labels_of(uris: list[str], column: str, known: Collection[str], length: int) -> list[tuple[str, str]]:
    """Return id and label of each of some items that has one.

    Args:
        uris: of the CSV of the items dataset.
        column: of the dataset.
        known: ids of the items.
        length: characters of a label, beyond which it is cut off.
    """
    wanted = pl.col("ITEM_ID").is_in(list(known)) & pl.col(column).is_not_null()
    items = pl.scan_csv(uris, infer_schema=False).filter(wanted)
    return items.select("ITEM_ID", pl.col(column).str.slice(0, length)).collect(engine="streaming").rows()


def _rows(key: str, body: bytes, labels: Labels) -> Iterator[list[str]]:
    dialect = Dialect(labels.delimiter, '"')
    text = lines(key, io.BufferedReader(io.BytesIO(body)), labels.encoding)
    for record in chain.from_iterable(batch.records() for batch in batches(key, text, dialect)):
        yield dialect.fields(record.text.replace(UNDECODABLE, ""))
