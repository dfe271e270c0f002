"""The kinds of Personalize resources that a run makes: one table for states, IAM grants and docs.

Names follow botocore's service model, and a test holds the table against it. IAM resource types follow
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
"""

from __future__ import annotations

from dataclasses import dataclass

ACTIVE = "ACTIVE"
FAILED_STATUSES = ("CREATE FAILED", "CREATE STOPPED")
"""Terminal statuses other than ACTIVE; the strings are exact (page API_CreateSolutionVersion)."""


@dataclass(frozen=True)
class ResourceKind:
    """A kind of resource: how the API names it and how its ARN is built.

    Attributes:
        name: the API's noun: ``Create<name>``, ``Describe<name>``, and the key of the describe response.
        label: what people call it.
        arn_type: type within the ARN, ``arn:aws:personalize:<region>:<account>:<arn_type>/<name>``.
        name_field: request field that holds the name; names identify resources within account and region.
        parents: ARN types that the create call must be allowed on besides its own.
        refers_to: ARN types that the update call must be allowed on besides its own.
        passes_role: the create call hands the service role to Personalize (iam:PassRole).
        updatable: what exists is updated where it differs from the pipeline file, beside its status: it stays ACTIVE
            and answers as before until ``Latest<name>Update`` is (pages API_UpdateCampaign, API_UpdateRecommender).
        resting: statuses in which somebody has put it to rest, and in which it is left alone.
    """

    name: str
    label: str
    arn_type: str
    name_field: str
    parents: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()
    passes_role: bool = False
    updatable: bool = False
    resting: tuple[str, ...] = ()

    @property
    def create(self) -> str:
        """Name of the create action, as IAM and the API write it."""
        return f"Create{self.name}"

    @property
    def describe(self) -> str:
        """Name of the describe action, as IAM and the API write it."""
        return f"Describe{self.name}"

    @property
    def update(self) -> str:
        """Name of the update action of an updatable kind, as IAM and the API write it."""
        return f"Update{self.name}"

    @property
    def latest_update(self) -> str:
        """Field of the describe response that tells how far the newest update is, as Step Functions writes it."""
        return f"Latest{self.name}Update"

    @property
    def variable(self) -> str:
        """Name of the state machine's variable for a resource of this kind."""
        return self.name[0].lower() + self.name[1:]

    @property
    def arn_field(self) -> str:
        """Field of the ARN in requests and responses, as Step Functions writes it."""
        return f"{self.name}Arn"


DATASET_IMPORT_JOB = ResourceKind(
    "DatasetImportJob", "import job", "dataset-import-job", "JobName", parents=("dataset",), passes_role=True
)
SOLUTION = ResourceKind("Solution", "solution", "solution", "Name", parents=("dataset-group",))
SOLUTION_VERSION = ResourceKind("SolutionVersion", "solution version", "solution", "Name")
BATCH_INFERENCE_JOB = ResourceKind(
    "BatchInferenceJob",
    "batch inference job",
    "batch-inference-job",
    "JobName",
    parents=("solution", "filter"),
    passes_role=True,
)
BATCH_SEGMENT_JOB = ResourceKind(
    "BatchSegmentJob",
    "batch segment job",
    "batch-segment-job",
    "JobName",
    parents=("solution", "filter"),
    passes_role=True,
)

CAMPAIGN = ResourceKind(
    "Campaign", "campaign", "campaign", "Name", parents=("solution",), refers_to=("solution",), updatable=True
)
RECOMMENDER = ResourceKind(
    "Recommender",
    "recommender",
    "recommender",
    "Name",
    parents=("dataset-group",),
    updatable=True,
    resting=("INACTIVE",),
)

BATCH_KINDS = (DATASET_IMPORT_JOB, SOLUTION, SOLUTION_VERSION, BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB)
"""What runs make for tables."""

REAL_TIME_KINDS = (CAMPAIGN, RECOMMENDER)
"""What only pipelines make whose file asks for it; they are billed for as long as they are there."""

KINDS = (*BATCH_KINDS, *REAL_TIME_KINDS)
