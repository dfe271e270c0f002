"""Whether a service that works for itself may use a key: by the key's own policy, which has to name it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from embedded_aws.iam.authorization import TRANSPORT
from embedded_aws.iam.resource_policies import policy_of
from embedded_aws.kms.keys import arn_of, is_of_aws, unusable
from embedded_aws.policies import Decision, Request, decide

USES: Final = ("kms:GenerateDataKey", "kms:Decrypt")
"""What sending to an encrypted topic or queue takes (SNS and SQS developer guides, pages *-key-management)."""

_WITHOUT_SOURCE: Final = {"events.amazonaws.com"}
"""Services whose requests to KMS carry no source conditions: documented of EventBridge to encrypted topics (SNS guide,
page sns-key-management), and taken for its queues."""


def refused_use(
    account_id: str, service: str, region: str, named: str, actions: Iterable[str] = USES, **context: Any
) -> str:
    """Return which action of a key a service may not take, or why nobody may; the empty text if it may.

    Args:
        account_id: of the key.
        service: such as `logs.us-east-1.amazonaws.com`.
        region: of the key, where its name does not say it.
        named: the key, by id, ARN or alias; AWS's own, `alias/aws/…`, admit no service.
        actions: such as `kms:Decrypt`.
        context: condition keys, with `_` for their first colon, such as `aws_SourceArn`.
    """
    if is_of_aws(account_id, region, named):
        return next(iter(actions))
    if problem := unusable(account_id, region, named):
        return problem.message
    arn = arn_of(account_id, region, named)
    policy = policy_of(account_id, arn)
    keys = _keys(service, context)
    for action in actions:
        request = Request(action, arn, service=service, context=keys)
        if policy is None or decide(policy, request) is not Decision.ALLOW:
            return action
    return ""


def _keys(service: str, context: Mapping[str, Any]) -> dict[str, Any]:
    given = {name.replace("_", ":", 1): value for name, value in context.items()}
    if service in _WITHOUT_SOURCE:
        given = {name: value for name, value in given.items() if not name.startswith("aws:Source")}
    return {**TRANSPORT, **given}
