"""AWS::SSM::Parameter: a name of its own where the template gives none, and its attributes."""

from typing import Any, Final

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.ssm.models import Parameter

from embedded_aws.patches import adds, replaces

_create = Parameter.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]  # a class method
_update = Parameter.update_from_cloudformation_json.__func__  # type: ignore[attr-defined]  # as above
_ATTRIBUTES: Final = {"Type": "parameter_type", "Value": "value"}


@replaces(Parameter, "create_from_cloudformation_json", classmethod)
def name_what_has_no_name(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **settings: Any
) -> Any:
    """Create a parameter.

    moto: fails without a Name. AWS: makes one that begins with CFN-.
    """
    cloudformation_json["Properties"].setdefault("Name", f"CFN-{resource_name}")
    return _create(cls, resource_name, cloudformation_json, account_id, region_name, **settings)


@replaces(Parameter, "update_from_cloudformation_json", classmethod)
def keep_a_name_that_was_made(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a parameter (see name_what_has_no_name)."""
    cloudformation_json["Properties"].setdefault("Name", original_resource.name)
    return _update(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name)


@replaces(Parameter, "has_cfn_attr", classmethod)
def has_attributes(_cls: Any, attr: str) -> bool:
    """Say whether Fn::GetAtt knows `attr`.

    moto: knows none. AWS: knows Type and Value.
    """
    return attr in _ATTRIBUTES


@adds(Parameter, "get_cfn_attribute")
def attribute(self: Any, attribute_name: str) -> Any:
    """Return an attribute for Fn::GetAtt (see has_attributes)."""
    if attribute_name not in _ATTRIBUTES:
        raise UnformattedGetAttTemplateException
    return getattr(self, _ATTRIBUTES[attribute_name])
