"""What the description of a campaign or recommender says of its newest update, and of what differs from the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.service.resource_kinds import ACTIVE, FAILED_STATUSES
from stacks.states.program import program

if TYPE_CHECKING:
    from definition.service.resource_kinds import ResourceKind


def news_of_update(kind: ResourceKind, wanted: str) -> str:
    """Return JSONata of what a description tells of a resource that can be updated.

    Args:
        kind: of the resource.
        wanted: JSONata of what it shall be; ``$described`` is what it is.
    """
    return program(
        "news_of_update",
        described=f"$states.result.{kind.name}",
        latest=f"$states.result.{kind.name}.{kind.latest_update}",
        attempt=f"${kind.variable}",
        wanted=wanted,
        ended=str([ACTIVE, *FAILED_STATUSES]),
    )
