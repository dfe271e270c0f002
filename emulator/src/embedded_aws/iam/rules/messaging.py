"""SNS and SQS."""

from collections.abc import Iterator
from typing import Final

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules.rule import Rule, rows

_TOPIC: Final = ("{TopicArn}",)
_TOPIC_ACTIONS: Final = (
    "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "SetTopicAttributes", "Subscribe",
)  # fmt: skip


_SNS: Final = {
    ("sns", "Publish"): (Rule("sns:Publish", ("{TopicArn}", "{TargetArn}", "{PhoneNumber}")),),
    ("sns", "PublishBatch"): (Rule("sns:Publish", _TOPIC),),
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
