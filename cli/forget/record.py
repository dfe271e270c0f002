"""The record of a request to forget users: what was done, without their ids; from it the command goes on."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from definition import layout
from definition.document import Contract
from definition.plan.names import resource_prefix

if TYPE_CHECKING:
    from collections.abc import Collection

    from transform.forgotten import Forgotten

Step = Literal["list", "job", "items", "bucket", "raw", "job ended"]
"""What is done, in this order."""


class AreaCounts(Contract):
    """What was done in an area of the bucket.

    Attributes:
        looked_at: versions that were read.
        rewritten: objects that were written anew.
        records: rows, lines or parts that they have no longer.
        deleted: versions that were deleted.
    """

    looked_at: int = 0
    rewritten: int = 0
    records: int = 0
    deleted: int = 0


class Record(Contract):
    """The object ``layout.FORGET_RECORD``.

    Attributes:
        version: of this document.
        request: its id: when it began, and six hex digits.
        digests: of the ids, as the list of users to leave out has them.
        began: in UTC (ISO 8601).
        ended: None while something is left to do.
        steps: those that are done.
        attempt: how many data deletion jobs were made before this one: they failed, or a run began beside them.
        job: ARN of the data deletion job in Personalize.
        job_status: as it was when it was looked at last.
        records_deleted: how many records that job has deleted, as Personalize counts them; None while it has not ended.
        newest: ARN of the newest execution when that job was created: a later one makes another job necessary.
        areas: what was done in the bucket, by area.
        items: items of DynamoDB tables that were deleted or written anew, by table.
        raw_held: keys of raw objects that hold the users; those of other buckets begin with ``s3://``.
        raw_kept: raw objects that were to be rewritten and could not be read or written, each with the reason.
        not_read: places of raw data that were not looked into, each with the reason.
    """

    version: int = 1
    request: str
    digests: list[str]
    began: str
    ended: str | None = None
    steps: list[Step] = Field(default=[])
    attempt: int = 0
    job: str | None = None
    job_status: str | None = None
    records_deleted: int | None = None
    newest: str | None = None
    areas: dict[str, AreaCounts] = Field(default={})
    items: dict[str, int] = Field(default={})
    raw_held: list[str] = Field(default=[])
    raw_kept: dict[str, str] = Field(default={})
    not_read: dict[str, str] = Field(default={})

    @property
    def users(self) -> int:
        """How many users are to be forgotten."""
        return len(self.digests)

    def done(self, *steps: Step, **found: Any) -> Record:
        """Return the record after some steps."""
        kept = [each for each in self.steps if each not in steps]
        return self.model_copy(update={"steps": [*kept, *steps], **found})

    def undone(self, *steps: Step) -> Record:
        """Return the record without some steps, which are to be done again."""
        return self.model_copy(update={"steps": [each for each in self.steps if each not in steps]})


def job_name(own: str, record: Record) -> str:
    """Return the name of a request's data deletion job, which begins as the pipeline's do; each attempt has its own."""
    again = f"-{record.attempt}" if record.attempt else ""
    return f"{resource_prefix(own)}forget-{record.request}{again}"


class Records:
    """The records in the pipeline's bucket.

    Args:
        s3: a boto3 S3 client.
        bucket: its name.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def begin(self, ids: Collection[str], forgotten: Forgotten) -> Record:
        """Return the request for these users that has not ended, else a new one, which is written."""
        digests = sorted(map(forgotten.digest, ids))
        for found in self.every():
            if found.ended is None and found.digests == digests:
                return found
        now = datetime.now(UTC)
        told = hashlib.sha256(" ".join(digests).encode()).hexdigest()[:6]
        record = Record(request=f"{now:%Y%m%dT%H%M%S}-{told}", digests=digests, began=now.isoformat(timespec="seconds"))
        self.write(record)
        return record

    def every(self) -> list[Record]:
        """Return all of them, the newest first."""
        area = f"{layout.FORGET_RECORD.area}/"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=area)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        ours = [key for key in keys if key.endswith(f"/{layout.FORGET_RECORD.name}")]
        bodies = (self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read() for key in reversed(ours))
        return [Record.model_validate_json(body) for body in bodies]

    def write(self, record: Record) -> None:
        """Write a record over what was there of it."""
        self._s3.put_object(
            Bucket=self._bucket,
            Key=layout.FORGET_RECORD.key(request=record.request),
            Body=record.model_dump_json(indent=1).encode(),
            ContentType="application/json",
        )
