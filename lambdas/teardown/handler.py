"""Entry point of the teardown function, which CloudFormation calls as a custom resource.

It needs nothing but the runtime, so that deleting a stack does not hang on the layer.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lambdas.custom_resource import answer, seconds_to_work
from lambdas.deletion import ResourcesRemainError, delete_arns, empty_group, foreign_datasets

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

_SUBJECT = "Resources of Amazon Personalize remain, and may be billed"


def handler(event: dict[str, Any], context: Any) -> None:
    """Delete what runs made when the stack goes, and what the pipeline file names no more when that is deployed.

    CloudFormation always gets an answer, or it hangs.
    """
    succeeded, reason = True, "Done"
    try:
        seconds = seconds_to_work(context)
        if event["RequestType"] == "Delete":
            empty(event["ResourceProperties"], boto3.client("personalize"), seconds=seconds)
        elif event["RequestType"] == "Update":
            unnamed = sorted(_named(event["OldResourceProperties"]) - _named(event["ResourceProperties"]))
            delete_arns(boto3.client("personalize"), unnamed, seconds=seconds)
            logger.info("deleted %s", unnamed)
    except Exception as error:
        logger.exception("teardown failed")
        succeeded, reason = False, f"{type(error).__name__}: {error}"
        _tell(event, reason)
    # The group's ARN outlives updates but for those to another group: what is in it goes with the deployment, too.
    group = event["ResourceProperties"]["DatasetGroupArn"]
    answer(event, succeeded=succeeded, reason=reason, physical_id=group)


def empty(properties: dict[str, Any], personalize: Any, *, seconds: float) -> None:
    """Delete what keeps a dataset group from being deleted, but for what the stack deletes itself.

    Args:
        properties: the custom resource's: ``DatasetGroupArn``, and ``Datasets``, the types that the stack has.
        personalize: a boto3 Personalize client.
        seconds: how long this may take.

    Raises:
        ResourcesRemainError: recommenders, campaigns or solutions are still there after ``seconds``.
    """
    group = properties["DatasetGroupArn"]
    deadline = time.monotonic() + seconds
    deleted = empty_group(personalize, group, seconds=seconds)
    # Stacks of before named no datasets.
    foreign = foreign_datasets(personalize, group, properties["Datasets"]) if "Datasets" in properties else []
    try:
        delete_arns(personalize, foreign, seconds=deadline - time.monotonic())
    except (ClientError, ResourcesRemainError):
        # If that keeps the group from being deleted, its own deletion says so.
        logger.exception("datasets remain: %s", foreign)
    logger.info("deleted %s", [*deleted, *foreign])


def _tell(event: dict[str, Any], reason: str) -> None:
    """Tell the topic: that a resource could not be cleaned up after an update CloudFormation tells nobody.

    What cannot be told changes nothing about the answer; where the stacks are destroyed the topic is gone already.
    """
    topic = event["ResourceProperties"].get("TopicArn")
    if topic is None:
        return
    group = event["ResourceProperties"]["DatasetGroupArn"]
    message = (
        f"Not everything that runs made in {group} could be deleted. {reason}\n\nWhat is still there may be billed: "
        "delete it by hand, or deploy or destroy again.\n\n"
        f"Stack: {event['StackId']}"
    )
    try:
        boto3.client("sns").publish(TopicArn=topic, Subject=_SUBJECT, Message=message)
    except Exception:
        logger.exception("the topic could not be told")


def _named(properties: dict[str, Any]) -> set[str]:
    """Return the ARNs of the campaigns and recommenders that the pipeline file named."""
    return set(properties.get("RealTimeArns", ()))
