"""What a run puts on the account's default event bus, for programs that go on from there."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import TypeAdapter

from definition.contract.publishing import Kind
from definition.document import Contract

SOURCE = "personalize-pipelines"
RUN_CHANGED = "Pipeline Run Status Change"
TABLE_PUBLISHED = "Pipeline Table Published"

VERSION = 1
"""Raised where a field goes or means something else; fields may be added."""

RunStatus = Literal["BEGUN", "SUCCEEDED", "FAILED", "SKIPPED"]


class RunChanged(Contract):
    """The detail of an event about a run.

    Attributes:
        run: id of the run; of a start that was skipped that of the active one.
        status: BEGUN also where a run is resumed.
        execution: ARN of the execution that puts the event.
        bucket: of the pipeline.
        record: key of ``manifest.json`` or ``failure.json``, None of other statuses.
        error: name of the first failure, None where nothing failed.
    """

    version: int = VERSION
    pipeline: str
    stage: str
    run: str
    status: RunStatus
    execution: str
    bucket: str
    record: str | None = None
    error: str | None = None


class TablePublished(Contract):
    """The detail of an event about a table that readers see from now on.

    Attributes:
        job: name of the batch job; solution is its solution's.
        location: S3 prefix of the table's Parquet.
        rows: of the table.
    """

    version: int = VERSION
    pipeline: str
    stage: str
    run: str
    solution: str
    job: str
    kind: Kind
    location: str
    rows: int


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the details: the first form is of runs, the second of tables."""
    described: dict[str, Any] = TypeAdapter(RunChanged | TablePublished).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
