"""Let `cdk destroy` work after runs: what they made in the dataset group goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from spec.resources import SOLUTION
from stacks.acknowledge import acknowledge
from stacks.function import Function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_personalize as personalize
    from constructs import IDependable


class Teardown(Construct):
    """A function that deletes the dataset group's solutions when the stack is deleted."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        group: personalize.CfnDatasetGroup,
        datasets: Sequence[IDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        solutions = Stack.of(self).format_arn(
            service="personalize", resource=SOLUTION.arn_type, resource_name=f"{prefix}-*"
        )
        teardown = Function(
            self,
            "Teardown",
            name="teardown",
            function_name=f"{prefix}-teardown",
            description="Deletes the solutions of runs when the stack is deleted",
            layer=None,
            memory_mb=256,
            timeout=Duration.minutes(15),
            statements=[
                iam.PolicyStatement(
                    actions=["personalize:DeleteSolution", "personalize:StopSolutionVersionCreation"],
                    resources=[solutions],
                ),
                iam.PolicyStatement(
                    sid="ListsTakeNoResource",
                    actions=["personalize:ListSolutions", "personalize:ListSolutionVersions"],
                    resources=["*"],
                ),
            ],
            findings=[],
        )
        acknowledge(
            teardown.role,
            "Solutions carry a hash of their configuration; the grant is bound to this pipeline's prefix",
            f"IAM5[Resource::arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>:solution/{prefix}-*]",
        )
        resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeTeardown",
            service_token=teardown.function.function_arn,
            properties={"DatasetGroupArn": group.attr_dataset_group_arn},
        )
        # What is made last is deleted first: solutions before the datasets, and the grant after its use.
        resource.node.add_dependency(*datasets, teardown.role.node.find_child("DefaultPolicy"))
