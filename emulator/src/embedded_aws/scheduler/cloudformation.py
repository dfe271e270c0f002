"""AWS::Scheduler::Schedule and AWS::Scheduler::ScheduleGroup, which moto lacks."""

from collections.abc import Mapping
from typing import Any, Final

from moto.core.common_models import CloudFormationModel
from moto.scheduler.exceptions import ScheduleGroupNotFound
from moto.scheduler.models import scheduler_backends

from embedded_aws.cloudformation.plain import WithArn

_UPDATABLE: Final = {
    "Description": "description",
    "EndDate": "end_date",
    "FlexibleTimeWindow": "flexible_time_window",
    "GroupName": "group_name",
    "KmsKeyArn": "kms_key_arn",
    "Name": "name",
    "ScheduleExpression": "schedule_expression",
    "ScheduleExpressionTimezone": "schedule_expression_timezone",
    "StartDate": "start_date",
    "State": "state",
    "Target": "target",
}


class Schedule(WithArn, CloudFormationModel):
    """A schedule."""

    TYPE = "AWS::Scheduler::Schedule"
    NAME = "Name"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "Schedule":
        """Create the schedule."""
        settings = _settings(resource_name, cloudformation_json["Properties"])
        backend = scheduler_backends[account_id][region_name]
        backend.get_schedule_group(settings["group_name"])
        made = backend.create_schedule(**settings, action_after_completion=None)
        return cls(made.name, made.arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "Schedule":
        """Update the schedule; another name or group replaces it."""
        properties = cloudformation_json["Properties"]
        name = properties.get("Name", original_resource.physical_resource_id)
        group = original_resource.arn.split("/")[-2]
        backend = scheduler_backends[account_id][region_name]
        if (name, properties.get("GroupName") or "default") == (original_resource.physical_resource_id, group):
            backend.update_schedule(**_settings(name, properties))
            return cls(name, original_resource.arn)
        replacement = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        backend.delete_schedule(group, original_resource.physical_resource_id)
        return replacement

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Delete the schedule."""
        group = cloudformation_json["Properties"].get("GroupName")
        scheduler_backends[account_id][region_name].delete_schedule(group, resource_name)


class ScheduleGroup(WithArn, CloudFormationModel):
    """A schedule group; its schedules go with it, as on AWS."""

    TYPE = "AWS::Scheduler::ScheduleGroup"
    NAME = "Name"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "ScheduleGroup":
        """Create the group."""
        backend = scheduler_backends[account_id][region_name]
        group = backend.create_schedule_group(resource_name, cloudformation_json["Properties"].get("Tags", []))
        return cls(group.name, group.arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "ScheduleGroup":
        """Change the group's tags; another name replaces it."""
        properties = cloudformation_json["Properties"]
        backend = scheduler_backends[account_id][region_name]
        if properties.get("Name", original_resource.physical_resource_id) == original_resource.physical_resource_id:
            backend.tagger.delete_all_tags_for_resource(original_resource.arn)
            backend.tag_resource(original_resource.arn, properties.get("Tags", []))
            return cls(original_resource.physical_resource_id, original_resource.arn)
        replacement = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        backend.delete_schedule_group(original_resource.physical_resource_id)
        return replacement

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Delete the group.

        Raises:
            ScheduleGroupNotFound: it is gone already.
        """
        del cloudformation_json
        backend = scheduler_backends[account_id][region_name]
        if resource_name not in backend.schedule_groups:
            raise ScheduleGroupNotFound(resource_name)
        backend.delete_schedule_group(resource_name)


def _settings(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the backend's arguments; numbers in a template may be texts."""
    settings = {argument: properties.get(property_) for property_, argument in _UPDATABLE.items()}
    target = dict(properties["Target"])
    if "RetryPolicy" in target:
        target["RetryPolicy"] = {key: int(value) for key, value in target["RetryPolicy"].items()}
    return {**settings, "name": name, "target": target, "group_name": properties.get("GroupName") or "default"}
