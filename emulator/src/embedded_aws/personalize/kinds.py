"""The kinds of resources, as data: what identifies them, how they live, what keeps them from being deleted.

Rules: the API reference of each resource (statuses, deletion), Developer Guide, limits (quotas) and gs-cleanup.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Status(StrEnum):
    """The statuses, in the service's exact spelling."""

    CREATE_PENDING = "CREATE PENDING"
    CREATE_IN_PROGRESS = "CREATE IN_PROGRESS"
    CREATE_STOPPING = "CREATE STOPPING"
    CREATE_STOPPED = "CREATE STOPPED"
    CREATE_FAILED = "CREATE FAILED"
    ACTIVE = "ACTIVE"
    STOP_PENDING = "STOP PENDING"
    STOP_IN_PROGRESS = "STOP IN_PROGRESS"
    INACTIVE = "INACTIVE"
    START_PENDING = "START PENDING"
    START_IN_PROGRESS = "START IN_PROGRESS"
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    DELETE_PENDING = "DELETE PENDING"
    DELETE_IN_PROGRESS = "DELETE IN_PROGRESS"
    GONE = "GONE"
    """Never shown: the resource is not found any more."""


@dataclass(frozen=True)
class Path:
    """The statuses of a creation: on its way, done, or failed."""

    pending: Status
    working: Status
    done: Status
    failed: Status


CREATION = Path(Status.CREATE_PENDING, Status.CREATE_IN_PROGRESS, Status.ACTIVE, Status.CREATE_FAILED)
DELETION_JOB = Path(Status.PENDING, Status.IN_PROGRESS, Status.COMPLETED, Status.FAILED)
STOPPING = (Status.CREATE_STOPPING, Status.CREATE_STOPPED)
DEACTIVATING = (Status.STOP_PENDING, Status.STOP_IN_PROGRESS, Status.INACTIVE)
ACTIVATING = (Status.START_PENDING, Status.START_IN_PROGRESS, Status.ACTIVE)
DELETING = (Status.DELETE_PENDING, Status.DELETE_IN_PROGRESS, Status.GONE)

UNFINISHED = frozenset(
    {CREATION.pending, CREATION.working, DELETION_JOB.pending, DELETION_JOB.working, Status.CREATE_STOPPING}
)
"""The statuses of work that still goes on."""

DELETABLE = frozenset({Status.ACTIVE, Status.INACTIVE, Status.CREATE_FAILED, Status.CREATE_STOPPED})
"""The statuses in which a resource can be deleted: a transition must be over first."""

PAUSE = timedelta(seconds=30)
"""Embedded time that a transitional status lasts without work behind it, at the longest: see `progress`."""


