"""Let `cdk destroy` work after runs: what they made in the dataset group goes first.

Campaigns and recommenders that the pipeline file names no more go with the deployment that says so: they are billed for
as long as they are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from spec.resources import CAMPAIGN, RECOMMENDER, SOLUTION, SOLUTION_VERSION
from stacks.acknowledge import acknowledge
from stacks.function import Function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_personalize as personalize
    from constructs import IDependable

    from spec.resources import ResourceKind


_KINDS = (RECOMMENDER, CAMPAIGN, SOLUTION)


class Teardown(Construct):
    """A function that deletes the dataset group's recommenders, campaigns and solutions when the stack is deleted."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        group: personalize.CfnDatasetGroup,
        datasets: Sequence[IDependable],
        live: Sequence[tuple[ResourceKind, str]],
    ) -> None:
        """Make the function and call it.

        Args:
            scope: the stack.
            construct_id: id within it.
            prefix: what names of this pipeline begin with.
            group: the dataset group.
            datasets: its datasets.
            live: kind and name of each campaign and recommender in the pipeline file.
        """
        super().__init__(scope, construct_id)
        teardown = self._function(prefix)
        resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeTeardown",
            service_token=teardown.function.function_arn,
            properties={
                "DatasetGroupArn": group.attr_dataset_group_arn,
                **({"RealTimeArns": [_arn(self, kind, name) for kind, name in live]} if live else {}),
            },
        )
        # What is made last is deleted first: solutions before the datasets, and the grant after its use.
        resource.node.add_dependency(*datasets, teardown.role.node.find_child("DefaultPolicy"))

    def _function(self, prefix: str) -> Function:
        arns = {kind: _arn(self, kind, f"{prefix}-*") for kind in _KINDS}
        function = Function(
            self,
            "Teardown",
            name="teardown",
            function_name=f"{prefix}-teardown",
            description="Deletes what runs made when the stack is deleted",
            layer=None,
            memory_mb=256,
            timeout=Duration.minutes(15),
            statements=[
                *(
                    iam.PolicyStatement(actions=[f"personalize:Delete{kind.name}"], resources=[arn])
                    for kind, arn in arns.items()
                ),
                iam.PolicyStatement(actions=["personalize:StopSolutionVersionCreation"], resources=[arns[SOLUTION]]),
                iam.PolicyStatement(
                    sid="ListsTakeNoResource",
                    actions=[f"personalize:List{kind.name}s" for kind in (*_KINDS, SOLUTION_VERSION)],
                    resources=["*"],
                ),
            ],
            findings=[],
        )
        acknowledge(
            function.role,
            "What a former pipeline file made goes, too; the grant is bound to this pipeline's prefix",
            *(
                f"IAM5[Resource::arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>:{kind.arn_type}/{prefix}-*]"
                for kind in _KINDS
            ),
        )
        return function


def _arn(scope: Construct, kind: ResourceKind, name: str) -> str:
    return Stack.of(scope).format_arn(service="personalize", resource=kind.arn_type, resource_name=name)
