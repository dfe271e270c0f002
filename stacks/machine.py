"""A state machine with what every one has: a role of its own, logs with data, traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.acknowledge import acknowledge, acknowledge_lint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms

_NO_RESOURCE = "IAM5[Resource::*]"


class Machine(Construct):
    """A state machine.

    Attributes:
        role: what it may do; whoever needs more adds it.
        state_machine: the state machine.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        comment: str,
        definition: str,
        substitutions: Mapping[str, str],
        key: kms.IKey | None,
        starts_itself: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = self._role(name, starts_itself=starts_itself)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.state_machine = sfn.StateMachine(
            self,
            "Resource",
            state_machine_name=name,
            comment=comment,
            definition_body=sfn.DefinitionBody.from_string(definition),
            definition_substitutions=dict(substitutions),
            role=self.role,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
            tracing_enabled=True,
        )
        # The construct names its role as a dependency although it refers to it; harmless, and not ours.
        acknowledge_lint(self.state_machine, "W3005")
        acknowledge(
            self.role,
            "Log delivery, X-Ray and CloudWatch metrics know no resource; for tags none is documented",
            _NO_RESOURCE,
        )

    def _role(self, name: str, *, starts_itself: bool) -> iam.Role:
        stack = Stack.of(self)
        arn = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    # Child executions of a distributed Map are those of a state machine with its label behind the
                    # name, and their own children have one more.
                    "ArnLike": {"aws:SourceArn": [arn, f"{arn}/*"] if starts_itself else arn},
                },
            ),
        )
