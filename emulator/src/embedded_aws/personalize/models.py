"""The backend of one account and region: which resources there are, and the work that goes on for them."""

import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import RLock
from typing import Any, Final

from moto.core.base_backend import BackendDict, BaseBackend

from embedded_aws.personalize import progress
from embedded_aws.personalize.choices import DEFAULT_PAGE
from embedded_aws.personalize.exceptions import (
    InvalidInputException,
    InvalidNextTokenException,
    JobFailedError,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
    ServiceError,
    TooManyTagsException,
)
from embedded_aws.personalize.faults import FAULTS, STALL, JobFault
from embedded_aws.personalize.kinds import CREATION, DELETABLE, KINDS, Kind, Life, Status
from embedded_aws.personalize.resources import Resource, Update

_log = logging.getLogger(__name__)

_MOST_TAGS: Final = 50
_WORKERS: Final = 2
"""Jobs that work at the same time; the others stay CREATE PENDING."""

Work = Callable[[], Any]


class PersonalizeBackend(BaseBackend):
    """The resources by ARN, oldest first. `lock` guards them: hold it while looking or changing.

    `added` is how many resources there have been.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = RLock()
        self.resources: dict[str, Resource] = {}
        self.added = 0
        self._workers: ThreadPoolExecutor | None = None

    def reset(self) -> None:
        """Forget everything; work that is under way ends unseen."""
        self.dismiss()
        FAULTS.reset()
        progress.register()
        super().reset()

    def dismiss(self) -> None:
        """Begin no more work; what is under way goes on to its end, and what waits is left undone."""
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.shutdown(wait=False, cancel_futures=True)

    def arn(self, path: str) -> str:
        """Return the ARN of this account and region that ends in `path`."""
        return f"arn:{self.partition}:personalize:{self.region_name}:{self.account_id}:{path}"

    def find(self, kind: Kind, arn: str) -> Resource:
        """Return the resource of that kind.

        Raises:
            ResourceNotFoundException: there is none.
        """
        resource = self.resources.get(arn)
        if resource is not None and resource.status == Status.GONE:
            del self.resources[arn]
            resource = None
        if resource is None or resource.kind is not kind:
            raise ResourceNotFoundException(arn)
        return resource

    def find_active(self, kind: Kind, arn: str) -> Resource:
        """Return the resource of that kind, which must be ACTIVE.

        Raises:
            ResourceNotFoundException: there is none.
            ResourceInUseException: it is on its way to ACTIVE or to its end.
            InvalidInputException: its creation failed or was stopped, so it never will be.
        """
        resource = self.find(kind, arn)
        if resource.status in {Status.CREATE_FAILED, Status.CREATE_STOPPED}:
            raise InvalidInputException(f"{kind.name} {arn} is {resource.status}")
        if resource.status != Status.ACTIVE:
            raise ResourceInUseException(f"{kind.name} {arn} is {resource.status}, not {Status.ACTIVE}")
        return resource

    def all(self, kind: Kind, **selected: str) -> list[Resource]:
        """Return the resources of a kind whose members equal those of `selected`, oldest first."""
        return [
            resource
            for resource in self.resources.values()
            if resource.kind is kind
            and resource.status != Status.GONE
            and all(resource.members.get(member) == value for member, value in selected.items())
        ]

    def find_any(self, arn: str) -> Resource:
        """Return the resource of whatever kind.

        Raises:
            ResourceNotFoundException: there is none.
        """
        if arn not in self.resources:
            raise ResourceNotFoundException(arn)
        return self.find(self.resources[arn].kind, arn)

    def add(self, kind: Kind, params: dict[str, Any], *, asked: bool = True, **arn_parts: str) -> Resource:
        """Create a resource from a request; its ARN is the kind's shape filled with that and `arn_parts`.

        What nobody `asked` for but the service makes by itself meets no fault on demand.

        Raises:
            ResourceAlreadyExistsException: the ARN is taken.
            LimitExceededException: a quota of the kind is used up.
        """
        members = {member: value for member, value in params.items() if member != "tags"}
        arn = self.arn(kind.arn_shape.format(**members, **arn_parts))
        taken = self.resources.get(arn)
        if taken is not None and taken.status != Status.GONE:
            raise ResourceAlreadyExistsException(arn)
        self._check_quotas(kind, members, filled=asked and FAULTS.on_quota(kind.name))
        resource = Resource(kind, arn, members, tags=tags_of(params))
        if asked and kind.life is Life.TIMED:
            _divert(resource, FAULTS.on_job(kind.name))
        self.resources.pop(arn, None)
        self.resources[arn] = resource
        self.added += 1
        return resource

    def _check_quotas(self, kind: Kind, members: dict[str, Any], *, filled: bool) -> None:
        counted = self.all(kind, **({kind.quota_per: members[kind.quota_per]} if kind.quota_per else {}))
        unfinished = sum(resource.unfinished for resource in counted)
        if kind.unfinished_quota is not None and (filled or unfinished >= kind.unfinished_quota):
            raise LimitExceededException(
                f"More than {kind.unfinished_quota} resources with PENDING or IN_PROGRESS status"
            )
        quota = FAULTS.quota(kind.name, kind.quota)
        if quota is not None and (filled or len(counted) >= quota):
            place = f" in {members[kind.quota_per]}" if kind.quota_per else ""
            raise LimitExceededException(f"More than {quota} resources of type {kind.name}{place}")
        if filled:
            raise LimitExceededException(f"The quota of resources of type {kind.name} is used up")

    def delete(self, resource: Resource) -> None:
        """Begin to delete a resource and what it owns.

        Raises:
            ResourceInUseException: it is being created or deleted, or others need it.
        """
        if resource.status not in DELETABLE or resource.updating:
            raise ResourceInUseException(f"{resource.kind.name} {resource.arn} is {resource.status}")
        for blocker in resource.kind.blockers:
            needed = resource.members[blocker.via] if blocker.via else resource.arn
            for other in self.all(KINDS[blocker.kind]):
                at_work = other.unfinished or other.updating
                if other.needs(blocker.member, needed) and (at_work or not blocker.unfinished_only):
                    raise ResourceInUseException(
                        f"{resource.kind.name} {resource.arn} is in use by {other.kind.name} {other.arn}"
                    )
        resource.delete()
        for kind_name, member in resource.kind.owns.items():
            for owned in self.all(KINDS[kind_name], **{member: resource.arn}):
                owned.progress = resource.progress

    def page(
        self, operation: str, resources: list[Any], size: int | None, token: str | None
    ) -> tuple[list[Any], str | None]:
        """Return one page of a list and the token of the next, None on the last page.

        Raises:
            InvalidNextTokenException: the token was not given by this operation.
        """
        start = _position(operation, token) if token else 0
        end = start + (size or DEFAULT_PAGE)
        following = f"{operation}:{end}".encode()
        more = base64.b64encode(following).decode() if end < len(resources) else None
        return resources[start:end], more

    def start(self, job: Resource, work: Work) -> None:
        """Do `work` for a job in the background; what it returns becomes the job's `result`.

        The job is at work meanwhile, and then done; or failed, with the text of the `JobFailedError` that the work
        raised.
        """
        fault = FAULTS.on_job(job.kind.name)
        if fault is not None and fault.outcome == STALL:
            job.begin_work()
            return
        if fault is not None and fault.delay:
            job.progress.setting = {"progression": "time", "seconds": fault.delay}
        if fault is not None and fault.broken_lines:
            job.broken_lines = (fault.broken_lines, fault.reason)
        self.later(partial(_do, job, _failing(fault, work), self.lock))

    def update(
        self, resource: Resource, shown: dict[str, Any], changed: dict[str, Any], work: Work | None = None
    ) -> None:
        """Begin an update (see `Resource.begin_update`), with work in the background where there is some.

        What the work returns becomes the resource's `result`.
        """
        fault = FAULTS.on_job(f"{resource.kind.name}Update")
        works = work is not None or (fault is not None and fault.outcome is not None)
        update = resource.begin_update(shown, changed, works=works)
        if fault is not None and fault.delay:
            update.progress.setting = {"progression": "time", "seconds": fault.delay}
        updating = _Updating(resource, update)
        if fault is not None and fault.outcome == STALL:
            updating.begin_work()
        elif works:
            self.later(partial(_do, updating, _failing(fault, work or _nothing), self.lock))

    def later(self, work: Callable[[], None]) -> None:
        """Do something in the background, after what waits there already."""
        if self._workers is None:
            self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="personalize")
        self._workers.submit(work)


@dataclass
class _Updating:
    """The work of an update, told like that of a job."""

    resource: Resource
    update: Update

    @property
    def arn(self) -> str:
        return self.resource.arn

    def begin_work(self) -> bool:
        return self.update.progress.advance(CREATION.working)

    def finish_work(self, result: Any) -> bool:
        self.update.result = result
        return self.update.progress.finish(CREATION.done)

    def fail_work(self, reason: str, status: str | None = None) -> bool:
        return self.update.fail(reason, status)


def tags_of(params: dict[str, Any], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags that a resource has with a request's, by their keys.

    Raises:
        InvalidInputException: a key is given twice, or reserved for AWS.
        TooManyTagsException: there are more than 50.
    """
    keys = [tag["tagKey"] for tag in params.get("tags", [])]
    if len(set(keys)) != len(keys) or any(key.lower().startswith("aws:") for key in keys):
        raise InvalidInputException("Each tag key is given once, and none begins with aws:")
    tags = {**(before or {}), **{tag["tagKey"]: tag["tagValue"] for tag in params.get("tags", [])}}
    if len(tags) > _MOST_TAGS:
        raise TooManyTagsException(f"A resource can have at most {_MOST_TAGS} tags")
    return tags


