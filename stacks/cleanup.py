"""The function that removes solutions which the pipeline file names no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from definition import layout
from definition.plan import names
from definition.service.resource_kinds import CAMPAIGN, SOLUTION, SOLUTION_VERSION
from stacks.acknowledge import acknowledge
from stacks.function import Function

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from stacks.storage import StorageStack

_PUBLISHED = layout.LATEST_VERSION.pattern


def cleanup_function(stack: Stack, prefix: str, storage: StorageStack) -> lambda_.IFunction:
    """Return the function; it may touch solutions and campaigns of this pipeline only.

    Args:
        stack: where it is made.
        prefix: what names of this pipeline begin with.
        storage: whose bucket tells what is published.
    """
    own = names.resource_pattern(prefix)

    def of(arn_type: str) -> str:
        return stack.format_arn(service="personalize", resource=arn_type, resource_name=own)

    of_solutions = ["DescribeSolution", "UpdateSolution", "DeleteSolution", "StopSolutionVersionCreation"]
    function = Function(
        stack,
        "Cleanup",
        name="cleanup",
        function_name=f"{prefix}-cleanup",
        description="Removes solutions that the pipeline file names no more",
        layer=None,
        memory_mb=256,
        statements=[
            iam.PolicyStatement(
                actions=[f"personalize:{action}" for action in of_solutions], resources=[of(SOLUTION.arn_type)]
            ),
            iam.PolicyStatement(actions=["personalize:DeleteCampaign"], resources=[of(CAMPAIGN.arn_type)]),
            iam.PolicyStatement(
                sid="ListsTakeNoResource",
                actions=[f"personalize:List{kind.name}s" for kind in (CAMPAIGN, SOLUTION, SOLUTION_VERSION)],
                resources=["*"],
            ),
            iam.PolicyStatement(actions=["s3:GetObject"], resources=storage.arns((_PUBLISHED,))),
            storage.listing(),
        ],
        findings=[storage.wildcard_finding(_PUBLISHED)],
        key=storage.key,
    )
    acknowledge(
        function.role,
        "What a former pipeline file made goes; the grant is bound to this pipeline's prefix",
        *(
            f"IAM5[Resource::arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>:{kind.arn_type}/{own}]"
            for kind in (SOLUTION, CAMPAIGN)
        ),
    )
    return function.function
