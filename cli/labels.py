"""Readable labels of items, which stand on the terminal beside their ids, or instead of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from definition import layout
from definition.contract.report import Labels
from lambdas.report.labels import LabelsMissingError, read_labels
from transform.errors import TransformError

if TYPE_CHECKING:
    from collections.abc import Callable

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
        return dict(read_labels(key, body, Labels.model_validate(labels.model_dump())))
    except LabelsMissingError as error:
        look(f"item_labels: {error}")
    except (ClientError, TransformError) as error:
        look(f"item_labels: {key} cannot be read, so ids stand for items: {error}")
    return {}
