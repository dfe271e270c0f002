"""Where raw data lies before it is in the pipeline's bucket: a folder, a file, or a prefix of any bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from drafting.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_FILES = 100_000
"""Files that are listed: beyond, somebody gave the wrong folder."""


@dataclass(frozen=True)
class RawFile:
    """A file or an object: its name below the place, with slashes, and its size in bytes."""

    name: str
    size: int


class Place(Protocol):
    """Raw data that is only read."""

    @property
    def shown(self) -> str:
        """What people call it: a path, or an address."""

    def files(self) -> list[RawFile]:
        """Return all files with content, in the order of their names."""

    def beginning(self, name: str, count: int) -> bytes:
        """Return the first bytes of a file."""

    def parquet(self, name: str, rows: int) -> pl.DataFrame:
        """Return the first rows of a Parquet file."""


def open_place(raw: str, s3: Callable[[], Any]) -> Place:
    """Return the place that a path or an ``s3://`` address names.

    Args:
        raw: folder, file, or ``s3://bucket/prefix/``.
        s3: makes a boto3 S3 client, if one is needed.

    Raises:
        DraftError: there is no such thing.
    """
    if raw.startswith("s3://"):
        found = re.fullmatch(r"s3://([^/]+)/?(.*)", raw)
        if found is None:
            raise DraftError(f"{raw} names no bucket", remedy="Write s3://bucket/prefix/")
        return S3Prefix(s3(), found[1], found[2])
    path = Path(raw)
    if not path.exists():
        raise DraftError(f"there is no {raw}", remedy="Give a folder, a file, or s3://bucket/prefix/")
    return Folder(path) if path.is_dir() else Folder(path.parent, only=path.name)


class Folder:
    """A folder on this machine, or one file in it."""

    def __init__(self, path: Path, only: str | None = None) -> None:
        self._path = path
        self._only = only

    @property
    def shown(self) -> str:
        """The folder's path."""
        return str(self._path)

    def files(self) -> list[RawFile]:
        """Return all files with content; links are not followed out of the folder."""
        below = [self._path / self._only] if self._only else sorted(self._path.rglob("*"))
        files = [path for path in below if path.is_file()]
        if len(files) > MOST_FILES:
            raise DraftError(f"{self._path} holds {len(files):,} files", remedy="Give the folder of one data set")
        found = [RawFile(path.relative_to(self._path).as_posix(), path.stat().st_size) for path in files]
        return [file for file in found if file.size]

    def beginning(self, name: str, count: int) -> bytes:
        """Return the first bytes of a file."""
        with (self._path / name).open("rb") as file:
            return file.read(count)

    def parquet(self, name: str, rows: int) -> pl.DataFrame:
        """Return the first rows of a Parquet file."""
        return pl.scan_parquet(self._path / name, glob=False, hive_partitioning=False).head(rows).collect()


class S3Prefix:
    """Objects of a bucket below a prefix, or the one object of that key."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._folder = prefix[: prefix.rfind("/") + 1]
        self._prefix = prefix

    @property
    def shown(self) -> str:
        """The address of the folder that names are relative to."""
        return f"s3://{self._bucket}/{self._folder}"

    def files(self) -> list[RawFile]:
        """Return all objects with content.

        Raises:
            DraftError: there are too many.
        """
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        found: list[RawFile] = []
        for page in pages:
            found += [
                RawFile(item["Key"].removeprefix(self._folder), item["Size"])
                for item in page.get("Contents", ())
                if item["Size"] and not item["Key"].endswith("/")
            ]
            if len(found) > MOST_FILES:
                raise DraftError(
                    f"{self.shown} holds more than {MOST_FILES:,} objects", remedy="Give the prefix of one data set"
                )
        return found

    def beginning(self, name: str, count: int) -> bytes:
        """Return the first bytes of an object; no more are fetched."""
        answer = self._s3.get_object(Bucket=self._bucket, Key=self._folder + name, Range=f"bytes=0-{count - 1}")
        body: bytes = answer["Body"].read()
        return body

    def parquet(self, name: str, rows: int) -> pl.DataFrame:
        """Return the first rows of a Parquet object; the engine fetches its schema and what holds them."""
        address = f"s3://{self._bucket}/{self._folder}{name}"
        return pl.scan_parquet(address, glob=False, hive_partitioning=False).head(rows).collect()
