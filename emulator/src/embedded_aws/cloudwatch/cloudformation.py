"""AWS::CloudWatch::Alarm, which moto lacks."""

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel

from embedded_aws import clients
from embedded_aws.cloudformation.plain import WithArn


class MetricAlarm(WithArn, CloudFormationModel):
    """An alarm, made by the API, whose arguments its properties are."""

    TYPE = "AWS::CloudWatch::Alarm"
    NAME = "AlarmName"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "MetricAlarm":
        """Make the alarm, or change the one of this name."""
        properties = {"AlarmName": resource_name, **cloudformation_json["Properties"]}
        clients.client("cloudwatch", region_name).put_metric_alarm(**properties)
        alarm = cloudwatch_backends[account_id][region_name].alarms[properties["AlarmName"]]
        return cls(alarm.name, alarm.alarm_arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "MetricAlarm":
        """Change the alarm; one of another name takes its place."""
        name, now = original_resource.physical_resource_id, cloudformation_json["Properties"].get("AlarmName")
        made = cls.create_from_cloudformation_json(now or name, cloudformation_json, account_id, region_name)
        if made.physical_resource_id != name:
            cloudwatch_backends[account_id][region_name].delete_alarms([name])
        del new_resource_name
        return made

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Delete the alarm."""
        del cloudformation_json
        cloudwatch_backends[account_id][region_name].delete_alarms([resource_name])
