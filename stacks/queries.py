"""Athena for the sources that are tables or queries: a workgroup, and what the state machine may do there.

A query reads with the permissions of who starts it, so the state machine's role is given the tables, their data, and
the part of the bucket where results go.
Sources: https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html,
https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html and
https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_iam as iam
from constructs import Construct

from definition import layout
from definition.file.source import Athena
from definition.mapping.address import other_bucket
from definition.plan.buckets import queried_buckets
from definition.plan.queries import source_queries
from stacks import sources
from stacks.acknowledge import acknowledge

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from stacks.storage import StorageStack

_RESULTS = (layout.QUERY_RESULT.area_pattern,)
_CATALOG = "AwsDataCatalog"
_IN_STATEMENT = 40
"""Resources of a statement: the CDK divides policies that become too long between statements."""


class Queries(Construct):
    """What the queries of a pipeline's sources need.

    Attributes:
        workgroup: name of the workgroup that they run in.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, pipeline: Pipeline, prefix: str, storage: StorageStack
    ) -> None:
        super().__init__(scope, construct_id)
        self._storage = storage
        self._tables = sorted({table for each in source_queries(pipeline) for table in each.tables})
        self._buckets = queried_buckets(pipeline)
        given = pipeline.athena or Athena()
        self._results = other_bucket(given.results) if given.results else None
        self.workgroup = given.workgroup or self._workgroup(prefix, given.max_bytes)

    def _workgroup(self, name: str, most_bytes: int) -> str:
        key = self._storage.key
        encrypted = athena.CfnWorkGroup.EncryptionConfigurationProperty(
            encryption_option="SSE_KMS" if key else "SSE_S3", kms_key=key.key_arn if key else None
        )
        place = layout.QUERY_RECORDS.key()
        athena.CfnWorkGroup(
            self,
            "WorkGroup",
            name=name,
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=most_bytes,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{self._storage.bucket.bucket_name}/{place}",
                    encryption_configuration=encrypted,
                ),
            ),
        )
        return name

    def grant_run(self, role: iam.Role) -> None:
        """Let a role run the queries."""
        for statement in (*self._running(), *self._reading(), *self._writing()):
            role.add_to_policy(statement)
        sources.acknowledge_objects(role, self._buckets)
        if other := self._results:
            found = f"IAM5[Resource::arn:aws:s3:::{other.bucket}/{other.path}*]"
            acknowledge(role, "The workgroup names what it writes, below the prefix that the file gives", found)
        acknowledge(
            role,
            "Athena names what it writes, below the prefix of each run",
            *map(self._storage.wildcard_finding, _RESULTS),
        )

    def tell_owners(self, role: iam.Role) -> None:
        """Print what owners of the tables' buckets have to add for the role."""
        sources.tell_owners(self, self._buckets, readers=[role], listers=[], of="Table")

    def _running(self) -> list[iam.PolicyStatement]:
        actions = ("StartQueryExecution", "StopQueryExecution", "GetQueryExecution")
        return [
            iam.PolicyStatement(
                actions=[f"athena:{action}" for action in actions],
                resources=[self._arn("athena", "workgroup", self.workgroup)],
            ),
            iam.PolicyStatement(
                actions=["athena:GetDataCatalog"], resources=[self._arn("athena", "datacatalog", _CATALOG)]
            ),
        ]

    def _reading(self) -> list[iam.PolicyStatement]:
        databases = sorted({table.database for table in self._tables})
        described = ("GetDatabase", "GetTable", "GetPartition", "GetPartitions", "BatchGetPartition")
        named = [
            self._arn("glue", "catalog"),
            *(self._arn("glue", "database", name) for name in databases),
            *(self._arn("glue", "table", f"{table.database}/{table.name}") for table in self._tables),
        ]
        return [
            *(
                iam.PolicyStatement(
                    actions=[f"glue:{action}" for action in described], resources=named[first : first + _IN_STATEMENT]
                )
                for first in range(0, len(named), _IN_STATEMENT)
            ),
            # Athena looks for this database whatever a query reads, and makes it where there is none.
            iam.PolicyStatement(
                actions=["glue:GetDatabase", "glue:CreateDatabase"],
                resources=[self._arn("glue", "catalog"), self._arn("glue", "database", "default")],
            ),
            *sources.statements(self._buckets),
            iam.PolicyStatement(
                actions=["s3:GetBucketLocation"], resources=[f"arn:aws:s3:::{each.name}" for each in self._buckets]
            ),
        ]

    def _writing(self) -> list[iam.PolicyStatement]:
        on_objects = ("GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts")
        places = [(self._storage.bucket.bucket_arn, self._storage.arns(_RESULTS))]
        if other := self._results:
            bucket = f"arn:aws:s3:::{other.bucket}"
            places.insert(0, (bucket, [f"{bucket}/{other.path}*"]))
        return [
            statement
            for bucket, objects in places
            for statement in (
                iam.PolicyStatement(
                    actions=["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], resources=[bucket]
                ),
                iam.PolicyStatement(actions=[f"s3:{action}" for action in on_objects], resources=objects),
            )
        ]

    def _arn(self, service: str, resource: str, name: str | None = None) -> str:
        form = ArnFormat.SLASH_RESOURCE_NAME if name else ArnFormat.NO_RESOURCE_NAME
        return Stack.of(self).format_arn(service=service, resource=resource, resource_name=name, arn_format=form)
