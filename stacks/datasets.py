"""Datasets of items and users, whose schema may change: custom resources of our own.

``AWS::Personalize::Dataset`` replaces a dataset whose schema changes, which fails within a dataset group, and
``UpdateDataset`` has no type. Interactions cannot be updated: another schema of theirs is another dataset group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from definition.plan import names
from definition.service.dataset_types import dataset_type
from stacks.acknowledge import acknowledge
from stacks.function import Function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_personalize as personalize

    from definition.file.pipeline import Pipeline
    from definition.service.dataset_types import DatasetName

_UPDATABLE: tuple[DatasetName, ...] = ("items", "users")


class UpdatableDatasets(Construct):
    """Datasets, and the function that makes, updates and deletes them and their schemas.

    Attributes:
        resources: the datasets, by what the pipeline file calls them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        stage: str,
        datasets: Sequence[DatasetName],
        group: personalize.CfnDatasetGroup,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        function = self._function(pipeline, stage, key)
        self.resources = {
            name: CustomResource(
                self,
                dataset_type(name).api_name,
                resource_type="Custom::PersonalizeDataset",
                service_token=function.function.function_arn,
                properties={
                    "Name": names.dataset_name(pipeline, stage, name),
                    "DatasetGroupArn": group.attr_dataset_group_arn,
                    "DatasetType": dataset_type(name).api_name,
                    "SchemaName": names.schema_name(pipeline, stage, name),
                    "Schema": names.schema_document(pipeline, name),
                    "Generation": str(pipeline.generation),
                    **({"Domain": pipeline.domain} if pipeline.domain else {}),
                },
            )
            for name in datasets
        }
        for resource in self.resources.values():
            # The grant comes before its use, and goes after it.
            resource.node.add_dependency(function.role.node.find_child("DefaultPolicy"))

    def _function(self, pipeline: Pipeline, stage: str, key: kms.IKey | None) -> Function:
        prefix = names.prefix(pipeline.name, stage)
        # Grants change before what a deployment replaces or drops is deleted: former groups and schemas have other
        # hashes, and a dataset may have gone from the file.
        own = names.resource_prefix(prefix)
        of_datasets = [f"dataset/{own}*/{dataset_type(name).api_name.upper()}" for name in _UPDATABLE]
        schemas = [f"schema/{own}{name}-*" for name in _UPDATABLE]
        group = f"dataset-group/{names.dataset_group_name(pipeline, stage)}"
        grants = (
            (["CreateDataset"], [*of_datasets, *schemas, group]),
            (["UpdateDataset"], [*of_datasets, *schemas]),
            (["DescribeDataset", "DeleteDataset"], of_datasets),
            (["CreateSchema", "DescribeSchema", "DeleteSchema"], schemas),
        )
        function = Function(
            self,
            "Dataset",
            name="dataset",
            function_name=f"{prefix}-dataset",
            description="Makes, updates and deletes datasets of items and users",
            layer=None,
            memory_mb=256,
            statements=[
                *(
                    iam.PolicyStatement(
                        actions=[f"personalize:{action}" for action in actions],
                        resources=[f"{self._arns()}:{name}" for name in resources],
                    )
                    for actions, resources in grants
                ),
                # A rollback's request looks like any other.
                iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[Stack.of(self).stack_id]),
            ],
            findings=[],
            key=key,
        )
        acknowledge(
            function.role,
            "Names of groups and schemas carry hashes, those of former deployments unknown ones; the grant is bound to "
            "this pipeline's prefix",
            *(
                f"IAM5[Resource::arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>:{name}]"
                for name in (*of_datasets, *schemas)
            ),
        )
        return function

    def _arns(self) -> str:
        stack = Stack.of(self)
        return f"arn:{stack.partition}:personalize:{stack.region}:{stack.account}"
