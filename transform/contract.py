"""What an engine is asked to transform, and what it reports: the contract of state machine, engines and people."""

from __future__ import annotations

import operator
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from definition.document import Contract
from definition.mapping.checks import Severity
from definition.mapping.mapping import DatasetMapping
from definition.service.dataset_types import DatasetName
from definition.service.recipes import BatchInput as UserItemOrRanking
from pricing.reckoning.budget import Budget, RunCost

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_REPORTED_OBJECTS = 100
MAX_REPORTED_KEYS = 16_000
"""Raw objects that a report names, and characters of their keys: Step Functions carries 256 KiB of state."""

MAX_REPORTED_EVENT_TYPES = 20
MAX_REPORTED_REASONS = 50
MAX_LOOKUP_REASONS = 10

ImportMode = Literal["FULL", "INCREMENTAL", "NONE"]
"""How a dataset is imported; the last one is not Personalize's, and stands for no import."""


Engine = Literal["lambda", "glue"]


class FromFile(Contract):
    """Ids in a column of a raw CSV object in UTF-8 with a header; ``file`` is relative to ``raw/``."""

    file: str
    column: str


class Active(Contract):
    """Users with an interaction in the seconds before the newest one."""

    active_seconds: int


class BatchSelection(Contract):
    """What the lines of a batch job's input name.

    Attributes:
        line: what a line names.
        users: whose lines; None where lines name no user.
        items: the items of the lines; of rankings those that every line lists. None where lines name no item.
        attributes: queries, for ``line == "attributes"``.
        lines_per_file: most lines of an object.
    """

    line: UserItemOrRanking | Literal["attributes"]
    users: Literal["all"] | Active | FromFile | list[str] | None = None
    items: Literal["all"] | FromFile | list[str] | None = None
    attributes: list[str] | None = None
    lines_per_file: int


class BatchInput(BatchSelection):
    """The input of one batch job.

    Attributes:
        prefix: where its objects go.
    """

    prefix: str


class Imported(Contract):
    """A dataset that Personalize holds as a run imported it."""

    dataset: DatasetName
    run: str


class TransformRequest(Contract):
    """The datasets and batch inputs of one run.

    Attributes:
        run: run id; every key that is written carries it.
        started: when the run began, in seconds since 1970; what lies after it has not happened yet.
        datasets: in the order in which they are transformed.
        imported: what Personalize holds already.
        incremental: datasets to which new raw objects may be added, instead of importing everything again.
        max_rejected: share of a dataset's rows, 0 to 1, up to which rejected ones are no reason to refuse the data.
        max_bytes: size of raw data, as stored and unpacked by estimate, beyond which the engine refuses to begin.
        budget: what the run may cost, None where the pipeline file does not say.
    """

    bucket: str
    run: str
    started: int
    datasets: list[DatasetMapping]
    batch_inputs: list[BatchInput] = Field(default=[])
    imported: list[Imported] = Field(default=[])
    incremental: list[DatasetName] = Field(default=[])
    max_rejected: float = 1
    max_bytes: int | None = None
    budget: Budget | None = None


class RawObject(Contract):
    """A raw object as it was read: size in bytes, ETag for lineage."""

    key: str
    size: int
    etag: str


class Reason(Contract):
    """Why rows were rejected, and how many."""

    reason: str
    rows: int


class EventType(Contract):
    """Interactions of one event type."""

    name: str
    rows: int


class Distribution(Contract):
    """Interactions per user or per item.

    Attributes:
        count: users or items with one interaction at least.
        once: those with exactly one.
        p90: least number of interactions that 90 % of them do not exceed.
    """

    count: int
    once: int
    median: float
    mean: float
    p90: float
    most: int


class InteractionsReport(Contract):
    """What only interactions have.

    Attributes:
        users_with_two: users with at least two interactions.
        users_scored: distinct users of rows out and filtered rows: the lines of a batch input of all users.
        first_timestamp: seconds since 1970 of the oldest one, None without any.
        after_start: interactions later than the start of the run.
        event_types: the most frequent ones; event_type_count is of all.
        unknown_items: items that are not in the items dataset, None where the run has none; unknown_item_rows are
            their interactions.
    """

    per_user: Distribution
    per_item: Distribution
    users_with_two: int
    users_scored: int
    first_timestamp: int | None
    last_timestamp: int | None
    after_start: int
    event_types: list[EventType]
    event_type_count: int
    unknown_items: int | None = None
    unknown_item_rows: int | None = None


class ImportPlan(Contract):
    """What is to be imported of a dataset.

    Attributes:
        mode: ``NONE`` where Personalize holds the dataset as it is.
        reason: why that mode.
        records: that are imported.
        bytes: of their CSV; None in reports of runs from before it was counted.
        location: S3 folder of their CSV, None where nothing is imported.
    """

    mode: ImportMode
    reason: str
    records: int
    bytes: int | None = None
    location: str | None


