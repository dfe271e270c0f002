"""What the transform is asked for, and what it reports: the contract with the state machine."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from spec.mapping import DatasetMapping


class _Contract(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TransformRequest(_Contract):
    """One dataset of one run.

    Attributes:
        run: run id; every key that is written carries it.
        batch_inputs: prefixes that get the batch inference input of all users.
    """

    bucket: str
    run: str
    mapping: DatasetMapping
    batch_inputs: list[str] = []


class RawObject(_Contract):
    """A raw object as it was read: size in bytes, ETag for lineage."""

    key: str
    size: int
    etag: str


class Reason(_Contract):
    """Why rows were rejected, and how many."""

    reason: str
    rows: int


class TransformReport(_Contract):
    """Counts of one dataset; ``rows_in == rows_out + rows_filtered + rows_rejected``.

    Attributes:
        object_count: raw objects that were read; object_bytes is their size.
        objects: the first of them: Step Functions carries 256 KiB, and there may be thousands.
        users: distinct users of the rows out.
        users_with_two: those with at least two interactions.
        users_scored: distinct users of rows out and filtered rows: the lines of batch inference input.
        reasons: rejected rows by reason, the most frequent first.
        first_timestamp: epoch seconds of the oldest row out, None without rows out.
        location: S3 folder of the dataset's CSV.
        rejects: S3 object of the rejected rows, None if there are none.
    """

    dataset: str
    object_count: int
    object_bytes: int
    objects: list[RawObject]
    rows_in: int
    rows_out: int
    rows_filtered: int
    rows_rejected: int
    reasons: list[Reason]
    users: int
    users_with_two: int
    users_scored: int
    items: int
    first_timestamp: int | None
    last_timestamp: int | None
    location: str
    rejects: str | None
