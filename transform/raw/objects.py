"""Find the raw objects of a source: one object, a prefix, or a glob, and the columns that folders give."""

from __future__ import annotations

import fnmatch
import re
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from botocore.exceptions import ClientError

from definition import layout
from definition.mapping.address import SCHEME, WILDCARD, literal, other_bucket
from transform.contract import RawObject
from transform.errors import DataTooLargeError, SourceEmptyError, UnreadableKeyError
from transform.raw.elsewhere import check_region, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from definition.mapping.mapping import DatasetMapping
    from definition.mapping.source import SourceMapping
    from transform.contract import TransformRequest
    from transform.raw.store import Store

_RAW = layout.RAW.key(path="")
_UNPACKED = {".gz": 6, ".bz2": 8, ".zst": 6, ".parquet": 4}
"""Expansion factor from stored to unpacked size, by file extension, as measured on logs and tables."""

_WORTH_A_LOOK = 10**6
"""Bytes of a gzip object from which its own word is asked for: smaller ones unpack to a gigabyte at most."""

_LOOKS = 10
_MOST_PACKED, _MOST_RATIO = 10**9, 200
"""Bytes, and times its packed size: content that exceeds both is a line, or a few, that repeat."""

USE_SPARK = "Set engine: auto or engine: glue in the pipeline file and deploy."
_UNREADABLE = re.compile(r"//|[\x00-\x1f\x7f]")
"""What the engines' own readers do not take in a key, or take for another key."""

_QUERY_RESULT = re.compile(rf"//[^/]+/{layout.QUERY_RESULT.area}/{layout.RUN_ID}/[\w.]+/[0-9a-f]+-\d+/[^/.]+$")
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


class RawObjects(NamedTuple):
    """The raw objects of a dataset: those of its rows, and those of each look-up by its name."""

    rows: Sequence[RawObject]
    lookups: Mapping[str, list[RawObject]] = MappingProxyType({})

    @property
    def every(self) -> list[RawObject]:
        """All of them."""
        return [*self.rows, *(item for found in self.lookups.values() for item in found)]


def raw_objects(s3: Any, bucket: str, mapping: DatasetMapping) -> RawObjects:
    """List the raw objects of a dataset and of its look-ups.

    Raises:
        UnreadableKeyError: as of ``list_objects``.
        SourceEmptyError: as of ``list_objects``, of the rows or of a look-up.
    """
    rows = list_objects(s3, bucket, mapping)
    return RawObjects(rows, {lookup.name: list_objects(s3, bucket, lookup) for lookup in mapping.lookups})


def list_objects(s3: Any, bucket: str, source: SourceMapping) -> list[RawObject]:
    """List the objects with content at the source's path, in the order of their keys.

    Those of another bucket go by their addresses, so that no key of ``raw/`` is taken for one of them.

    An object that is named is taken whatever its name. Under a prefix or a glob those are left out that have a name,
    or a folder, beginning with ``_`` or ``.``: other tools write markers and unfinished files there.

    Raises:
        UnreadableKeyError: the engines cannot read an object because of its key. To go on without it would lose rows.
        SourceEmptyError: there are none.
        BucketMissingError: as of ``elsewhere.refused``.
        SourceRefusedError: as of ``elsewhere.refused``.
    """
    other = other_bucket(source.path)
    bucket, path, below = (*other, "") if other else (bucket, source.path, _RAW)
    named = f"{SCHEME}{bucket}/" if other else ""
    try:
        taken = [
            item
            for page in _pages(s3, bucket, f"{below}{literal(path)}", source.path if other else None)
            for item in page.get("Contents", ())
            if item["Size"] and matches(item["Key"].removeprefix(below), path)
        ]
    except ClientError as error:
        if other:
            raise refused(error, source.path, source.place) from error
        raise
    if odd := [f"{named}{item['Key']}" for item in taken if _UNREADABLE.search(item["Key"])]:
        others = f", nor can {len(odd) - 1} more under {path}" if len(odd) > 1 else ""
        raise UnreadableKeyError(
            f"{odd[0]!r} cannot be read for its name{others}: a key may not hold two slashes in a row or control "
            "characters. Copy the object to another key and delete this one."
        )
    if not taken and source.queried:
        raise SourceEmptyError(f"The query of {source.place} has found no rows. Look at its condition and its tables.")
    if not taken:
        remedy = f"Upload the raw data there, or correct {source.place}.path"
        raise SourceEmptyError(f"No data at s3://{bucket}/{below}{path}. {remedy}.")
    return [RawObject(key=f"{named}{item['Key']}", size=item["Size"], etag=item["ETag"].strip('"')) for item in taken]


