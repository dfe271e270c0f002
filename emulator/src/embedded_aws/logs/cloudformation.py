"""AWS::Logs::LogGroup: its ARN as CloudFormation gives it, and its retention updated in place."""

from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.logs.models import LogGroup, logs_backends

from embedded_aws.patches import replaces


@replaces(LogGroup, "get_cfn_attribute")
def arn_with_streams(self: Any, attribute_name: str) -> str:
    """Return the ARN.

    moto: without the end. AWS: ends with `:*`, the group's streams.
    """
    if attribute_name != "Arn":
        raise UnformattedGetAttTemplateException
    return f"{self.arn}:*"


@replaces(LogGroup, "update_from_cloudformation_json", classmethod)
def update_retention(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a log group.

    moto: cannot. AWS: changes retention, key and tags; another name replaces it.
    """
    properties = cloudformation_json["Properties"]
    if properties.get("LogGroupName", original_resource.name) != original_resource.name:
        replacement = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        original_resource.delete(account_id, region_name)
        return replacement
    original_resource.retention_in_days = properties.get("RetentionInDays")
    original_resource.kms_key_id = properties.get("KmsKeyId")
    tagger = logs_backends[account_id][region_name].tagger
    tagger.delete_all_tags_for_resource(original_resource.arn)
    tagger.tag_resource(original_resource.arn, properties.get("Tags", []))
    return original_resource
