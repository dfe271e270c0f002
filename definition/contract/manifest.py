"""The manifest: what went into a run, what was made of it, and where the results are; and the record of a failure.

The state machine writes them; the command line, and whoever takes results further, reads them. The manifest's JSON
Schema is docs/manifest.schema.json, as ``pipelines schema manifest`` prints it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from definition.contract.delivery import Counts
from definition.contract.publishing import Kind, PublishReport
from definition.document import Contract
from pricing.reckoning.budget import RunCost
from pricing.reckoning.usage import RunUsage
from transform.contract import BatchInputReport, DatasetReport, Engine

VERSION = 1
"""To be raised when a field goes, or means something else; a new field leaves it as it is."""

_REMEDY = "Use the checkout that the pipeline was deployed from."

Status = Literal["SUCCEEDED", "FAILED"]


class UnreadableDocumentError(ValueError):
    """What a run wrote is of a later version, or not what it should be; the message says how to go on."""


class Failure(Contract):
    """What went wrong.

    Attributes:
        state: of the state machine.
        resource: what the state was about.
        error: name of the error.
        reason: in the service's words.
        arn: of what failed.
        status: that it had.
        solution: whose failure it is.
        job: batch job of the solution whose failure it is.
        recommender: whose failure it is.
    """

    state: str
    resource: str | None = None
    error: str
    reason: str
    arn: str | None = None
    status: str | None = None
    solution: str | None = None
    job: str | None = None
    recommender: str | None = None


class DatasetResult(DatasetReport):
    """A dataset, and how Personalize came to hold it.

    Attributes:
        import_job_arn: of the import job, an earlier run's where nothing was new; None where imports were left out.
    """

    import_job_arn: str | None = None


class QualityResult(Contract):
    """What came of the floors of a solution.

    Attributes:
        misses: a sentence for each metric that is not good enough.
        kept_version: whether the version that was published before is used instead of a new one.
    """

    misses: list[str]
    kept_version: bool


class CampaignResult(Contract):
    """A campaign as it was left."""

    arn: str
    status: str


class BatchJobResult(Contract):
    """A batch job.

    Attributes:
        name: its name in the pipeline file.
        output: S3 folder of Personalize's lines.
        published: its table.
        failure: why there is none.
    """

    name: str
    kind: Kind
    status: Status
    arn: str | None = None
    output: str | None = None
    published: PublishReport | None = None
    failure: Failure | None = None


class CandidateResult(Contract):
    """A recipe that was compared with others.

    Attributes:
        recipe: its ARN.
        arn: of its solution in Personalize.
        version_arn: of the version that the run trained.
        training_hours: that are billed for that version.
        metrics: its offline metrics.
        failure: why there is no version to compare.
    """

    recipe: str
    arn: str | None = None
    version_arn: str | None = None
    training_hours: float | None = None
    metrics: dict[str, float] = Field(default={})
    failure: Failure | None = None


class Comparison(Contract):
    """How a run came to the recipe that a solution was scored with.

    Attributes:
        by: offline metric that the recipes were compared by.
        told: in a sentence, which one was chosen and why, or why none was.
        candidates: the recipes in the order of the pipeline file.
    """

    by: str
    told: str
    candidates: list[CandidateResult]


class SolutionResult(Contract):
    """A solution; one that failed has its failure, and nothing that comes after it.

    Attributes:
        name: its name in the pipeline file.
        recipe: ARN of the recipe; of several that of the version that was scored with, and None where it came to none.
        best_of: how the recipe was chosen; None where there is one, and where no version was trained.
        status: FAILED also where one of its batch jobs has failed.
        version_arn: of the version that was scored with.
        training_hours: that are billed for a version of this run; None where none was trained.
        metrics: offline metrics of the version.
        campaign: None where the file asks for none.
    """

    name: str
    recipe: str | None
    best_of: Comparison | None = None
    status: Status
    arn: str | None = None
    version_arn: str | None = None
    training_hours: float | None = None
    metrics: dict[str, float] = Field(default={})
    quality: QualityResult | None = None
    campaign: CampaignResult | None = None
    batch_inference: list[BatchJobResult]
    batch_segment: list[BatchJobResult]
    failure: Failure | None = None

    @property
    def trainings(self) -> list[tuple[str, float]]:
        """Recipe (its ARN) and billed hours of each version that the run trained, as far as that is known."""
        if self.best_of is not None:
            tried = [(each.recipe, each.training_hours) for each in self.best_of.candidates]
        else:
            tried = [(self.recipe or "", self.training_hours)]
        return [(recipe, hours) for recipe, hours in tried if hours is not None]

    @property
    def jobs(self) -> list[BatchJobResult]:
        """All batch jobs."""
        return [*self.batch_inference, *self.batch_segment]


class RecommenderResult(Contract):
    """A recommender.

    Attributes:
        name: its name in the pipeline file.
        recipe: ARN of the use case.
        status: Personalize's, or FAILED where this run could not make or update it.
        metrics: offline metrics by name, of the training that the service did last; none where it gave none.
    """

    name: str
    recipe: str
    arn: str | None = None
    status: str
    metrics: dict[str, float] = Field(default={})
    failure: Failure | None = None


class DeliveryResult(Counts):
    """What became of the lists of a published table that has a DynamoDB table.

    Attributes:
        solution: name of its solution in the pipeline file.
        job: name of the batch job there.
        table: name of the DynamoDB table.
        status: FAILED where the DynamoDB table may have lists of several runs, until the next delivery ends.
        since: run of the table that changes were written relative to; None where every list was written, or where it
            failed before that was known.
        lists: that the published table has.
        failure: why it does not equal the published table.
    """

    solution: str
    job: str
    table: str
    status: Status
    since: str | None = None
    lists: int
    failure: Failure | None = None


class Manifest(Contract):
    """The manifest of a run.

    Attributes:
        version: of this document; manifests of runs from before there was one are of the first.
        run: id of the run.
        spec_hash: hash of the pipeline file.
        execution: ARN of the execution that completed the run.
        started: of that execution, in UTC (ISO 8601).
        engine: of the transform.
        warnings: sentences about the data.
        fingerprint: the same for two runs only if their datasets are.
        unchanged_since: run whose datasets and batch inputs this one's are, None where they were made anew.
        deliveries: to DynamoDB, one for each published table that has one there.
        cost: what it was reckoned to cost before its import, None where the pipeline file has no max_cost.
        usage: what it then used, and what that comes to; None where that could not be reckoned, and in manifests of
            runs from before it was.
    """

    version: int = VERSION
    run: str
    pipeline: str
    stage: str
    spec_hash: str
    execution: str
    status: Status
    started: str
    finished: str
    engine: Engine
    warnings: list[str]
    fingerprint: str
    unchanged_since: str | None = None
    datasets: list[DatasetResult]
    batch_inputs: list[BatchInputReport]
    solutions: list[SolutionResult]
    recommenders: list[RecommenderResult] = Field(default=[])
    deliveries: list[DeliveryResult] = Field(default=[])
    cost: RunCost | None = None
    usage: RunUsage | None = None

    def solution(self, name: str) -> SolutionResult:
        """Return the result of a solution.

        Raises:
            KeyError: the run had none of that name.
        """
        return {solution.name: solution for solution in self.solutions}[name]


class FailureRecord(Contract):
    """Why a run failed.

    Attributes:
        cause: one sentence per failure.
        remedy: what to do about the first one.
    """

    run: str
    pipeline: str
    stage: str
    execution: str
    cause: str
    remedy: str
    failures: list[Failure]


Document = TypeVar("Document", bound=Contract)


def read_document(model: type[Document], content: str | bytes) -> Document:
    """Return what a run wrote from its JSON; fields that are not known here are passed over.

    Raises:
        UnreadableDocumentError: it is of a later version, or another document.
    """
    what = f"This is no {model.__name__} of a run"
    try:
        document: Any = json.loads(content)
    except ValueError as error:
        raise UnreadableDocumentError(f"{what}, for it is no JSON: {error}. {_REMEDY}") from error
    field = model.model_fields.get("version")
    known = field.default if field else VERSION
    version = document.get("version", known) if isinstance(document, dict) else known
    if isinstance(version, int) and version > known:
        raise UnreadableDocumentError(f"{what} that is known here: version {version}, later than {known}. {_REMEDY}")
    try:
        return model.model_validate(document, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise UnreadableDocumentError(f"{what}: {place}: {first['msg']}. {_REMEDY}") from error


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of manifests; a field that it lacks may come with the next minor version."""
    described = _for_people(Manifest.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _for_people(schema: Any) -> Any:
    """Put what docstrings say of fields beside the fields, and let unknown ones pass."""
    if isinstance(schema, list):
        return [_for_people(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _for_people(value) for key, value in schema.items() if (key, value) != ("additionalProperties", False)}
    if "properties" in tidy and isinstance(tidy.get("description"), str):
        tidy["description"], _, attributes = tidy["description"].partition("\n\nAttributes:\n")
        for name, told in re.findall(r"^    (\w+): (.*(?:\n        .*)*)", attributes, re.MULTILINE):
            tidy["properties"][name]["description"] = " ".join(told.split())
    return tidy