def _pages(s3: Any, bucket: str, prefix: str, address: str | None) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        if address:
            check_region(page, s3.meta.region_name, address)
        yield page


def check_readable(objects: Iterable[RawObjects], store: Store) -> None:
    """Read a byte of each source in another bucket: who may list it may not be allowed to read it.

    An engine that meets this by itself tells less of it.

    Args:
        objects: the raw objects of each dataset.
        store: where they lie.

    Raises:
        SourceRefusedError: one may not be read.
    """
    for raw in objects:
        for found in (raw.rows, *raw.lookups.values()):
            if found and other_bucket(found[0].key):
                store.tail(found[0].key, 1)


def check_size(request: TransformRequest, objects: Iterable[RawObjects], store: Store) -> None:
    """Check that raw objects are not more than an engine takes, all together and each by itself.

    Args:
        request: with ``max_bytes``.
        objects: the raw objects of each dataset.
        store: where they lie.

    Raises:
        DataTooLargeError: they are.
    """
    if request.max_bytes is None:
        return
    found = [item for raw in objects for item in raw.every]
    sizes = dict(zip((item.key for item in found), map(unpacked_bytes, found), strict=True))
    if sum(sizes.values()) <= request.max_bytes:
        sizes |= _written_sizes(store, found)
    size, largest = sum(sizes.values()), max(found, key=lambda item: sizes[item.key])
    unpacked = sizes[largest.key]
    if size > request.max_bytes:
        raise DataTooLargeError(
            f"The raw data is about {size / 1e9:.1f} GB unpacked, {unpacked / 1e9:.1f} of it {largest.key}; a function "
            f"takes {request.max_bytes / 1e9:.1f}. {USE_SPARK}"
        )
    if unpacked > max(_MOST_PACKED, _MOST_RATIO * largest.size):
        raise DataTooLargeError(
            f"{largest.key} unpacks to {unpacked / 1e9:.1f} GB, {unpacked // largest.size} times its size: a function "
            f"may have no memory for that. Replace it if it should not be so. {USE_SPARK}"
        )


def _written_sizes(store: Store, objects: Iterable[RawObject]) -> dict[str, int]:
    """Return the sizes that gzip objects themselves tell (ISIZE, RFC 1952) where they exceed the estimate, by key.

    That is the size of the last member modulo 4 GB: what is beyond it stays unknown until it is unpacked.
    """
    packed = [item for item in objects if item.key.endswith(".gz") and item.size >= _WORTH_A_LOOK]
    with ThreadPoolExecutor(_LOOKS) as pool:
        tails = pool.map(lambda item: store.tail(item.key, 4), packed)
        told = zip(packed, (int.from_bytes(tail, "little") for tail in tails), strict=True)
        return {item.key: size for item, size in told if size > unpacked_bytes(item)}


def unpacked_bytes(item: RawObject) -> int:
    """Estimate the bytes of an object's content as text."""
    if other_bucket(item.key) and _QUERY_RESULT.search(item.key):
        # Athena gives Parquet no end of a name.
        return item.size * _UNPACKED[".parquet"]
    return item.size * next((times for end, times in _UNPACKED.items() if item.key.endswith(end)), 1)


def matches(key: str, path: str) -> bool:
    """Say whether the path of a source takes an object; both are relative to ``raw/``, or to another bucket.

    ``*``, ``?`` and ``[…]`` stand for characters of one name, ``**`` for any number of folders.
    """
    if key.endswith("/"):
        return False
    if key == path:
        return True
    if _hidden(key, path):
        return False
    if WILDCARD.search(path):
        return _matches(key.split("/"), path.split("/"))
    return path.endswith("/") and key.startswith(path)


def partitions(key: str) -> dict[str, str | None]:
    """Return the raw columns that folders of the form ``name=value`` give, percent-decoded; None for Hive's null."""
    pairs = [folder.partition("=") for folder in key.split("/")[:-1]]
    found = {unquote(name): unquote(value) for name, equals, value in pairs if name and equals}
    return {name: None if value in {"", _HIVE_NULL} else value for name, value in found.items()}


def _hidden(key: str, path: str) -> bool:
    """Say whether a name below the path is hidden; ``_day=1`` is a partition all the same."""
    whole = literal(path).rpartition("/")[0]
    names = key.removeprefix(f"{whole}/" if whole else "").split("/")
    return any(name.startswith(".") or (name.startswith("_") and "=" not in name) for name in names)


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not names
    first, rest = patterns[0], patterns[1:]
    if first == "**":
        return any(_matches(names[skipped:], rest) for skipped in range(len(names)))
    if not first and not rest:  # a glob that ends in / takes all that lies below
        return bool(names)
    return bool(names) and fnmatch.fnmatchcase(names[0], first) and _matches(names[1:], rest)
