"""Who hears of a message: as on AWS, a queue or function only if its own policy admits the topic."""

import logging
from typing import Any, Final

import moto.sns.models as sns_models
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import Subscription

from embedded_aws.iam.authorization import service_may
from embedded_aws.patches import replaces

replaces(
    sns_models,
    "MissingParameter",
    gap="moto: says in SQS's words that a message to a FIFO topic lacks its group. AWS: it is invalid (recorded).",
)(lambda parameter: InvalidParameterValue(f"Invalid parameter: The {parameter} parameter is required for FIFO topics"))
_SERVICE: Final = "sns.amazonaws.com"
_ACTIONS: Final = {"sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction"}
_publish = Subscription.publish
_logger = logging.getLogger(__name__)


@replaces(Subscription, "publish")
def deliver_where_admitted(self: Any, *arguments: Any, **options: Any) -> None:
    """Hand a message to a subscriber.

    moto: to any. AWS: to queues and functions whose policy lets the topic in (developer guide, pages
    subscribe-sqs-queue-to-sns-topic and lambda-console); nobody is told of a message that is not delivered.
    """
    action = _ACTIONS.get(self.protocol)
    topic = self.topic.arn
    if action and not service_may(self.account_id, _SERVICE, action, self.endpoint, source_arn=topic):
        _logger.warning("%s does not admit messages of %s: nothing is delivered", self.endpoint, topic)
        return
    _publish(self, *arguments, **options)
