"""AWS::Athena::WorkGroup, which moto lacks.

Source: CloudFormation's template reference, page aws-resource-athena-workgroup.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from moto.athena.models import AthenaBackend, athena_backends
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.common_models import CloudFormationModel

from embedded_aws.athena import workgroups
from embedded_aws.athena.responses import make_workgroup, remove_workgroup
from embedded_aws.cloudformation.plain import Plain
from embedded_aws.cloudformation.properties import is_true, tags_of

_KNOWN: Final = {"Name", "Description", "State", "Tags", "RecursiveDeleteOption", "WorkGroupConfiguration"}
_ATTRIBUTES: Final[Mapping[str, Callable[[Any], str]]] = {
    "CreationTime": lambda group: str(group.created.timestamp()),
    "WorkGroupConfiguration.EngineVersion.EffectiveEngineVersion": lambda _: workgroups.ENGINE,
}


class Group(Plain, CloudFormationModel):
    """A workgroup; its physical id is its name."""

    TYPE = "AWS::Athena::WorkGroup"
    NAME = "Name"

    def __init__(self, name: str, group: Any) -> None:
        self.physical_resource_id = name
        self._group = group

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "Group":
        """Create the workgroup."""
        properties = cloudformation_json["Properties"]
        _check(properties)
        backend = athena_backends[account_id][region_name]
        given = {**properties, "Configuration": _configuration(properties), "Tags": _tags(properties)}
        return cls(resource_name, make_workgroup(backend, resource_name, given))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "Group":
        """Update the workgroup; another name replaces it."""
        properties = cloudformation_json["Properties"]
        _check(properties)
        name = original_resource.physical_resource_id
        backend: AthenaBackend = athena_backends[account_id][region_name]
        if properties.get("Name", name) != name:
            made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
            remove_workgroup(backend, name, recursive=is_true(properties.get("RecursiveDeleteOption")))
            return made
        group: Any = backend.work_groups[name]
        group.configuration = workgroups.configuration(_configuration(properties))
        group.state = workgroups.state(properties.get("State") or "ENABLED")
        group.description = properties.get("Description") or ""
        backend.tagger.delete_all_tags_for_resource(group.arn)
        backend.tagger.tag_resource(group.arn, _tags(properties))
        return cls(name, group)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Delete the workgroup; one that is gone already is no error."""
        recursive = is_true(cloudformation_json["Properties"].get("RecursiveDeleteOption"))
        remove_workgroup(athena_backends[account_id][region_name], resource_name, recursive=recursive)

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Say whether Fn::GetAtt knows `attr`."""
        return attr in _ATTRIBUTES

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return an attribute.

        Raises:
            UnformattedGetAttTemplateException: there is none of the name.
        """
        if attribute_name not in _ATTRIBUTES:
            raise UnformattedGetAttTemplateException
        return _ATTRIBUTES[attribute_name](self._group)


def _check(properties: Mapping[str, Any]) -> None:
    unknown = sorted(set(properties) - _KNOWN)
    if unknown:
        raise ValueError(f"AWS::Athena::WorkGroup is emulated without {', '.join(unknown)}")


def _configuration(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration; numbers and truths in a template may be texts."""
    given = dict(properties.get("WorkGroupConfiguration") or {})
    for name in list(given):
        if name.endswith(("Enabled", "Configuration")) and not isinstance(given[name], Mapping):
            given[name] = is_true(given[name])
    if "BytesScannedCutoffPerQuery" in given:
        given["BytesScannedCutoffPerQuery"] = int(given["BytesScannedCutoffPerQuery"])
    return given


def _tags(properties: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags_of(properties).items()]
