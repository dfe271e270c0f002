"""Tell of executions that ended without being able to tell it themselves: stopped from outside, or out of time.

EventBridge hears of every end. It cannot publish to a topic under the AWS managed key, and a state machine can: one
state, no code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.machine import Machine
from stacks.states.alert import definition

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn


class EndAlerts(Construct):
    """A rule on the ends of a state machine's executions, and the state machine that tells of them."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, topic: sns.ITopic, state_machine: sfn.IStateMachine
    ) -> None:
        super().__init__(scope, construct_id)
        machine = Machine(
            self,
            "Machine",
            name=f"{name}-alert",
            comment="Tells of runs that were stopped from outside",
            definition=json.dumps(definition(), indent=1),
            substitutions={"TopicArn": topic.topic_arn, "Prefix": name, "Region": Stack.of(self).region},
        )
        machine.role.add_to_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]))
        arns = {
            resource: Stack.of(self).format_arn(
                service="states",
                resource=resource,
                resource_name=name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            for resource in ("stateMachine", "execution")
        }
        events.Rule(
            self,
            "Rule",
            description=f"Runs of {name} that could not tell how they ended",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [arns["stateMachine"]],
                    # Not those of a Map Run, <name>/<label>:<id>: the run that they belong to tells of them.
                    "executionArn": [{"prefix": f"{arns['execution']}:"}],
                    # What fails on the machine's own path of failures ends with an error of its own.
                    "$or": [
                        {"status": ["TIMED_OUT", "ABORTED"]},
                        {"status": ["FAILED"], "error": [{"prefix": "States."}]},
                    ],
                },
            ),
            targets=[targets.SfnStateMachine(machine.state_machine)],
        ).node.add_dependency(state_machine)
