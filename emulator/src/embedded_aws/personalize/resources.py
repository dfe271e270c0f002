"""One resource: its members as the API names them, and where it is in its life."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded_aws import clock
from embedded_aws.personalize.kinds import (
    ACTIVATING,
    CREATION,
    DEACTIVATING,
    DELETING,
    STOPPING,
    UNFINISHED,
    Kind,
    Life,
    Status,
)
from embedded_aws.personalize.progress import Progress


@dataclass(eq=False)
class Update:
    """A change of a resource that is under way or done."""

    model: str
    shown: dict[str, Any]
    changed: dict[str, Any]
    result: Any = None
    works: bool = False
    taken_over: bool = False
    failure_reason: str | None = None
    created: datetime = field(default_factory=clock.now)
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        path = (CREATION.pending,) if self.works else (CREATION.pending, CREATION.working, CREATION.done)
        self.progress = Progress(self.model, path, works=self.works)

    def fail(self, reason: str, status: str | None = None) -> bool:
        """Take note that its work failed, or ended as another status; return False when nobody waits any more."""
        self.failure_reason = reason
        return self.progress.finish(status or CREATION.failed)

    def describe(self) -> dict[str, Any]:
        """Return it as `latest…Update` shows it."""
        description = {
            **self.shown,
            "creationDateTime": self.created,
            "lastUpdatedDateTime": self.progress.entered,
            "status": str(self.progress.show()),
        }
        if description["status"] == CREATION.failed:
            description["failureReason"] = self.failure_reason
        return description


@dataclass(eq=False)
class Resource:
    """A resource and its life.

    `members` are the API's own, without those that every resource has (ARN, status, times, failure reason).
    `result` is what it holds: the contents of a dataset, the trained model of a solution version or recommender.
    `tags` are the caller's; `broken_lines` is a fault: how many lines of each output fail, and why; `sessions` are
    those of a dataset (see `sessions.sessions_of`). Not safe for threads: the backend's lock guards it.
    """

    kind: Kind
    arn: str
    members: dict[str, Any]
    created: datetime = field(default_factory=clock.now)
    result: Any = None
    tags: dict[str, str] = field(default_factory=dict)
    progress: Progress = field(init=False)
    failure_reason: str | None = None
    update: Update | None = None
    broken_lines: tuple[int, str] | None = None
    sessions: Any = None

    def __post_init__(self) -> None:
        path = self.kind.path
        match self.kind.life:
            case Life.AT_ONCE:
                self.progress = Progress(self.kind.name, (path.done,))
            case Life.TIMED:
                self.progress = Progress(self.kind.name, (path.pending, path.working, path.done))
            case Life.WORKED:
                self.progress = Progress(self.kind.name, (path.pending,), works=True)

    @property
    def status(self) -> str:
        """The status at this moment of the embedded clock."""
        self.settle()
        return self.progress.status

    def is_at(self, status: Status) -> bool:
        """Return whether it has that status at this moment."""
        return self.status == status

    @property
    def unfinished(self) -> bool:
        """Whether its creation still goes on."""
        return self.status in UNFINISHED

    @property
    def updating(self) -> bool:
        """Whether an update of it is under way."""
        return self.update is not None and self.update.progress.status in UNFINISHED

    def begin_work(self) -> bool:
        """Take note that the work for it begins; return False when nobody waits for it any more."""
        return self.progress.advance(self.kind.path.working)

    def finish_work(self, result: Any) -> bool:
        """Take note of what its work brought; return False when nobody waits for it any more."""
        waited = self.progress.finish(self.kind.path.done)
        if waited:
            self.result = result
        return waited

    def fail_work(self, reason: str, status: str | None = None) -> bool:
        """Take note that its work failed, or ended as another status; return False when nobody waits any more."""
        waited = self.progress.finish(status or self.kind.path.failed)
        if waited:
            self.failure_reason = reason
        return waited

    def begin_update(self, shown: dict[str, Any], changed: dict[str, Any], *, works: bool = False) -> Update:
        """Begin an update: `shown` is what `latest…Update` tells, `changed` the members when it is ACTIVE.

        With `works` it is as far as the background work for it, whose result becomes the resource's own.
        """
        self.update = Update(self.kind.name, shown, changed, works=works)
        return self.update

    def settle(self) -> None:
        """Take over what a finished update brings; once."""
        update = self.update
        if update is None or update.taken_over or update.progress.status != Status.ACTIVE:
            return
        update.taken_over = True
        self.members.update(update.changed)
        self.result = self.result if update.result is None else update.result
        if self.progress.status == CREATION.failed:
            self.progress.leave_for((CREATION.done,))
            self.failure_reason = None

    def stop(self) -> None:
        """Begin to stop creating it; whatever its work still brings is thrown away."""
        pending = self.status == self.kind.path.pending
        self.result = self.failure_reason = None
        self.progress.leave_for(STOPPING[1:] if pending else STOPPING)

    def deactivate(self) -> None:
        """Begin to stop serving."""
        self.progress.leave_for(DEACTIVATING)

    def activate(self) -> None:
        """Begin to serve again."""
        self.progress.leave_for(ACTIVATING)

    def delete(self) -> None:
        """Begin to vanish; a kind without statuses is gone at once."""
        self.progress.leave_for((Status.GONE,) if self.kind.life is Life.AT_ONCE else DELETING)

    def needs(self, member: str, arn: str) -> bool:
        """Return whether a member holds an ARN, or will when the update that is under way is done."""
        changed = self.update.changed if self.update is not None and self.updating else {}
        return arn in {self.members.get(member), changed.get(member)}

    def describe(self, *, counts: bool = True) -> dict[str, Any]:
        """Return its members as `Describe…` and `List…` know them; the answer's shape picks from them.

        Showing a status counts for its progression (see `progress`), unless it is shown as a part of another
        resource.
        """
        self.settle()
        description = {
            **self.members,
            self.kind.arn_member: self.arn,
            "lastUpdatedDateTime": self.progress.entered,
            "status": str(self.progress.show() if counts else self.progress.status),
            "creationDateTime": self.created,
        }
        if self.failure_reason is not None and description["status"] not in UNFINISHED:
            description["failureReason"] = self.failure_reason
        if self.update is not None:
            description[self.kind.update_member] = self.update.describe()
        return description
