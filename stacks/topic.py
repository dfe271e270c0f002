"""The topic that tells of runs, under a key that alarms may use, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from definition.plan import names
from stacks.encryption import alarms_of

if TYPE_CHECKING:
    from constructs import Construct

_USE = ["kms:Decrypt", "kms:GenerateDataKey*"]
"""What publishing to an encrypted topic takes (SNS developer guide, page sns-key-management)."""

_ALARMS = iam.ServicePrincipal("cloudwatch.amazonaws.com")


def make_topic(scope: Construct, prefix: str, key: kms.IKey | None) -> sns.Topic:
    """Return the topic of a pipeline and stage, of the prefix of its names, under the pipeline's key if it has one.

    CloudWatch cannot publish under the key that AWS manages for SNS, since that key's policy names no service and
    nobody can change it (https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns). So the key is the
    topic's own: this pipeline's alarms may use it, and, as under AWS's key, whoever in the account may publish. Under
    the pipeline's key publish those roles that are granted it.
    """
    alarms = alarms_of(Stack.of(scope), prefix)
    topic = sns.Topic(
        scope,
        "Topic",
        # By this name stacks that are made before find it.
        topic_name=names.topic_name(prefix),
        display_name=f"Runs of {prefix}",
        enforce_ssl=True,
        master_key=key or _key(scope, prefix, alarms),
    )
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsPublish",
            principals=[_ALARMS],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions=alarms,
        )
    )
    return topic


def _key(scope: Construct, prefix: str, alarms: dict[str, dict[str, str]]) -> kms.Key:
    stack = Stack.of(scope)
    # An account's default key policy admits nobody but through IAM's policies, which know no key made by another stack.
    through_sns = {"kms:CallerAccount": stack.account, "kms:ViaService": f"sns.{stack.region}.amazonaws.com"}
    key = kms.Key(
        scope,
        "TopicKey",
        description=f"Topic of {prefix}",
        enable_key_rotation=True,
        # It encrypts messages on their way: there is nothing that only it can read.
        removal_policy=RemovalPolicy.DESTROY,
    )
    for sid, principal, conditions in (
        ("PublishersThroughSns", iam.AnyPrincipal(), {"StringEquals": through_sns}),
        ("AlarmsPublish", _ALARMS, alarms),
    ):
        key.add_to_resource_policy(
            iam.PolicyStatement(sid=sid, principals=[principal], actions=_USE, resources=["*"], conditions=conditions)
        )
    return key