class Elements(Contract):
    """Elements of the lists that are exploded; ``total == out + filtered + rejected``.

    Attributes:
        out: those that gave a record which stays.
        filtered: those that no condition took, and those that were the same as one that stayed.
        rejected: those of rejected rows, as far as their lists could be read.
        rows_without: filtered rows whose list is empty or not there.
    """

    total: int
    out: int
    filtered: int
    rejected: int
    rows_without: int


class LookupReport(Contract):
    """Counts of one look-up; ``rows_in == rows_out + rows_duplicate + rows_rejected``.

    Attributes:
        name: in the pipeline file.
        object_count: raw objects that were read; object_bytes is their size.
        rows_out: rows that can be found, one for each key.
        rows_duplicate: rows with the key of another one that counts.
        rows_rejected: rows that cannot be read, or have no key.
        reasons: rejected rows by reason, the most frequent first.
    """

    name: str
    object_count: int
    object_bytes: int
    rows_in: int
    rows_out: int
    rows_duplicate: int
    rows_rejected: int
    reasons: list[Reason]


class FailedRow(Contract):
    """Where a row stands that fails a check; ``line`` is None in Parquet."""

    object: str
    line: int | None


class CheckReport(Contract):
    """What a check has found.

    Attributes:
        name: in the pipeline file.
        severity: whether a run stops where it fails, or warns.
        condition: as the pipeline file has it.
        passed: whether no more rows fail it than may, or whether it is true of the counts.
        rows_tested: rows out, those among them that were the same as others; None of a check on counts.
        rows_failed: those for which the condition is not true. They are no rejects: they stay in the dataset.
        rows_allowed: how many of them may fail it.
        first: the first of them in the order of objects and lines.
        failures: S3 folder of the rows that fail it, in objects that begin with the dataset's name and
            ``.failed-checks``. None if there are none.
        counts: of a check on counts those that it reads, None where they are not known.
    """

    name: str
    severity: Severity
    condition: str
    passed: bool
    rows_tested: int | None = None
    rows_failed: int | None = None
    rows_allowed: int | None = None
    first: FailedRow | None = None
    failures: str | None = None
    counts: dict[str, float | None] = Field(default_factory=dict)


class DatasetReport(Contract):
    """Counts of one dataset; ``rows_in == rows_out + rows_filtered + rows_rejected``.

    Attributes:
        object_count: raw objects that were read; object_bytes is their size.
        objects: the first of them.
        rows_out: raw rows that gave records.
        rows_filtered: those that no condition took, those that were the same as one that stayed, and those of users
            that are to be forgotten.
        rows_duplicate: the second kind of them.
        rows_forgotten: the third kind of them.
        records: records of the dataset; more than rows_out where a row gives several.
        elements: what became of the elements of rows, None where none are exploded.
        lookups: what became of the rows of each look-up.
        reasons: rejected rows by reason, the most frequent first.
        empty: records without a value, by nullable column.
        null_words: records with a word for no value such as NULL in an id or a text, by column, if there are any.
        location: S3 folder of the dataset's CSV.
        rejects: S3 folder of what the run rejected; the dataset's rows are in objects that begin with its name. None if
            there are none.
        imports: what is to be imported.
        checks: what the pipeline file's checks of it have found.
    """

    dataset: DatasetName
    object_count: int
    object_bytes: int
    objects: list[RawObject]
    rows_in: int
    rows_out: int
    rows_filtered: int
    rows_duplicate: int
    rows_forgotten: int = Field(default=0, exclude_if=operator.not_)
    rows_rejected: int
    records: int
    reasons: list[Reason]
    empty: dict[str, int]
    null_words: dict[str, int] = Field(default_factory=dict)
    elements: Elements | None = None
    lookups: list[LookupReport] = Field(default_factory=list)
    interactions: InteractionsReport | None = None
    location: str
    rejects: str | None
    imports: ImportPlan | None = None
    checks: list[CheckReport] = Field(default_factory=list)

    @property
    def raw_bytes(self) -> int:
        """Bytes of all raw objects, those of look-ups among them."""
        return self.object_bytes + sum(each.object_bytes for each in self.lookups)


class BatchInputReport(Contract):
    """The input of a batch job as it was written."""

    prefix: str
    lines: int
    files: int


class TransformReport(Contract):
    """The report of a run's data.

    Attributes:
        engine: what made it.
        warnings: sentences for people, the most important first.
        refusals: why the data is not imported, none if it is.
        fingerprint: the same for two runs only if their datasets are.
        unchanged_since: run whose datasets and batch inputs this one's are, None where they were made anew.
        cost: what the run is going to cost, None where the pipeline file does not say what it may.
    """

    engine: Engine
    fingerprint: str
    unchanged_since: str | None = None
    datasets: list[DatasetReport]
    batch_inputs: list[BatchInputReport]
    warnings: list[str]
    refusals: list[str] = Field(default=[])
    cost: RunCost | None = None


def reported(objects: Sequence[RawObject]) -> list[RawObject]:
    """Return the objects that a report names: the first ones, within the limits."""
    lengths = accumulate(len(item.key) for item in objects[:MAX_REPORTED_OBJECTS])
    return [item for item, length in zip(objects, lengths, strict=False) if length <= MAX_REPORTED_KEYS]
