"""What the state machine is told of a pipeline file: solutions, their batch jobs, recommenders.

States read a plan by its fields, and ask with ``$exists`` for those that may be left out.
"""

from __future__ import annotations

import operator
from typing import Any

from pydantic import Field

from definition.contract.publishing import Kind
from definition.document import Contract
from definition.file.solutions import Target
from definition.file.training import Quality, TrainingMode, UnchangedData
from definition.layout import ExportFormat
from transform.contract import BatchSelection


class Plan(Contract):
    """A plan."""

    def document(self) -> dict[str, Any]:
        """Return the plan as the state machine carries it: as JSON, without what has no value."""
        return self.model_dump(mode="json", exclude_none=True)


class JobPlan(Plan):
    """A batch job.

    Attributes:
        name: its name in the pipeline file.
        num_results: results per line.
        max_errors: share of lines with errors beyond which nothing is published.
        input: what its lines name.
        formats: of the table beside Parquet.
        themes_from: column of items that themes are made from, for batch inference with themes.
        filter: what the filter's name has behind the prefix of all names.
        config: BatchInferenceJobConfig of its request, None where it has none.
        table: how the data catalog describes the table of the newest results, but for where it lies.
        deliver: what the lists of its table are delivered to.
    """

    name: str
    kind: Kind
    num_results: int
    max_errors: float
    input: BatchSelection
    formats: list[ExportFormat] = Field(default=[], exclude_if=operator.not_)
    themes_from: str | None = None
    filter: str | None = None
    config: dict[str, Any] | None = None
    table: dict[str, Any] | None = None
    deliver: Target | None = None


class TrainingPlan(Plan):
    """How a solution is trained.

    Attributes:
        mode: of CreateSolutionVersion, unless the input of the run asks for all of it.
        automatic: whether the service trains by itself.
        unchanged_data: what to do where the data is that of the published version.
    """

    mode: TrainingMode
    automatic: bool
    unchanged_data: UnchangedData


class CampaignPlan(Plan):
    """A campaign.

    Attributes:
        resource: its name in Personalize.
        request: what CreateCampaign and UpdateCampaign take besides name, ARN and version.
    """

    resource: str
    request: dict[str, Any]


class CandidatePlan(Plan):
    """A recipe of a solution, which is a solution of its own in Personalize.

    Attributes:
        name: of the recipe.
        resource: the solution's name in Personalize.
        version: what the names of its versions have before the run id.
        config: what CreateSolution takes besides name and group.
    """

    name: str
    resource: str
    version: str
    config: dict[str, Any]


class SolutionPlan(Plan):
    """A solution with its batch jobs.

    In a pipeline without ``best_of`` it has what its one recipe makes of it; else all of them are candidates.

    Attributes:
        name: its name in the pipeline file.
        resource: its name in Personalize.
        version: what the names of its versions have before the run id.
        config: what CreateSolution takes besides name and group.
        candidates: its recipes, also where it has one.
        by: metric that they are compared by, None where there is one.
        comparison: digest of what is compared by what, None likewise.
        quality: what a version must reach.
        campaign: what serves it in real time.
    """

    name: str
    resource: str | None = None
    version: str | None = None
    config: dict[str, Any] | None = None
    candidates: list[CandidatePlan] | None = None
    by: str | None = None
    comparison: str | None = None
    training: TrainingPlan
    quality: Quality
    jobs: list[JobPlan]
    campaign: CampaignPlan | None = None


class RecommenderPlan(Plan):
    """A recommender of a domain dataset group.

    Attributes:
        name: its name in the pipeline file.
        resource: its name in Personalize.
        recipe: ARN of its use case.
        config: its RecommenderConfig.
    """

    name: str
    resource: str
    recipe: str
    config: dict[str, Any]
