"""Keys of KMS with policies of a few statements."""

from collections.abc import Mapping
from typing import Any, Final

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.iam.support import document

ROOT: Final[Mapping[str, Any]] = {
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
"""The statement that leaves a key to the account's IAM."""


def admitting(service: str, *actions: str, **more: Any) -> Mapping[str, Any]:
    """Return the statement that admits a service."""
    return {"Principal": {"Service": service}, "Action": [f"kms:{each}" for each in actions], "Resource": "*", **more}


class Key:
    """A key, by default one that is left to IAM."""

    def __init__(self, aws: EmbeddedAWS, *statements: Mapping[str, Any], **settings: Any) -> None:
        self._kms = aws.client("kms")
        made = self._kms.create_key(Policy=document(*(statements or (ROOT,))), **settings)["KeyMetadata"]
        self.arn, self._id = str(made["Arn"]), str(made["KeyId"])

    def admit(self, *statements: Mapping[str, Any]) -> None:
        """Replace the policy."""
        self._kms.put_key_policy(KeyId=self.arn, PolicyName="default", Policy=document(*statements))

    def may(self, *actions: str, **more: Any) -> Mapping[str, Any]:
        """Return the statement of a role that may do something with this key."""
        return {"Action": [f"kms:{each}" for each in actions], "Resource": self.arn, **more}

    def disable(self) -> None:
        """Let nobody use it."""
        self._kms.disable_key(KeyId=self._id)

    def enable(self) -> None:
        """Let it be used again."""
        self._kms.enable_key(KeyId=self._id)

    def delete(self) -> None:
        """Schedule its deletion."""
        self._kms.schedule_key_deletion(KeyId=self._id, PendingWindowInDays=7)