def _nothing() -> None:
    """Do the work of an update that has none."""


def _failing(fault: JobFault | None, work: Work) -> Work:
    """Return the work, or the failure that was asked for in its place."""
    if fault is None or fault.outcome is None:
        return work

    def fail() -> None:
        raise JobFailedError(fault.reason, None if fault.outcome == Status.CREATE_FAILED else fault.outcome)

    return fail


def _divert(resource: Resource, fault: JobFault | None) -> None:
    """Let a resource that passes through its statuses by itself come to the end that was asked for."""
    if fault is None:
        return
    if fault.outcome is not None:
        path = resource.kind.path
        end = () if fault.outcome == STALL else (fault.outcome,)
        resource.progress.leave_for((path.pending, path.working, *end))
        resource.failure_reason = fault.reason
    if fault.delay:
        resource.progress.setting = {"progression": "time", "seconds": fault.delay}


def _do(job: Resource | _Updating, work: Work, lock: RLock) -> None:
    with lock:
        if not job.begin_work():
            return
    try:
        result = work()
    except JobFailedError as error:
        with lock:
            job.fail_work(str(error), error.status)
    except ServiceError as error:
        with lock:
            job.fail_work(error.message)
    except Exception as error:  # noqa: BLE001  # the thread has no caller to tell: the job does
        _log.exception("%s failed", job.arn)
        with lock:
            job.fail_work(f"Internal failure: {error!r}")
    else:
        with lock:
            job.finish_work(result)


def _position(operation: str, token: str) -> int:
    try:
        name, _, position = base64.b64decode(token, validate=True).decode().rpartition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidNextTokenException(token) from error
    if name != operation or not position.isdecimal():
        raise InvalidNextTokenException(token)
    return int(position)


personalize_backends = BackendDict(PersonalizeBackend, "personalize")
