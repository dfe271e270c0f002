"""Entry point of the clean-up function, which the state machine calls at the end of a run and where it needs room.

It needs nothing but the runtime.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

import boto3

from lambdas.cleanup.cleanup import Request, clean_up

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

_SECONDS_TO_ANSWER = 20.0


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Remove what the pipeline needs no more; return ARNs of what is gone, and of what is not with the reason.

    Args:
        event: the fields of ``Request``.
        context: how much time is left.
    """
    request = Request(**event)
    seconds = context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_ANSWER
    # Twice, where room is made: what is spare, then the solution before.
    each = seconds / 2 if request.room_for else seconds
    outcome = asdict(clean_up(boto3.client("personalize"), boto3.client("s3"), request, seconds=each))
    logger.info("cleaned up %s", outcome)
    return outcome
