"""AWS::SQS::QueuePolicy, which moto lacks, and updates of AWS::SQS::Queue."""

import json
from typing import Any, Final

from moto.core.common_models import CloudFormationModel
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import Queue, sqs_backends

from embedded_aws.cloudformation.attachments import PolicyAttachment
from embedded_aws.cloudformation.properties import tags_of
from embedded_aws.patches import replaces

_NO_ATTRIBUTES: Final = {"FifoQueue", "QueueName", "Tags"}


@replaces(Queue, "update_from_cloudformation_json", classmethod)
def another_name_is_another_queue(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a queue.

    moto: changes two attributes, and leaves a queue whose name changes as it is. AWS: changes all; a name replaces.
    """
    properties, name = cloudformation_json["Properties"], original_resource.name
    if properties.get("QueueName", name) != name:
        queue = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        sqs_backends[account_id][region_name].delete_queue(name)
        return queue
    attributes = {
        field: value if isinstance(value, str) else json.dumps(value)
        for field, value in properties.items()
        if field not in _NO_ATTRIBUTES
    }
    queue = sqs_backends[account_id][region_name].set_queue_attributes(name, attributes)
    queue.tags = tags_of(properties)
    return queue


class QueuePolicy(PolicyAttachment, CloudFormationModel):
    """The policy of one or several queues."""

    TYPE = "AWS::SQS::QueuePolicy"
    TARGETS = "Queues"

    @classmethod
    def put(cls, account_id: str, region_name: str, target: str, document: str | None) -> None:
        """Set the Policy attribute of the queue with this URL, or empty it."""
        backend = sqs_backends[account_id][region_name]
        name = target.rsplit("/", 1)[-1]
        try:
            backend.set_queue_attributes(name, {"Policy": document or ""})
        except QueueDoesNotExist:
            if document is not None:
                raise
