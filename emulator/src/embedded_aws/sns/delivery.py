"""Who hears of a message: as on AWS, a queue or function only if its own policy admits the topic."""

import logging
from typing import Any, Final

import moto.sns.models as sns_models
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import Subscription

from embedded_aws.iam.authorization import service_may
from embedded_aws.patches import replaces
from embedded_aws.sqs.admission import admits

replaces(
    sns_models,
    "MissingParameter",
    gap="moto: says in SQS's words that a message to a FIFO topic lacks its group. AWS: it is invalid (recorded).",
)(lambda parameter: InvalidParameterValue(f"Invalid parameter: The {parameter} parameter is required for FIFO topics"))
_SERVICE: Final = "sns.amazonaws.com"
_publish = Subscription.publish
_logger = logging.getLogger(__name__)


@replaces(Subscription, "publish")
def deliver_where_admitted(self: Any, *arguments: Any, **options: Any) -> None:
    """Hand a message to a subscriber.

    moto: to any. AWS: to queues and functions whose policy lets the topic in (developer guide, pages
    subscribe-sqs-queue-to-sns-topic and lambda-console); nobody is told of a message that is not delivered.
    """
    topic = self.topic.arn
    admitted = True
    if self.protocol == "sqs":
        admitted = admits(self.account_id, _SERVICE, self.endpoint, source_arn=topic)
    elif self.protocol == "lambda":
        function = "lambda:InvokeFunction"
        admitted = service_may(self.account_id, _SERVICE, function, self.endpoint, source_arn=topic)
    if not admitted:
        _logger.warning("%s does not admit messages of %s: nothing is delivered", self.endpoint, topic)
        return
    _publish(self, *arguments, **options)
