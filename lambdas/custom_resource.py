"""What functions that CloudFormation calls as custom resources have in common: the answer.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

MILLISECONDS_TO_ANSWER = 20_000
"""What a function leaves of its time for the answer: without one CloudFormation hangs for an hour."""

_LONGEST_REASON = 1000


def answer(event: dict[str, Any], *, succeeded: bool, reason: str, physical_id: str) -> None:
    """Tell CloudFormation how its request ended.

    Args:
        event: the request.
        succeeded: whether it was fulfilled.
        reason: what people read in the stack's events if it was not.
        physical_id: the resource's; another than before says that the resource was replaced.
    """
    document = {
        "Status": "SUCCESS" if succeeded else "FAILED",
        "Reason": reason[:_LONGEST_REASON],
        "PhysicalResourceId": physical_id,
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(  # noqa: S310  # the URL is CloudFormation's own, signed
        event["ResponseURL"], data=json.dumps(document).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  # as above


def seconds_to_work(context: Any) -> float:
    """Return how long a function may work before it must answer."""
    return float(context.get_remaining_time_in_millis() - MILLISECONDS_TO_ANSWER) / 1000
