"""AWS::SQS::QueuePolicy, which moto lacks."""

from moto.core.common_models import CloudFormationModel
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from local.cloudformation.attachments import PolicyAttachment


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
