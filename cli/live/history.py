"""The last interactions of a user, from the data that Personalize has imported."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.imported import imported, records

if TYPE_CHECKING:
    from cli.imported import Imported

LARGEST = 256 * 1024**2
"""Bytes of interactions that are read for one question: some ten seconds. One row is held at a time."""


@dataclass(frozen=True)
class Interaction:
    """What a user did; the event type is None where the dataset has no such column."""

    at: datetime
    item: str
    event_type: str | None = None


@dataclass(frozen=True)
class History:
    """What is known of a user.

    Attributes:
        run: that transformed the data; None where it is not known.
        interactions: the last ones, the newest first; None where they were not read.
        unread: why they were not.
    """

    run: str | None = None
    interactions: list[Interaction] | None = field(default=None)
    unread: str = ""


def history(s3: Any, bucket: str, user: str, most: int, *, largest: int = LARGEST) -> History:
    """Return the last interactions of a user in what Personalize has imported; events sent since are not in it.

    Args:
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        user: the user's id.
        most: how many.
        largest: bytes beyond which nothing is read.

    Raises:
        ClientError: the bucket must not be read.
    """
    found = imported(s3, bucket, "interactions")
    if unread := found.gone or _too_large(found, largest):
        return History(found.run, unread=unread)
    of_user = map(_interaction, records(s3, bucket, found, "USER_ID", user))
    return History(found.run, heapq.nlargest(most, of_user, key=lambda each: each.at))


def example(s3: Any, bucket: str) -> tuple[str, str] | None:
    """Return user and item of the first interaction that Personalize has imported, None if none can be read."""
    first = next(records(s3, bucket, imported(s3, bucket, "interactions")), None)
    return None if first is None else (first["USER_ID"], first["ITEM_ID"])


def _too_large(found: Imported, largest: int) -> str:
    if (size := sum(found.sizes.values())) <= largest:
        return ""
    told = f"{size / 1024**2:,.0f} MB of interactions, and at most {largest / 1024**2:,.0f} MB are looked through"
    return f"there are {told}"


def _interaction(record: dict[str, str]) -> Interaction:
    at = datetime.fromtimestamp(int(record["TIMESTAMP"]), UTC)
    return Interaction(at, record["ITEM_ID"], record.get("EVENT_TYPE") or None)
