"""What publishing is asked for, and what it reports: the contract with the state machine."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Contract(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishRequest(_Contract):
    """The output of one batch inference job.

    Attributes:
        output: prefix that Personalize wrote to.
        curated: prefix of the job's curated table, without the run.
    """

    bucket: str
    run: str
    output: str
    curated: str


class PublishReport(_Contract):
    """Counts of one job's output.

    Attributes:
        lines: lines of output, one per line of input.
        errors: lines that hold an error instead of a result: a job can be ACTIVE and yet have them.
        first_error: text of the first of them.
        rows: rows of the table, one per user and rank.
        location: S3 folder of the table's Parquet.
    """

    lines: int
    errors: int
    first_error: str | None
    users: int
    items: int
    rows: int
    location: str
