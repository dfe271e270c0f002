"""The history of runs: each run that succeeded or failed leaves one row, and Athena reads all of them as a table.

A run that is resumed replaces its row. Starts that were skipped, and runs that were stopped from outside or ran out of
time, leave none.
"""

from __future__ import annotations

from pydantic import Field

from definition.contract.manifest import Status
from definition.contract.publishing import Kind
from definition.document import Contract
from definition.service.dataset_types import DatasetName
from transform.contract import Engine, ImportMode

VERSION = 1
"""To be raised when a field goes, or means something else; a new field leaves it as it is."""


class ColumnOfRun(Contract):
    """A nullable column, and how many records have no value in it."""

    name: str
    empty: int


class DatasetOfRun(Contract):
    """What became of a dataset's rows; ``rows_in == rows_out + rows_filtered + rows_rejected``.

    Attributes:
        mapping: digest of how the pipeline file describes it; None where the deployed file does not.
        import_mode: that its data asked for; NONE where Personalize held it as it was, or the run left imports out.
        records: of the dataset; more than rows_out where a row gives several.
    """

    dataset: DatasetName
    mapping: str | None
    import_mode: ImportMode | None
    rows_in: int
    rows_out: int
    rows_filtered: int
    rows_rejected: int
    records: int
    columns: list[ColumnOfRun]


class JobOfRun(Contract):
    """A batch job; rows of its table and lines with an error are None where it published none."""

    name: str
    kind: Kind
    status: Status
    table_rows: int | None
    lines_with_errors: int | None


class SolutionOfRun(Contract):
    """A solution.

    Attributes:
        recipe: its name; of several the one that was scored with.
        version_arn: of the version that was scored with.
        training_hours: that are billed for a version of this run; None where none was trained.
        metrics: offline metrics of the version.
    """

    name: str
    recipe: str | None
    status: Status
    version_arn: str | None
    training_hours: float | None
    metrics: dict[str, float]
    jobs: list[JobOfRun]


class RunRow(Contract):
    """A run. What is not known of it is None: a run that failed early has neither rows nor cost.

    Attributes:
        version: of this document.
        run: id of the run.
        spec_hash: hash of the pipeline file.
        execution: ARN of the execution that ended the run.
        error: name of the first failure's error, None where nothing failed.
        resumed: whether an earlier attempt had done a part of the run; started and duration are of the last execution.
        started: in UTC (ISO 8601).
        finished: likewise, when this row was made, just before the message of the run.
        duration_seconds: between the two.
        engine: of the transform.
        unchanged_since: run whose datasets this one's are, None where they were made anew.
        rows_in: of all datasets; rows_out, rows_filtered and rows_rejected likewise.
        interactions: records of the interactions.
        users: different users in them.
        items: different items in them.
        rows_imported: records that Personalize was given.
        training_hours: of all versions that the run trained.
        lines_scored: of batch inference jobs.
        segment_lines: of batch segment jobs.
        usd: what is known of the cost.
        warnings: sentences about the data.
        anomalies: sentences about what differs from the last runs.
    """

    version: int = VERSION
    run: str
    pipeline: str
    stage: str
    spec_hash: str | None
    execution: str
    status: Status
    error: str | None
    resumed: bool
    started: str
    finished: str
    duration_seconds: float
    engine: Engine | None
    unchanged_since: str | None
    rows_in: int | None
    rows_out: int | None
    rows_filtered: int | None
    rows_rejected: int | None
    interactions: int | None
    users: int | None
    items: int | None
    rows_imported: int | None
    training_hours: float | None
    lines_scored: int | None
    segment_lines: int | None
    usd: float | None
    warnings: list[str]
    anomalies: list[str] = Field(default=[])
    datasets: list[DatasetOfRun]
    solutions: list[SolutionOfRun]
