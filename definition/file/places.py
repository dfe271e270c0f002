"""Types of the places of raw data: under ``raw/``, or in another bucket with its key."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from definition.file.values import raw_path
from definition.mapping.address import SCHEME, WILDCARD, other_bucket

_LONGEST_KEY = 1_024
"""Bytes (page object-keys of the S3 guide)."""

_BUCKET = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NO_BUCKETS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
"""Ends of names that are access points, directory or table buckets (page bucketnamingrules of the S3 guide)."""


def _source_path(text: str) -> str:
    if "://" not in text and not text.lower().startswith("s3:"):
        return raw_path(text)
    found = other_bucket(text)
    if found is None:
        raise ValueError(f"'{text}' is no address of S3; write s3://bucket/prefix/")
    name, path = found
    if WILDCARD.search(name):
        raise ValueError(f"'{text}' has a wildcard in the bucket's name; name one bucket, and give each its own source")
    if name.endswith(_NO_BUCKETS):
        raise ValueError(f"'{name}' is no general purpose bucket; write the name of the bucket itself")
    if not _BUCKET.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and dots, such as "
            "s3://company-data/orders/"
        )
    if text == SCHEME + name:
        raise ValueError(f"'{text}' names a bucket and nothing in it; write s3://{name}/ for all of it")
    _check_key(text, path)
    return text


def _check_key(text: str, path: str) -> None:
    """Check what follows the bucket in an address."""
    if ".." in path.split("/"):
        raise ValueError(f"'{text}' has '..' for a folder, which S3 does not know; write the key as it is")
    if path.startswith("/") or "//" in path:
        raise ValueError(f"'{text}' has two slashes in a row, and keys with them cannot be read")
    if "${" in path or not path.isprintable():
        raise ValueError(f"'{text}' holds ${{ or a control character, which no grant can name; copy the data elsewhere")
    if len(path.encode()) > _LONGEST_KEY:
        raise ValueError(f"'{text[:60]}…' is longer than a key can be, {_LONGEST_KEY} bytes")


_KMS_KEY = re.compile(r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")


def is_kms_key(text: str) -> bool:
    """Say whether a text has the form of a KMS key's ARN; that of an alias has another one."""
    return _KMS_KEY.fullmatch(text) is not None


def _kms_key(text: str) -> str:
    if not is_kms_key(text):
        raise ValueError(
            f"'{text}' is not the ARN of a KMS key, arn:aws:kms:region:account:key/id; an alias cannot be granted"
        )
    return text


def _location(text: str) -> str:
    if WILDCARD.search(text) or not text.endswith("/") or other_bucket(text) is None:
        raise ValueError(f"'{text}' is no prefix of S3; write s3://bucket/prefix/, or s3://bucket/ for all of it")
    return _source_path(text)


SourcePath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_source_path)]
Location = Annotated[str, AfterValidator(_location)]
KmsKey = Annotated[str, AfterValidator(_kms_key)]
