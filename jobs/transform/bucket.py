"""The bucket as driver and executors reach it."""

from __future__ import annotations

from typing import Any

import boto3

from transform.raw.store import S3Store


class Bucket(S3Store):
    """A bucket that travels to executors by its name: a client cannot.

    Args:
        bucket: its name.
    """

    def __init__(self, bucket: str) -> None:
        super().__init__(boto3.client("s3"), bucket)

    def __reduce__(self) -> tuple[Any, ...]:
        return Bucket, (self._bucket,)

    def drop_folder_marker(self, prefix: str) -> None:
        """Delete the empty object that file systems leave for a folder; Personalize would read it as data."""
        self._s3.delete_object(Bucket=self._bucket, Key=prefix)
