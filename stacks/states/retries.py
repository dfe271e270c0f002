"""When calls are tried again, and for how long.

Personalize says "wait" in three ways (docs.aws.amazon.com/personalize/latest/dg/API_CreateSolutionVersion.html and the
pages limits, error-messages): something it needs is still being made (ResourceInUseException), a quota is used up
(LimitExceededException), or calls come too fast. Errors that its model does not list, throttling among them, arrive
as ``Personalize.PersonalizeException``
(https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
"""

from __future__ import annotations

from typing import Any

Retriers = list[dict[str, Any]]


def _retrier(errors: list[str], *, seconds: int, attempts: int, rate: float, most: int) -> dict[str, Any]:
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": seconds,
        "MaxAttempts": attempts,
        "BackoffRate": rate,
        "MaxDelaySeconds": most,
    }


_IN_USE = _retrier(["Personalize.ResourceInUseException"], seconds=30, attempts=60, rate=1.2, most=300)
_QUOTA = _retrier(["Personalize.LimitExceededException"], seconds=60, attempts=40, rate=1.5, most=600)
_THROTTLED = {
    **_retrier(
        ["Personalize.ThrottlingException", "Personalize.PersonalizeException", "Personalize.SdkClientException"],
        seconds=5,
        attempts=6,
        rate=2,
        most=120,
    ),
    "JitterStrategy": "FULL",
}

CREATE: Retriers = [_IN_USE, _QUOTA, _THROTTLED]
"""Waits out what is in use for about 4 hours, and a quota for about 6 hours."""

LONGEST_CREATE = sum(
    sum(min(r["MaxDelaySeconds"], r["IntervalSeconds"] * r["BackoffRate"] ** n) for n in range(r["MaxAttempts"]))
    for r in CREATE
)
"""Seconds that a create call waits at the most, if every retrier is used up."""

READ: Retriers = [_IN_USE, _THROTTLED]
"""For describe and metrics calls."""

INVOKE: Retriers = [
    _retrier(
        [
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
        ],
        seconds=2,
        attempts=6,
        rate=2,
        most=60,
    )
]
"""Faults of the Lambda service, not of the function
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
