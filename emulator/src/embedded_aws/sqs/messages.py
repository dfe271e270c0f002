"""What a message to a queue must have."""

from typing import Any

from moto.sqs.exceptions import MissingParameter
from moto.sqs.responses import SQSResponse

from embedded_aws.patches import replaces

_send = SQSResponse.send_message


@replaces(SQSResponse, "send_message")
def a_message_has_a_body(self: Any) -> Any:
    """Send a message.

    moto: takes an empty one, and without a body fails itself. AWS: MissingParameter (recorded).
    """
    if not self._get_param("MessageBody"):
        raise MissingParameter("MessageBody")
    return _send(self)
