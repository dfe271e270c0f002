"""The training options and the `quality` section of a solution in the pipeline file."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from definition.file.values import Duration, Scalar, Strict, absent
from definition.service.limits import (
    MAX_AUTO_TRAINING_DAYS,
    MAX_EVENT_WEIGHTS,
    MAX_PARALLEL_TRAINING_JOBS,
    MAX_TRAINING_JOBS,
)

_METRIC = re.compile(
    "coverage|mean_reciprocal_rank_at_25|hits_at_1_percent|recall_at_1_percent"
    "|(normalized_discounted_cumulative_gain|precision)_at_(5|10|25)"
    "|(average_rewards|normalized_discounted_cumulative_gain_with_event_weights)_at_(k|5|10|25)"
)
"""Keys of GetSolutionMetrics (page working-with-training-metrics); of the last ones only the beginning is sure."""

_DAY = timedelta(days=1)


def _metric(name: str) -> str:
    if not _METRIC.fullmatch(name):
        raise ValueError(
            f"'{name}' is no metric of Personalize; use coverage, mean_reciprocal_rank_at_25, precision_at_5, "
            "normalized_discounted_cumulative_gain_at_10 and their like, or recall_at_1_percent for segments"
        )
    return name


def _days(duration: timedelta) -> timedelta:
    if duration % _DAY or not 1 <= duration // _DAY <= MAX_AUTO_TRAINING_DAYS:
        raise ValueError(f"Personalize trains by itself every 1 to {MAX_AUTO_TRAINING_DAYS} days; write 7d")
    return duration


_Number = TypeVar("_Number")
_Pair = Annotated[list[_Number], Field(min_length=2, max_length=2)]
Metric = Annotated[str, AfterValidator(_metric)]


TrainingMode = Literal["full", "update"]
UnchangedData = Literal["train", "skip"]


class Quality(Strict):
    """What a new version must reach before anything is scored with it."""

    floors: dict[Metric, float] = Field(
        default={}, strict=False, description="least value of an offline metric", examples=[{"precision_at_5": 0.01}]
    )
    max_drop: dict[Metric, Annotated[float, Field(ge=0, le=1)]] = Field(
        default={},
        strict=False,
        description="share by which a metric may be below that of the version that was last published",
        examples=[{"normalized_discounted_cumulative_gain_at_10": 0.2}],
    )
    on_miss: Literal["fail", "previous", "warn"] = Field(
        default="fail",
        description="fail the solution, score with the version that was last published, or go on with a warning",
    )


class Hpo(Strict):
    """Search for hyperparameters; each training job of it is billed."""

    max_training_jobs: int = Field(default=10, ge=1, le=MAX_TRAINING_JOBS)
    max_parallel_jobs: int = Field(default=2, ge=1, le=MAX_PARALLEL_TRAINING_JOBS)
    integer: dict[str, _Pair[int]] = Field(default={}, description="least and largest value")
    continuous: dict[str, _Pair[Annotated[float, Field(strict=False)]]] = Field(
        default={}, description="least and largest value"
    )
    categorical: dict[str, list[str]] = Field(default={}, description="values to choose from")


class EventWeight(Strict):
    """How much an event type counts in training."""

    event_type: str = Field(min_length=1)
    weight: float = Field(default=1, ge=0, le=1, strict=False)
    event_value_threshold: float | None = Field(default=None, allow_inf_nan=False, strict=False)


class Objective(Strict):
    """What is weighed against relevance: a numeric column of items that is never empty."""

    item_attribute: str = Field(min_length=1)
    sensitivity: Literal["LOW", "MEDIUM", "HIGH", "OFF"] = "MEDIUM"


class Columns(Strict):
    """Columns of the datasets, by dataset."""

    interactions: list[str] = Field(default=[])
    items: list[str] = Field(default=[])
    users: list[str] = Field(default=[])


class AutoTraining(Strict):
    """The service trains by itself; runs score with what it trained last."""

    every: Annotated[Duration, AfterValidator(_days)] = Field(default=timedelta(days=7), description="1d to 30d")


class TrainingOptions(Strict):
    """Everything that CreateSolution and CreateSolutionVersion take besides recipe, event type and threshold."""

    hyperparameters: dict[str, Scalar] = Field(default={}, description="algorithmHyperParameters of the recipe")
    feature_transformation: dict[str, Scalar] = Field(
        default={}, description="featureTransformationParameters of the recipe"
    )
    hpo: Hpo | None = Field(default=None, description="search for hyperparameters")
    event_weights: list[EventWeight] = Field(
        default=[], max_length=MAX_EVENT_WEIGHTS, description="event types that training sees, and what each weighs"
    )
    objective: Objective | None = None
    excluded_columns: Columns = Field(default=Columns(), description="columns that training does not see")
    included_columns: Columns = Field(default=Columns(), description="the only columns that training sees")
    training_mode: TrainingMode = Field(
        default="full", description="update: go on from the version that was last published, where there is one"
    )
    incremental_updates: bool = absent(
        False,  # noqa: FBT003  # the default
        description="of aws-semantic-similarity: the service takes new items in without a whole training; billed",
    )
    unchanged_data: UnchangedData = Field(
        default="train", description="skip: no new version while the data is that of the one that was last published"
    )
    auto_training: AutoTraining | None = Field(default=None, description="left out: only runs train")
    quality: Quality = Quality()
