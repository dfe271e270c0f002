"""The bucket as the reader needs it: streams out, whole objects in, and addresses for the engine."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Protocol

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from definition.mapping.address import other_bucket
from transform.raw.elsewhere import is_refusal, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

_COPYING = TransferConfig(multipart_threshold=1 << 28, multipart_chunksize=1 << 26)
"""Nothing goes over the wire, so parts are of 64 MB; one request copies up to 256 MB."""


class Store(Protocol):
    """Where raw objects lie and staged ones go."""

    @property
    def root(self) -> str:
        """What a key of the bucket is appended to, so that the engine finds the object, such as ``s3://bucket/``."""

    def address(self, key: str) -> str:
        """Return the address by which the engine finds a raw object, also one of another bucket."""

    def read(self, key: str) -> io.BufferedReader:
        """Open an object as a stream of its bytes."""

    def tail(self, key: str, count: int) -> bytes:
        """Return the last bytes of an object."""

    def find(self, key: str) -> bytes | None:
        """Return a small object whole, None if there is none."""

    def write(self, key: str, content: bytes) -> None:
        """Write an object."""


class S3Store:
    """A bucket.

    Args:
        s3: a boto3 S3 client.
        bucket: name of the bucket.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    @property
    def root(self) -> str:
        """Address of the bucket."""
        return f"s3://{self._bucket}/"

    def address(self, key: str) -> str:
        """Return the address of an object: that of another bucket goes by it already."""
        return key if other_bucket(key) else self.root + key

    def read(self, key: str) -> io.BufferedReader:
        """Open an object; bytes are fetched as they are read.

        Raises:
            SourceRefusedError: one of another bucket may not be read.
        """
        return io.BufferedReader(_Body(self._get(key)), 1 << 20)

    def tail(self, key: str, count: int) -> bytes:
        """Return the last bytes of an object.

        Raises:
            SourceRefusedError: one of another bucket may not be read.
        """
        body: bytes = self._get(key, Range=f"bytes=-{count}").read()
        return body

    def _get(self, key: str, **part: str) -> Any:
        """Return the body of an object, of this or of another bucket."""
        bucket, name = other_bucket(key) or (self._bucket, key)
        try:
            return self._s3.get_object(Bucket=bucket, Key=name, **part)["Body"]
        except ClientError as error:
            if other_bucket(key) and is_refusal(error):
                raise refused(error, key) from error
            raise

    def find(self, key: str) -> bytes | None:
        """Return a small object whole, None if there is none."""
        try:
            with self.read(key) as stream:
                return stream.read()
        except self._s3.exceptions.NoSuchKey:
            return None

    def write(self, key: str, content: bytes) -> None:
        """Write an object in one request."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)

    def size(self, prefix: str) -> int:
        """Return the bytes of all objects below a prefix."""
        return sum(item["Size"] for item in self._listed(prefix))

    def copy(self, key: str, target: str) -> None:
        """Copy an object to another key, in parts if it is large."""
        self._s3.copy({"Bucket": self._bucket, "Key": key}, self._bucket, target, Config=_COPYING)

    def copy_all(self, prefix: str, target: str) -> int:
        """Copy what lies below a prefix to another; return the number of objects."""
        keys = [item["Key"] for item in self._listed(prefix)]
        for key in keys:
            self.copy(key, target + key.removeprefix(prefix))
        return len(keys)

    def delete(self, prefix: str) -> None:
        """Delete everything below a prefix."""
        for item in self._listed(prefix):
            self._s3.delete_object(Bucket=self._bucket, Key=item["Key"])

    def _listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from page.get("Contents", ())


class _Body(io.RawIOBase):
    """A botocore body that stays open at its end, as text wrappers need."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        chunk = self._body.read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._body.close()
        super().close()
