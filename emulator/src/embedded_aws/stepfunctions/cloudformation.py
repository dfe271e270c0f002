"""AWS::StepFunctions::StateMachine with the properties that moto's CloudFormation drops."""

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.stepfunctions.models import StateMachine

from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.models import backends

_ATTRIBUTES = {"Arn": "arn", "Name": "name", "StateMachineRevisionId": "revision"}


def _definition(properties: Mapping[str, Any]) -> str:
    text = properties.get("DefinitionString")
    if text is None and "Definition" in properties:
        text = json.dumps(properties["Definition"])
    if text is None:
        raise ValueError("the embedded AWS takes a state machine's definition from DefinitionString or Definition")
    substitutions = properties.get("DefinitionSubstitutions", {})
    return re.sub(r"\$\{([A-Za-z0-9_]+)\}", lambda match: str(substitutions.get(match[1], match[0])), text)


def _lower_camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _lower_camel(item) for key, item in value.items()}
    return [_lower_camel(item) for item in value] if isinstance(value, list) else value


def _settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{name[:1].lower()}{name[1:]}": _lower_camel(properties[name])
        for name in ("LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration")
        if name in properties
    }


def _tags(properties: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"key": tag["Key"], "value": tag["Value"]} for tag in properties.get("Tags", [])]


@replaces(StateMachine, "create_from_cloudformation_json", classmethod)
def create_with_substitutions_and_logging(
    _cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Any:
    """Create a state machine.

    moto: ignores DefinitionSubstitutions, logging, tracing and type. AWS: they count.
    """
    properties = cloudformation_json["Properties"]
    return backends[account_id][region_name].create_state_machine(
        properties.get("StateMachineName", resource_name),
        _definition(properties),
        properties["RoleArn"],
        tags=_tags(properties),
        sm_type=properties.get("StateMachineType"),
        **_settings(properties),
    )


@replaces(StateMachine, "update_from_cloudformation_json", classmethod)
def update_with_substitutions_and_logging(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a state machine.

    moto: ignores DefinitionSubstitutions, logging, tracing and type. AWS: they count; another name or type
    replaces it.
    """
    properties = cloudformation_json["Properties"]
    backend = backends[account_id][region_name]
    renamed = properties.get("StateMachineName", original_resource.name) != original_resource.name
    if renamed or properties.get("StateMachineType", "STANDARD") != original_resource.type:
        replacement = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        backend.delete_state_machine(original_resource.arn)
        return replacement
    settings = _settings(properties)
    backend.update_state_machine(
        original_resource.arn,
        definition=_definition(properties),
        role_arn=properties["RoleArn"],
        logging_configuration=settings.get("loggingConfiguration", {"level": "OFF"}),
        tracing_configuration=settings.get("tracingConfiguration", {"enabled": False}),
    )
    backend.tagger.delete_all_tags_for_resource(original_resource.arn)
    backend.tagger.tag_resource(original_resource.arn, _tags(properties))
    return original_resource


@replaces(StateMachine, "delete_from_cloudformation_json", classmethod)
def delete_by_arn(_cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str) -> None:
    """Delete a state machine by its ARN, the physical id.

    moto: looks for it in its own backend. AWS: deletes it; here it is in another backend.
    """
    del cloudformation_json
    backends[account_id][region_name].delete_state_machine(resource_name)


@replaces(StateMachine, "has_cfn_attr", classmethod)
def has_arn(_cls: Any, attr: str) -> bool:
    """Say whether Fn::GetAtt knows `attr`.

    moto: lacks Arn. AWS: knows it.
    """
    return attr in _ATTRIBUTES


@replaces(StateMachine, "get_cfn_attribute")
def attribute(self: Any, attribute_name: str) -> Any:
    """Return an attribute for Fn::GetAtt (see has_arn)."""
    if attribute_name not in _ATTRIBUTES:
        raise UnformattedGetAttTemplateException
    return getattr(self, _ATTRIBUTES[attribute_name], "INITIAL")
