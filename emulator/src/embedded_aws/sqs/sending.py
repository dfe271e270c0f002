"""What services need to send to a queue that they know by its ARN."""

from collections.abc import Mapping
from typing import Any

from embedded_aws import clients


def queue_url(arn: str) -> str:
    """Return a queue's URL.

    Raises:
        botocore.exceptions.ClientError: there is no such queue.
    """
    _, _, _, region, account, name = arn.split(":")
    url: str = clients.client("sqs", region).get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    return url


def letter(queue_arn: str, body: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of SendMessage for a dead letter; empty attributes are left out."""
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
    return {"QueueUrl": queue_url(queue_arn), "MessageBody": body, "MessageAttributes": typed}
