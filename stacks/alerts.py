"""Tell of executions that ended without being able to tell it themselves: stopped from outside, or out of time.

EventBridge hears of every end. It could publish the event as it is; a state machine makes of it what people read, with
the run's id and the way to resume: two states, no code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from definition.plan import names
from stacks.dead_letters import dead_letter_queue
from stacks.encryption import WRITE, grants
from stacks.machine import Machine
from stacks.rules import start_role
from stacks.states.alert import definition

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn


class EndAlerts(Construct):
    """A rule on the ends of a state machine's executions, and the state machine that tells of them.

    Attributes:
        dead_letters: queue of the ends that could not be told.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        topic: sns.ITopic,
        state_machine: sfn.IStateMachine,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        rule = names.alert_name(name)
        self.dead_letters = dead_letter_queue(self, key)
        machine = Machine(
            self,
            "Machine",
            name=rule,
            comment="Tells of runs that were stopped from outside",
            definition=json.dumps(definition(), indent=1),
            substitutions={"TopicArn": topic.topic_arn, "Prefix": name, "Region": Stack.of(self).region},
            key=key,
        )
        machine.role.add_to_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]))
        for statement in grants(key, WRITE):
            machine.role.add_to_policy(statement)
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
            rule_name=rule,
            targets=[
                targets.SfnStateMachine(
                    machine.state_machine, role=start_role(self, rule), dead_letter_queue=self.dead_letters
                )
            ],
        ).node.add_dependency(state_machine)
