"""Roles in templates: all that decides what they may do, when they are made and when they change."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from moto.iam.models import Role, iam_backends

from embedded_aws.iam.principals import PARTITION
from embedded_aws.patches import replaces

_create = Role.create_from_cloudformation_json
_update = Role.update_from_cloudformation_json
_delete = Role.delete_from_cloudformation_json
_TRUST: Final = "AssumeRolePolicyDocument"


@replaces(Role, "create_from_cloudformation_json", classmethod)
def a_role_gets_its_managed_policies(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **options: Any
) -> Any:
    """Create a role.

    moto: without the managed policies that the template names. AWS: with them.
    """
    role = _create.__func__(  # type: ignore[attr-defined]
        cls, resource_name, cloudformation_json, account_id, region_name, **options
    )
    _declare(role, cloudformation_json["Properties"], account_id)
    return role


@replaces(Role, "update_from_cloudformation_json", classmethod)
def a_changed_role_changes(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a role.

    moto: its description alone. AWS: also its trust, inline and managed policies, boundary and tags.
    """
    _update.__func__(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name)  # type: ignore[attr-defined]
    properties = cloudformation_json["Properties"]
    original_resource.assume_role_policy_document = _text(properties[_TRUST])
    original_resource.permissions_boundary_arn = properties.get("PermissionsBoundary", "")
    original_resource.tags = properties.get("Tags", [])
    _declare(original_resource, properties, account_id)
    return original_resource


@replaces(Role, "delete_from_cloudformation_json", classmethod)
def a_role_goes_with_its_attachments(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
) -> None:
    """Delete a role.

    moto: refuses while managed policies are attached. AWS: CloudFormation detaches them first.
    """
    backend = iam_backends[account_id][PARTITION]
    for role in [each for each in backend.roles.values() if each.name == resource_name]:
        for arn in list(role.managed_policies):
            backend.detach_role_policy(arn, role.name)
    _delete.__func__(cls, resource_name, cloudformation_json, account_id, region_name)  # type: ignore[attr-defined]


def _declare(role: Any, properties: Mapping[str, Any], account_id: str) -> None:
    """Let a role have the inline and managed policies that its template names, and no more those it named before.

    What AWS::IAM::Policy, AWS::IAM::ManagedPolicy or somebody by hand puts in stays.
    """
    backend = iam_backends[account_id][PARTITION]
    inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies") or ()}
    managed = set(properties.get("ManagedPolicyArns") or ())
    former_inline, former_managed = getattr(role, "declared", (set(), set()))
    for name in former_inline - set(inline):
        role.policies.pop(name, None)
    for name, document in inline.items():
        role.put_policy(name, document)
    for arn in (former_managed - managed) & set(role.managed_policies):
        backend.detach_role_policy(arn, role.name)
    for arn in managed - set(role.managed_policies):
        backend.attach_role_policy(arn, role.name)
    role.declared = set(inline), managed


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, default=_iso)


def _iso(value: Any) -> str:
    """Return a version that YAML has taken for a date."""
    return value.isoformat() if isinstance(value, date) else str(value)
