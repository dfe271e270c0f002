"""Entry point of the teardown function, which CloudFormation calls as a custom resource.

It needs nothing but the runtime, so that deleting a stack does not hang on the layer.
"""

from __future__ import annotations

import logging
from typing import Any

import boto3

from lambdas.custom_resource import answer, seconds_to_work
from lambdas.teardown.solutions import delete_solutions

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def handler(event: dict[str, Any], context: Any) -> None:
    """Delete the solutions of the dataset group when the stack goes; always answer CloudFormation, or it hangs."""
    succeeded, reason = True, "Done"
    try:
        if event["RequestType"] == "Delete":
            group = event["ResourceProperties"]["DatasetGroupArn"]
            deleted = delete_solutions(boto3.client("personalize"), group, seconds=seconds_to_work(context))
            logger.info("deleted %s", deleted)
    except Exception as error:
        logger.exception("teardown failed")
        succeeded, reason = False, f"{type(error).__name__}: {error}"
    # The group's ARN outlives updates but for those to another group: its solutions go with the deployment, too.
    group = event["ResourceProperties"]["DatasetGroupArn"]
    answer(event, succeeded=succeeded, reason=reason, physical_id=group)
