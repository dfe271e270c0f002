"""Start the state machine by the clock, and keep what could not be started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.dead_letters import dead_letter_queue
from stacks.encryption import WRITE, grants

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_stepfunctions as sfn

    from definition.file.pipeline import Schedule


class StartSchedule(Construct):
    """A schedule in its time zone, with retries and a queue for starts that failed for good.

    Attributes:
        dead_letters: the queue.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        schedule: Schedule,
        state_machine: sfn.IStateMachine,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.dead_letters = queue = dead_letter_queue(self, key)
        group_arn = stack.format_arn(service="scheduler", resource="schedule-group", resource_name="default")
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group_arn}},
            ),
        )
        state_machine.grant_start_execution(role)
        # CDK's own grant also lets the role ask for the queue's attributes, which Scheduler does not.
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn]))
        for statement in grants(key, WRITE):
            role.add_to_policy(statement)
        scheduler.CfnSchedule(
            self,
            "Schedule",
            name=name,
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=state_machine.state_machine_arn,
                role_arn=role.role_arn,
                input="{}",
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=queue.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=10
                ),
            ),
        )
