"""AWS::KMS::Key: its policy as a text, its tags in the API's spelling, and updates in place."""

import json
from typing import Any

from moto.kms.models import Key, kms_backends

from embedded_aws.cloudformation.properties import tags_of
from embedded_aws.patches import replaces

_create = Key.create_from_cloudformation_json


@replaces(Key, "create_from_cloudformation_json", classmethod)
def a_key_has_its_policy(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
) -> Any:
    """Make a key.

    moto: keeps the policy as a document, and needs one, and takes no tags in CloudFormation's spelling. AWS: as the API
    does, as a text, with a default.
    """
    properties = cloudformation_json["Properties"]
    own = {"KeyPolicy": _policy(properties), "Tags": _tags(properties)}
    document = {**cloudformation_json, "Properties": {**properties, **own}}
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

    moto: cannot. AWS: changes policy, description, tags, rotation and whether it is enabled.
    """
    del cls, new_resource_name
    key, properties = original_resource, cloudformation_json["Properties"]
    key.policy = _policy(properties) or key.generate_default_policy()
    key.description = properties.get("Description", "")
    key.key_rotation_status = properties.get("EnableKeyRotation", False)
    key.enabled = properties.get("Enabled", True)
    tagger = kms_backends[account_id][region_name].tagger
    tagger.delete_all_tags_for_resource(key.id)
    tagger.tag_resource(key.id, _tags(properties))
    return key


def _policy(properties: Any) -> str | None:
    policy = properties.get("KeyPolicy")
    return json.dumps(policy) if policy else None


def _tags(properties: Any) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags_of(properties).items()]
