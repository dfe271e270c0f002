"""Where raw data lies: under ``raw/`` in the pipeline's bucket, or in another bucket.

An object of another bucket goes by its address, ``s3://bucket/key``; so no key of the pipeline's bucket begins.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SCHEME = "s3://"
_FOLDER = "s3/"
WILDCARD = re.compile(r"[*?\[]")


class Address(NamedTuple):
    """An object, a prefix ending in ``/`` (or empty, for all) or a glob in another bucket."""

    bucket: str
    path: str


def other_bucket(text: str) -> Address | None:
    """Return the address that a text gives, None where it is relative to the pipeline's bucket."""
    if not text.startswith(SCHEME):
        return None
    bucket, _, path = text.removeprefix(SCHEME).partition("/")
    return Address(bucket, path)


def in_folder(text: str) -> str:
    """Return where a folder that stands for buckets has what lies at an address: ``s3/bucket/key``.

    What is relative to the pipeline's bucket stays as it is.
    """
    return _FOLDER + text.removeprefix(SCHEME) if text.startswith(SCHEME) else text


def out_of_folder(name: str) -> str:
    """Return the address of a file in such a folder."""
    return SCHEME + name.removeprefix(_FOLDER)


def literal(path: str) -> str:
    """Return what every key that a path takes begins with."""
    wildcard = WILDCARD.search(path)
    return path[: wildcard.start()] if wildcard else path
