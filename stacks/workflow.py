"""The run: its functions, the state machine, the schedule, and the topic that people subscribe to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn

from spec import names
from spec.resources import kinds_of
from stacks.acknowledge import acknowledge, acknowledge_lint
from stacks.function import Function, dependencies_layer
from stacks.grants import personalize_statements, wildcard_findings
from stacks.schedule import StartSchedule
from stacks.spark import TransformJob
from stacks.states.run import definition
from stacks.states.training import METRICS_NAMESPACE

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from spec.pipeline import Pipeline
    from stacks.personalize import PersonalizeStack
    from stacks.storage import StorageStack

_MEMORY_MB = 1769
"""Where a function has one full vCPU (docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""

_RECORDS = ("runs/*", "curated/*/latest.json")
"""What the state machine reads and writes by itself."""

_TRANSFORM_READS = ("raw/*", "staging/*")
_TRANSFORM_WRITES = ("staging/*", "transformed/*", "rejects/*", "batch/*", "runs/*")


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
        self._prefix = names.prefix(pipeline.name, stage)
        self._storage = storage
        self._kinds = kinds_of(pipeline)
        layer = dependencies_layer(self)
        transform = self._transform(layer)
        publish = self._publish(layer)
        job = self._job(pipeline) if pipeline.engine != "lambda" else None
        topic = self._topic()
        role = self._role([transform, publish], job, topic, personalize)
        text = json.dumps(definition(pipeline, stage, spec_hash=spec_hash), indent=1, ensure_ascii=False)
        self.state_machine = self._state_machine(
            text,
            role=role,
            comment=pipeline.description,
            substitutions={
                "Bucket": storage.bucket.bucket_name,
                **{f"{name.capitalize()}Arn": arn for name, arn in personalize.dataset_arns.items()},
                "DatasetGroupArn": personalize.dataset_group_arn,
                "PersonalizeArn": f"arn:{self.partition}:personalize:{self.region}:{self.account}",
                "Pipeline": pipeline.name,
                "Prefix": self._prefix,
                "PublishFunctionArn": publish.function_arn,
                "Region": self.region,
                "ServiceRoleArn": personalize.service_role.role_arn,
                "Stage": stage,
                "TopicArn": topic.topic_arn,
                "TransformFunctionArn": transform.function_arn,
                **({"TransformJob": job.name} if job else {}),
            },
        )
        if pipeline.schedule:
            StartSchedule(
                self,
                "Schedule",
                name=self._prefix,
                schedule=pipeline.schedule,
                state_machine=self.state_machine,
            )
        CfnOutput(self, "StateMachineArn", value=self.state_machine.state_machine_arn)
        CfnOutput(self, "TopicArn", value=topic.topic_arn, description="Subscribe here to hear of failures")

    def _state_machine(
        self, text: str, *, role: iam.Role, comment: str, substitutions: dict[str, str]
    ) -> sfn.StateMachine:
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/vendedlogs/states/{self._prefix}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=self._prefix,
            comment=comment,
            definition_body=sfn.DefinitionBody.from_string(text),
            definition_substitutions=substitutions,
            role=role,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
            tracing_enabled=True,
        )
        # The construct names its role as a dependency although it refers to it; harmless, and not ours.
        acknowledge_lint(state_machine, "W3005")
        return state_machine

    def _transform(self, layer: lambda_.ILayerVersion) -> lambda_.IFunction:
        return self._function(
            "transform",
            "Raw data to datasets and batch input",
            layer,
            reads=_TRANSFORM_READS,
            writes=_TRANSFORM_WRITES,
            deletes=("staging/*",),
        )

    def _job(self, pipeline: Pipeline) -> TransformJob:
        return TransformJob(
            self,
            "TransformJob",
            name=f"{self._prefix}-transform",
            workers=pipeline.workers,
            storage=self._storage,
            reads=(*_TRANSFORM_READS, "runs/*"),
            writes=_TRANSFORM_WRITES,
        )

    def _publish(self, layer: lambda_.ILayerVersion) -> lambda_.IFunction:
        reads, writes = ("batch/*",), ("curated/*",)
        return self._function(
            "publish", "Personalize's output to Parquet", layer, reads=reads, writes=writes, deletes=("curated/*",)
        )

    def _function(
        self,
        name: str,
        description: str,
        layer: lambda_.ILayerVersion,
        *,
        reads: tuple[str, ...],
        writes: tuple[str, ...],
        deletes: tuple[str, ...],
    ) -> lambda_.IFunction:
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
            timeout=Duration.minutes(15),
            statements=[
                iam.PolicyStatement(
                    actions=["s3:ListBucket"],
                    resources=[self._storage.bucket.bucket_arn],
                    conditions={"StringLike": {"s3:prefix": list(reads)}},
                ),
                iam.PolicyStatement(actions=["s3:GetObject"], resources=arns(reads)),
                iam.PolicyStatement(actions=["s3:PutObject", "s3:AbortMultipartUpload"], resources=arns(writes)),
                iam.PolicyStatement(actions=["s3:DeleteObject"], resources=arns(deletes)),
            ],
            findings=[self._storage.wildcard_finding(pattern) for pattern in patterns],
        ).function

    def _topic(self) -> sns.Topic:
        return sns.Topic(
            self,
            "Topic",
            display_name=f"Runs of {self._prefix}",
            enforce_ssl=True,
            master_key=kms.Alias.from_alias_name(self, "TopicKey", "alias/aws/sns"),
        )

    def _role(
        self,
        functions: list[lambda_.IFunction],
        job: TransformJob | None,
        topic: sns.Topic,
        personalize: PersonalizeStack,
    ) -> iam.Role:
        state_machine_arn = self.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=self._prefix,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        executions_arn = self.format_arn(
            service="states", resource="execution", resource_name=self._prefix, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        role = iam.Role(
            self,
            "StateMachineRole",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": self.account},
                    "ArnLike": {"aws:SourceArn": state_machine_arn},
                },
            ),
        )
        statements = [
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[function.function_arn for function in functions]
            ),
            iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=self._storage.arns(_RECORDS)),
            # Without it a key that is not there looks like one that is forbidden.
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self._storage.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": list(_RECORDS)}},
            ),
            iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[f"{executions_arn}:*"]),
            iam.PolicyStatement(actions=["states:SendTaskFailure"], resources=[state_machine_arn]),
            iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]),
            # The action knows no resource, but a namespace.
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}},
            ),
            *personalize_statements(self, prefix=self._prefix, personalize=personalize, kinds=self._kinds),
        ]
        if job:
            # What waiting for a run takes (docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html).
            runs = ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"]
            statements.append(iam.PolicyStatement(actions=runs, resources=[job.arn]))
        for statement in statements:
            role.add_to_policy(statement)
        for reason, findings in wildcard_findings(self._prefix, self._kinds).items():
            acknowledge(role, reason, *findings)
        acknowledge(
            role,
            "Manifests carry the run's id, which is not known at deployment",
            *(self._storage.wildcard_finding(pattern) for pattern in _RECORDS),
        )
        acknowledge(
            role,
            "Any execution of this state machine may hold the newest run",
            f"IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{self._prefix}:*]",
        )
        return role
