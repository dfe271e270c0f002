"""The customer managed key of a pipeline: its policy, and what roles are granted on it.

The key stands in the storage stack, and who uses it in others, so its policy names services, and what they work for by
name. It leaves the pipeline's roles to IAM, where each is granted what it takes on this one key: a policy cannot name a
role before the role is there.
Sources: Personalize developer guide, page granting-personalize-key-access; CloudWatch Logs user guide, page
encrypt-log-data-kms; SNS and SQS developer guides, pages sns-key-management and sqs-key-management; S3 user guide, page
UsingKMSEncryption; DynamoDB developer guide, page encryption.usagenotes; Lambda developer guide, page
configuration-envvars-encryption
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from definition.plan import names
from definition.service.kms import PERSONALIZE_ACTIONS, PERSONALIZE_PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from definition.file.encryption import Encryption

READ = ("kms:Decrypt",)
"""What reading objects, items and a function's environment takes of the key."""

WRITE = ("kms:Decrypt", "kms:GenerateDataKey")
"""What writing takes: objects in parts, messages of topics and queues ask for both."""

GLUE = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
"""What a job under a security configuration needs (Glue developer guide, page set-up-encryption)."""

_LOGS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*")
"""As the page encrypt-log-data-kms has them."""

_DEPLOYMENT = ("kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKeyWithoutPlaintext")
"""What DynamoDB and Lambda ask of who makes tables and functions, beside what roles need."""


def key_of(scope: Construct, encryption: Encryption | None, prefix: str, *, keep: bool, spark: bool) -> kms.IKey | None:
    """Return the key that the pipeline file asks for; None where it asks for none.

    Of a given key the statements that its policy needs are printed: the key is not the deployment's to change.

    Args:
        scope: the stack of the bucket.
        encryption: section of the pipeline file.
        prefix: what names of this pipeline and stage begin with.
        keep: whether the key outlives its stack, as the bucket does.
        spark: whether a job of Glue may work.
    """
    if encryption is None:
        return None
    statements = _policy(Stack.of(scope), prefix, spark=spark)
    if encryption.given:
        key = kms.Key.from_key_arn(scope, "Key", encryption.given)
        _tell_owner(scope, statements)
    else:
        key = kms.Key(
            scope,
            "Key",
            description=f"Everything that {prefix} keeps",
            enable_key_rotation=True,
            # Without it nobody reads what is in the bucket.
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )
        for statement in statements:
            key.add_to_resource_policy(statement)
    CfnOutput(scope, "KeyArn", value=key.key_arn, description="Key of everything that the pipeline keeps")
    return key


def grants(key: kms.IKey | None, actions: Sequence[str]) -> list[iam.PolicyStatement]:
    """Return what a role may do with the key; nothing without one."""
    return [iam.PolicyStatement(actions=list(actions), resources=[key.key_arn])] if key else []


def alarms_of(stack: Stack, prefix: str) -> dict[str, dict[str, str]]:
    """Return the conditions under which CloudWatch works for an alarm of this pipeline and stage."""
    alarms = stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name=names.resource_pattern(prefix),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": alarms}}


def _policy(stack: Stack, prefix: str, *, spark: bool) -> list[iam.PolicyStatement]:
    """Return what the key's policy needs beside that it leaves the account's principals to IAM."""

    def admitted(sid: str, service: str, actions: Sequence[str], conditions: object = None) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal(service)],
            actions=list(actions),
            resources=["*"],  # in the policy of a key, the key itself
            conditions=conditions,  # type: ignore[arg-type]  # jsii's type for any mapping
        )

    return [
        # The page shows no conditions, and which keys Personalize sends is documented nowhere: a wrong guess ends every
        # run. Its service role, which it works with, keeps the confused deputy out.
        admitted("PersonalizeUses", PERSONALIZE_PRINCIPAL, PERSONALIZE_ACTIONS),
        admitted(
            "LogGroupsOfThePipeline",
            f"logs.{stack.region}.amazonaws.com",
            _LOGS,
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": _log_groups(stack, prefix, spark=spark)}},
        ),
        admitted("AlarmsPublish", "cloudwatch.amazonaws.com", WRITE, alarms_of(stack, prefix)),
        # For topics that EventBridge publishes to source conditions are documented not to work (page
        # sns-key-management); for its dead letters nothing is said, so none are relied on. The queue's own policy names
        # the rule.
        admitted("RulesSendDeadLetters", "events.amazonaws.com", WRITE),
    ]


def _log_groups(stack: Stack, prefix: str, *, spark: bool) -> list[str]:
    machines = "/aws/vendedlogs/states/"
    groups = [
        f"/aws/lambda/{prefix}-*",
        f"{machines}{prefix}",
        f"{machines}{names.resource_pattern(prefix)}",
        *([f"{names.GLUE_LOGS}*"] if spark else []),
    ]
    return [
        stack.format_arn(
            service="logs", resource="log-group", resource_name=group, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        for group in groups
    ]


def _tell_owner(scope: Construct, statements: Sequence[iam.PolicyStatement]) -> None:
    """Print what the policy of a given key needs; whoever made the key has to add what is missing."""
    stack = Stack.of(scope)
    account = iam.PolicyStatement(
        sid="RolesByIam",
        principals=[iam.AccountRootPrincipal()],
        actions=sorted({*PERSONALIZE_ACTIONS, *GLUE, *WRITE, *_DEPLOYMENT}),
        resources=["*"],
    )
    CfnOutput(
        scope,
        "KeyPolicy",
        value=stack.to_json_string([each.to_statement_json() for each in (account, *statements)]),
        description="Statements that the policy of the key needs",
    )
