"""Delete what runs made in a dataset group: CloudFormation knows nothing of it.

Personalize refuses to delete a dataset group while solutions or recommenders are in it, and solutions while they have
campaigns (pages API_DeleteDatasetGroup, API_DeleteSolution).
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_IN_PROGRESS = ("CREATE PENDING", "CREATE IN_PROGRESS")
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 15.0


class ResourcesRemainError(Exception):
    """Resources are still there when the time is up; the message names them.

    Attributes:
        arns: of what is there.
    """

    def __init__(self, arns: list[str], seconds: float) -> None:
        self.arns = sorted(arns)
        super().__init__(
            f"Not deleted within {seconds:.0f} s: {', '.join(self.arns)}. What is being made or changed, and "
            "solutions with campaigns of others, cannot be deleted: see to that, then try the stack again."
        )


def empty_group(
    personalize: Any, dataset_group_arn: str, *, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> list[str]:
    """Delete every recommender, campaign and solution of a dataset group, and return the ARNs once they are gone.

    Trainings in progress are stopped: they are billed up to here, and block the deletion.

    Args:
        personalize: a boto3 Personalize client.
        dataset_group_arn: the group; if it is gone already, there is nothing to do.
        seconds: how long this may take.
        sleep: waits between looks.

    Raises:
        ResourcesRemainError: some are still there after ``seconds``.
    """
    found: set[str] = set()

    def remaining() -> list[str]:
        arns = list(_resources(personalize, dataset_group_arn))
        found.update(arns)
        for arn in arns:
            _delete(personalize, arn)
        return arns

    _until_none(remaining, seconds, sleep)
    return sorted(found)


def delete_arns(
    personalize: Any, arns: list[str], *, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Delete campaigns, recommenders, solutions and datasets, and return once they are gone.

    Args:
        personalize: a boto3 Personalize client.
        arns: what to delete, what stands in the way of others first; what is not there needs nothing.
        seconds: how long this may take.
        sleep: waits between looks.

    Raises:
        ResourcesRemainError: some are still there after ``seconds``.
    """
    _until_none(lambda: [arn for arn in arns if not _delete(personalize, arn)], seconds, sleep)


def foreign_datasets(personalize: Any, dataset_group_arn: str, own: Iterable[str]) -> list[str]:
    """Return the ARNs of datasets of a group that nobody declared, such as the one that an event tracker makes.

    Whether the service shows that one, and whether it keeps the group from being deleted, is documented nowhere.

    Args:
        personalize: a boto3 Personalize client.
        dataset_group_arn: the group; if it is gone already, there is none.
        own: ends of the ARNs of those that were declared: INTERACTIONS, ITEMS, USERS.
    """
    try:
        listed = list(listed_arns(personalize, "dataset", datasetGroupArn=dataset_group_arn))
    except _not_there(personalize):
        return []
    return [arn for arn in listed if arn.rpartition("/")[2] not in set(own)]


def _until_none(remaining: Callable[[], list[str]], seconds: float, sleep: Callable[[float], None]) -> None:
    deadline = time.monotonic() + seconds
    wait = _FIRST_WAIT
    while left := remaining():
        if time.monotonic() + wait > deadline:
            raise ResourcesRemainError(left, seconds)
        sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)


def _resources(personalize: Any, dataset_group_arn: str) -> Iterator[str]:
    """Yield ARNs in the order in which they can be deleted."""
    try:
        yield from listed_arns(personalize, "recommender", datasetGroupArn=dataset_group_arn)
        solutions = list(listed_arns(personalize, "solution", datasetGroupArn=dataset_group_arn))
    except _not_there(personalize):
        return
    for solution in solutions:
        # It may have vanished since.
        with contextlib.suppress(*_not_there(personalize)):
            yield from listed_arns(personalize, "campaign", solutionArn=solution)
    yield from solutions


def _not_there(personalize: Any) -> tuple[type[Exception], ...]:
    """Return the errors with which a list call may say that what it names is gone.

    The models of these calls name InvalidInputException alone. Where it meant something else, what is there after all
    keeps its parent from being deleted, which is told.
    """
    return personalize.exceptions.ResourceNotFoundException, personalize.exceptions.InvalidInputException


def listed_arns(personalize: Any, kind: str, **selected: str) -> Iterator[str]:
    """Yield the ARNs of all resources of a kind, such as ``campaign``, that a list call selects."""
    pages = personalize.get_paginator(f"list_{kind}s").paginate(**selected)
    for page in pages:
        yield from (each[f"{kind}Arn"] for each in page[f"{kind}s"])


def _delete(personalize: Any, arn: str) -> bool:
    """Ask for a deletion; return whether the resource is gone."""
    kind = arn.split(":")[5].split("/", maxsplit=1)[0]
    try:
        getattr(personalize, f"delete_{kind}")(**{f"{kind}Arn": arn})
    except personalize.exceptions.ResourceNotFoundException:
        return True
    except personalize.exceptions.ResourceInUseException:
        if kind == "solution":
            _stop_trainings(personalize, arn)
    return False


def _stop_trainings(personalize: Any, arn: str) -> None:
    pages = personalize.get_paginator("list_solution_versions").paginate(solutionArn=arn)
    # The solution may have vanished meanwhile; the next look sees that.
    with contextlib.suppress(personalize.exceptions.ResourceNotFoundException):
        for page in pages:
            for version in page["solutionVersions"]:
                if version["status"] in _IN_PROGRESS:
                    _stop(personalize, version["solutionVersionArn"])


def _stop(personalize: Any, version_arn: str) -> None:
    # It may have ended since it was listed; the next look sees that.
    gone = (personalize.exceptions.ResourceInUseException, personalize.exceptions.ResourceNotFoundException)
    with contextlib.suppress(*gone):
        personalize.stop_solution_version_creation(solutionVersionArn=version_arn)
