"""DynamoDB tables with the lists of batch jobs, one for each job that says so, and the function that fills them.

They can be made anew from the Parquet tables at any time, so they go with the deployment that names them no more. On
demand: a run writes for minutes a night, and readers come as they like. Encrypted as the Parquet tables they come from:
with the pipeline's own key, or with one that the service owns, which is not asked, nor billed, for reads.
Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ with the pages encryption.howitworks and
PointInTimeRecovery.Tutorial
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from definition import layout
from definition.plan import names
from definition.plan.batch_jobs import batch_plans, columns_of
from definition.plan.capacity import DELIVERY_SECONDS
from stacks.encryption import WRITE
from stacks.function import Function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_

    from definition.file.pipeline import Pipeline
    from stacks.storage import StorageStack

_ANY_RUN = "*"


class Deliveries(Construct):
    """The tables of a pipeline in DynamoDB.

    Attributes:
        function: what fills them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        prefix: str,
        storage: StorageStack,
        layer: lambda_.ILayerVersion,
        memory_mb: int,
    ) -> None:
        super().__init__(scope, construct_id)
        jobs = [
            (solution.name, job)
            for solution in pipeline.solutions
            for job in batch_plans(pipeline, solution)
            if job.deliver
        ]
        for solution, job in jobs:
            name = names.delivered_name(prefix, solution, job.name)
            self._table(f"{solution}-{job.name}", name, columns_of(job).named, storage.key)
            what = f"DynamoDB table of {solution}/{job.name}"
            CfnOutput(Stack.of(self), f"Delivered-{solution}-{job.name}", value=name, description=what)
        self.function = self._function(
            prefix, [(solution, job.name) for solution, job in jobs], storage, layer, memory_mb
        )

    def _table(self, construct_id: str, name: str, named: str, key: kms.IKey | None) -> None:
        dynamodb.Table(
            self,
            construct_id,
            table_name=name,
            partition_key=dynamodb.Attribute(name=named, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else dynamodb.TableEncryption.DEFAULT,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _function(
        self,
        prefix: str,
        jobs: Sequence[tuple[str, str]],
        storage: StorageStack,
        layer: lambda_.ILayerVersion,
        memory_mb: int,
    ) -> lambda_.IFunction:
        tables = [self._arn(names.delivered_name(prefix, *job)) for job in jobs]
        # Of each job by itself: what other jobs publish, or raw data, it has no business with.
        reads = tuple(f"{layout.TABLE.key(solution=of, job=job, run=_ANY_RUN)}*" for of, job in jobs)
        notes = tuple(layout.DELIVERED.key(solution=of, job=job) for of, job in jobs)
        return Function(
            self,
            "Deliver",
            name="deliver",
            function_name=f"{prefix}-deliver",
            description="Published tables to DynamoDB",
            layer=layer,
            memory_mb=memory_mb,
            timeout=Duration.seconds(DELIVERY_SECONDS),
            statements=[
                storage.listing(),
                iam.PolicyStatement(actions=["s3:GetObject"], resources=storage.arns((*reads, *notes))),
                iam.PolicyStatement(actions=["s3:PutObject"], resources=storage.arns(notes)),
                iam.PolicyStatement(
                    actions=[f"dynamodb:{call}" for call in ("DescribeTable", "Scan", "PutItem", "DeleteItem")],
                    resources=tables,
                ),
            ],
            findings=[storage.wildcard_finding(pattern) for pattern in reads],
            key=storage.key,
            key_actions=WRITE,
        ).function

    def _arn(self, table: str) -> str:
        return Stack.of(self).format_arn(service="dynamodb", resource="table", resource_name=table)
