"""The key that encrypts a topic (SNS developer guide, page sns-key-management); the messages lie here in plain."""

from typing import Any, Final

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends

_MANAGED: Final = "alias/aws/sns"


def key_of(account_id: str, topic: str) -> str | None:
    """Return the ARN of the key that encrypts a topic, of its alias for the one that AWS manages; None without one."""
    region = topic.split(":")[3]
    found = sns_backends[account_id][region].topics.get(topic)
    named = str(found.kms_master_key_id or "") if found is not None else ""
    if not named:
        return None
    if named.endswith(_MANAGED):
        return f"arn:aws:kms:{region}:{account_id}:{_MANAGED}"
    backend: Any = kms_backends[account_id][region]
    key = backend.keys.get(backend.any_id_to_key_id(named))
    return key.arn if key is not None else named
