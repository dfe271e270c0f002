"""What recordings of AWS show of stacks."""

import json
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack, parameter
from emulator.tests.support import unique


class TestRecorded:
    """What recordings of AWS show of stacks."""

    def test_another_name_replaces_a_queue(self, aws: EmbeddedAWS) -> None:
        """The old queue is gone after the update, and attributes of a queue that stays are changed."""
        stack, client, first, second = Stack(aws), aws.client("sqs"), unique("queue"), unique("queue")

        def queue(name: str, **properties: Any) -> dict[str, Any]:
            return {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **properties}}}

        assert stack.create(queue(first)) == "CREATE_COMPLETE"
        assert stack.update(queue(first, DelaySeconds=7)) == "UPDATE_COMPLETE"
        url = client.get_queue_url(QueueName=first)["QueueUrl"]
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
        assert attributes == {"DelaySeconds": "7"}
        assert stack.update(queue(second)) == "UPDATE_COMPLETE"
        assert second in client.get_queue_url(QueueName=second)["QueueUrl"]
        with pytest.raises(client.exceptions.QueueDoesNotExist):
            client.get_queue_url(QueueName=first)

    def test_a_parameter_without_a_name(self, aws: EmbeddedAWS) -> None:
        """It gets one, which an update keeps; its value and type can be looked up."""
        stack, ssm = Stack(aws), aws.client("ssm")
        outputs = {
            "Name": {"Value": {"Ref": "P"}},
            "Value": {"Value": {"Fn::GetAtt": ["P", "Value"]}},
            "Type": {"Value": {"Fn::GetAtt": ["P", "Type"]}},
        }

        def made(value: str) -> dict[str, str]:
            resources = {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}
            settled = stack.update if stack.id else stack.create
            assert settled(resources, Outputs=outputs) in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
            (found,) = stack.client.describe_stacks(StackName=stack.id)["Stacks"]
            return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

        first = made("one")
        assert first["Name"].startswith("CFN-")
        assert (first["Value"], first["Type"]) == ("one", "String")
        assert made("two") == {**first, "Value": "two"}
        assert ssm.get_parameter(Name=first["Name"])["Parameter"]["Value"] == "two"

    def test_an_output_that_fails_says_why(self, aws: EmbeddedAWS) -> None:
        """A stack that is rolled back because of an output has the reason in its status."""
        stack = Stack(aws)
        outputs = {"O": {"Value": {"Fn::GetAtt": ["P", "Nothing"]}}}
        assert stack.create({"P": parameter(unique("parameter"), "x")}, Outputs=outputs) == "ROLLBACK_COMPLETE"
        events = stack.client.describe_stack_events(StackName=stack.id)["StackEvents"]
        reasons = [event.get("ResourceStatusReason", "") for event in events]
        assert any("Nothing" in reason for reason in reasons), reasons

    def test_a_change_set_of_a_stacks_arn(self, aws: EmbeddedAWS) -> None:
        """The stack of a change set may be named by its ARN."""
        stack = Stack(aws)
        name = unique("parameter")
        assert stack.create({"P": parameter(name, "one")}) == "CREATE_COMPLETE"
        body = json.dumps({"Resources": {"P": parameter(name, "two")}})
        change = stack.client.create_change_set(
            StackName=stack.id, ChangeSetName="c", TemplateBody=body, ChangeSetType="UPDATE"
        )
        stack.client.execute_change_set(ChangeSetName=change["Id"])
        assert stack.settled() == "UPDATE_COMPLETE"
        assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "two"
