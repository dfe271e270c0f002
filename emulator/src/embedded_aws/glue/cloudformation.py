"""AWS::Glue::Job, which moto lacks."""

from collections.abc import Mapping
from typing import Any, Final

from moto.core.common_models import CloudFormationModel
from moto.glue.models import glue_backends

from embedded_aws.cloudformation.plain import Plain
from embedded_aws.glue.jobs import update_job
from embedded_aws.glue.responses import SETTINGS, settings

_NUMBERS: Final = ("MaxRetries", "AllocatedCapacity", "Timeout", "NumberOfWorkers")
# A job that is not queued, made from a script, is what there is here.
_PLAIN: Final = {"JobMode": "SCRIPT", "JobRunQueuingEnabled": "false"}


class Job(Plain, CloudFormationModel):
    """A job; its physical id is its name."""

    TYPE = "AWS::Glue::Job"
    NAME = "Name"

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "Job":
        """Create the job."""
        backend = glue_backends[account_id][region_name]
        backend.create_job(resource_name, **_settings(cloudformation_json["Properties"]))
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "Job":
        """Update the job; another name replaces it."""
        properties = cloudformation_json["Properties"]
        backend = glue_backends[account_id][region_name]
        name = original_resource.physical_resource_id
        if properties.get("Name", name) == name:
            backend.tagger.delete_all_tags_for_resource(backend.get_job(name).arn)
            update_job(backend, name, **_settings(properties))
            return cls(name)
        replacement = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        backend.delete_job(name)
        return replacement

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Delete the job; one that is gone already is no error."""
        del cloudformation_json
        glue_backends[account_id][region_name].delete_job(resource_name)


def _settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the backend's arguments; numbers in a template may be texts.

    Raises:
        ValueError: a property is not emulated.
    """
    plain = {name for name, value in _PLAIN.items() if str(properties.get(name)).lower() == value.lower()}
    unknown = sorted(set(properties) - SETTINGS.keys() - plain - {"Name"})
    if unknown:
        raise ValueError(f"AWS::Glue::Job is emulated without {', '.join(unknown)}")
    members = dict(properties)
    members |= {name: int(members[name]) for name in _NUMBERS if name in members}
    if "MaxCapacity" in members:
        members["MaxCapacity"] = float(members["MaxCapacity"])
    if "ExecutionProperty" in members:
        members["ExecutionProperty"] = {key: int(value) for key, value in members["ExecutionProperty"].items()}
    return settings(members)
