"""What a rule could not deliver goes to the dead-letter queue of its target.

Source: EventBridge user guide, page eb-rule-dlq. The queue's own policy admits the service, for this rule.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from embedded_aws import clients
from embedded_aws.events.inputs import shown
from embedded_aws.iam.sessions import RoleNotAssumableError
from embedded_aws.sqs.admission import admits
from embedded_aws.sqs.sending import letter

_SERVICE: Final = "events.amazonaws.com"


class NotAdmittedError(Exception):
    """A target's own policy does not let the rule in."""


def keep(rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], error: Exception) -> bool:
    """Send an event that could not be delivered to its target's dead-letter queue; return whether it lies there.

    Nothing is tried again first: what fails here, permissions and missing targets, AWS does not repeat either.
    """
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue is None or not admits(rule.account_id, _SERVICE, queue, source_arn=rule.arn):
        return False
    attributes = {
        "ERROR_CODE": _code(error),
        "ERROR_MESSAGE": str(error),
        "RETRY_ATTEMPTS": "0",
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
    }
    clients.client("sqs", rule.region_name).send_message(**letter(queue, json.dumps(shown(event)), attributes))
    return True


def _code(error: Exception) -> str:
    if isinstance(error, NotAdmittedError | RoleNotAssumableError):
        return "NO_PERMISSIONS"
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if "AccessDenied" in code or "NotAuthorized" in code:
        return "NO_PERMISSIONS"
    return "NO_RESOURCE" if "DoesNotExist" in code or "NotFound" in code else "SDK_CLIENT_ERROR"
