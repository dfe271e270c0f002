"""Tell of executions that ended without being able to tell it themselves: stopped from outside, or out of time.

EventBridge hears of every end. It could publish the event as it is; a state machine makes of it what other runs that
fail leave: a record, a page, a row, and a message with the run's id and the way to resume.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from definition import layout
from definition.plan import names
from stacks.acknowledge import acknowledge
from stacks.dead_letters import dead_letter_queue
from stacks.encryption import WRITE, grants
from stacks.grants import telling_statements
from stacks.machine import Machine
from stacks.rules import start_role
from stacks.states.alert import definition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn

    from definition.file.pipeline import Pipeline
    from stacks.storage import StorageStack


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
        pipeline: Pipeline,
        stage: str,
        storage: StorageStack,
        topic: sns.ITopic,
        report: lambda_.IFunction,
        state_machine: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        self._rule = names.alert_name(name)
        self.dead_letters = dead_letter_queue(self, storage.key)
        substitutions = {
            "Bucket": storage.bucket.bucket_name,
            "Pipeline": pipeline.name,
            "Prefix": name,
            "Region": Stack.of(self).region,
            "ReportFunctionArn": report.function_arn,
            "Stage": stage,
            "TopicArn": topic.topic_arn,
        }
        machine = self._machine(pipeline, storage, substitutions)
        target = targets.SfnStateMachine(
            machine.state_machine, role=start_role(self, self._rule), dead_letter_queue=self.dead_letters
        )
        events.Rule(
            self,
            "Rule",
            description=f"Runs of {name} that could not tell how they ended",
            event_pattern=self._ends(name),
            rule_name=self._rule,
            targets=[target],
        ).node.add_dependency(state_machine)

    def _machine(self, pipeline: Pipeline, storage: StorageStack, substitutions: Mapping[str, str]) -> Machine:
        """Return the state machine that tells of an end, with what it may do."""
        machine = Machine(
            self,
            "Machine",
            name=self._rule,
            comment="Tells of runs that were stopped from outside",
            definition=json.dumps(definition(pipeline), indent=1, ensure_ascii=False),
            substitutions=substitutions,
            key=storage.key,
        )
        function, topic = substitutions["ReportFunctionArn"], substitutions["TopicArn"]
        for statement in (
            iam.PolicyStatement(actions=["s3:PutObject"], resources=storage.arns((layout.FAILURE.pattern,))),
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function]),
            iam.PolicyStatement(actions=["sns:Publish"], resources=[topic]),
            *telling_statements(Stack.of(self), metrics=pipeline.budget_usd is not None),
            *grants(storage.key, WRITE),
        ):
            machine.role.add_to_policy(statement)
        acknowledge(
            machine.role,
            "The record of a failure lies under the id of its run, which is not known at deployment",
            storage.wildcard_finding(layout.FAILURE.pattern),
        )
        return machine

    def _ends(self, name: str) -> events.EventPattern:
        """Return the pattern of ends of executions that have told nothing themselves."""
        arns = {
            resource: Stack.of(self).format_arn(
                service="states",
                resource=resource,
                resource_name=name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            for resource in ("stateMachine", "execution")
        }
        return events.EventPattern(
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
        )
