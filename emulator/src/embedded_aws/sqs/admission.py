"""Whether a service may send to a queue: the queue's policy and, of one under a key of KMS, the key's.

Source: SQS developer guide, pages sqs-basic-examples-of-sqs-policies and sqs-key-management.
"""

from moto.sqs.models import sqs_backends

from embedded_aws.iam.authorization import service_may
from embedded_aws.iam.service_keys import refused_use


def admits(account_id: str, service: str, queue: str, *, source_arn: str) -> bool:
    """Say whether a queue takes what a service sends for a resource of the account.

    Args:
        account_id: of the queue and of what the service works for.
        service: such as `events.amazonaws.com`.
        queue: its ARN.
        source_arn: what the service works for.
    """
    if not service_may(account_id, service, "sqs:SendMessage", queue, source_arn=source_arn):
        return False
    region, name = queue.split(":")[3], queue.rpartition(":")[2]
    found = sqs_backends[account_id][region].queues.get(name)
    key = getattr(found, "kms_master_key_id", None)
    source = {"aws_SourceAccount": account_id, "aws_SourceArn": source_arn}
    return not key or not refused_use(account_id, service, region, str(key), **source)
