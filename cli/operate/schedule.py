"""The schedule of a deployed pipeline: look at it, pause it, resume it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cli.errors import CommandError

PAUSED, ON = "DISABLED", "ENABLED"

_KEPT = (
    "Name",
    "GroupName",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "Description",
    "KmsKeyArn",
    "Target",
    "FlexibleTimeWindow",
    "ActionAfterCompletion",
)
"""What UpdateSchedule takes of what GetSchedule answers; what is left out it would set to its default."""


@dataclass(frozen=True)
class Schedule:
    """When runs start by themselves; ``state`` is ``ENABLED`` or ``DISABLED``."""

    expression: str
    timezone: str
    state: str


def read(scheduler: Any, name: str) -> Schedule | None:
    """Return the schedule of that name, None if there is none."""
    found = _get(scheduler, name)
    if found is None:
        return None
    return Schedule(found["ScheduleExpression"], found.get("ScheduleExpressionTimezone", "UTC"), found["State"])


def turn(scheduler: Any, name: str, state: str) -> Schedule:
    """Set the state of a schedule, and leave everything else of it as it is.

    Raises:
        CommandError: there is no schedule.
    """
    found = _get(scheduler, name)
    if found is None:
        raise CommandError(
            f"there is no schedule {name}",
            remedy="Give the pipeline file a schedule and deploy it, or start runs by hand: pipelines start",
        )
    if found["State"] != state:
        scheduler.update_schedule(**{key: found[key] for key in _KEPT if found.get(key) is not None}, State=state)
    return Schedule(found["ScheduleExpression"], found.get("ScheduleExpressionTimezone", "UTC"), state)


def _get(scheduler: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = scheduler.get_schedule(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return found
