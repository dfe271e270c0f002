"""Who may use a bucket by its policy: services, and the account's own administrator."""

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from embedded_aws.iam.authorization import TRANSPORT
from embedded_aws.iam.enforcement import is_decided
from embedded_aws.patches import replaces
from embedded_aws.policies import Decision, Request, decide

_PARTITION: Final = "aws"
_ACTIONS: Final = {"s3:headobject": "s3:GetObject", "s3:postobject": "s3:PutObject"}
_RESULTS: Final = {
    Decision.ALLOW: PermissionResult.PERMITTED,
    Decision.DENY: PermissionResult.DENIED,
    Decision.SILENT: PermissionResult.NEUTRAL,
}


def bucket_policy_allows(
    account_id: str,
    bucket: str,
    key_or_None: str | None,  # noqa: N803  # says that a bucket's own actions have no key
    action: str,
    *,
    principal_service: str | None = None,
    principal_arn: str | None = None,
    context: Mapping[str, str],
) -> bool:
    """Return whether a bucket's policy allows a principal an action: an Allow matches and no Deny.

    Args:
        account_id: the bucket's account.
        bucket: its name; without such a bucket or a policy nothing is allowed.
        key_or_None: the object's key, None for the bucket itself (s3:ListBucket).
        action: such as `s3:GetObject`.
        principal_service: such as `personalize.amazonaws.com`.
        principal_arn: a role's ARN.
        context: condition keys, such as `aws:SourceAccount`.
    """
    found = s3_backends[account_id][_PARTITION].buckets.get(bucket)
    if found is None or found.policy is None:
        return False
    resource = found.arn if key_or_None is None else f"{found.arn}/{key_or_None}"
    request = Request(action, resource, principal_service, principal_arn, context={**TRANSPORT, **context})
    return decide(json.loads(found.policy), request) is Decision.ALLOW


@replaces(FakeBucket, "get_permission")
def permission_with_conditions(self: Any, action: str, resource: str) -> PermissionResult:
    """Return what the bucket's policy says about a request of the account's own.

    moto: ignores conditions and principals. AWS: evaluates them. Those of roles and users have been decided about.
    """
    if self.policy is None or is_decided():
        return PermissionResult.NEUTRAL
    owner = f"arn:{self.partition}:iam::{self.account_id}:root"
    request = Request(_ACTIONS.get(action.lower(), action), resource, arn=owner, context=TRANSPORT)
    return _RESULTS[decide(json.loads(self.policy), request)]
