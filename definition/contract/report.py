"""The report of a run: what the function that makes it is asked for, and the document inside of its page.

The page is for people. The document inside is versioned as the manifest is, and holds what manifest, data report and
failure record of the run say, as they say it, with what was counted for the report alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from definition.contract.history import RunRow
from definition.contract.manifest import DatasetResult, DeliveryResult, FailureRecord, Manifest, SolutionResult, Status
from definition.contract.publishing import Kind, Line
from definition.document import Contract
from definition.service.dataset_types import DatasetName
from pricing.reckoning.rates import ItemName, Rate
from transform.contract import BatchInputReport, Engine, TransformReport

VERSION = 1
"""To be raised when a field goes, or means something else; a new field leaves it as it is."""

Thing = Literal["item", "user", "attributes"]
"""What a line of a batch job names, or finds."""


class UsageRequest(Contract):
    """Reckon what a run used; asked for before its manifest is written.

    Attributes:
        region: of the pipeline.
        rates: the prices that were there when it was deployed, by region.
        workers: of the Spark job.
        themed: batch jobs with themes, as ``solution/job``.
    """

    step: Literal["usage"]
    run: str
    region: str
    rates: dict[str, dict[ItemName, Rate]]
    workers: int
    themed: list[str]
    engine: Engine
    unchanged_since: str | None = None
    datasets: list[DatasetResult]
    batch_inputs: list[BatchInputReport]
    solutions: list[SolutionResult]
    deliveries: list[DeliveryResult] = Field(default=[])


class Labels(Contract):
    """A raw CSV file with a readable label for each item, as ``item_labels`` of the pipeline file names it."""

    path: str
    id: str
    label: str
    delimiter: str = ","
    encoding: str = "utf-8"
    header: list[str] | None = None


class ReportedJob(Contract):
    """A batch job of the run: solution, job, kind, and what a line of its input names."""

    solution: str
    job: str
    kind: Kind
    line: Line


class PageRequest(Contract):
    """Make the page of a run that has ended.

    Attributes:
        execution: ARN of the execution that ends.
        status: as it ends.
        started: when that execution began (ISO 8601).
        redrives: how often it was redriven.
        made: when the page is asked for, by the clock of the execution (ISO 8601); None of executions that began
            before a deployment whose requests have it, then the function's clock is asked.
        mappings: digest of how the pipeline file describes each dataset.
        jobs: those that the run was asked for; none where it failed before it knew them.
        labels: None where the pipeline file names none, or a column.
        label_column: column of items with labels, None where there is none.
        budget: what the runs of a month may cost in USD, None where the pipeline file does not say.
    """

    step: Literal["page"]
    bucket: str
    run: str
    pipeline: str
    stage: str
    execution: str
    status: Status
    started: str
    redrives: int
    made: str | None = None
    mappings: dict[DatasetName, str]
    jobs: list[ReportedJob]
    labels: Labels | None = None
    label_column: str | None = None
    budget: Decimal | None = None


class MessageRequest(Contract):
    """Tell the topic how a run has ended, with a link to its page.

    Attributes:
        topic: its ARN.
        subject: of the message.
        message: its text, below which the link stands.
        seconds: for how long the link is signed.
    """

    step: Literal["message"]
    bucket: str
    run: str
    topic: str
    subject: str
    message: str
    seconds: int


class MessageReport(Contract):
    """A message that was sent; ``linked`` is false where there is no page. The link is a secret, and not in it."""

    linked: bool


Request: TypeAdapter[UsageRequest | PageRequest | MessageRequest] = TypeAdapter(
    Annotated[UsageRequest | PageRequest | MessageRequest, Field(discriminator="step")]
)
"""Whatever the function is asked for."""


class MonthCost(Contract):
    """What the runs of a calendar month in UTC have cost, by the rows that they left in the history.

    Attributes:
        month: as ``2026-11``.
        usd: the sum of what is known, None where nothing is.
        runs: of which there are rows, this one among them.
        runs_unknown: those of them of whose cost nothing is known.
        told: all of it in a sentence.
    """

    month: str
    usd: float | None
    runs: int
    runs_unknown: int
    told: str


class PageReport(Contract):
    """The page of a run.

    Attributes:
        report: where it is.
        size: its bytes.
        notes: sentences about what could not be put on it, or not into the history.
        anomalies: sentences about what differs from the last runs.
        month: what the runs of the month have cost, None where nobody asked for it or it could not be reckoned.
    """

    report: str
    size: int
    notes: list[str]
    anomalies: list[str]
    month: MonthCost | None = None


class Example(Contract):
    """A rejected row: raw object, line in it, and its text, cut off where it is long."""

    object: str
    line: int | None
    raw: str


class RejectedReason(Contract):
    """A reason of rejection with one row that it met.

    Attributes:
        lookup: name of the look-up whose row it is; None of the dataset's own.
        example: None where none of the rows that were read has the reason.
    """

    dataset: DatasetName
    lookup: str | None = None
    reason: str
    example: Example | None


class Phase(Contract):
    """A stretch of time of the run.

    Attributes:
        lane: whose it is: ``run``, a solution, ``solution/job``, or a recommender.
        name: what happened.
        kind: ``work`` of the pipeline's own functions and calls; ``service``: Personalize at work, as looks at it tell;
            ``waiting``: a call was repeated because a quota was used up, something was in use, or calls were throttled.
        start: milliseconds since 1970.
        end: likewise.
    """

    lane: str
    name: str
    kind: Literal["work", "service", "waiting"]
    start: int
    end: int


class EarlierVersion(Contract):
    """A version that an earlier run scored with, and its offline metrics."""

    solution: str
    version_arn: str | None
    metrics: dict[str, float]


class EarlierRun(Contract):
    """An earlier run, by its manifest."""

    run: str
    status: Status
    versions: list[EarlierVersion]


class TableFacts(Contract):
    """What a table holds beyond what the manifest counts.

    Attributes:
        finds: whether items or users are found.
        catalogue: those with an interaction, and those that are found without one.
        found: different ones in the table; coverage is their share of the catalogue.
        gini: of how often each of the catalogue is found: 0 where all are found as often, near 1 where one is alone.
        tail_share: share of the rows that name one outside of the fifth with the most interactions.
        tail_share_of_interactions: the same share of the interactions.
        mean_popularity: interactions of what a row names, on average over the rows.
    """

    solution: str
    job: str
    finds: Thing
    catalogue: int
    found: int
    coverage: float
    gini: float
    tail_share: float
    tail_share_of_interactions: float
    mean_popularity: float


class Bin(Contract):
    """Users or items with ``low`` to ``high`` interactions."""

    low: int
    high: int
    count: int


class Period(Contract):
    """Interactions within a day, week or month, which begins at ``start`` (YYYY-MM-DD, UTC)."""

    start: str
    interactions: int


class Activity(Contract):
    """The interactions that were imported."""

    unit: Literal["day", "week", "month"]
    periods: list[Period]
    per_user: list[Bin]
    per_item: list[Bin]


class SampledLine(Contract):
    """What one user, item or query is offered: ids in the order of their rank, and how many there are in all."""

    key: str
    found: list[str]
    of: int


class Sample(Contract):
    """Some lines of a table, chosen by a hash of what they name.

    Attributes:
        keyed_by: what a line names.
        finds: what is found.
        keys: lines of the whole table.
    """

    solution: str
    job: str
    keyed_by: Thing
    finds: Thing
    keys: int
    lines: list[SampledLine]


class Interaction(Contract):
    """An interaction: item, time in seconds since 1970, event type if there is one."""

    item: str
    time: int
    event: str | None


class UserHistory(Contract):
    """The latest interactions of a user, newest first, and how many there are in all."""

    user: str
    interactions: int
    latest: list[Interaction]


class ItemFacts(Contract):
    """An item: its interactions, and the rows of all tables that offer it."""

    item: str
    interactions: int
    offered: int


class Report(Contract):
    """All that the page shows.

    Attributes:
        manifest: None where the run ended before one was written.
        data: the data report where there is no manifest.
        failure: None where the run succeeded.
        history: rows of the last runs, the oldest first; the last one is this run's.
        items: those of the samples, and those that are offered most.
        labels: of the items that are on the page.
        notes: what could not be put on the page, and why.
    """

    version: int = VERSION
    run: str
    pipeline: str
    stage: str
    execution: str
    status: Status
    made: str
    manifest: Manifest | None = None
    data: TransformReport | None = None
    failure: FailureRecord | None = None
    reasons: list[RejectedReason] = Field(default=[])
    phases: list[Phase] = Field(default=[])
    earlier: list[EarlierRun] = Field(default=[])
    history: list[RunRow] = Field(default=[])
    activity: Activity | None = None
    tables: list[TableFacts] = Field(default=[])
    samples: list[Sample] = Field(default=[])
    histories: list[UserHistory] = Field(default=[])
    items: list[ItemFacts] = Field(default=[])
    labels: dict[str, str] = Field(default={})
    notes: list[str] = Field(default=[])
