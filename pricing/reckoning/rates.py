"""What is billed, by what unit, and a rate for it; what no source says has no rate, which is not a rate of zero."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from definition.document import Contract

ItemName = Literal[
    "ingestion",
    "training_v2",
    "inference_v2",
    "training_hour",
    "real_time",
    "recommender_hour",
    "recommender_users",
    "recommender_requests",
    "batch_inference",
    "batch_segment",
    "themes",
    "metadata",
    "lambda_duration",
    "glue_hour",
    "table_writes",
]


class Item(NamedTuple):
    """Something that is billed.

    Attributes:
        label: what it is, for people.
        per: how many units its price is for.
        unit: what those are.
    """

    label: str
    per: int
    unit: str

    @property
    def told(self) -> str:
        """What a price is for, such as ``1,000 interactions`` or ``GB``."""
        return self.unit if self.per == 1 else f"{self.per:,} {self.unit}"


ITEMS: dict[ItemName, Item] = {
    "ingestion": Item("import of datasets and events", 1, "GB"),
    "training_v2": Item("training, v2 recipes", 1000, "interactions"),
    "inference_v2": Item("recommendations of v2 recipes, in batch and in real time", 1000, "requests"),
    "training_hour": Item("training, other recipes", 1, "training hour"),
    "real_time": Item("recommendations of other recipes, in real time", 1000, "requests"),
    "recommender_hour": Item("a recommender, up to 100,000 users", 1, "hour"),
    "recommender_users": Item("a recommender, each further 100,000 users begun", 1, "hour"),
    "recommender_requests": Item("a recommender, requests beyond its allowance", 1000, "requests"),
    "batch_inference": Item("batch inference of other recipes", 1000, "lines"),
    "batch_segment": Item("batch segments", 1000, "lines"),
    "themes": Item("themes of batch inference", 1000, "lines"),
    "metadata": Item("metadata in answers in real time", 1000, "requests"),
    "lambda_duration": Item("functions (Lambda, arm64)", 1, "GB-second"),
    "glue_hour": Item("Spark jobs (Glue)", 1, "DPU-hour"),
    "table_writes": Item("writes of lists to DynamoDB, on demand", 1_000_000, "write request units"),
}
"""Everything that has a price here, in the order in which it is shown."""

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class Step(Contract):
    """Another price for the units of a month beyond so many."""

    beyond: int = Field(ge=1, description="units of a month that the prices before this one are for")
    usd: Amount


class Rate(Contract):
    """A price in USD for as many units as the item says.

    Attributes:
        usd: of the first units; null where it is not known.
        then: prices for the units of a month beyond so many, in their order.
    """

    usd: Amount | None
    then: list[Step] = Field(default=[])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        bounds = [step.beyond for step in self.then]
        if bounds != sorted(set(bounds)):
            raise ValueError(f"the steps begin at {bounds}, which do not rise; put the smaller number first")
        if self.usd is None and self.then:
            raise ValueError("the first price is not known, but those beyond it are; leave out then")
        return self

    def amount(self, quantity: Decimal, per: int) -> Decimal | None:
        """Return what so many units come to, in USD; None where a price is not known."""
        if quantity == 0:
            return Decimal(0)
        if self.usd is None:
            return None
        starts = [(Decimal(0), self.usd), *((Decimal(step.beyond), step.usd) for step in self.then)]
        ends = [start for start, _ in starts[1:]] + [max(quantity, starts[-1][0])]
        spans = (
            (min(quantity, end) - start, usd)
            for (start, usd), end in zip(starts, ends, strict=True)
            if quantity > start
        )
        return sum((units * usd for units, usd in spans), Decimal(0)) / per


Rates = dict[ItemName, Rate]
"""The rates of one region; what is missing is not known."""

UNKNOWN = Rate(usd=None)
