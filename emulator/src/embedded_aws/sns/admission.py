"""Whether a service may publish to a topic: the topic's policy and, of an encrypted topic, its key's.

Sources: SNS developer guide, pages sns-access-policy-use-cases and sns-key-management; AWS re:Post,
cloudwatch-configure-alarm-sns, for the key that AWS manages, and for both refusals.
"""

from embedded_aws.iam.authorization import service_may
from embedded_aws.iam.service_keys import refused_use
from embedded_aws.sns.encryption import key_of


def not_admitted(account_id: str, service: str, topic: str, *, source_arn: str, owner: str | None = None) -> str:
    """Return why a service may not publish to a topic, the empty text if it may.

    Args:
        account_id: of the topic and of what the service works for.
        service: such as `cloudwatch.amazonaws.com`.
        topic: its ARN.
        source_arn: what the service works for.
        owner: the account that the service tells SNS of, by which the default policy of a topic admits it.
    """
    context = {"AWS:SourceOwner": owner} if owner else {}
    if not service_may(account_id, service, "sns:Publish", topic, source_arn=source_arn, **context):
        return f"Resource: {source_arn} is not authorized to perform: SNS:Publish on resource: {topic}"
    key = key_of(account_id, topic)
    source = {"aws_SourceAccount": account_id, "aws_SourceArn": source_arn}
    allowed = key is None or not refused_use(account_id, service, topic.split(":")[3], key, **source)
    return "" if allowed else f"{service} does not have authorization to access the SNS topic encryption key."
