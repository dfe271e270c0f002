"""The run: its functions, the state machine, the schedule, and the topic that people subscribe to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_iam as iam

from definition import layout
from definition.plan import names
from definition.plan.buckets import source_buckets
from definition.plan.kinds import kinds_of, recipes_of
from definition.plan.queries import source_queries
from stacks import sources, tags
from stacks.acknowledge import acknowledge
from stacks.alarms import Alarms, Watched
from stacks.alerts import EndAlerts
from stacks.arrival import StartOnArrival
from stacks.catalog import Catalog
from stacks.cleanup import cleanup_function
from stacks.dashboard import add_dashboard
from stacks.deliveries import Deliveries
from stacks.encryption import WRITE, grants
from stacks.function import Function, dependencies_layer
from stacks.grants import map_run_statements, personalize_statements, telling_statements, wildcard_findings
from stacks.machine import Machine
from stacks.queries import Queries
from stacks.report import report_function
from stacks.schedule import StartSchedule
from stacks.spark import TransformJob
from stacks.states.run import definition
from stacks.topic import make_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as sfn
    from constructs import Construct

    from definition.file.pipeline import Pipeline
    from stacks.personalize import PersonalizeStack
    from stacks.storage import StorageStack

_MEMORY_MB = 1769
"""Where a function has one full vCPU (docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""

_RECORDS = (layout.RUN.pattern, layout.LATEST_VERSION.pattern)
"""What the state machine reads and writes by itself."""

_BATCH_INPUT = layout.BATCH_INPUT.pattern
_REPORTS = (layout.DATA_REPORT.pattern, layout.LINEAGE.pattern)
_STAGING = layout.STAGING.pattern
_FORGOTTEN = layout.FORGOTTEN.key()
_READ_ALWAYS = (layout.RAW.pattern, layout.RUN.pattern, _FORGOTTEN)
_TRANSFORM_READS = (layout.RAW.pattern, _STAGING, layout.RUN.pattern, _FORGOTTEN)
_TRANSFORM_WRITES = (_STAGING, layout.DATASET.pattern, layout.REJECTS.pattern, _BATCH_INPUT, *_REPORTS)
"""Nothing that says which runs there are or which tables are current: only the state machine writes that."""


class WorkflowStack(Stack):
    """Everything that runs a pipeline.

    Attributes:
        state_machine: the state machine.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        stage: str,
        spec_hash: str,
        storage: StorageStack,
        personalize: PersonalizeStack,
    ) -> None:
        super().__init__(scope, construct_id, description=f"Runs of {pipeline.name} ({stage})")
        self._pipeline = pipeline
        self._stage = stage
        self._prefix = names.prefix(pipeline.name, stage)
        self._storage = storage
        self._personalize = personalize
        self._kinds = kinds_of(pipeline)
        self._buckets = source_buckets(pipeline)
        self._queries = (
            Queries(self, "Queries", pipeline=pipeline, prefix=self._prefix, storage=storage)
            if source_queries(pipeline)
            else None
        )
        layer = dependencies_layer(self)
        transform = self._transform(layer)
        self._functions = {
            "Transform": transform.function,
            "Publish": self._publish(layer),
            "Cleanup": cleanup_function(self, self._prefix, storage),
            "Report": report_function(self, self._prefix, pipeline, storage, layer, memory_mb=_MEMORY_MB),
        }
        if pipeline.delivers:
            deliveries = Deliveries(
                self,
                "Deliveries",
                pipeline=pipeline,
                prefix=self._prefix,
                storage=storage,
                layer=layer,
                memory_mb=_MEMORY_MB,
            )
            self._functions["Deliver"] = deliveries.function
        self._job = self._transform_job(pipeline) if pipeline.engine != "lambda" else None
        self._tell_owners(transform.role)
        self._catalog = (
            Catalog(self, "Catalog", pipeline=pipeline, prefix=self._prefix, bucket=storage.bucket)
            if pipeline.catalog
            else None
        )
        self._topic = make_topic(self, self._prefix, storage.key)
        self.state_machine = self._machine(pipeline, stage, spec_hash)
        self._watch(self._starts_and_ends())
        CfnOutput(self, "StateMachineArn", value=self.state_machine.state_machine_arn)
        CfnOutput(self, "TopicArn", value=self._topic.topic_arn, description="Subscribe here to hear of failures")

    def _starts_and_ends(self) -> dict[str, sqs.IQueue]:
        """Make what starts runs and tells of their ends; return the queues of what could not be delivered."""
        name, machine, key = self._prefix, self.state_machine, self._storage.key
        alerts = EndAlerts(
            self,
            "EndAlerts",
            name=name,
            pipeline=self._pipeline,
            stage=self._stage,
            storage=self._storage,
            topic=self._topic,
            report=self._functions["Report"],
            state_machine=machine,
        )
        queues: dict[str, sqs.IQueue] = {"alert": alerts.dead_letters}
        if schedule := self._pipeline.schedule:
            start = StartSchedule(self, "Schedule", name=name, schedule=schedule, state_machine=machine, key=key)
            queues["schedule"] = start.dead_letters
        if trigger := self._pipeline.trigger:
            arrival = StartOnArrival(
                self, "Arrival", name=name, trigger=trigger, bucket=self._storage.bucket, state_machine=machine, key=key
            )
            queues["arrival"] = arrival.dead_letters
        return queues

    def _watch(self, dead_letters: dict[str, sqs.IQueue]) -> None:
        """Make the alarms, and the dashboard that shows them with what else there is to see."""
        functions = {name.lower(): function for name, function in self._functions.items()}
        watched = Watched(self._pipeline, self._prefix, self.state_machine, functions, dead_letters)
        made = Alarms(self, "Alarms", watched=watched, topic=self._topic)
        add_dashboard(self, watched, made.arns)

    def _machine(self, pipeline: Pipeline, stage: str, spec_hash: str) -> sfn.StateMachine:
        made = Machine(
            self,
            "StateMachine",
            name=self._prefix,
            comment=pipeline.description,
            definition=json.dumps(definition(pipeline, stage, spec_hash=spec_hash), indent=1, ensure_ascii=False),
            starts_itself=True,
            substitutions=self._substitutions(pipeline.name, stage),
            key=self._storage.key,
        )
        for statement in self._statements():
            made.role.add_to_policy(statement)
        self._acknowledge_wildcards(made.role)
        if self._catalog:
            self._catalog.grant_update(made.role)
        if self._queries:
            self._queries.grant_run(made.role)
            self._queries.tell_owners(made.role)
        return made.state_machine

    def _substitutions(self, pipeline: str, stage: str) -> dict[str, str]:
        """Return what stands for each name in braces in the definition."""
        personalize = self._personalize
        return {
            "Bucket": self._storage.bucket.bucket_name,
            **{f"{name.capitalize()}Arn": arn for name, arn in personalize.dataset_arns.items()},
            "DatasetGroupArn": personalize.dataset_group_arn,
            "PersonalizeStackId": personalize.stack_id,
            "PersonalizeArn": f"arn:{self.partition}:personalize:{self.region}:{self.account}",
            "Pipeline": pipeline,
            "Prefix": self._prefix,
            "ResourcePrefix": names.resource_prefix(self._prefix),
            **{f"{name}FunctionArn": function.function_arn for name, function in self._functions.items()},
            "Region": self.region,
            "ServiceRoleArn": personalize.service_role.role_arn,
            "Stage": stage,
            "TopicArn": self._topic.topic_arn,
            **({"TransformJob": self._job.name} if self._job else {}),
            **({"Database": self._catalog.database} if self._catalog else {}),
            **({"WorkGroup": self._queries.workgroup} if self._queries else {}),
            **({"KeyArn": key.key_arn} if (key := self._storage.key) else {}),
        }

    def _tell_owners(self, function: iam.Role) -> None:
        """Print what the owners of other buckets have to add for the roles that transform."""
        job = [self._job.role] if self._job else []
        alone = self._pipeline.engine != "glue"
        sources.tell_owners(
            self,
            self._buckets,
            readers=[function, *job] if alone else job,
            listers=[] if alone else [function],
        )

    def _transform(self, layer: lambda_.ILayerVersion) -> Function:
        # With Spark for all data the function only looks whether it has changed. Batch input that has not is copied.
        alone = self._pipeline.engine != "glue"
        made = self._function(
            "transform",
            "Raw data to datasets and batch input",
            layer,
            reads=(*(self._transform_reads if alone else _READ_ALWAYS), _BATCH_INPUT),
            writes=_TRANSFORM_WRITES if alone else (_BATCH_INPUT, *_REPORTS),
            deletes=(_STAGING,) if alone else (),
            more=sources.statements(self._buckets, reads=alone),
        )
        if alone:
            sources.acknowledge_objects(made.role, self._buckets)
        return made

    @property
    def _transform_reads(self) -> tuple[str, ...]:
        return (*_TRANSFORM_READS, *([layout.QUERY_RESULT.area_pattern] if self._queries else []))

    def _transform_job(self, pipeline: Pipeline) -> TransformJob:
        return TransformJob(
            self,
            "TransformJob",
            name=f"{self._prefix}-transform",
            workers=pipeline.workers,
            storage=self._storage,
            reads=self._transform_reads,
            writes=_TRANSFORM_WRITES,
            buckets=self._buckets,
        )

    def _publish(self, layer: lambda_.ILayerVersion) -> lambda_.IFunction:
        exports = any(job.formats for solution in self._pipeline.solutions for job in solution.jobs)
        writes = (layout.TABLE.pattern, layout.REJECTS.pattern, *([layout.EXPORT.pattern] if exports else []))
        # The table before is read for what has changed since, rejects for the first error.
        reads = (layout.BATCH_OUTPUT.pattern, layout.TABLES.pattern, layout.REJECTS.pattern, _FORGOTTEN)
        return self._function(
            "publish", "Personalize's output to Parquet", layer, reads=reads, writes=writes, deletes=writes
        ).function

    def _function(
        self,
        name: str,
        description: str,
        layer: lambda_.ILayerVersion,
        *,
        reads: tuple[str, ...],
        writes: tuple[str, ...],
        deletes: tuple[str, ...],
        more: Sequence[iam.PolicyStatement] = (),
    ) -> Function:
        arns = self._storage.arns
        patterns = sorted({*reads, *writes, *deletes})
        return Function(
            self,
            name.capitalize(),
            name=name,
            function_name=f"{self._prefix}-{name}",
            description=description,
            layer=layer,
            memory_mb=_MEMORY_MB,
            statements=[
                self._storage.listing(),
                iam.PolicyStatement(actions=["s3:GetObject"], resources=arns(reads)),
                iam.PolicyStatement(actions=["s3:PutObject", "s3:AbortMultipartUpload"], resources=arns(writes)),
                *([iam.PolicyStatement(actions=["s3:DeleteObject"], resources=arns(deletes))] if deletes else []),
                *more,
            ],
            findings=[self._storage.wildcard_finding(pattern) for pattern in patterns],
            key=self._storage.key,
            key_actions=WRITE,
        )

    def _statements(self) -> list[iam.PolicyStatement]:
        """Return what the state machine may do."""
        state_machine_arn, executions_arn = (
            self.format_arn(
                service="states",
                resource=resource,
                resource_name=self._prefix,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            for resource in ("stateMachine", "execution")
        )
        statements = [
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[each.function_arn for each in self._functions.values()]
            ),
            iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=self._storage.arns(_RECORDS)),
            self._storage.listing(),
            *grants(self._storage.key, WRITE),
            iam.PolicyStatement(actions=["states:SendTaskFailure"], resources=[state_machine_arn]),
            *map_run_statements(state_machine_arn, executions_arn),
            iam.PolicyStatement(actions=["sns:Publish"], resources=[self._topic.topic_arn]),
            *telling_statements(self),
            *personalize_statements(
                self,
                prefix=self._prefix,
                personalize=self._personalize,
                kinds=self._kinds,
                recipes=recipes_of(self._pipeline),
                tag_keys=tags.keys(self._pipeline),
            ),
        ]
        if self._job:
            # What waiting for a run takes (docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html).
            runs = ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"]
            statements.append(iam.PolicyStatement(actions=runs, resources=[self._job.arn]))
        return statements

    def _acknowledge_wildcards(self, role: iam.Role) -> None:
        for reason, findings in wildcard_findings(self._prefix, self._kinds).items():
            acknowledge(role, reason, *findings)
        acknowledge(
            role,
            "Manifests carry the run's id, which is not known at deployment",
            *(self._storage.wildcard_finding(pattern) for pattern in _RECORDS),
        )
        acknowledge(
            role,
            "Any execution of this state machine may hold the newest run, or be one of its Map Runs'",
            *(
                f"IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:{name}*]"
                for name in (
                    f"execution:{self._prefix}:",
                    f"execution:{self._prefix}/",
                    f"stateMachine:{self._prefix}/",
                )
            ),
        )
