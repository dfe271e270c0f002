"""The event tracker and the metric attribution of a dataset group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput
from aws_cdk import aws_iam as iam
from aws_cdk import aws_personalize as personalize
from constructs import Construct

from definition import layout
from definition.service.kms import PERSONALIZE_ACTIONS
from stacks.acknowledge import acknowledge
from stacks.encryption import grants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IDependable

    from definition.file.realtime import MetricAttribution
    from stacks.storage import StorageStack


def add_event_tracker(scope: Construct, *, group: personalize.CfnDatasetGroup, datasets: Sequence[IDependable]) -> None:
    """Add the event tracker of a dataset group, which has one at most; the stack tells its tracking id."""
    tracker = personalize.CfnEventTracker(
        scope, "EventTracker", name=group.name, dataset_group_arn=group.attr_dataset_group_arn
    )
    tracker.node.add_dependency(*datasets)
    CfnOutput(scope, "TrackingId", value=tracker.attr_tracking_id, description="For PutEvents")


class Attribution(Construct):
    """The metric attribution of a dataset group, which has one at most, and the role that it reports with."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        wanted: MetricAttribution,
        group: personalize.CfnDatasetGroup,
        datasets: Sequence[IDependable],
        trust: iam.IPrincipal,
        storage: StorageStack,
    ) -> None:
        super().__init__(scope, construct_id)
        role = self._role(trust, storage if wanted.report else None)
        report = wanted.report and layout.ATTRIBUTION.key(report=wanted.report)
        attribution = personalize.CfnMetricAttribution(
            self,
            "Attribution",
            name=group.name,
            dataset_group_arn=group.attr_dataset_group_arn,
            metrics=[
                personalize.CfnMetricAttribution.MetricAttributeProperty(
                    event_type=metric.event_type, expression=metric.expression, metric_name=metric.name
                )
                for metric in wanted.metrics
            ],
            metrics_output_config=personalize.CfnMetricAttribution.MetricsOutputConfigProperty(
                role_arn=role.role_arn,
                s3_data_destination=_destination(storage, report) if report else None,
            ),
        )
        attribution.node.add_dependency(*datasets)
        if storage.key and report:
            # The service looks whether the role may use the key.
            attribution.node.add_dependency(role.node.find_child("DefaultPolicy"))

    def _role(self, trust: iam.IPrincipal, storage: StorageStack | None) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="What Amazon Personalize reports with",
            assumed_by=trust,
        )
        role.add_to_policy(
            iam.PolicyStatement(sid="MetricsTakeNoResource", actions=["cloudwatch:PutMetricData"], resources=["*"])
        )
        acknowledge(role, "CloudWatch metrics know no resource", "IAM5[Resource::*]")
        if storage:
            pattern = layout.ATTRIBUTION.pattern
            role.add_to_policy(iam.PolicyStatement(actions=["s3:PutObject"], resources=storage.arns((pattern,))))
            acknowledge(role, "Reports have names that the service gives", storage.wildcard_finding(pattern))
            for statement in grants(storage.key, PERSONALIZE_ACTIONS):
                role.add_to_policy(statement)
        return role


def _destination(storage: StorageStack, report: str) -> dict[str, str]:
    place = {"path": f"s3://{storage.bucket.bucket_name}/{report}"}
    return {**place, "kmsKeyArn": storage.key.key_arn} if storage.key else place
