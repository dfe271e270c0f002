"""What Personalize keeps between runs: dataset group, schemas, datasets, filters, and the role it works with.

No solution here: creating one fails before the first import, and ``AWS::Personalize::Solution`` cannot switch
automatic training off, which would then be billed every week. No tags either: changing one replaces these types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_personalize as personalize

from definition.plan import names
from definition.plan.filters import all_filters
from definition.service.dataset_types import dataset_type
from definition.service.kms import PERSONALIZE_ACTIONS
from definition.service.resource_kinds import CAMPAIGN, RECOMMENDER
from stacks.acknowledge import acknowledge
from stacks.datasets import UpdatableDatasets
from stacks.encryption import grants
from stacks.events import Attribution, add_event_tracker
from stacks.storage import READ_BY_PERSONALIZE, WRITTEN_BY_PERSONALIZE
from stacks.teardown import Teardown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import Construct, IDependable

    from definition.file.pipeline import Pipeline
    from definition.service.dataset_types import DatasetName
    from stacks.storage import StorageStack


class PersonalizeStack(Stack):
    """Dataset group, schemas and datasets of a pipeline.

    Attributes:
        dataset_group_arn: ARN of the dataset group.
        dataset_arns: ARNs of the datasets, by what the pipeline file calls them.
        service_role: what Personalize reads and writes the bucket with.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, pipeline: Pipeline, stage: str, storage: StorageStack
    ) -> None:
        super().__init__(scope, construct_id, description=f"Personalize datasets of {pipeline.name} ({stage})")
        group = personalize.CfnDatasetGroup(
            self, "DatasetGroup", name=names.dataset_group_name(pipeline, stage), domain=pipeline.domain
        )
        datasets = self._datasets(pipeline, stage, group, storage)
        # Not the resources' attributes: what another stack imports cannot change, and a new group changes them all.
        self.dataset_group_arn = self._arn("dataset-group", names.dataset_group_name(pipeline, stage))
        self.dataset_arns = {name: self._arn("dataset", names.dataset_path(pipeline, stage, name)) for name in datasets}
        self._filters(pipeline, stage, group, datasets.values())
        self.service_role = self._service_role(storage)
        self._encrypt(group, storage)
        if pipeline.metric_attribution:
            Attribution(
                self,
                "MetricAttribution",
                wanted=pipeline.metric_attribution,
                group=group,
                datasets=list(datasets.values()),
                trust=self._trust(),
                storage=storage,
            )
        teardown = Teardown(
            self,
            "Teardown",
            prefix=names.prefix(pipeline.name, stage),
            group=group,
            datasets=datasets,
            live=[
                *(
                    (CAMPAIGN, names.campaign_name(pipeline.name, stage, each))
                    for each in pipeline.solutions
                    if each.campaign
                ),
                *((RECOMMENDER, names.recommender_name(pipeline, stage, each)) for each in pipeline.recommenders),
            ],
            key=storage.key,
        )
        if pipeline.event_tracker:
            # It goes before the teardown looks for the dataset that it may have made.
            add_event_tracker(self, group=group, datasets=[*datasets.values(), teardown.resource])
        CfnOutput(self, "DatasetGroupArn", value=group.attr_dataset_group_arn)
        CfnOutput(self, "ServiceRoleArn", value=self.service_role.role_arn, description="Passed to data deletion jobs")

    def _arn(self, resource: str, name: str) -> str:
        return self.format_arn(service="personalize", resource=resource, resource_name=name)

    def _datasets(
        self, pipeline: Pipeline, stage: str, group: personalize.CfnDatasetGroup, storage: StorageStack
    ) -> dict[DatasetName, Construct]:
        kind = dataset_type("interactions")
        schema = personalize.CfnSchema(
            self,
            f"{kind.api_name}Schema",
            name=names.schema_name(pipeline, stage, kind.name),
            schema=names.schema_document(pipeline, kind.name),
            domain=pipeline.domain,
        )
        interactions = personalize.CfnDataset(
            self,
            kind.api_name,
            name=names.dataset_name(pipeline, stage, kind.name),
            dataset_type=kind.api_name,
            dataset_group_arn=group.attr_dataset_group_arn,
            schema_arn=schema.attr_schema_arn,
        )
        others = [name for name in pipeline.datasets.by_name() if name != kind.name]
        if not others:
            return {kind.name: interactions}
        updatable = UpdatableDatasets(
            self, "Datasets", pipeline=pipeline, stage=stage, datasets=others, group=group, key=storage.key
        )
        return {kind.name: interactions, **updatable.resources}

    def _filters(
        self,
        pipeline: Pipeline,
        stage: str,
        group: personalize.CfnDatasetGroup,
        datasets: Iterable[IDependable],
    ) -> None:
        """Make the filters; the expression stands in the construct's id, so that another one is another resource."""
        declared = {(each.name, each.expression) for each in pipeline.filters}
        for name, expression in all_filters(pipeline):
            suffix = names.filter_suffix(pipeline, name, expression)
            made = personalize.CfnFilter(
                self,
                f"Filter-{suffix}",
                name=names.filter_name(pipeline, stage, name, expression),
                dataset_group_arn=group.attr_dataset_group_arn,
                filter_expression=expression,
            )
            # An expression names fields of the datasets, of which the template knows nothing.
            made.node.add_dependency(*datasets)
            if (name, expression) in declared:
                CfnOutput(self, f"FilterArn-{name}", value=made.attr_filter_arn, description=f"Filter {name}")

    def _encrypt(self, group: personalize.CfnDatasetGroup, storage: StorageStack) -> None:
        """Let Personalize encrypt what it keeps with the pipeline's key, if it has one; a group's cannot be changed.

        In the key's policy stands the service. The role stands in the account, to which the policy leaves who else may,
        so it is granted CreateGrant, too, which the page granting-personalize-key-access has in a policy that names it.
        """
        if not storage.key:
            return
        for statement in grants(storage.key, PERSONALIZE_ACTIONS):
            self.service_role.add_to_policy(statement)
        group.kms_key_arn, group.role_arn = storage.key.key_arn, self.service_role.role_arn
        # The service looks whether the role may use the key.
        group.node.add_dependency(self.service_role.node.find_child("DefaultPolicy"))

    def _trust(self) -> iam.IPrincipal:
        """Return Personalize of this account and region, and of no other."""
        arn = self.format_arn(service="personalize", resource="*", arn_format=ArnFormat.NO_RESOURCE_NAME)
        return iam.ServicePrincipal(
            "personalize.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": self.account}, "ArnLike": {"aws:SourceArn": arn}},
        )

    def _service_role(self, storage: StorageStack) -> iam.Role:
        role = iam.Role(
            self,
            "ServiceRole",
            description="What Amazon Personalize imports and scores with",
            assumed_by=self._trust(),
        )
        grants = (
            ("s3:ListBucket", [storage.bucket.bucket_arn]),
            ("s3:GetObject", storage.arns(READ_BY_PERSONALIZE)),
            ("s3:PutObject", storage.arns(WRITTEN_BY_PERSONALIZE)),
        )
        for action, resources in grants:
            role.add_to_policy(iam.PolicyStatement(actions=[action], resources=resources))
        acknowledge(
            role,
            "Runs write under prefixes that carry their id, which is not known at deployment",
            *(storage.wildcard_finding(pattern) for pattern in (*READ_BY_PERSONALIZE, *WRITTEN_BY_PERSONALIZE)),
        )
        return role
