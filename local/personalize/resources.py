"""One resource: its members as the API names them, and where it is in its life."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local import clock
from local.personalize.kinds import CREATING, DELETING, PAUSE, STOPPING, UNFINISHED, Kind, Life, Status


@dataclass(eq=False)
class Resource:
    """A resource and its life.

    `members` are the API's own, without those that every resource has (ARN, status, times, failure reason).
    `result` is what work left behind: the data of a dataset, the trained model of a solution version.
    `tags` are the caller's. `moments` are the statuses with the embedded times at which they begin, in order;
    those to come are plans. Not safe for threads: the backend's lock guards it.
    """

    kind: Kind
    arn: str
    members: dict[str, Any]
    created: datetime = field(default_factory=clock.now)
    result: Any = None
    failure_reason: str | None = None
    moments: list[tuple[datetime, Status]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        match self.kind.life:
            case Life.AT_ONCE:
                self.moments = [(self.created, Status.ACTIVE)]
            case Life.TIMED:
                self._plan(CREATING, self.created)
            case Life.WORKED:
                self.moments = [(self.created, Status.CREATE_PENDING)]

    @property
    def status(self) -> Status:
        """The status at this moment of the embedded clock."""
        return self._latest()[1]

    def is_at(self, status: Status) -> bool:
        """Return whether it has that status at this moment."""
        return self.status is status

    @property
    def updated(self) -> datetime:
        """When the present status began."""
        return self._latest()[0]

    @property
    def unfinished(self) -> bool:
        """Whether its creation still goes on."""
        return self.status in UNFINISHED

    def enter(self, status: Status, failure_reason: str | None = None) -> None:
        """Take on a status now, instead of whatever was planned."""
        self.failure_reason = failure_reason
        self._plan((status,), clock.now())

    def stop(self) -> None:
        """Begin to stop; whatever the work still brings is thrown away."""
        self._plan(STOPPING, clock.now())

    def delete(self) -> None:
        """Begin to vanish; a kind without statuses is gone at once."""
        if self.kind.life is Life.AT_ONCE:
            self._plan((Status.GONE,), clock.now())
        else:
            self._plan(DELETING, clock.now())

    def describe(self) -> dict[str, Any]:
        """Return its members as `Describe…` and `List…` know them; the answer's shape picks from them.

        A status that is shown is over: what is planned next begins now.
        """
        description = {
            **self.members,
            self.kind.arn_member: self.arn,
            "status": str(self.status),
            "creationDateTime": self.created,
            "lastUpdatedDateTime": self.updated,
        }
        if self.failure_reason is not None:
            description["failureReason"] = self.failure_reason
        self._hasten()
        return description

    def _latest(self) -> tuple[datetime, Status]:
        now = clock.now()
        return [moment for moment in self.moments if moment[0] <= now][-1]

    def _hasten(self) -> None:
        now = clock.now()
        coming = [moment for moment, _ in self.moments if moment > now]
        if coming:
            early = coming[0] - now
            self.moments = [(when - early if when > now else when, status) for when, status in self.moments]

    def _plan(self, statuses: Iterable[Status], start: datetime) -> None:
        self.moments = [moment for moment in self.moments if moment[0] <= start]
        self.moments += [(start + index * PAUSE, status) for index, status in enumerate(statuses)]
