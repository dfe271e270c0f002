"""Who calls: a role in a session of its own, or a user, with every policy that bounds what they may do.

Sources: IAM user guide, pages reference_policies_evaluation-logic, access_policies_boundaries and
access_policies (session policies); STS, page API_AssumeRole.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from moto.iam.exceptions import NotFoundException
from moto.iam.models import get_account_id_from, iam_backends
from moto.sts.models import sts_backends

PARTITION: Final = "aws"
_MADE_BY_STS: Final = "ASIA"

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Principal:
    """A caller that policies are asked about.

    Attributes:
        arn: that the policies of resources name: of the role or the user.
        session: that messages name: of the role's session, or of the user.
        account_id: where it is.
        policies: its identity policies by their names.
        boundary: its permissions boundary, None without one.
        session_policy: what the session was narrowed to, None if it was not.
    """

    arn: str
    session: str
    account_id: str
    policies: Mapping[str, Document] = field(hash=False)
    boundary: Document | None = field(default=None, hash=False)
    session_policy: Document | None = field(default=None, hash=False)


class InvalidTokenError(Exception):
    """An access key as STS gives them out, but not one that this AWS knows."""


def principal_of(access_key: str) -> Principal | None:
    """Return who an access key belongs to; None for one that is made up.

    A made-up key stands for an administrator of the account, whom nothing is denied.

    Raises:
        InvalidTokenError: the key was given out by an AWS that is gone.
    """
    account_id = get_account_id_from(access_key)
    if access_key.startswith(_MADE_BY_STS):
        session = sts_backends[account_id][PARTITION].get_assumed_role_from_access_key(access_key)
        if session is None:
            raise InvalidTokenError
        narrowed = document_of(session.policy) if session.policy else None
        return role_session(account_id, session.role_arn, session.session_name, session_policy=narrowed)
    key = iam_backends[account_id][PARTITION].access_keys.get(access_key)
    return _user(account_id, key.user_name) if key is not None and key.user_name else None


def role_session(
    account_id: str, role_arn: str, session_name: str, *, session_policy: Document | None = None
) -> Principal:
    """Return a role in a session; one that is gone may do nothing."""
    role = find_role(account_id, role_arn)
    name = role_arn.rpartition("/")[2]
    return Principal(
        arn=role_arn,
        session=f"arn:{PARTITION}:sts::{account_id}:assumed-role/{name}/{session_name}",
        account_id=account_id,
        policies=dict(_policies(role)) if role is not None else {},
        boundary=_boundary(account_id, role),
        session_policy=session_policy,
    )


def find_role(account_id: str, role_arn: str) -> Any:
    """Return a role as moto keeps it, None if there is none."""
    try:
        return iam_backends[account_id][PARTITION].get_role_by_arn(role_arn)
    except NotFoundException:
        return None


def document_of(text: Any) -> Document:
    """Return a policy's document in whichever form it is kept."""
    return _parsed(text) if isinstance(text, str) else text


@lru_cache(maxsize=512)
def _parsed(text: str) -> Document:
    document: Document = json.loads(text)
    return document


def _user(account_id: str, name: str) -> Principal:
    backend = iam_backends[account_id][PARTITION]
    user = backend.get_user(name)
    policies = dict(_policies(user))
    for group in backend.get_groups_for_user(name):
        policies |= {f"{group.name}/{own}": document for own, document in _policies(group)}
    return Principal(user.arn, user.arn, account_id, policies, _boundary(account_id, user))


def _policies(owner: Any) -> Iterator[tuple[str, Document]]:
    """Yield the inline and the managed policies of a role, user or group."""
    inline = owner.policies
    for name, text in list(inline.items()):
        yield name, document_of(text)
    for managed in list(owner.managed_policies.values()):
        yield managed.name, default_version(managed)


def default_version(managed: Any) -> Document:
    """Return the document that a managed policy has now."""
    return document_of(next(version.document for version in managed.versions if version.is_default))


def _boundary(account_id: str, owner: Any) -> Document | None:
    # What CloudFormation makes without a boundary has the empty text.
    arn = getattr(owner, "permissions_boundary_arn", None)
    if not arn:
        return None
    return default_version(iam_backends[account_id][PARTITION].get_policy(arn))
