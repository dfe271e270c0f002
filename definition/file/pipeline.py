"""The pipeline file as types.

``definition.load`` reads a file into a ``Pipeline`` and reports every mistake; nothing else should build one from
untrusted data.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from definition.file.datasets import Datasets
from definition.file.encryption import Encryption
from definition.file.realtime import Filter, MetricAttribution, Recommender
from definition.file.schedule import check_expression
from definition.file.solutions import Solution
from definition.file.source import Athena
from definition.file.values import (
    OWN_TAGS,
    ArrivalPath,
    Delimiter,
    Encoding,
    Freshness,
    Link,
    Money,
    MonthlyMoney,
    PipelineName,
    RawPath,
    Strict,
    Tags,
    Timezone,
    Wait,
    absent,
)
from definition.service.dataset_types import Domain
from definition.service.limits import MAX_TAGS


class Schedule(Strict):
    """When runs start by themselves."""

    expression: Annotated[str, AfterValidator(check_expression)] = Field(
        description="cron(…), rate(…) or at(…) as EventBridge Scheduler takes them",
        examples=["cron(0 3 * * ? *)"],
    )
    timezone: Timezone = Field(default="UTC", description="IANA time zone in which the expression is read")


class Trigger(Strict):
    """Raw data whose arrival starts a run, beside the schedule or in its place."""

    arrival: ArrivalPath = Field(
        description="an object under raw/, or a prefix that ends in /; * stands for any characters",
        examples=["ratings/_SUCCESS"],
    )
    quiet: Wait = Field(
        default=timedelta(minutes=5), description="how long nothing more must have arrived before the run begins"
    )


_CAMPAIGN_WAIT = timedelta(hours=2)
_RECOMMENDER_WAIT = timedelta(hours=48)


class Timeouts(Strict):
    """How long a run waits for each kind of job before it gives up, as 90m, 12h or 2d."""

    import_: Wait = Field(default=timedelta(hours=6), alias="import")
    solution: Wait = timedelta(hours=1)
    training: Wait = timedelta(hours=48)
    batch_inference: Wait = timedelta(hours=24)
    batch_segment: Wait = timedelta(hours=24)
    campaign: Wait = Field(default=_CAMPAIGN_WAIT, exclude_if=_CAMPAIGN_WAIT.__eq__)
    recommender: Wait = Field(default=_RECOMMENDER_WAIT, exclude_if=_RECOMMENDER_WAIT.__eq__)


class ItemLabels(Strict):
    """A raw CSV file with a readable label for each item, shown beside item ids on the terminal."""

    path: RawPath
    id: str = Field(description="column of the item ids")
    label: str = Field(description="column of the labels")
    delimiter: Delimiter = absent(default=",", description="text between fields", examples=["|"])
    encoding: Encoding = absent(default="utf-8", description="of the text")
    header: list[str] | None = absent(min_length=1, description="names of the fields, where no first line has them")


def _labels_form(given: object) -> str:
    return "column" if isinstance(given, str) else "file"


Labels = Annotated[
    Annotated[str, StringConstraints(min_length=1), Tag("column")] | Annotated[ItemLabels, Tag("file")],
    Discriminator(_labels_form),
]


class Pipeline(Strict):
    """A pipeline file.

    Attributes follow the file's keys; ``definition.load.load`` explains mistakes in them.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [key], "properties": {key: {"minItems": 1}}} for key in ("solutions", "recommenders")
            ]
        }
    )

    name: PipelineName = Field(description="resource names begin with <name>-<stage>")
    description: str = ""
    schedule: Schedule | None = Field(default=None, description="left out: runs start by hand only")
    trigger: Trigger | None = absent(description="start a run when raw data arrives in the bucket")
    domain: Domain | None = Field(
        default=None, description="of the dataset group, for recommenders; left out: a custom dataset group"
    )
    generation: int = Field(
        default=1, ge=1, description="another number begins a new dataset group: all is imported and trained anew"
    )
    encryption: Encryption | None = absent(
        description="a customer managed key of KMS for what the pipeline keeps; left out: keys that AWS owns or manages"
    )
    engine: Literal["lambda", "glue", "auto"] = Field(
        default="lambda",
        description="what transforms: the function, a Spark job of AWS Glue, or the function while it can",
    )
    workers: int = Field(default=2, ge=2, le=299, description="glue and auto: workers of the Spark job, type G.1X")
    publish: Literal["auto", "parts"] = Field(
        default="auto",
        exclude_if="auto".__eq__,
        description="how output is published: by one call while it can, or always in parts",
    )
    datasets: Datasets
    solutions: list[Solution] = absent([], description="what to train and to score with")
    recommenders: list[Recommender] = absent([], description="use cases of the domain that answer in real time")
    event_tracker: bool = absent(False, description="take events in, with the tracking id that the deployment prints")  # noqa: FBT003
    metric_attribution: MetricAttribution | None = absent(description="measure what recommendations have led to")
    athena: Athena | None = absent(description="how the queries of sources are run")
    filters: list[Filter] = absent([], description="filters of the dataset group")
    max_rejected: float = Field(
        default=0.05, ge=0, le=1, strict=False, description="share of a dataset's rows that may be rejected in a run"
    )
    max_cost: Money | None = absent(
        description="the most that a run may cost; one that is known to cost more is refused before its import",
        examples=["50 USD"],
    )
    budget: MonthlyMoney | None = absent(
        description="what the runs of a calendar month in UTC may cost: an alarm rings where they have cost more",
        examples=["300 USD"],
    )
    freshness: Freshness | None = absent(
        description="an alarm rings where the newest complete table of a batch job is older", examples=["26h"]
    )
    report_link: Link | None = absent(
        description="how long a link to the page of the run, in its message, opens for whoever has it; up to 12h",
        examples=["6h"],
    )
    timeouts: Timeouts = Timeouts()
    catalog: bool = Field(default=True, description="whether tables of the results stand in the Glue data catalog")
    tags: Tags = absent(
        {},
        max_length=MAX_TAGS - len(OWN_TAGS),
        description="beside pipeline, stage and run on what is deployed and what runs make",
        examples=[{"team": "shop"}],
    )
    item_labels: Labels | None = Field(
        default=None, description="a column of items, or a raw CSV file, with a readable label for each item"
    )

    @property
    def compares(self) -> bool:
        """Whether runs compare several recipes of some solution."""
        return any(solution.by for solution in self.solutions)

    @property
    def delivers(self) -> bool:
        """Whether the table of some batch job is delivered to DynamoDB."""
        return any(job.deliver for solution in self.solutions for job in solution.jobs)

    @property
    def max_usd(self) -> Decimal | None:
        """The most that a run may cost in USD, None where the file does not say."""
        return None if self.max_cost is None else Decimal(self.max_cost.removesuffix(" USD"))

    @property
    def budget_usd(self) -> Decimal | None:
        """What the runs of a month may cost in USD, None where the file does not say."""
        return None if self.budget is None else Decimal(self.budget.removesuffix(" USD"))
