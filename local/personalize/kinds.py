"""The kinds of resources, as data: what identifies them, how they live, what keeps them from being deleted."""

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
    DELETE_PENDING = "DELETE PENDING"
    DELETE_IN_PROGRESS = "DELETE IN_PROGRESS"
    GONE = "GONE"
    """Never shown: the resource is not found any more."""


UNFINISHED = frozenset({Status.CREATE_PENDING, Status.CREATE_IN_PROGRESS, Status.CREATE_STOPPING})
"""The statuses of work that still goes on."""

PAUSE = timedelta(seconds=30)
"""Embedded time that a transitional status lasts without work behind it, at the longest: being shown ends it, so
that whoever polls sees every status once and whoever does not is not kept waiting for good."""


class Life(StrEnum):
    """How a kind comes to be."""

    AT_ONCE = "exists when the call returns; has no status"
    TIMED = "passes through its statuses as it is looked at, or as the embedded clock goes on"
    WORKED = "is as far as the background work for it is"


CREATING = (Status.CREATE_PENDING, Status.CREATE_IN_PROGRESS, Status.ACTIVE)
STOPPING = (Status.CREATE_STOPPING, Status.CREATE_STOPPED)
DELETING = (Status.DELETE_PENDING, Status.DELETE_IN_PROGRESS, Status.GONE)


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
    which its list can be narrowed; `quota` is the most there can be at a time, `unfinished_quota` the most
    that can be at work; `owns` names the kinds that vanish with it, by the member that holds its ARN.
    """

    name: str
    arn_shape: str
    life: Life
    selectors: tuple[str, ...] = ()
    deletable: bool = False
    blockers: tuple[Blocker, ...] = ()
    owns: dict[str, str] = field(default_factory=dict)
    quota: int | None = None
    unfinished_quota: int | None = None

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
        return f"{self.member}s"


SCHEMA = Kind(
    name="Schema",
    arn_shape="schema/{name}",
    life=Life.AT_ONCE,
    deletable=True,
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
    ),
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
    ),
)
DATASET_IMPORT_JOB = Kind(
    name="DatasetImportJob",
    arn_shape="dataset-import-job/{jobName}",
    life=Life.WORKED,
    selectors=("datasetArn",),
    unfinished_quota=5,
)
SOLUTION = Kind(
    name="Solution",
    arn_shape="solution/{name}",
    life=Life.TIMED,
    selectors=("datasetGroupArn",),
    deletable=True,
    blockers=(Blocker(kind="SolutionVersion", member="solutionArn", unfinished_only=True),),
    owns={"SolutionVersion": "solutionArn"},
)
SOLUTION_VERSION = Kind(
    name="SolutionVersion",
    arn_shape="solution/{solutionName}/{id}",
    life=Life.WORKED,
    selectors=("solutionArn",),
    unfinished_quota=20,
)
BATCH_INFERENCE_JOB = Kind(
    name="BatchInferenceJob",
    arn_shape="batch-inference-job/{jobName}",
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
        SOLUTION,
        SOLUTION_VERSION,
        BATCH_INFERENCE_JOB,
    )
}

SOLUTIONS_PER_GROUP = 10
"""The quota of solutions in one dataset group."""
