"""Readable labels of items, which stand on the terminal beside their ids, or instead of them."""

from __future__ import annotations

import io
from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from definition import layout
from lambdas.transform.text import lines
from transform.errors import TransformError
from transform.raw.dialect import Dialect
from transform.raw.records import batches
from transform.raw.text import UNDECODABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from definition.file.pipeline import ItemLabels


def item_labels(s3: Any, bucket: str, labels: ItemLabels | None, look: Callable[[str], None]) -> dict[str, str]:
    """Return the readable label of each item id; empty if the pipeline names none.

    Labels are for the eye: whatever is wrong with them is told, and spoils no run that succeeded.

    Args:
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        labels: where the labels are.
        look: is told what is wrong.
    """
    if labels is None:
        return {}
    key = layout.RAW.key(path=labels.path)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        rows = _rows(key, body, labels)
        header = labels.header or next(rows, [])
        if missing := [name for name in (labels.id, labels.label) if name not in header]:
            look(f"item_labels: {key} has no column {' and '.join(missing)}; it has {', '.join(header)}")
            return {}
        found = (dict(zip(header, row, strict=False)) for row in rows)
        return {row[labels.id]: row[labels.label] for row in found if row.get(labels.id) and row.get(labels.label)}
    except (ClientError, TransformError) as error:
        look(f"item_labels: {key} cannot be read, so ids stand for items: {error}")
        return {}


def _rows(key: str, body: bytes, labels: ItemLabels) -> Iterator[list[str]]:
    dialect = Dialect(labels.delimiter, '"')
    text = lines(key, io.BufferedReader(io.BytesIO(body)), labels.encoding)
    for record in chain.from_iterable(batch.records() for batch in batches(key, text, dialect)):
        yield dialect.fields(record.text.replace(UNDECODABLE, ""))
