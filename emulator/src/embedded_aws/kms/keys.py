"""Keys as services look for them: by id, ARN or alias, and what keeps one from being used whoever asks.

Sources: KMS developer guide, page key-state (what a key can be used for in each state); KMS API reference, errors of
GenerateDataKey and Decrypt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.kms.models import Key, kms_backends

from embedded_aws.patches import replaces

_OF_AWS: Final = "alias/aws/"
_make = Key.__init__


@replaces(Key, "__init__")
def a_key_has_a_usage(self: Any, *args: Any, **kwargs: Any) -> None:
    """Make a key.

    moto: leaves out what it is for unless told. AWS: to encrypt and decrypt (API page CreateKey).
    """
    _make(self, *args, **kwargs)
    self.key_usage = self.key_usage or "ENCRYPT_DECRYPT"


@dataclass(frozen=True)
class Unusable:
    """Why a key cannot be used.

    Attributes:
        kind: the error without what services put around it: NotFound, Disabled, InvalidState or InvalidKeyUsage.
        message: in the words of KMS.
    """

    kind: str
    message: str


def find_key(account_id: str, region: str, named: str) -> Any:
    """Return moto's key of an id, ARN or alias; None without one."""
    if named.startswith("arn:"):
        region = named.split(":")[3]
    backend: Any = kms_backends[account_id][region]
    return backend.keys.get(backend.any_id_to_key_id(named) or "")


def is_of_aws(account_id: str, region: str, named: str) -> bool:
    """Say whether a key is one that AWS manages for a service: it admits whoever the service lets in."""
    if named.rpartition(":")[2].startswith(_OF_AWS):
        return True
    key = find_key(account_id, region, named)
    return key is not None and any(alias.startswith(_OF_AWS) for alias in key.aliases)


def arn_of(account_id: str, region: str, named: str) -> str:
    """Return the ARN of a key; of one that is not there, how it is named."""
    key = find_key(account_id, region, named)
    return str(key.arn) if key is not None else named


def unusable(account_id: str, region: str, named: str) -> Unusable | None:
    """Return why a key cannot encrypt and decrypt for a service, None if it can."""
    if is_of_aws(account_id, region, named):
        return None
    key = find_key(account_id, region, named)
    if key is None:
        return Unusable("NotFound", f"Key '{named}' does not exist")
    if key.key_state == "PendingDeletion":
        return Unusable("InvalidState", f"{key.arn} is pending deletion.")
    if not key.enabled:
        return Unusable("Disabled", f"{key.arn} is disabled.")
    if key.key_usage != "ENCRYPT_DECRYPT" or key.key_spec != "SYMMETRIC_DEFAULT":
        return Unusable("InvalidKeyUsage", f"{key.arn} is no symmetric encryption key.")
    return None


def through(service: str, account_id: str, region: str, **encryption_context: str) -> Mapping[str, Any]:
    """Return the condition keys of a use of a key by a service for a caller (KMS guide, page conditions-kms).

    Args:
        service: such as `s3`.
        account_id: the caller's.
        region: where the service calls.
        encryption_context: pairs, with `_` for each colon of the key.
    """
    pairs = {name.replace("_", ":"): value for name, value in encryption_context.items()}
    return {
        "kms:ViaService": f"{service}.{region}.amazonaws.com",
        "kms:CallerAccount": account_id,
        **{f"kms:EncryptionContext:{name}": value for name, value in pairs.items()},
        **({"kms:EncryptionContextKeys": sorted(pairs)} if pairs else {}),
    }
