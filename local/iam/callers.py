"""Who calls: needed for iam:PassRole, which a service asks of whoever hands it a role.

Rules: IAM User Guide, id_roles_use_passrole.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.iam.access_control import CreateAccessKeyFailure, create_access_key

from local.policies import Request, combine, decide

_PARTITION: Final = "aws"


@dataclass(frozen=True)
class Caller:
    """A user or an assumed role of this AWS, with the documents of its policies."""

    arn: str
    documents: tuple[Mapping[str, Any], ...]

    def may_pass_role(self, role_arn: str, service: str) -> bool:
        """Say whether a policy of the caller allows iam:PassRole on a role for a service, and none denies it."""
        request = Request(
            "iam:PassRole",
            role_arn,
            arn=self.arn,
            context={"iam:PassedToService": service, "aws:SecureTransport": "true"},
        )
        return combine(decide(document, request) for document in self.documents)

    def refusal(self, role_arn: str) -> str:
        """Return what services say of a role that must not be passed."""
        return f"User: {self.arn} is not authorized to perform: iam:PassRole on resource: {role_arn}"


def caller_of(account_id: str, access_key_id: str, headers: Mapping[str, str]) -> Caller | None:
    """Return the caller by the access key of a request; None for one that this AWS did not give out.

    Any made-up key is taken for the account's root, as everywhere in moto: root may do everything.
    """
    try:
        key = create_access_key(account_id, _PARTITION, access_key_id, dict(headers))
    except CreateAccessKeyFailure:
        return None
    return Caller(key.arn, tuple(_document(policy) for policy in key.collect_policies()))


def _document(policy: Any) -> Mapping[str, Any]:
    """Return the document of a policy in any of the shapes that moto keeps them in."""
    if isinstance(policy, Mapping):
        text = policy["policy_document"]
    elif isinstance(policy, str):
        text = policy
    else:
        text = next(version.document for version in policy.versions if version.is_default)
    document: Mapping[str, Any] = json.loads(text) if isinstance(text, str) else text
    return document
