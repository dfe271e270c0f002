"""Entry point of the teardown function, which CloudFormation calls as a custom resource.

It needs nothing but the runtime, so that deleting a stack does not hang on the layer.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
import logging
import urllib.request
from typing import Any

import boto3

from lambdas.teardown.deletion import delete_arns, empty_group

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

_MILLISECONDS_TO_ANSWER = 20_000


def handler(event: dict[str, Any], context: Any) -> None:
    """Delete what runs made when the stack goes, and what the pipeline file names no more when that is deployed.

    CloudFormation always gets an answer, or it hangs.
    """
    status, reason = "SUCCESS", "Done"
    try:
        seconds = (context.get_remaining_time_in_millis() - _MILLISECONDS_TO_ANSWER) / 1000
        if event["RequestType"] == "Delete":
            group = event["ResourceProperties"]["DatasetGroupArn"]
            deleted = empty_group(boto3.client("personalize"), group, seconds=seconds)
            logger.info("deleted %s", deleted)
        elif event["RequestType"] == "Update":
            unnamed = sorted(_named(event["OldResourceProperties"]) - _named(event["ResourceProperties"]))
            delete_arns(boto3.client("personalize"), unnamed, seconds=seconds)
            logger.info("deleted %s", unnamed)
    except Exception as error:
        logger.exception("teardown failed")
        status, reason = "FAILED", f"{type(error).__name__}: {error}"
    _answer(event, status, reason)


def _named(properties: dict[str, Any]) -> set[str]:
    """Return the ARNs of the campaigns and recommenders that the pipeline file named."""
    return set(properties.get("RealTimeArns", ()))


def _answer(event: dict[str, Any], status: str, reason: str) -> None:
    # The group's ARN outlives updates, so that CloudFormation sees no replacement.
    answer = {
        "Status": status,
        "Reason": reason[:1000],
        "PhysicalResourceId": event["ResourceProperties"]["DatasetGroupArn"],
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(  # noqa: S310  # the URL is CloudFormation's own, signed
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  # as above
