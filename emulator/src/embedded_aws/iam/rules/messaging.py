"""SNS and SQS."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules.rule import Ask, Rule, rows
from embedded_aws.sns.encryption import USES, is_managed, key_of

_TOPIC: Final = ("{TopicArn}",)
_TOPIC_ACTIONS: Final = (
    "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "SetTopicAttributes", "Subscribe",
)  # fmt: skip


class _Key(Rule):
    """The use of a key through SNS."""

    def asks(self, request: ApiRequest, account_id: str) -> Iterator[Ask]:
        """Yield what the row asks for, with the keys that tell a key's policy who calls through what."""
        through = {"kms:ViaService": f"sns.{request.region}.amazonaws.com", "kms:CallerAccount": account_id}
        yield from (replace(ask, context=through) for ask in super().asks(request, account_id))


def _key(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the key of an encrypted topic; AWS's own lets everybody who may publish."""
    topic = str(request.params.get("TopicArn") or request.params.get("TargetArn") or "")
    key = key_of(account_id, topic) if topic.startswith("arn:aws:sns:") else None
    if key is not None and not is_managed(key):
        yield key


_ENCRYPTED: Final = tuple(_Key(use, _key, refused_as="KMSAccessDenied") for use in USES)
_SNS: Final = {
    ("sns", "Publish"): (Rule("sns:Publish", ("{TopicArn}", "{TargetArn}", "{PhoneNumber}")), *_ENCRYPTED),
    ("sns", "PublishBatch"): (Rule("sns:Publish", _TOPIC), *_ENCRYPTED),
    **rows("sns", "sns", dict.fromkeys(_TOPIC_ACTIONS, _TOPIC)),
    **rows("sns", "sns", {"CreateTopic": ("arn:aws:sns:{region}:{account}:{Name}",)}),
    **rows("sns", "sns", {"ListSubscriptions": ("*",), "ListTopics": ("*",), "Unsubscribe": ("*",)}),
}


def _queue(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the ARN of the queue that is given by its address or its name."""
    url = str(request.params.get("QueueUrl", ""))
    name = url.rpartition("/")[2] or request.params.get("QueueName", "")
    yield f"arn:aws:sqs:{request.region}:{account_id}:{name}"


_QUEUE_ACTIONS: Final = {
    "ChangeMessageVisibility": "ChangeMessageVisibility",
    "CreateQueue": "CreateQueue",
    "DeleteMessage": "DeleteMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "DeleteQueue": "DeleteQueue",
    "GetQueueAttributes": "GetQueueAttributes",
    "GetQueueUrl": "GetQueueUrl",
    "PurgeQueue": "PurgeQueue",
    "ReceiveMessage": "ReceiveMessage",
    "SendMessage": "SendMessage",
    "SendMessageBatch": "SendMessage",
    "SetQueueAttributes": "SetQueueAttributes",
}
_SQS: Final = {
    **{("sqs", name): (Rule(f"sqs:{action}", _queue),) for name, action in _QUEUE_ACTIONS.items()},
    **rows("sqs", "sqs", {"ListQueues": ("*",)}),
}

RULES: Final = {**_SNS, **_SQS}
