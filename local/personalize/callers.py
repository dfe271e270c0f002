"""Who calls: needed for iam:PassRole, which the service asks of whoever hands it a role.

Rules: Service Authorization Reference, list_amazonpersonalize (dependent actions); Developer Guide,
aws-personalize-set-up-permissions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.iam.access_control import CreateAccessKeyFailure, create_access_key

from local.personalize.exceptions import InvalidInputException
from local.policies import Request, combine, decide

_PARTITION: Final = "aws"
_SERVICE: Final = "personalize.amazonaws.com"


@dataclass(frozen=True)
class Caller:
    """A user or an assumed role of this AWS, with the documents of its policies."""

    arn: str
    documents: tuple[Mapping[str, Any], ...]

    def require_pass_role(self, role_arn: str) -> None:
        """Check that the caller may pass a role to the service.

        Raises:
            InvalidInputException: no policy of the caller allows iam:PassRole on it, or one denies it.
        """
        request = Request(
            "iam:PassRole",
            role_arn,
            arn=self.arn,
            context={"iam:PassedToService": _SERVICE, "aws:SecureTransport": "true"},
        )
        if not combine(decide(document, request) for document in self.documents):
            raise InvalidInputException(
                f"User: {self.arn} is not authorized to perform: iam:PassRole on resource: {role_arn}"
            )


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
