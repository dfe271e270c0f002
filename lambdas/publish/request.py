"""What publishing is asked for, and what it reports: the contract with the state machine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Line = Literal["user", "item", "ranking", "attributes"]
"""What a line of a job's input names."""


class _Contract(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Job(_Contract):
    """The output of one batch job.

    Attributes:
        kind: whether the job inferred, or found segments of users.
        line: what a line of its input names.
        output: prefix that Personalize wrote to.
        curated: prefix of the job's curated table, without the run.
        rejects: key for the lines with errors; of parts, each has its own in the folder of that name.
        max_errors: share of lines with errors beyond which nothing is published.
        themed: whether lines have a theme.
    """

    bucket: str
    run: str
    kind: Literal["inference", "segment"]
    line: Line
    output: str
    curated: str
    rejects: str
    max_errors: float
    themed: bool = False


class PublishRequest(Job):
    """Publish all of it at once.

    Attributes:
        max_bytes: most bytes of output that one call takes.
    """

    step: Literal["whole"]
    max_bytes: int


class PartRequest(Job):
    """Publish one object of it; which others there are does not matter.

    Attributes:
        part: the object's key; what is no output of Personalize is passed over.
    """

    step: Literal["part"]
    part: str


class Counts(_Contract):
    """Lines of output, and how many of them are errors: what adds up over parts."""

    lines: int
    errors: int


class TotalRequest(Job):
    """Make one table of the parts.

    Attributes:
        counts: the sums over all parts.
    """

    step: Literal["total"]
    counts: Counts


class Range(_Contract):
    """Some of the keys of tables.

    Attributes:
        number: which of the ranges it is, from 0 on.
        low: the least key; None: whatever is below ``high``.
        high: the first key that is not in it; None: there is no end.
    """

    number: int
    low: str | None
    high: str | None


class RangeRequest(Job, Range):
    """Compare the new table with the one before, within a range of their keys.

    Attributes:
        before: S3 folder of the table before, None if there is none.
    """

    step: Literal["range"]
    before: str | None


Request: TypeAdapter[PublishRequest | PartRequest | TotalRequest | RangeRequest] = TypeAdapter(
    Annotated[PublishRequest | PartRequest | TotalRequest | RangeRequest, Field(discriminator="step")]
)
"""Whatever the function is asked for."""


class Changes(_Contract):
    """What changed since the table before: rows of it that are new, are gone, or have another rank.

    Attributes:
        since: run of the table before.
        location: S3 folder of the table of changes.
    """

    since: str
    location: str
    added: int
    removed: int
    moved: int


class TableReport(_Contract):
    """What is known of a table without comparing it.

    Attributes:
        lines: lines of output, one per line of input.
        errors: lines that hold an error instead of a result: a job can be ACTIVE and yet have them.
        first_error: text of the first of them.
        results: different items or users that were found.
        rows: rows of the table, one per line and rank.
        location: S3 folder of the table's Parquet.
        rejects: S3 URL of the lines with errors, a folder where the output was published in parts; None if there are
            none.
    """

    lines: int
    errors: int
    first_error: str | None
    results: int
    rows: int
    location: str
    rejects: str | None


class PublishReport(TableReport):
    """Counts of one job's output.

    Attributes:
        keys: different users, items or queries that the lines name.
        changes: since the table before, None if there is none.
    """

    keys: int
    changes: Changes | None


class TotalReport(_Contract):
    """A table of parts, and what is left to do for it.

    Attributes:
        table: its counts.
        since: run of the table before, None if there is none.
        before: S3 folder of the table before.
        changes: S3 folder of the table of changes.
        ranges: in which to count keys and changes.
    """

    table: TableReport
    since: str | None
    before: str | None
    changes: str
    ranges: list[Range]


class RangeReport(_Contract):
    """Different keys of a range, and rows of it that are new, are gone, or have another rank: they add up."""

    keys: int
    added: int
    removed: int
    moved: int
