"""Tables for Athena: the runs; for each batch job its newest results, those of every run, and what changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, CfnResource, Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from definition import layout
from definition.plan import runs_table
from definition.plan.batch_jobs import batch_plans, columns_of
from definition.plan.tables import database_name, table_input

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from definition.file.pipeline import Pipeline
    from definition.plan.tables import TableKind


class Catalog(Construct):
    """A database of the data catalog with the tables of a pipeline's runs and jobs.

    The table of the newest results is empty until a run lets it name its own: reading it never shows half a run.

    Attributes:
        database: name of the database.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, pipeline: Pipeline, prefix: str, bucket: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        self.database = database_name(prefix)
        self._newest: list[str] = []
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database, description=f"Results of {prefix}"
            ),
        )
        self._table(database, runs_table.table_input(f"s3://{bucket.bucket_name}/{layout.HISTORY.key()}"))
        for solution in pipeline.solutions:
            for job in batch_plans(pipeline, solution):
                columns = columns_of(job)
                root, of_job = f"s3://{bucket.bucket_name}/", {"solution": solution.name, "job": job.name}
                tables = f"{root}{layout.TABLES.key(**of_job)}"
                folders: dict[TableKind, str] = {
                    "newest": f"{tables}none/",
                    "runs": tables,
                    "changes": f"{root}{layout.ALL_CHANGES.key(**of_job)}",
                }
                for kind, folder in folders.items():
                    described = table_input(solution.name, job.name, kind, columns, folder=folder)
                    self._table(database, described)
                    if kind == "newest":
                        self._newest.append(described["Name"])
        CfnOutput(self, "DatabaseName", value=self.database, description="Database of the results, for Athena")

    def _table(self, database: glue.CfnDatabase, described: dict[str, Any]) -> None:
        table = CfnResource(
            self,
            described["Name"],
            type=glue.CfnTable.CFN_RESOURCE_TYPE_NAME,
            properties={
                "CatalogId": Stack.of(self).account,
                "DatabaseName": self.database,
                "TableInput": described,
            },
        )
        table.node.add_dependency(database)

    def grant_update(self, role: iam.Role) -> None:
        """Let a role say where the newest results lie (page glue-specifying-resource-arns of the Glue guide)."""
        stack = Stack.of(self)
        tables = [f"table/{self.database}/{name}" for name in self._newest]
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["glue:UpdateTable"],
                resources=[
                    stack.format_arn(service="glue", resource=resource)
                    for resource in ("catalog", f"database/{self.database}", *tables)
                ],
            )
        )
