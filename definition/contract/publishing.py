"""What publishing is asked for by the state machine, and what it reports: states spell it, the function parses it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from definition.document import Contract
from definition.layout import ExportFormat
from definition.service.recipes import BatchInput, SegmentInput

Kind = Literal["inference", "segment"]
Line = BatchInput | SegmentInput
"""What a line of a job's input names."""


class JobOfRun(Contract):
    """A batch job of a run, whose keys are those of ``definition.layout``.

    Attributes:
        solution: name of the solution in the pipeline file.
        job: name of the job there.
        kind: whether the job inferred, or found segments of users.
        line: what a line of its input names.
        themed: whether lines have a theme.
    """

    bucket: str
    run: str
    solution: str
    job: str
    kind: Kind
    line: Line
    themed: bool = False


class Job(JobOfRun):
    """The output of one batch job.

    Attributes:
        max_errors: share of lines with errors beyond which nothing is published.
        formats: beside Parquet.
    """

    max_errors: float
    formats: list[ExportFormat] = Field(default=[])


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


class Counts(Contract):
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


class Range(Contract):
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


class Changes(Contract):
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


class TableReport(Contract):
    """What is known of a table without comparing it.

    Attributes:
        lines: lines of output, one per line of input.
        errors: lines that hold an error instead of a result: a job can be ACTIVE and yet have them.
        first_error: text of the first of them.
        results: different items or users that were found.
        rows: rows of the table, one per line and rank.
        location: S3 folder of the table's Parquet.
        exports: S3 folder of the same rows by each other format that was asked for.
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
    exports: dict[ExportFormat, str] = Field(default={})


class PublishReport(TableReport):
    """Counts of one job's output.

    Attributes:
        keys: different users, items or queries that the lines name.
        changes: since the table before, None if there is none.
    """

    keys: int
    changes: Changes | None


class TotalReport(Contract):
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


class RangeReport(Contract):
    """Different keys of a range, and rows of it that are new, are gone, or have another rank: they add up."""

    keys: int
    added: int
    removed: int
    moved: int
