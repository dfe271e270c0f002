"""May this principal do that? Identity policies, boundary, session policy and the resource's own policy together.

Within one account (IAM user guide, page reference_policies_evaluation-logic_policy-eval-basics): an explicit Deny
anywhere ends it; then one Allow is enough, of the principal's own policies or of the resource's; but the principal's
own count only within its boundary and its session policy, and a resource's policy that names a role only within the
boundary.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from embedded_aws.iam.principals import Principal, role_session
from embedded_aws.iam.resource_policies import policy_of
from embedded_aws.iam.rules.rule import Ask
from embedded_aws.policies import Decision, Match, Request, matches
from embedded_aws.policies import decide as decide_document

# Who asks over the loopback, without a certificate: nothing leaves the machine, so it counts as secure transport, and a
# policy that denies all else must not lock the laptop out.
TRANSPORT: Final = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "aws:SourceIp": "127.0.0.1"}


@dataclass(frozen=True)
class Grant:
    """The statement that allows: the policy's name, the statement's place in it, and the patterns that match.

    The name is empty for the resource's own policy.
    """

    policy: str
    statement: int
    action: str
    resource: str


@dataclass(frozen=True)
class Verdict:
    """What comes of one ask.

    Attributes:
        principal: who asked.
        ask: for what.
        grants: every statement that allows it; without one it is refused.
        reason: why it is refused, in IAM's words.
    """

    principal: Principal
    ask: Ask
    grants: tuple[Grant, ...]
    reason: str = ""

    @property
    def allowed(self) -> bool:
        """Whether it is allowed."""
        return not self.reason


class AccessDeniedError(Exception):
    """A refusal; `verdict` holds what was asked for."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(refusal(verdict))
        self.verdict = verdict


Listener = Callable[[Verdict], None]
_listeners: Final[list[Listener]] = []


@contextmanager
def listening(listener: Listener) -> Any:
    """Let a listener hear of every verdict, in whichever thread it falls."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def decide(principal: Principal, ask: Ask) -> Verdict:
    """Return whether a principal may do what it asks for."""
    verdict = _decided(principal, ask)
    for listener in _listeners:
        listener(verdict)
    return verdict


def require(principal: Principal, asks: Iterable[Ask]) -> None:
    """Return if a principal may do all that it asks for.

    Raises:
        AccessDeniedError: it may not; the first refusal counts.
    """
    for ask in asks:
        verdict = decide(principal, ask)
        if not verdict.allowed:
            raise AccessDeniedError(verdict)


def require_role(account_id: str, role_arn: str, session_name: str, action: str, resource: str) -> None:
    """Return if a role may do something; for what services do with a role without sending a request.

    Raises:
        AccessDeniedError: it may not.
    """
    require(role_session(account_id, role_arn, session_name), [Ask(action, resource)])


def service_may(account_id: str, service: str, action: str, resource: str, *, source_arn: str, **more: str) -> bool:
    """Return whether a resource's policy admits a service that works for a resource of the account.

    Args:
        account_id: of both resources.
        service: such as `sns.amazonaws.com`.
        action: such as `sqs:SendMessage`.
        resource: whose policy is asked.
        source_arn: what the service works for.
        more: further condition keys.
    """
    policy = policy_of(account_id, resource)
    context = {**TRANSPORT, "aws:SourceAccount": account_id, "aws:SourceArn": source_arn, **more}
    request = Request(action, resource, service=service, context=context)
    return policy is not None and decide_document(policy, request) is Decision.ALLOW


def refusal(verdict: Verdict) -> str:
    """Return a refusal in IAM's words (user guide, page troubleshoot_access-denied)."""
    action = verdict.ask.action
    shown = _shown(action)
    resource = f'"{verdict.ask.resource}"' if action.startswith("s3:") else verdict.ask.resource
    who = verdict.principal.session
    return f"User: {who} is not authorized to perform: {shown} on resource: {resource} {verdict.reason}"


def _shown(action: str) -> str:
    """Return an action as messages spell it: SNS writes its own name in capitals."""
    return action.replace("sns:", "SNS:", 1)


def _decided(principal: Principal, ask: Ask) -> Verdict:
    request = Request(
        ask.action,
        ask.resource,
        arn=principal.arn,
        session=principal.session,
        context={
            **TRANSPORT,
            "aws:PrincipalArn": principal.arn,
            "aws:PrincipalAccount": principal.account_id,
            "aws:ResourceAccount": principal.account_id,
            "s3:ResourceAccount": principal.account_id,
            **ask.context,
        },
    )
    own = {name: list(matches(document, request)) for name, document in principal.policies.items()}
    of_resource = list(matches(policy, request)) if (policy := policy_of(principal.account_id, ask.resource)) else []
    limits = {
        "permissions boundary": principal.boundary,
        "session policy": principal.session_policy,
    }
    bounds = {name: list(matches(document, request)) for name, document in limits.items() if document is not None}
    denied = _denied(own, of_resource, bounds)
    if denied:
        return Verdict(principal, ask, (), f"with an explicit deny in {denied}")
    beyond = next((name for name, found in bounds.items() if not found), None)
    direct = [match for match in of_resource if match.direct and beyond != "permissions boundary"]
    # The policies of a caller count for a key only if the key's own leaves it to them (KMS guide, page key-policies).
    counts = beyond is None and (bool(of_resource) or not ask.action.startswith("kms:"))
    grants = [_grant(name, match) for name, found in own.items() for match in found if counts]
    grants += [_grant("", match) for match in direct]
    if grants:
        return Verdict(principal, ask, tuple(grants))
    lacking = f"no {beyond or 'identity-based policy'} allows the {_shown(ask.action)} action"
    return Verdict(principal, ask, (), f"because {lacking}")


def _denied(own: Mapping[str, list[Match]], of_resource: list[Match], bounds: Mapping[str, list[Match]]) -> str:
    """Return the kind of policy that denies explicitly, the empty text if none does."""
    kinds = {
        "an identity-based policy": [match for found in own.values() for match in found],
        "a resource-based policy": of_resource,
        **{f"a {name}": found for name, found in bounds.items()},
    }
    return next((kind for kind, found in kinds.items() if any(match.effect == "Deny" for match in found)), "")


def _grant(policy: str, match: Match) -> Grant:
    return Grant(policy, match.index, match.action, match.resource)
