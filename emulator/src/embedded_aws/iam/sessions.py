"""Sessions in which services work for their users: Step Functions, Lambda and others assume the role they get."""

import uuid
from threading import Lock
from typing import Any, Final

from moto.sts.models import sts_backends

from embedded_aws.iam.authorization import TRANSPORT
from embedded_aws.iam.principals import PARTITION, document_of, find_role
from embedded_aws.policies import Decision, Request, decide

_lock = Lock()
_sessions: Final[dict[tuple[str, str], Any]] = {}


class RoleNotAssumableError(Exception):
    """A role that a service may not assume; `role_arn` and `service` say which."""

    def __init__(self, service: str, role_arn: str) -> None:
        super().__init__(f"{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")
        self.service = service
        self.role_arn = role_arn


def may_assume(
    account_id: str, role_arn: str, *, service: str | None = None, arn: str | None = None, context: dict[str, str]
) -> bool:
    """Return whether a role's trust policy lets somebody assume it; not without a role.

    Args:
        account_id: of the role.
        role_arn: the role.
        service: such as `states.amazonaws.com`, if a service asks.
        arn: of the user, role or account that asks, if none does.
        context: condition keys, such as `aws:SourceArn`.
    """
    role = find_role(account_id, role_arn)
    if role is None:
        return False
    request = Request("sts:AssumeRole", service=service, arn=arn, context={**TRANSPORT, **context})
    return decide(document_of(role.assume_role_policy_document), request) is Decision.ALLOW


def session_for(account_id: str, role_arn: str, service: str, *, source_arn: str, session_name: str = "") -> Any:
    """Return a session of a role for a service: moto's, with access key, secret and token.

    Args:
        account_id: of the role and of whom the service works for.
        role_arn: the role.
        service: such as `states.amazonaws.com`.
        source_arn: what the service works for, such as a state machine.
        session_name: as the service names it; left out: made up.

    Raises:
        RoleNotAssumableError: the role's trust policy does not let the service assume it for this account and source.
    """
    context = {"aws:SourceAccount": account_id, "aws:SourceArn": source_arn}
    if not may_assume(account_id, role_arn, service=service, context=context):
        raise RoleNotAssumableError(service, role_arn)
    backend = sts_backends[account_id][PARTITION]
    with _lock:
        at = (role_arn, session_name)
        if _sessions.get(at) not in backend.assumed_roles:
            name = session_name or uuid.uuid4().hex
            _sessions[at] = backend.assume_role("us-east-1", name, role_arn, "", 3600, "")
        return _sessions[at]


def credentials(session: Any) -> dict[str, str]:
    """Return the environment variables in which an SDK finds a session."""
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
