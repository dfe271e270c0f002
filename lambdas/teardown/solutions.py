"""Delete the solutions that runs made, so that the dataset group can go.

Personalize refuses to delete a dataset group while solutions are in it (page API_DeleteDatasetGroup), and
CloudFormation knows nothing of what runs create.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_IN_PROGRESS = ("CREATE PENDING", "CREATE IN_PROGRESS")
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 15.0


class SolutionsRemainError(Exception):
    """Solutions are still there when the time is up; the message names them."""


def delete_solutions(
    personalize: Any, dataset_group_arn: str, *, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> list[str]:
    """Delete every solution of a dataset group, and return the ARNs once they are gone.

    Trainings in progress are stopped: they are billed up to here, and block the deletion.

    Args:
        personalize: a boto3 Personalize client.
        dataset_group_arn: the group; if it is gone already, there is nothing to do.
        seconds: how long this may take.
        sleep: waits between looks.

    Raises:
        SolutionsRemainError: some are still there after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    wait = _FIRST_WAIT
    deleted: set[str] = set()
    while remaining := _solutions(personalize, dataset_group_arn):
        for arn, status in remaining.items():
            deleted.add(arn)
            if not status.startswith("DELETE"):
                _delete(personalize, arn)
        if time.monotonic() + wait > deadline:
            raise SolutionsRemainError(
                f"Not deleted within {seconds:.0f} s: {', '.join(sorted(remaining))}. "
                "Campaigns on them must be deleted first; then delete the stack again."
            )
        sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)
    return sorted(deleted)


def _solutions(personalize: Any, dataset_group_arn: str) -> dict[str, str]:
    pages = personalize.get_paginator("list_solutions").paginate(datasetGroupArn=dataset_group_arn)
    try:
        return {solution["solutionArn"]: solution["status"] for page in pages for solution in page["solutions"]}
    except personalize.exceptions.ResourceNotFoundException:
        return {}


def _delete(personalize: Any, arn: str) -> None:
    try:
        personalize.delete_solution(solutionArn=arn)
    except personalize.exceptions.ResourceNotFoundException:
        return
    except personalize.exceptions.ResourceInUseException:
        _stop_trainings(personalize, arn)


def _stop_trainings(personalize: Any, arn: str) -> None:
    pages = personalize.get_paginator("list_solution_versions").paginate(solutionArn=arn)
    for page in pages:
        for version in page["solutionVersions"]:
            if version["status"] in _IN_PROGRESS:
                _stop(personalize, version["solutionVersionArn"])


def _stop(personalize: Any, version_arn: str) -> None:
    # It may have ended since it was listed; the next look sees that.
    gone = (personalize.exceptions.ResourceInUseException, personalize.exceptions.ResourceNotFoundException)
    with contextlib.suppress(*gone):
        personalize.stop_solution_version_creation(solutionVersionArn=version_arn)
