"""Entry point of the dataset function, which CloudFormation calls as a custom resource.

It needs nothing but the runtime, so that deleting a stack does not hang on the layer.
"""

from __future__ import annotations

import logging
from typing import Any

import boto3

from lambdas.custom_resource import answer, seconds_to_work
from lambdas.dataset.dataset import Datasets, Wanted

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def handler(event: dict[str, Any], context: Any) -> None:
    """Create, update or delete a dataset; always answer CloudFormation, or it hangs."""
    wanted = Wanted.of(event["ResourceProperties"])
    succeeded, reason = True, "Done"
    try:
        datasets = Datasets(boto3.client("personalize"), seconds=seconds_to_work(context))
        if event["RequestType"] == "Delete":
            datasets.delete(wanted)
        else:
            reason = datasets.ensure(wanted, going_back=_is_going_back(event))
        logger.info("%s: %s", wanted.arn, reason)
    except Exception as error:
        logger.exception("dataset failed")
        succeeded, reason = False, f"{type(error).__name__}: {error}"
    # In another group it is another dataset: then CloudFormation deletes the old one at the end.
    answer(event, succeeded=succeeded, reason=reason, physical_id=wanted.arn)


def _is_going_back(event: dict[str, Any]) -> bool:
    """Return whether the stack is being rolled back: the request of a rollback looks like any other update."""
    if event["RequestType"] != "Update":
        return False
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=event["StackId"])["Stacks"]
    return "ROLLBACK" in stack["StackStatus"]
