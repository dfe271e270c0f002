"""AWS::KMS::Key: its policy as a text, and updates in place."""

import json
from typing import Any

from moto.kms.models import Key

from embedded_aws.patches import replaces

_create = Key.create_from_cloudformation_json


@replaces(Key, "create_from_cloudformation_json", classmethod)
def a_key_has_its_policy(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
) -> Any:
    """Make a key.

    moto: keeps the policy as a document, and needs one. AWS: as the API does, as a text, with a default.
    """
    properties = cloudformation_json["Properties"]
    document = {**cloudformation_json, "Properties": {**properties, "KeyPolicy": _policy(properties)}}
    return _create.__func__(cls, resource_name, document, account_id, region_name, **kwargs)  # type: ignore[attr-defined]


@replaces(Key, "update_from_cloudformation_json", classmethod)
def update_key_in_place(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a key.

    moto: cannot. AWS: changes policy, description, rotation and whether it is enabled.
    """
    del cls, new_resource_name, account_id, region_name
    key, properties = original_resource, cloudformation_json["Properties"]
    key.policy = _policy(properties) or key.generate_default_policy()
    key.description = properties.get("Description", "")
    key.key_rotation_status = properties.get("EnableKeyRotation", False)
    key.enabled = properties.get("Enabled", True)
    return key


def _policy(properties: Any) -> str | None:
    policy = properties.get("KeyPolicy")
    return json.dumps(policy) if policy else None
