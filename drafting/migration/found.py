"""What there is to be moved into a pipeline file, in the words of Amazon Personalize's API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from definition.service.dataset_types import DatasetName

Request = dict[str, Any]
"""Parameters of a create call, or what a describe call answers; both have the same names."""

ENCRYPTION = "add encryption: {{kms_key: {key}}} to the file, which is then for all that the pipeline keeps"
"""What becomes of the key of a dataset group: its policy has to admit the pipeline first, so none is moved unasked."""


@dataclass
class FoundSolution:
    """A solution, and what is made of its versions.

    Attributes:
        request: of CreateSolution; ``solutionVersion`` in it is that of CreateSolutionVersion.
        campaigns: of CreateCampaign.
        batch_inference: of CreateBatchInferenceJob.
        batch_segment: of CreateBatchSegmentJob.
    """

    request: Request
    campaigns: list[Request] = field(default_factory=list)
    batch_inference: list[Request] = field(default_factory=list)
    batch_segment: list[Request] = field(default_factory=list)


@dataclass
class Found:
    """A dataset group.

    Attributes:
        name: of the dataset group.
        domain: ``ECOMMERCE``, ``VIDEO_ON_DEMAND``, or None for a custom one.
        schemas: Avro schema of each dataset.
        incremental: datasets that are imported incrementally.
        solutions: in their order.
        recommenders: of CreateRecommender.
        filters: of CreateFilter.
        metrics: of CreateMetricAttribution.
        has_event_tracker: whether events are taken in.
        schedules: what is started, and its EventBridge expression; the first becomes the pipeline's.
        tags: of everything.
        source: where the raw data lies now, by dataset, for people.
        left: what there is besides that no pipeline file has.
    """

    name: str
    domain: str | None = None
    schemas: dict[DatasetName, dict[str, Any]] = field(default_factory=dict)
    incremental: set[DatasetName] = field(default_factory=set)
    solutions: list[FoundSolution] = field(default_factory=list)
    recommenders: list[Request] = field(default_factory=list)
    filters: list[Request] = field(default_factory=list)
    metrics: list[Request] = field(default_factory=list)
    has_event_tracker: bool = False
    schedules: list[tuple[str, str]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    source: dict[DatasetName, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
