"""Readable labels of items, which stand on the terminal beside their ids, or instead of them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.imported import imported, records
from definition import layout
from definition.contract.report import Labels
from lambdas.report.labels import LabelsMissingError, read_labels
from transform.errors import TransformError

if TYPE_CHECKING:
    from collections.abc import Callable

    from definition.file.pipeline import ItemLabels


def item_labels(s3: Any, bucket: str, labels: ItemLabels | str | None, look: Callable[[str], None]) -> dict[str, str]:
    """Return the readable label of each item id; empty if the pipeline names none.

    Labels are for the eye: whatever is wrong with them is told, and spoils no run that succeeded.

    Args:
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        labels: where the labels are: a raw file, or a column of the items that Personalize has imported.
        look: is told what is wrong.
    """
    if labels is None:
        return {}
    if isinstance(labels, str):
        return _of_column(s3, bucket, labels, look)
    key = layout.RAW.key(path=labels.path)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return dict(read_labels(key, body, Labels.model_validate(labels.model_dump())))
    except LabelsMissingError as error:
        look(f"item_labels: {error}")
    except (ClientError, TransformError) as error:
        look(f"item_labels: {key} cannot be read, so ids stand for items: {error}")
    return {}


def _of_column(s3: Any, bucket: str, column: str, look: Callable[[str], None]) -> dict[str, str]:
    try:
        found = imported(s3, bucket, "items")
        if found.gone:
            look(f"item_labels: ids stand for items: {found.gone}")
        rows = records(s3, bucket, found)
        first = next(rows, None)
        if first is not None and column not in first:
            look(f"item_labels: ids stand for items: run {found.run} has imported them without {column}")
            return {}
        every = rows if first is None else chain([first], rows)
        return {row["ITEM_ID"]: row[column] for row in every if row.get(column)}
    except ClientError as error:
        look(f"item_labels: {column} of items cannot be read, so ids stand for them: {error}")
        return {}
