"""When calls are tried again, and for how long.

Personalize says "wait" in three ways (docs.aws.amazon.com/personalize/latest/dg/API_CreateSolutionVersion.html and the
pages limits, error-messages): something it needs is still being made (ResourceInUseException), a quota is used up
(LimitExceededException), or calls come too fast. Errors that its model does not list, throttling among them, arrive
as ``Personalize.PersonalizeException``
(https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).

A quota of what is in progress frees itself, one of what there is does not: only the first is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.plan.history import QUOTA_FIRST, QUOTA_LONGEST, QUOTA_RATE, quota_attempts

if TYPE_CHECKING:
    from datetime import timedelta

Retriers = list[dict[str, Any]]

LIMIT = "Personalize.LimitExceededException"


def _retrier(errors: list[str], *, seconds: int, attempts: int, rate: float, most: int) -> dict[str, Any]:
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": seconds,
        "MaxAttempts": attempts,
        "BackoffRate": rate,
        "MaxDelaySeconds": most,
    }


_IN_USE = _retrier(["Personalize.ResourceInUseException"], seconds=30, attempts=60, rate=1.2, most=300)

UNCLEAR = ["Personalize.ThrottlingException", "Personalize.PersonalizeException", "Personalize.SdkClientException"]
"""Errors after which nobody knows whether the call has had its effect."""

_THROTTLED = {**_retrier(UNCLEAR, seconds=5, attempts=6, rate=2, most=120), "JitterStrategy": "FULL"}

READ: Retriers = [_IN_USE, _THROTTLED]
"""For describe and metrics calls."""

UPDATE: Retriers = READ
"""What is in use is waited for about 4 hours; an update needs no quota."""


def create(quota: timedelta | None, *, repeatable: bool = True) -> Retriers:
    """Return the retriers of a create call; what is in use is waited for about 4 hours.

    Args:
        quota: how long a quota that is used up is waited for; None: half a minute, since nothing frees it.
        repeatable: the service refuses a second one of the same name, so a call whose answer was lost may be repeated.
    """
    # The service's model gives the same name to a rate that is exceeded, which passes within seconds.
    waits = [_IN_USE]
    if quota is None:
        waits.append(_retrier([LIMIT], seconds=5, attempts=3, rate=2, most=60))
    else:
        attempts = quota_attempts(quota)
        waits.append(_retrier([LIMIT], seconds=QUOTA_FIRST, attempts=attempts, rate=QUOTA_RATE, most=QUOTA_LONGEST))
    return [*waits, *([_THROTTLED] if repeatable else [])]


def longest(retriers: Retriers) -> float:
    """Return the seconds that a call waits at the most, if every retrier is used up."""
    return sum(map(_whole, retriers))


def _whole(retrier: dict[str, Any]) -> float:
    waited, pause = 0.0, float(retrier["IntervalSeconds"])
    for _ in range(retrier["MaxAttempts"]):
        waited += min(retrier["MaxDelaySeconds"], pause)
        # Powers of hundreds of attempts are no numbers any more.
        pause = min(retrier["MaxDelaySeconds"], pause * retrier["BackoffRate"])
    return waited


INVOKE: Retriers = [
    # New accounts run ten functions at once, and parts of tables want as many.
    _retrier(["Lambda.TooManyRequestsException"], seconds=5, attempts=20, rate=1.5, most=60),
    _retrier(
        [
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
        ],
        seconds=2,
        attempts=6,
        rate=2,
        most=60,
    ),
]
"""Faults of the Lambda service, not of the function
(https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html); for a free place among the
functions of the account about a quarter of an hour."""

OUT_OF_BOUNDS = ("Runtime.OutOfMemory", "Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown")
"""A function that ran out of memory or time, in Lambda's own words, and all of that in those of Step Functions
(https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html)."""

AWS_CALL: Retriers = [_retrier(["States.TaskFailed"], seconds=2, attempts=4, rate=2, most=30)]
"""For writing the manifest and telling people: nothing is paid twice by repeating them."""

START_JOB: Retriers = [
    _retrier(
        ["Glue.ConcurrentRunsExceededException", "Glue.ThrottlingException"],
        seconds=60,
        attempts=20,
        rate=1.2,
        most=300,
    )
]
"""Waits for a free place among the job's runs; a run that failed is not started again: its reason would be the same."""

START_QUERY: Retriers = [
    _retrier(
        ["Athena.TooManyRequestsException", "Athena.InternalServerException", "Athena.SdkClientException"],
        seconds=5,
        attempts=10,
        rate=1.5,
        most=60,
    )
]
"""Waits until Athena takes another query: its token makes a repetition the same one. What failed would fail again."""
