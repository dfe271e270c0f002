"""Security configurations: AWS::Glue::SecurityConfiguration, which moto lacks, and what one does to a run.

Of a run under one Spark's objects are written with its key, and logs go to groups of their own under its key, which the
job's role associates. There are no bookmarks here, so nothing is encrypted for them.
Sources: Glue developer guide, pages set-up-encryption and console-security-configurations; names of log groups as
public Terraform modules make them beforehand, `/aws-glue/jobs/<configuration>-role/<role>/output`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException
from moto.glue.models import glue_backends
from moto.logs.models import logs_backends

from embedded_aws.cloudformation.plain import Plain
from embedded_aws.glue.exceptions import RunFailedError
from embedded_aws.iam.authorization import AccessDeniedError, require
from embedded_aws.iam.principals import Principal
from embedded_aws.iam.rules.rule import Ask

_ENCRYPTED: Final = {"SSE-KMS", "CSE-KMS"}


class SecurityConfiguration(Plain, CloudFormationModel):
    """A security configuration; every change replaces it."""

    TYPE = "AWS::Glue::SecurityConfiguration"
    NAME = "Name"

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> "SecurityConfiguration":
        """Create the configuration."""
        given = cloudformation_json["Properties"]["EncryptionConfiguration"]
        configuration = {_SPELLED.get(name, name): value for name, value in given.items()}
        glue_backends[account_id][region_name].create_security_configuration(resource_name, configuration)
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "SecurityConfiguration":
        """Replace the configuration.

        Raises:
            ValueError: it would have the same name.
        """
        before = original_resource.physical_resource_id
        if new_resource_name == before:
            raise ValueError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {before} and update the stack again."
            )
        made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        glue_backends[account_id][region_name].delete_security_configuration(before)
        return made

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Delete the configuration."""
        del cloudformation_json
        glue_backends[account_id][region_name].delete_security_configuration(resource_name)


_SPELLED: Final = {"S3Encryptions": "S3Encryption"}
"""The template's names of what the API names otherwise."""


@dataclass(frozen=True)
class Security:
    """What a security configuration does to runs of a job.

    Attributes:
        name: of the configuration; empty without one.
        s3_key: key of the objects that Spark writes, None for the bucket's.
        logs_key: key of the log groups, None for CloudWatch's own.
    """

    name: str = ""
    s3_key: str | None = None
    logs_key: str | None = None

    @property
    def upload_arguments(self) -> dict[str, str]:
        """What boto3 takes for objects that are encrypted so."""
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.s3_key} if self.s3_key else {}

    def log_group(self, root: str, role_arn: str) -> str:
        """Return the name that those of a run's log groups begin with."""
        return f"{root}/{self.name}-role/{role_arn.rpartition('/')[2]}" if self.logs_key else root

    def make_log_group(self, principal: Principal, region: str, name: str) -> None:
        """Make a log group if it is not there.

        Raises:
            RunFailedError: the role may not associate the key, or the key does not admit CloudWatch Logs.
        """
        logs = logs_backends[principal.account_id][region]
        if self.logs_key is None or name in logs.groups:
            logs.ensure_log_group(name)
            return
        arn = f"arn:aws:logs:{region}:{principal.account_id}:log-group:{name}"
        try:
            require(principal, [Ask("logs:AssociateKmsKey", arn)])
            logs.create_log_group(name, {}, kmsKeyId=self.logs_key)
        except (AccessDeniedError, ServiceException) as error:
            raise RunFailedError(str(error)) from error


def security_of(backend: Any, name: str | None) -> Security:
    """Return what a configuration does, which must be there if it is named."""
    if not name:
        return Security()
    configuration = backend.get_security_configuration(name).configuration
    objects = configuration.get("S3Encryption") or [{}]
    return Security(
        name,
        _key(objects[0], "S3EncryptionMode"),
        _key(configuration.get("CloudWatchEncryption") or {}, "CloudWatchEncryptionMode"),
    )


def _key(encryption: Mapping[str, Any], mode: str) -> str | None:
    return encryption.get("KmsKeyArn") if encryption.get(mode) in _ENCRYPTED else None
