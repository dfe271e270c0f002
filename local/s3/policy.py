"""Who may use a bucket, and what a role may do, by the policies that are stored in this AWS."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from moto.iam.access_control import PermissionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.s3.models import FakeBucket, s3_backends

from local.patches import replaces
from local.policies import Decision, Request, combine, decide

# The endpoint is http on the loopback: nothing leaves the machine, and there is no certificate for it. A policy that
# denies what is not TLS must not lock the laptop out, so a request counts as secure unless the context says otherwise.
_TRANSPORT: Final = {"aws:SecureTransport": "true"}
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
    request = Request(action, resource, principal_service, principal_arn, {**_TRANSPORT, **context})
    return decide(json.loads(found.policy), request) is Decision.ALLOW


def role_allows(account_id: str, role_arn: str, action: str, resource_arn: str, context: Mapping[str, str]) -> bool:
    """Return whether a role's inline and attached policies, and its boundary, allow an action; not without a role."""
    role = _role(account_id, role_arn)
    if role is None:
        return False
    request = Request(action, resource_arn, arn=role_arn, context={**_TRANSPORT, **context})
    if not combine(decide(document, request) for document in _policies(role)):
        return False
    boundary = role.permissions_boundary_arn
    # A role made by CloudFormation without one has the empty text.
    if not boundary:
        return True
    managed = iam_backends[account_id][_PARTITION].get_policy(boundary)
    return decide(_default_version(managed), request) is Decision.ALLOW


def can_assume(account_id: str, role_arn: str, service: str, context: Mapping[str, str]) -> bool:
    """Return whether a role's trust policy lets a service assume it under these conditions; not without a role."""
    role = _role(account_id, role_arn)
    if role is None:
        return False
    request = Request("sts:AssumeRole", service=service, context={**_TRANSPORT, **context})
    return decide(_document(role.assume_role_policy_document), request) is Decision.ALLOW


@replaces(FakeBucket, "get_permission")
def permission_with_conditions(self: Any, action: str, resource: str) -> PermissionResult:
    """Return what the bucket's policy says about a request of the account's own.

    moto: ignores conditions and principals. AWS: evaluates them.
    """
    if self.policy is None:
        return PermissionResult.NEUTRAL
    owner = f"arn:{self.partition}:iam::{self.account_id}:root"
    request = Request(_ACTIONS.get(action.lower(), action), resource, arn=owner, context=_TRANSPORT)
    return _RESULTS[decide(json.loads(self.policy), request)]


def _role(account_id: str, role_arn: str) -> Any:
    try:
        return iam_backends[account_id][_PARTITION].get_role_by_arn(role_arn)
    except NotFoundException:
        return None


def _policies(role: Any) -> Iterator[Mapping[str, Any]]:
    for inline in role.policies.values():
        yield _document(inline)
    for managed in role.managed_policies.values():
        yield _default_version(managed)


def _default_version(managed: Any) -> Mapping[str, Any]:
    return _document(next(version.document for version in managed.versions if version.is_default))


def _document(text: Any) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(text) if isinstance(text, str | bytes) else text
    return document
