"""The sections `campaign`, `recommenders`, `filters`, `event_tracker` and `metric_attribution` of the pipeline file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from definition.file.training import Columns
from definition.file.values import LowerName, Strict
from definition.service.limits import MAX_ATTRIBUTED_METRICS, MAX_FILTER_EXPRESSION
from definition.service.recipes import USE_CASES
from definition.suggestions import one_of


class Filter(Strict):
    """A filter of the dataset group, for batch jobs and for whoever asks in real time."""

    name: LowerName
    expression: str = Field(
        min_length=1,
        max_length=MAX_FILTER_EXPRESSION,
        description="as CreateFilter takes it, with placeholders such as $GENRE",
        examples=['EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'],
    )


class Exploration(Strict):
    """How much is recommended that nobody knows yet."""

    weight: float | None = Field(default=None, ge=0, le=1, strict=False, description="0 explores nothing, 1 the most")
    item_age_cut_off: int | None = Field(default=None, ge=1, description="days for which an item is new")


class Influence(Strict):
    """What counts besides similarity, from 0 to 1."""

    popularity: float | None = Field(default=None, ge=0, le=1, strict=False)
    freshness: float | None = Field(default=None, ge=0, le=1, strict=False)


class Campaign(Strict):
    """Answers in real time with a solution's version; billed for as long as it is there."""

    min_provisioned_tps: int = Field(
        default=1, ge=1, description="requests per second that are kept ready, and billed also without any"
    )
    exploration: Exploration | None = Field(default=None, description="of aws-user-personalization")
    metadata: bool = Field(default=False, description="columns of items can be asked for with the items; billed")
    sync_with_latest: bool = Field(
        default=False, description="serve the solution's newest version at once, instead of that of the last run"
    )
    ranking_influence: Influence | None = Field(default=None, description="of aws-semantic-similarity")


def _use_case(name: str) -> str:
    if name not in USE_CASES:
        raise ValueError(f"'{name}' is no use case of a domain; {one_of(name, USE_CASES)}")
    return name


class Recommender(Strict):
    """A use case of the domain, which trains by itself and answers in real time; billed for as long as it is there."""

    name: LowerName
    recipe: Annotated[str, AfterValidator(_use_case)]
    min_requests_per_second: int = Field(
        default=1, ge=1, description="requests per second that are kept ready, and billed also without any"
    )
    exploration: Exploration | None = Field(default=None, description="of the use cases that recommend for a user")
    metadata: bool = Field(default=False, description="columns of items can be asked for with the items; billed")
    excluded_columns: Columns = Field(default=Columns(), description="columns that training does not see")
    included_columns: Columns = Field(default=Columns(), description="the only columns that training sees")


class AttributedMetric(Strict):
    """A number of the events that recommendations led to."""

    name: str = Field(min_length=1, max_length=256, description="what the metric is called in CloudWatch and reports")
    event_type: str = Field(min_length=1, max_length=256)
    expression: str = Field(
        min_length=1, max_length=256, description="SUM(Items.COLUMN), SUM(Interactions.COLUMN) or SAMPLECOUNT()"
    )


class MetricAttribution(Strict):
    """What recommendations have led to."""

    metrics: list[AttributedMetric] = Field(min_length=1, max_length=MAX_ATTRIBUTED_METRICS)
    report: LowerName | None = Field(
        default=None, description="folder under attribution/ in the bucket; left out: CloudWatch only"
    )
