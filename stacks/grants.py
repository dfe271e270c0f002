"""What the state machine may do with Personalize, read from the table of resource kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from spec.resources import KINDS, SOLUTION

if TYPE_CHECKING:
    from aws_cdk import Stack

    from stacks.personalize import PersonalizeStack

STATE_MACHINE_WILDCARDS = {
    "Jobs and solution versions get names and ids in each run; the grant is bound to this pipeline's prefix": tuple(
        f"IAM5[Resource::arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>:{arn_type}/{{prefix}}-*]"
        for arn_type in dict.fromkeys(kind.arn_type for kind in KINDS)
    ),
    "Manifests carry the run's id, which is not known at deployment": ("IAM5[Resource::<BucketArn>/runs/*]",),
    "Log delivery and X-Ray know no resource": ("IAM5[Resource::*]",),
}


def personalize_statements(stack: Stack, *, prefix: str, personalize: PersonalizeStack) -> list[iam.PolicyStatement]:
    """Return the grants: each create call on its own and its parents' ARNs, each describe call on its own.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
    """
    parents = {
        "dataset": personalize.interactions_arn,
        "dataset-group": personalize.dataset_group_arn,
    }

    def own(arn_type: str) -> str:
        return stack.format_arn(service="personalize", resource=arn_type, resource_name=f"{prefix}-*")

    statements = [
        iam.PolicyStatement(
            actions=[f"personalize:{kind.create}"],
            resources=[own(kind.arn_type), *(parents.get(parent) or own(parent) for parent in kind.parents)],
        )
        for kind in KINDS
    ]
    statements += [
        iam.PolicyStatement(actions=[f"personalize:{kind.describe}"], resources=[own(kind.arn_type)]) for kind in KINDS
    ]
    metrics = iam.PolicyStatement(actions=["personalize:GetSolutionMetrics"], resources=[own(SOLUTION.arn_type)])
    passing = iam.PolicyStatement(
        actions=["iam:PassRole"],
        resources=[personalize.service_role.role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
    )
    return [*statements, metrics, passing]
