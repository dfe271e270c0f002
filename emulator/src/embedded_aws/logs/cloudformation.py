"""AWS::Logs::LogGroup: its ARN as CloudFormation gives it, updates in place, and the key of an encrypted group.

Source of what a key must allow: CloudWatch Logs user guide, page encrypt-log-data-kms. What becomes of a group whose
key is disabled later is not emulated: here it goes on.
"""

from typing import Any, Final

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from embedded_aws.iam.service_keys import refused_use
from embedded_aws.patches import adds, replaces

_USES: Final = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
)
_create = LogsBackend.create_log_group


def _check_key(account_id: str, region: str, group: str, key: str | None) -> None:
    """Check that CloudWatch Logs may encrypt a group with a key.

    Raises:
        JsonRESTError: AccessDeniedException, in the words of the service.
    """
    if not key:
        return
    arn = f"arn:aws:logs:{region}:{account_id}:log-group:{group}"
    context = {"kms_EncryptionContext:aws:logs:arn": arn}
    if refused_use(account_id, f"logs.{region}.amazonaws.com", region, key, _USES, **context):
        raise JsonRESTError(
            "AccessDeniedException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'",
        )


@replaces(LogsBackend, "create_log_group")
def a_group_has_a_key_that_admits_logs(self: Any, log_group_name: str, tags: Any, **kwargs: Any) -> Any:
    """Make a log group.

    moto: takes any key, and drops that of a template. AWS: one whose policy admits CloudWatch Logs for this group.
    """
    key = kwargs.get("kmsKeyId") or kwargs.get("KmsKeyId")  # as the API and as a template spell it
    _check_key(self.account_id, self.region_name, log_group_name, key)
    return _create(self, log_group_name, tags, **{**kwargs, "kmsKeyId": key})


@adds(LogsResponse, "associate_kms_key")
def associate_kms_key(self: Any) -> str:
    """Give a group a key.

    moto: lacks the operation. AWS: has it, under the conditions of CreateLogGroup.
    """
    _named_group(self).kms_key_id = self._get_param("kmsKeyId")
    return ""


@adds(LogsResponse, "disassociate_kms_key")
def disassociate_kms_key(self: Any) -> str:
    """Take a group's key away.

    moto: lacks the operation. AWS: has it.
    """
    _named_group(self).kms_key_id = None
    return ""


def _named_group(response: Any) -> Any:
    """Return the group that a request for its key names, when the key may be used with it."""
    backend, name = response.logs_backend, response._get_param("logGroupName")  # noqa: SLF001  # moto's
    if name not in backend.groups:
        raise ResourceNotFoundException
    _check_key(backend.account_id, backend.region_name, name, response._get_param("kmsKeyId"))  # noqa: SLF001  # moto's
    return backend.groups[name]


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
    _check_key(account_id, region_name, original_resource.name, properties.get("KmsKeyId"))
    original_resource.retention_in_days = properties.get("RetentionInDays")
    original_resource.kms_key_id = properties.get("KmsKeyId")
    tagger = logs_backends[account_id][region_name].tagger
    tagger.delete_all_tags_for_resource(original_resource.arn)
    tagger.tag_resource(original_resource.arn, properties.get("Tags", []))
    return original_resource