class Life(StrEnum):
    """How a kind comes to be."""

    AT_ONCE = "exists when the call returns; has no status"
    TIMED = "passes through its statuses by itself"
    WORKED = "is as far as the background work for it is"


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """Resources that keep another from being deleted.

    `kind` names them, `member` is the member of theirs that holds the ARN of what they need, and
    `unfinished_only` spares those whose work is over. `via` names the member of the resource to be deleted
    that `member` is compared with; left out, its own ARN.
    """

    kind: str
    member: str
    unfinished_only: bool = False
    via: str | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of resource; its operations are Create, Describe and List with its name, see `operations`.

    `arn_shape` is the ARN's last part, filled from the resource's members; `selectors` are the members by
    which its list can be narrowed; `quota` is the most there can be at a time, `quota_per` the member by which
    they are counted (left out: in the account), `unfinished_quota` the most that can be at work; `owns` names
    the kinds that vanish with it, by the member that holds its ARN.
    """

    name: str
    arn_shape: str
    life: Life
    path: Path = CREATION
    selectors: tuple[str, ...] = ()
    deletable: bool = False
    taggable: bool = True
    blockers: tuple[Blocker, ...] = ()
    owns: dict[str, str] = field(default_factory=dict)
    quota: int | None = None
    quota_per: str | None = None
    unfinished_quota: int | None = None
    list_member_name: str | None = None

    @property
    def member(self) -> str:
        """The member of `Describe…` answers that holds the resource: `datasetGroup`."""
        return self.name[0].lower() + self.name[1:]

    @property
    def arn_member(self) -> str:
        """The member that holds its ARN: `datasetGroupArn`."""
        return f"{self.member}Arn"

    @property
    def list_member(self) -> str:
        """The member of `List…` answers that holds the page: `datasetGroups`."""
        return self.list_member_name or f"{self.member}s"

    @property
    def update_member(self) -> str:
        """The member that shows its newest update: `latestCampaignUpdate`."""
        return f"latest{self.name}Update"


SCHEMA = Kind(
    name="Schema",
    arn_shape="schema/{name}",
    life=Life.AT_ONCE,
    deletable=True,
    taggable=False,
    blockers=(Blocker(kind="Dataset", member="schemaArn"),),
    quota=500,
)
DATASET_GROUP = Kind(
    name="DatasetGroup",
    arn_shape="dataset-group/{name}",
    life=Life.TIMED,
    deletable=True,
    blockers=(
        Blocker(kind="Dataset", member="datasetGroupArn"),
        Blocker(kind="Solution", member="datasetGroupArn"),
        Blocker(kind="EventTracker", member="datasetGroupArn"),
        Blocker(kind="Recommender", member="datasetGroupArn"),
    ),
    owns={"Filter": "datasetGroupArn", "MetricAttribution": "datasetGroupArn"},
    quota=5,
)
DATASET = Kind(
    name="Dataset",
    arn_shape="dataset/{datasetGroupName}/{datasetType}",
    life=Life.TIMED,
    selectors=("datasetGroupArn",),
    deletable=True,
    blockers=(
        Blocker(kind="DatasetImportJob", member="datasetArn", unfinished_only=True),
        Blocker(kind="SolutionVersion", member="datasetGroupArn", unfinished_only=True, via="datasetGroupArn"),
        Blocker(kind="Recommender", member="datasetGroupArn", unfinished_only=True, via="datasetGroupArn"),
    ),
)
DATASET_IMPORT_JOB = Kind(
    name="DatasetImportJob",
    arn_shape="dataset-import-job/{jobName}",
    life=Life.WORKED,
    selectors=("datasetArn",),
    unfinished_quota=5,
)
DATASET_EXPORT_JOB = Kind(
    name="DatasetExportJob",
    arn_shape="dataset-export-job/{jobName}",
    life=Life.WORKED,
    selectors=("datasetArn",),
)
DATA_DELETION_JOB = Kind(
    name="DataDeletionJob",
    arn_shape="data-deletion-job/{jobName}",
    life=Life.WORKED,
    path=DELETION_JOB,
    selectors=("datasetGroupArn",),
    quota_per="datasetGroupArn",
    unfinished_quota=5,
)
SOLUTION = Kind(
    name="Solution",
    arn_shape="solution/{name}",
    life=Life.TIMED,
    selectors=("datasetGroupArn",),
    deletable=True,
    blockers=(
        Blocker(kind="SolutionVersion", member="solutionArn", unfinished_only=True),
        Blocker(kind="Campaign", member="solutionArn"),
    ),
    owns={"SolutionVersion": "solutionArn"},
    quota=10,
    quota_per="datasetGroupArn",
)
SOLUTION_VERSION = Kind(
    name="SolutionVersion",
    arn_shape="solution/{solutionName}/{id}",
    life=Life.WORKED,
    selectors=("solutionArn",),
    unfinished_quota=20,
)
CAMPAIGN = Kind(
    name="Campaign",
    arn_shape="campaign/{name}",
    life=Life.TIMED,
    selectors=("solutionArn",),
    deletable=True,
    quota=5,
    quota_per="datasetGroupArn",
)
RECOMMENDER = Kind(
    name="Recommender",
    arn_shape="recommender/{name}",
    life=Life.WORKED,
    selectors=("datasetGroupArn",),
    deletable=True,
    quota=5,
    quota_per="datasetGroupArn",
)
FILTER = Kind(
    name="Filter",
    arn_shape="filter/{name}",
    life=Life.TIMED,
    selectors=("datasetGroupArn",),
    deletable=True,
    quota=30,
    quota_per="datasetGroupArn",
    list_member_name="Filters",
)
EVENT_TRACKER = Kind(
    name="EventTracker",
    arn_shape="event-tracker/{id}",
    life=Life.TIMED,
    selectors=("datasetGroupArn",),
    deletable=True,
)
METRIC_ATTRIBUTION = Kind(
    name="MetricAttribution",
    arn_shape="metric-attribution/{name}",
    life=Life.TIMED,
    selectors=("datasetGroupArn",),
    deletable=True,
    taggable=False,
)
BATCH_INFERENCE_JOB = Kind(
    name="BatchInferenceJob",
    arn_shape="batch-inference-job/{jobName}",
    life=Life.WORKED,
    selectors=("solutionVersionArn",),
    unfinished_quota=5,
)
BATCH_SEGMENT_JOB = Kind(
    name="BatchSegmentJob",
    arn_shape="batch-segment-job/{jobName}",
    life=Life.WORKED,
    selectors=("solutionVersionArn",),
    unfinished_quota=5,
)

KINDS = {
    kind.name: kind
    for kind in (
        SCHEMA,
        DATASET_GROUP,
        DATASET,
        DATASET_IMPORT_JOB,
        DATASET_EXPORT_JOB,
        DATA_DELETION_JOB,
        SOLUTION,
        SOLUTION_VERSION,
        CAMPAIGN,
        RECOMMENDER,
        FILTER,
        EVENT_TRACKER,
        METRIC_ATTRIBUTION,
        BATCH_INFERENCE_JOB,
        BATCH_SEGMENT_JOB,
    )
}
