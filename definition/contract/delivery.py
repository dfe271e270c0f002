"""What delivering is asked for by the state machine, and what it reports: states spell it, the function parses it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from definition.contract.publishing import JobOfRun, Range
from definition.document import Contract


class Delivered(JobOfRun):
    """The published table of a batch job, and the DynamoDB table that is to have its lists.

    Attributes:
        location: S3 folder of the published table.
        lists: how many lists it has, one for each line with a result.
        table: name of the DynamoDB table.
    """

    location: str
    lists: int
    table: str


class BeginRequest(Delivered):
    """Find out what is to be written."""

    step: Literal["begin"]


class WriteRequest(Delivered, Range):
    """Write the lists of a range of keys that are others than those that stand there; delete those that are gone.

    Attributes:
        before: S3 folders of the tables of which lists may stand there; None: of any, so all are written.
        after: the last key that is done with, None at first.
    """

    step: Literal["write"]
    before: list[str] | None
    after: str | None = None


class SweepRequest(Delivered):
    """Delete what older runs have left in a segment of the DynamoDB table, after all lists were written.

    Attributes:
        segment: which of the segments it is, from 0 on.
        segments: how many there are.
        after: the last key that is done with, None at first.
    """

    step: Literal["sweep"]
    segment: int
    segments: int
    after: str | None = None


class EndRequest(Delivered):
    """Note that all lists stand there."""

    step: Literal["end"]


Request: TypeAdapter[BeginRequest | WriteRequest | SweepRequest | EndRequest] = TypeAdapter(
    Annotated[BeginRequest | WriteRequest | SweepRequest | EndRequest, Field(discriminator="step")]
)
"""Whatever the function is asked for."""


class WritePart(Range):
    """What a call that writes is asked for beside the job; see ``WriteRequest``."""

    step: Literal["write"] = "write"
    before: list[str] | None


class SweepPart(Contract):
    """What a call that sweeps is asked for beside the job; see ``SweepRequest``."""

    step: Literal["sweep"] = "sweep"
    segment: int
    segments: int


class BeginReport(Contract):
    """What is to be done.

    Attributes:
        since: run of the table that the changes are relative to; None: everything is written.
        parts: what is to be written.
        sweeps: what is to be looked through after that; none where changes alone are written, or nothing stood there.
    """

    since: str | None
    parts: list[WritePart]
    sweeps: list[SweepPart]


class Counts(Contract):
    """What became of lists; these add up over calls.

    Attributes:
        written: lists that were written, new ones and changed ones.
        removed: lists that were deleted, since the table has none for their key any more.
        unchanged: lists that were left as they stood there, since they are the same.
        refused: lists that stand there of a newer run, and were left.
        units: write request units of all of that, by the sizes of the lists: one for each kilobyte begun.
    """

    written: int = 0
    removed: int = 0
    unchanged: int = 0
    refused: int = 0
    units: int = 0


class CallFailure(Contract):
    """Why a list could not be written: name of the error, and its text."""

    error: str
    reason: str


class CallReport(Counts):
    """What one call did.

    Attributes:
        done: whether nothing is left of its part.
        after: the last key that is done with, None while there is none.
        throttled: whether the call ended because DynamoDB did not take its writes for long.
        failure: why it cannot go on; what was written besides is counted all the same.
    """

    done: bool
    after: str | None
    throttled: bool
    failure: CallFailure | None = None
