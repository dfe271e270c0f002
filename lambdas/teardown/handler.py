"""Entry point of the teardown function, which CloudFormation calls as a custom resource.

It needs nothing but the runtime, so that deleting a stack does not hang on the layer.
"""

from __future__ import annotations

import logging
from typing import Any

import boto3

from lambdas.custom_resource import answer, seconds_to_work
from lambdas.teardown.deletion import delete_arns, empty_group

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def handler(event: dict[str, Any], context: Any) -> None:
    """Delete what runs made when the stack goes, and what the pipeline file names no more when that is deployed.

    CloudFormation always gets an answer, or it hangs.
    """
    succeeded, reason = True, "Done"
    try:
        seconds = seconds_to_work(context)
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
        succeeded, reason = False, f"{type(error).__name__}: {error}"
    # The group's ARN outlives updates but for those to another group: what is in it goes with the deployment, too.
    group = event["ResourceProperties"]["DatasetGroupArn"]
    answer(event, succeeded=succeeded, reason=reason, physical_id=group)


def _named(properties: dict[str, Any]) -> set[str]:
    """Return the ARNs of the campaigns and recommenders that the pipeline file named."""
    return set(properties.get("RealTimeArns", ()))
