"""What the description of a campaign or recommender says of its newest update, and of what differs from the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.service.resource_kinds import ACTIVE, FAILED_STATUSES

if TYPE_CHECKING:
    from definition.service.resource_kinds import ResourceKind

_DIFFERS = (
    "function($want, $have) { $type($want) = 'object' ? "
    "$count($keys($want)[$differs($lookup($want, $), $lookup($have, $))]) > 0 : "
    "$type($want) = 'array' ? ($exists($have) ? $sort($want) != $sort($have) : true) : "
    "($exists($have) ? $want != $have : true) }"
)
"""Whether a part of what is wanted is not so in what there is; what the file does not say may be as it is."""


def news_of_update(kind: ResourceKind, compared: str) -> str:
    """Return JSONata of what a description tells of a resource that can be updated.

    An update that this attempt began is told from one before it by its time, and one that somebody else began is waited
    for; of one that has failed before nothing is told: it is tried again.

    Args:
        kind: of the resource.
        compared: JSONata of what it shall be; ``$now`` is what it is.
    """
    described, variable = f"$states.result.{kind.name}", f"${kind.variable}"
    began = f"$exists($latest) and $latest.CreationDateTime != {variable}.before"
    pending = "{'Status': 'CREATE PENDING'}"
    ended = [ACTIVE, *FAILED_STATUSES]
    before = f"{variable}.updating ? {variable}.before : $exists($latest) ? $latest.CreationDateTime : 'none'"
    return (
        f"($now := {described}; $latest := $now.{kind.latest_update}; $differs := {_DIFFERS}; "
        f"$told := {variable}.updating ? ({began} ? $latest : {pending}) : "
        f"$exists($latest) and $not($latest.Status in {ended}) ? $latest : $now; "
        f"{{'status': $told.Status, 'reason': $told.FailureReason, 'before': {before}, "
        f"'differs': $differs({compared}, $now)}})"
    )
