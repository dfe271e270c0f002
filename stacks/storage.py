"""The bucket: the user's raw data, everything that runs write, and Personalize's access to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from definition import layout
from stacks.acknowledge import acknowledge
from stacks.encryption import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from definition.file.encryption import Encryption

_BUCKET_ARN_EXPORT = "ExportsOutputFnGetAttBucket83908E77Arn063C8555"
"""How other stacks, and so the security findings about them, see the bucket's ARN; it follows from the path."""

READ_BY_PERSONALIZE = (
    layout.DATASET.area_pattern,
    layout.BATCH_INPUT.area_pattern,
    layout.DELETED_USERS.area_pattern,
)
"""The page granting-personalize-s3-access lets it read what it writes, too, and does not say why."""

WRITTEN_BY_PERSONALIZE = (layout.BATCH_OUTPUT.pattern,)


class StorageStack(Stack):
    """One private bucket per pipeline and stage.

    Attributes:
        bucket: the bucket.
        key: what everything that the pipeline keeps is encrypted with; None without one of its own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        keep_data: bool,
        attribution: bool,
        tells_events: bool,
        queries: bool,
        description: str,
        prefix: str,
        encryption: Encryption | None,
        spark: bool,
    ) -> None:
        """Make the bucket.

        Args:
            scope: the CDK app.
            construct_id: id within it.
            keep_data: whether the bucket survives its stack.
            attribution: whether Personalize reports into it what recommendations have led to.
            tells_events: whether EventBridge hears of its objects.
            queries: whether Athena writes into it.
            description: of the stack.
            prefix: what names of this pipeline and stage begin with.
            encryption: the pipeline's section of it.
            spark: whether a job of Glue may work.
        """
        super().__init__(scope, construct_id, description=description)
        self.key = key_of(self, encryption, prefix, keep=keep_data, spark=spark)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS if self.key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=self.key,
            bucket_key_enabled=True if self.key else None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN if keep_data else RemovalPolicy.DESTROY,
            lifecycle_rules=_lifecycle({layout.ATTRIBUTION.area: attribution, layout.QUERY_RESULT.area: queries}),
        )
        if tells_events:
            # The construct's own option adds a function that sets what CloudFormation can set itself.
            made = cast("s3.CfnBucket", self.bucket.node.default_child)
            made.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
            )
        acknowledge(
            self.bucket,
            "Reads and writes come from three named roles; CloudTrail data events show them without a second bucket",
            "S1",
        )
        self._admit_personalize((*WRITTEN_BY_PERSONALIZE, *([layout.ATTRIBUTION.pattern] if attribution else [])))
        CfnOutput(self, "BucketName", value=self.bucket.bucket_name, description="Raw data goes under raw/")

    def _admit_personalize(self, written: tuple[str, ...]) -> None:
        """Let the service in; it needs the bucket policy besides its role (page granting-personalize-s3-access).

        That page shows no source conditions in the bucket policy, so the confused deputy is kept out by the role.
        """
        personalize = iam.ServicePrincipal("personalize.amazonaws.com")
        grants = (
            ("PersonalizeLists", "s3:ListBucket", [self.bucket.bucket_arn]),
            ("PersonalizeReads", "s3:GetObject", self.arns(READ_BY_PERSONALIZE)),
            ("PersonalizeWrites", "s3:PutObject", self.arns(written)),
        )
        for sid, action, resources in grants:
            self.bucket.add_to_resource_policy(
                iam.PolicyStatement(sid=sid, principals=[personalize], actions=[action], resources=resources)
            )

    def arns(self, patterns: tuple[str, ...]) -> list[str]:
        """Return the ARNs of object patterns such as ``batch/*``."""
        return [self.bucket.arn_for_objects(pattern) for pattern in patterns]

    def listing(self) -> iam.PolicyStatement:
        """Return the grant to list the bucket, which reading what may not be there takes, too.

        S3 says of a key that it is absent only to who may list the bucket; others get 403 instead of 404. That inner
        question has no prefix, so a grant under a condition on s3:prefix does not count (API page GetObject; measured
        by r4nd0mth1ngs/forklift, docs/DEPLOYMENT.md).
        """
        return iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn])

    def wildcard_finding(self, pattern: str) -> str:
        """Return the id of the finding about a grant on an object pattern, for ``acknowledge``."""
        return f"IAM5[Resource::{self.stack_name}:{_BUCKET_ARN_EXPORT}/{pattern}]"


def _lifecycle(areas: Mapping[str, bool]) -> list[s3.LifecycleRule]:
    """Return the rules by which objects, and old versions of them, are deleted.

    Args:
        areas: whether there are objects of an area; of those that it does not name there are.
    """
    old_versions = s3.LifecycleRule(
        id="forget-old-versions",
        noncurrent_version_expiration=Duration.days(30),
        abort_incomplete_multipart_upload_after=Duration.days(1),
    )
    return [
        old_versions,
        *(
            s3.LifecycleRule(
                id=f"expire-{area}",
                prefix=f"{area}/",
                expiration=Duration.days(days),
                noncurrent_version_expiration=Duration.days(1) if area in layout.FLEETING else None,
            )
            for area, days in layout.DAYS.items()
            if areas.get(area, True)
        ),
    ]
