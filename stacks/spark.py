"""The Spark job that transforms what outgrows the function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Duration, IgnoreMode, Stack, Token
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from definition import layout
from definition.paths import ROOT
from definition.plan import names
from definition.service.dataset_types import schema_hash
from stacks import sources
from stacks.acknowledge import acknowledge
from stacks.code import ignored_but, modules_of
from stacks.encryption import GLUE, grants
from stacks.function import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

    from definition.plan.buckets import SourceBucket
    from stacks.storage import StorageStack

SCRIPT = ROOT / "jobs" / "transform" / "main.py"
GLUE_VERSION = "5.1"
WORKER = "G.1X"
_TIMEOUT = Duration.hours(12)
_PLACES = (layout.STAGING, layout.DATASET, layout.REJECTS)
_FOLDERS = tuple(place.area for place in _PLACES)
_SPARKS = tuple(place.pattern for place in _PLACES)
"""What Spark writes; reports and batch input are written without it."""

_INSTALLED = ("annotated-types", "pydantic", "pydantic-core", "typing-extensions", "typing-inspection")
"""pydantic, which the job imports and Glue does not bring along, with all that it depends on: Glue pins nothing."""


class TransformJob(Construct):
    """An AWS Glue job with its role.

    Attributes:
        name: name of the job.
        arn: ARN of the job.
        role: its role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        workers: int,
        storage: StorageStack,
        reads: tuple[str, ...],
        writes: tuple[str, ...],
        buckets: Sequence[SourceBucket],
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.arn = Stack.of(self).format_arn(service="glue", resource="job", resource_name=name)
        script = assets.Asset(self, "Script", path=str(SCRIPT))
        packages = assets.Asset(
            self,
            "Packages",
            path=str(ROOT),
            ignore_mode=IgnoreMode.GIT,
            exclude=ignored_but(modules_of("jobs.transform.main")),
        )
        self.role = role = self._role(storage, reads, writes)
        for statement in sources.statements(buckets):
            role.add_to_policy(statement)
        sources.acknowledge_objects(role, buckets)
        for asset in (script, packages):
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["s3:GetObject"], resources=[asset.bucket.arn_for_objects(asset.s3_object_key)]
                )
            )
        job = self._job(role, workers, script.s3_object_url, packages.s3_object_url)
        job.node.add_dependency(role.node.find_child("DefaultPolicy"))
        if storage.key:
            job.security_configuration = self._security_configuration(storage.key)
            return
        acknowledge(
            job,
            "Logs hold counts and keys, no data, and CloudWatch encrypts them; there are no bookmarks",
            "GL1",
            "GL3",
        )

    def _security_configuration(self, key: kms.IKey) -> str:
        """Make the configuration; return its name. There are no bookmarks, and none would be without the key.

        Its name carries a key of the file: another key replaces it, which CloudFormation refuses under the same name.
        """
        given = "" if Token.is_unresolved(key.key_arn) else f"-{schema_hash(key.key_arn)}"
        made = glue.CfnSecurityConfiguration(
            self,
            "SecurityConfiguration",
            name=f"{self.name}{given}",
            encryption_configuration=glue.CfnSecurityConfiguration.EncryptionConfigurationProperty(
                cloud_watch_encryption=glue.CfnSecurityConfiguration.CloudWatchEncryptionProperty(
                    cloud_watch_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
                ),
                job_bookmarks_encryption=glue.CfnSecurityConfiguration.JobBookmarksEncryptionProperty(
                    job_bookmarks_encryption_mode="CSE-KMS", kms_key_arn=key.key_arn
                ),
                s3_encryptions=[
                    glue.CfnSecurityConfiguration.S3EncryptionProperty(
                        s3_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
                    )
                ],
            ),
        )
        return made.ref

    def _job(self, role: iam.Role, workers: int, script: str, packages: str) -> glue.CfnJob:
        return glue.CfnJob(
            self,
            "Job",
            name=self.name,
            description="Raw data to datasets and batch input, for data beyond the function",
            role=role.role_arn,
            glue_version=GLUE_VERSION,
            worker_type=WORKER,
            number_of_workers=workers,
            timeout=_TIMEOUT.to_minutes(),
            max_retries=0,
            # Runs of the pipeline follow each other; a second one at once is a backfill by hand.
            execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=3),
            command=glue.CfnJob.JobCommandProperty(name="glueetl", python_version="3", script_location=script),
            default_arguments={
                "--extra-py-files": packages,
                "--additional-python-modules": ",".join(map(_pin, _INSTALLED)),
                "--job-language": "python",
            },
        )

    def _role(self, storage: StorageStack, reads: tuple[str, ...], writes: tuple[str, ...]) -> iam.Role:
        # Which source conditions Glue meets when it assumes a role is not documented: a wrong guess locks it out.
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        groups = f"{names.GLUE_LOGS}*" if storage.key else f"{names.GLUE_LOGS}/*"
        logs = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name=groups, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        statements = [
            # Without prefixes: Spark looks for folders above the objects, in ways that change with its version.
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[storage.bucket.bucket_arn]),
            # Spark's file system looks before it writes, moves and deletes: HEAD of a path and of the folders above it
            # (Hadoop's S3AFileSystem, which Glue 5.1 uses), and HEAD asks for GetObject.
            iam.PolicyStatement(actions=["s3:GetObject"], resources=storage.arns((*reads, *_SPARKS, *_FOLDERS))),
            iam.PolicyStatement(actions=["s3:PutObject", "s3:AbortMultipartUpload"], resources=storage.arns(writes)),
            # What an attempt before has left is replaced.
            iam.PolicyStatement(actions=["s3:DeleteObject"], resources=storage.arns(_SPARKS)),
            iam.PolicyStatement(
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], resources=[logs]
            ),
            *grants(storage.key, GLUE),
            # Glue makes the log groups of an encrypted job in its role's name, with the key.
            *([iam.PolicyStatement(actions=["logs:AssociateKmsKey"], resources=[logs])] if storage.key else []),
        ]
        for statement in statements:
            role.add_to_policy(statement)
        acknowledge(
            role,
            "Runs write under prefixes that carry their id, which is not known at deployment",
            *(storage.wildcard_finding(pattern) for pattern in sorted({*reads, *writes})),
        )
        acknowledge(
            role,
            "Glue names the log groups of jobs",
            f"IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:{groups}]",
        )
        return role


def _pin(package: str) -> str:
    """Return the requirement of a package as the functions have it."""
    found = re.search(rf"^{package}==\S+", REQUIREMENTS.read_text(), flags=re.MULTILINE)
    assert found, f"{package} is in {REQUIREMENTS.name}"
    return found[0]
