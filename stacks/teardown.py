"""Let `cdk destroy` work after runs: what they made in the dataset group goes first.

Campaigns and recommenders that the pipeline file names no more go with the deployment that says so: they are billed for
as long as they are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from definition.plan import names
from definition.service.dataset_types import dataset_type
from definition.service.resource_kinds import CAMPAIGN, RECOMMENDER, SOLUTION, SOLUTION_VERSION
from stacks.acknowledge import acknowledge
from stacks.encryption import WRITE
from stacks.function import Function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_personalize as personalize
    from constructs import IDependable

    from definition.service.dataset_types import DatasetName
    from definition.service.resource_kinds import ResourceKind


_KINDS = (RECOMMENDER, CAMPAIGN, SOLUTION)


class Teardown(Construct):
    """A function that deletes the dataset group's recommenders, campaigns and solutions when the stack is deleted.

    What it cannot delete it tells the topic of the runs: CloudFormation ignores it after an update.

    Attributes:
        resource: the call; what is made after it is deleted before.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        group: personalize.CfnDatasetGroup,
        datasets: Mapping[DatasetName, IDependable],
        live: Sequence[tuple[ResourceKind, str]],
        key: kms.IKey | None,
    ) -> None:
        """Make the function and call it.

        Args:
            scope: the stack.
            construct_id: id within it.
            prefix: what names of this pipeline begin with.
            group: the dataset group.
            datasets: its datasets; others in the group are deleted with it.
            live: kind and name of each campaign and recommender in the pipeline file.
            key: the pipeline's own, under which the topic's messages are.
        """
        super().__init__(scope, construct_id)
        teardown = self._function(prefix, key)
        self.resource = resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeTeardown",
            service_token=teardown.function.function_arn,
            properties={
                "DatasetGroupArn": group.attr_dataset_group_arn,
                "Datasets": [dataset_type(name).api_name.upper() for name in datasets],
                "TopicArn": Stack.of(self).format_arn(service="sns", resource=names.topic_name(prefix)),
                **({"RealTimeArns": [_arn(self, kind.arn_type, name) for kind, name in live]} if live else {}),
            },
        )
        # What is made last is deleted first: solutions before the datasets, and the grant after its use.
        resource.node.add_dependency(*datasets.values(), teardown.role.node.find_child("DefaultPolicy"))

    def _function(self, prefix: str, key: kms.IKey | None) -> Function:
        own = names.resource_pattern(prefix)
        arns = {kind: _arn(self, kind.arn_type, own) for kind in _KINDS}
        function = Function(
            self,
            "Teardown",
            name="teardown",
            function_name=f"{prefix}-teardown",
            description="Deletes what runs made when the stack is deleted",
            layer=None,
            memory_mb=256,
            statements=[
                *(
                    iam.PolicyStatement(actions=[f"personalize:Delete{kind.name}"], resources=[arn])
                    for kind, arn in arns.items()
                ),
                iam.PolicyStatement(actions=["personalize:StopSolutionVersionCreation"], resources=[arns[SOLUTION]]),
                iam.PolicyStatement(
                    sid="ListsTakeNoResource",
                    actions=[
                        *(f"personalize:List{kind.name}s" for kind in (*_KINDS, SOLUTION_VERSION)),
                        "personalize:ListDatasets",
                    ],
                    resources=["*"],
                ),
                # The group's name stands in the ARNs of its datasets.
                iam.PolicyStatement(actions=["personalize:DeleteDataset"], resources=[_arn(self, "dataset", own)]),
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    resources=[Stack.of(self).format_arn(service="sns", resource=names.topic_name(prefix))],
                ),
            ],
            findings=[],
            key=key,
            key_actions=WRITE,
        )
        acknowledge(
            function.role,
            "What a former pipeline file made goes, too; the grant is bound to this pipeline's prefix",
            *(
                f"IAM5[Resource::arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>:{arn_type}/{own}]"
                for arn_type in (*(kind.arn_type for kind in _KINDS), "dataset")
            ),
        )
        return function


def _arn(scope: Construct, arn_type: str, name: str) -> str:
    return Stack.of(scope).format_arn(service="personalize", resource=arn_type, resource_name=name)
