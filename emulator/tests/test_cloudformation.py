import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws.environment import ACCOUNT_ID, REGION
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import eventually, role, unique

BUCKET = {"Type": "AWS::S3::Bucket"}


def parameter(name: str, value: Any) -> dict[str, Any]:
    """Return a resource with a value to look at."""
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": name, "Value": value}}


class Stack:
    """A stack of one template after another, through the API alone."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        self.client = aws.client("cloudformation")
        self.name = unique("stack")
        self.id = ""

    def create(self, resources: dict[str, Any], **sections: Any) -> str:
        """Create the stack and return its final status."""
        body = json.dumps({"Resources": resources, **sections})
        self.id = self.client.create_stack(StackName=self.name, TemplateBody=body)["StackId"]
        return self.settled()

    def update(self, resources: dict[str, Any], **sections: Any) -> str:
        """Update the stack and return its final status."""
        self.client.update_stack(StackName=self.name, TemplateBody=json.dumps({"Resources": resources, **sections}))
        return self.settled()

    def delete(self) -> str:
        """Delete the stack and return its final status."""
        self.client.delete_stack(StackName=self.name)
        return self.settled()

    def settled(self) -> str:
        """Wait until nothing is in progress; return the status."""

        def status() -> str | None:
            (found,) = self.client.describe_stacks(StackName=self.id)["Stacks"]
            return None if found["StackStatus"].endswith("IN_PROGRESS") else str(found["StackStatus"])

        return eventually(status)

    def events(self, logical_id: str) -> list[str]:
        """Return the statuses of a resource in order."""
        events = self.client.describe_stack_events(StackName=self.id)["StackEvents"][::-1]
        return [event["ResourceStatus"] for event in events if event["LogicalResourceId"] == logical_id]

    def reason(self, logical_id: str, status: str) -> str:
        """Return why a resource came to a status."""
        events = self.client.describe_stack_events(StackName=self.id)["StackEvents"]
        (found,) = [e for e in events if (e["LogicalResourceId"], e["ResourceStatus"]) == (logical_id, status)]
        return str(found["ResourceStatusReason"])

    def physical_ids(self) -> dict[str, str]:
        """Return the physical ids of the existing resources."""
        summaries = self.client.list_stack_resources(StackName=self.id)["StackResourceSummaries"]
        return {summary["LogicalResourceId"]: summary["PhysicalResourceId"] for summary in summaries}

    def outputs(self) -> dict[str, str]:
        """Return the outputs."""
        (found,) = self.client.describe_stacks(StackName=self.id)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


@pytest.fixture
def stack(aws: EmbeddedAWS) -> Stack:
    """Return a stack that does not exist yet."""
    return Stack(aws)


def buckets(aws: EmbeddedAWS) -> set[str]:
    """Return the names of all buckets."""
    return {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}


class TestStacks:
    def test_references_decide_the_order(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """What is referenced is made first and deleted last; outputs resolve; nothing is left after a delete."""
        resources = {
            "First": parameter(stack.name, {"Fn::Sub": "in ${Second}"}),
            "Second": BUCKET,
        }
        assert (
            stack.create(resources, Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Second", "Arn"]}}}) == "CREATE_COMPLETE"
        )
        name = stack.physical_ids()["Second"]
        assert aws.client("ssm").get_parameter(Name=stack.name)["Parameter"]["Value"] == f"in {name}"
        assert stack.outputs() == {"Arn": f"arn:aws:s3:::{name}"}
        assert stack.events("Second")[0] == "CREATE_IN_PROGRESS"
        assert stack.delete() == "DELETE_COMPLETE"
        order = [
            event["LogicalResourceId"]
            for event in stack.client.describe_stack_events(StackName=stack.id)["StackEvents"][::-1]
            if event["ResourceStatus"] in {"CREATE_COMPLETE", "DELETE_COMPLETE"}
        ]
        assert order == ["Second", "First", stack.name, "First", "Second", stack.name]
        assert name not in buckets(aws)

    def test_an_unknown_type_fails_the_stack(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """A type that is not emulated is named, and what was made before is rolled back."""
        before = buckets(aws)
        resources = {"A": BUCKET, "B": {"Type": "AWS::Sunrise::Machine", "DependsOn": "A"}}
        assert stack.create(resources) == "ROLLBACK_COMPLETE"
        assert stack.reason("B", "CREATE_FAILED") == "Resource type AWS::Sunrise::Machine is not emulated"
        assert stack.events("A") == [
            "CREATE_IN_PROGRESS",
            "CREATE_COMPLETE",
            "DELETE_IN_PROGRESS",
            "DELETE_COMPLETE",
        ]
        assert buckets(aws) == before

    def test_looking_at_a_rolled_back_stack_makes_nothing(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """Descriptions of a stack do not create its resources."""
        before = buckets(aws)
        stack.create({"A": BUCKET, "B": {"Type": "AWS::Sunrise::Machine", "DependsOn": "A"}})
        stack.client.describe_stack_resources(StackName=stack.name)
        stack.client.list_stack_resources(StackName=stack.name)
        assert buckets(aws) == before

    def test_the_cdks_metadata_is_no_resource(self, stack: Stack) -> None:
        """AWS::CDK::Metadata is accepted without effect."""
        assert stack.create({"M": {"Type": "AWS::CDK::Metadata", "Properties": {}}, "A": BUCKET}) == "CREATE_COMPLETE"
        assert set(stack.physical_ids()) == {"A"}

    def test_update(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """An update adds, changes and removes what the template says, and touches nothing else."""
        same, old, changed = (
            parameter(f"{stack.name}-same", "1"),
            parameter(stack.name, "1"),
            parameter(stack.name, "2"),
        )
        assert stack.create({"Same": same, "Changed": old, "Gone": BUCKET}) == "CREATE_COMPLETE"
        first = stack.physical_ids()
        assert stack.update({"Same": same, "Changed": changed, "New": BUCKET}) == "UPDATE_COMPLETE"
        second = stack.physical_ids()
        assert set(second) == {"Same", "Changed", "New"}
        assert second["Same"] == first["Same"]
        assert stack.events("Same") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
        assert aws.client("ssm").get_parameter(Name=second["Changed"])["Parameter"]["Value"] == "2"
        assert first["Gone"] not in buckets(aws)

    def test_a_replaced_resource_updates_its_users(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """When a resource gets another physical id, what references it is updated."""

        def resources(name: str) -> dict[str, Any]:
            bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
            return {"B": bucket, "User": parameter(stack.name, {"Ref": "B"})}

        old, new = unique("bucket"), unique("bucket")
        stack.create(resources(old))
        assert stack.update(resources(new)) == "UPDATE_COMPLETE"
        assert aws.client("ssm").get_parameter(Name=stack.physical_ids()["User"])["Parameter"]["Value"] == new
        assert {old, new} & buckets(aws) == {new}

    def test_a_failed_update_is_rolled_back(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """After a failed update everything is as before, with the reason in the events."""

        def resources(value: str) -> dict[str, Any]:
            return {"P": parameter(stack.name, value)}

        stack.create(resources("1"))
        broken = {"B": {"Type": "AWS::Sunrise::Machine", "DependsOn": "P"}, "N": BUCKET}
        assert stack.update({**resources("2"), **broken}) == "UPDATE_ROLLBACK_COMPLETE"
        assert "not emulated" in stack.reason("B", "CREATE_FAILED")
        assert set(stack.physical_ids()) == {"P"}
        assert aws.client("ssm").get_parameter(Name=stack.physical_ids()["P"])["Parameter"]["Value"] == "1"

    def test_retained_resources_stay(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """DeletionPolicy Retain keeps the resource when its stack goes."""
        stack.create({"A": {**BUCKET, "DeletionPolicy": "Retain"}})
        name = stack.physical_ids()["A"]
        assert stack.delete() == "DELETE_COMPLETE"
        assert name in buckets(aws)

    def test_a_failed_deletion_keeps_the_stack(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """A versioned bucket that is not empty fails the deletion; emptied, the stack goes."""
        s3 = aws.client("s3")
        versioned = {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}
        stack.create({"B": versioned})
        name = stack.physical_ids()["B"]
        version = s3.put_object(Bucket=name, Key="k", Body=b"")["VersionId"]
        marker = s3.delete_object(Bucket=name, Key="k")["VersionId"]
        assert stack.delete() == "DELETE_FAILED"
        assert "not empty" in stack.reason("B", "DELETE_FAILED")
        for one in (version, marker):
            s3.delete_object(Bucket=name, Key="k", VersionId=one)
        assert stack.delete() == "DELETE_COMPLETE"

    def test_change_sets(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """A stack made by a change set has its outputs and exports, which others import."""
        exported = unique("export")
        body = {"Resources": {"A": BUCKET}, "Outputs": {"O": {"Value": {"Ref": "A"}, "Export": {"Name": exported}}}}
        stack.client.create_change_set(
            StackName=stack.name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(body)
        )
        stack.client.execute_change_set(StackName=stack.name, ChangeSetName="first")
        stack.id = stack.name
        assert stack.settled() == "CREATE_COMPLETE"
        assert stack.outputs() == {"O": stack.physical_ids()["A"]}
        other = Stack(aws)
        value = {"Fn::ImportValue": exported}
        importing = {"P": parameter(other.name, value)}
        assert other.create(importing, Outputs={"V": {"Value": value}}) == "CREATE_COMPLETE"
        assert other.outputs() == {"V": stack.physical_ids()["A"]}

    def test_change_sets_belong_to_their_stack(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """Stacks may each have a change set of one name: what is shown, deleted and executed is the stack's own."""
        other = Stack(aws)
        body = json.dumps({"Resources": {"A": BUCKET}})
        for each in (stack, other):
            each.client.create_change_set(
                StackName=each.name, ChangeSetName="same", ChangeSetType="CREATE", TemplateBody=body
            )
        shown = [each.client.describe_change_set(StackName=each.name, ChangeSetName="same") for each in (stack, other)]
        assert [one["StackName"] for one in shown] == [stack.name, other.name]
        for _ in range(2):
            other.client.delete_change_set(StackName=other.name, ChangeSetName="same")
        with pytest.raises(stack.client.exceptions.ClientError, match="does not exist"):
            other.client.execute_change_set(StackName=other.name, ChangeSetName="same")
        stack.client.execute_change_set(StackName=stack.name, ChangeSetName="same")
        stack.id = stack.name
        assert stack.settled() == "CREATE_COMPLETE"

    def test_a_change_set_keeps_previous_values(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """A parameter that names an SSM parameter, given or by default, still does when its previous value is kept."""
        names = [unique("version"), unique("version")]
        for name in names:
            aws.client("ssm").put_parameter(Name=name, Type="String", Value=f"value of {name}")
        kind = {"Type": "AWS::SSM::Parameter::Value<String>"}
        body = {
            "Parameters": {"Given": kind, "Left": {**kind, "Default": names[1]}},
            "Resources": {"A": BUCKET},
            "Outputs": {each: {"Value": {"Ref": each}} for each in ("Given", "Left")},
        }
        for number, given in enumerate(({"ParameterValue": names[0]}, {"UsePreviousValue": True})):
            left = [{"ParameterKey": "Left", "UsePreviousValue": True}] if number else []
            stack.client.create_change_set(
                StackName=stack.name,
                ChangeSetName=f"c{number}",
                ChangeSetType="UPDATE" if number else "CREATE",
                TemplateBody=json.dumps(body),
                Parameters=[{"ParameterKey": "Given", **given}, *left],
            )
            stack.client.execute_change_set(StackName=stack.name, ChangeSetName=f"c{number}")
            stack.id = stack.name
            assert stack.settled() == ("UPDATE_COMPLETE" if number else "CREATE_COMPLETE")
            body["Resources"]["B"] = BUCKET

        assert stack.outputs() == {"Given": f"value of {names[0]}", "Left": f"value of {names[1]}"}
        assert set(stack.physical_ids()) == {"A", "B"}

    def test_circles_are_refused(self, stack: Stack) -> None:
        """Resources that wait for each other are an error of the template."""
        with pytest.raises(stack.client.exceptions.ClientError, match="Circular dependency"):
            stack.create({"A": {**BUCKET, "DependsOn": "B"}, "B": {**BUCKET, "DependsOn": "A"}})


CUSTOM = """
import json, urllib.request
def handler(event, context):
    print(json.dumps(event))
    properties = event["ResourceProperties"]
    answer = {
        "Status": properties.get(event["RequestType"], "SUCCESS"),
        "Reason": "because of the test",
        "PhysicalResourceId": "custom-" + properties.get("Name", "x"),
        "Data": {"Answer": properties.get("Name", "") + "!"},
        **{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    if properties.get("Silent") == "true":
        return "nothing to say"
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT"))
"""


class TestCustomResources:
    def resources(self, aws: EmbeddedAWS, **properties: Any) -> dict[str, Any]:
        """Return a function and a custom resource that it answers for."""
        function = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": self.role(aws),
                "Code": {"ZipFile": CUSTOM},
                "Timeout": 20,
            },
        }
        token = {"Fn::GetAtt": ["Function", "Arn"]}
        custom = {"Type": "Custom::Cleanup", "Properties": {"ServiceToken": token, **properties}}
        return {"Custom": custom, "Function": function}

    def role(self, aws: EmbeddedAWS) -> str:
        """Return one role for all templates of a test."""
        if not hasattr(self, "_role"):
            self._role = role(aws, "lambda.amazonaws.com")
        return self._role

    def requests(self, aws: EmbeddedAWS, function: str) -> list[dict[str, Any]]:
        """Return the requests that the function got."""
        events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]

    def test_create_update_delete(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """The function gets Create, Update and, while it still is there, Delete; its data can be used."""
        outputs = {"A": {"Value": {"Fn::GetAtt": ["Custom", "Answer"]}}}
        assert stack.create(self.resources(aws, Name="a", N=1), Outputs=outputs) == "CREATE_COMPLETE"
        assert stack.outputs() == {"A": "a!"}
        ids = stack.physical_ids()
        assert ids["Custom"] == "custom-a"
        assert stack.update(self.resources(aws, Name="a", N=2), Outputs=outputs) == "UPDATE_COMPLETE"
        assert stack.update(self.resources(aws, Name="b", N=2), Outputs=outputs) == "UPDATE_COMPLETE"
        assert stack.outputs() == {"A": "b!"}
        assert stack.delete() == "DELETE_COMPLETE"
        got = [
            (request["RequestType"], request.get("PhysicalResourceId"))
            for request in self.requests(aws, ids["Function"])
        ]
        assert got == [
            ("Create", None),
            ("Update", "custom-a"),
            ("Update", "custom-a"),
            ("Delete", "custom-a"),
            ("Delete", "custom-b"),
        ]
        update = self.requests(aws, ids["Function"])[1]
        assert update["ResourceProperties"]["N"] == "2"
        assert update["OldResourceProperties"]["N"] == "1"

    def test_failures(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """FAILED fails the stack with the function's reason, on creation and on deletion."""
        assert stack.create(self.resources(aws, Create="FAILED")) == "ROLLBACK_COMPLETE"
        assert "because of the test" in stack.reason("Custom", "CREATE_FAILED")

        other = Stack(aws)
        assert other.create(self.resources(aws, Delete="FAILED")) == "CREATE_COMPLETE"
        assert other.delete() == "DELETE_FAILED"
        assert "because of the test" in other.reason("Custom", "DELETE_FAILED")

    def test_silence_is_a_failure(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """A function that ends without an answer fails the resource at once, with what it returned."""
        assert stack.create(self.resources(aws, Silent=True)) == "ROLLBACK_COMPLETE"
        assert "nothing to say" in stack.reason("Custom", "CREATE_FAILED")


class TestTypes:
    def test_state_machine(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """Substitutions, logging and tracing count, updates keep the machine, deletion removes it."""
        states = aws.client("stepfunctions")
        iam = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "states.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            },
        }

        def resources(value: str) -> dict[str, Any]:
            definition = {
                "QueryLanguage": "JSONata",
                "StartAt": "A",
                "States": {"A": {"Type": "Pass", "Output": "${value}", "End": True}},
            }
            machine = {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": json.dumps(definition),
                    "DefinitionSubstitutions": {"value": value},
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "TracingConfiguration": {"Enabled": True},
                    "LoggingConfiguration": {
                        "Level": "ERROR",
                        "IncludeExecutionData": False,
                        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Logs", "Arn"]}}}],
                    },
                },
            }
            return {"Machine": machine, "Role": iam, "Logs": {"Type": "AWS::Logs::LogGroup"}}

        assert stack.create(resources("one"), Outputs={"Name": {"Value": {"Fn::GetAtt": ["Machine", "Name"]}}}) == (
            "CREATE_COMPLETE"
        )
        arn = stack.physical_ids()["Machine"]
        described = states.describe_state_machine(stateMachineArn=arn)
        assert '"one"' in described["definition"]
        assert described["tracingConfiguration"] == {"enabled": True}
        assert described["loggingConfiguration"]["level"] == "ERROR"
        assert described["name"] == stack.outputs()["Name"]
        execution = states.start_execution(stateMachineArn=arn)["executionArn"]
        assert eventually(lambda: states.describe_execution(executionArn=execution).get("output")) == '"one"'

        assert stack.update(resources("two")) == "UPDATE_COMPLETE"
        assert stack.physical_ids()["Machine"] == arn
        assert '"two"' in states.describe_state_machine(stateMachineArn=arn)["definition"]
        assert stack.delete() == "DELETE_COMPLETE"
        with pytest.raises(states.exceptions.StateMachineDoesNotExist):
            states.describe_state_machine(stateMachineArn=arn)

    def test_function(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """Every property counts, updates of code and settings too, and what is taken away falls back."""
        client = aws.client("lambda")
        code_bucket = unique("bucket")
        aws.client("s3").create_bucket(Bucket=code_bucket)
        aws.client("s3").put_object(Bucket=code_bucket, Key="layer.zip", Body=b"PK\x05\x06" + bytes(18))
        lambda_role = role(aws, "lambda.amazonaws.com")

        def resources(text: str, **settings: Any) -> dict[str, Any]:
            function = {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": lambda_role,
                "Code": {"ZipFile": f"import os\ndef handler(e, c): return ['{text}', os.environ.get('A')]"},
                **settings,
            }
            layer = {"Content": {"S3Bucket": code_bucket, "S3Key": "layer.zip"}}
            permission = {
                "FunctionName": {"Ref": "F"},
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
            }
            return {
                "F": {"Type": "AWS::Lambda::Function", "Properties": function},
                "L": {"Type": "AWS::Lambda::LayerVersion", "Properties": layer},
                "P": {"Type": "AWS::Lambda::Permission", "Properties": permission},
            }

        settings = {
            "Environment": {"Variables": {"A": "b"}},
            "Architectures": ["arm64"],
            "EphemeralStorage": {"Size": 1024},
            "MemorySize": 512,
            "Timeout": 30,
            "TracingConfig": {"Mode": "Active"},
            "LoggingConfig": {"LogGroup": "/own", "LogFormat": "JSON"},
            "Layers": [{"Ref": "L"}],
            "Tags": [{"Key": "k", "Value": "v"}],
        }
        assert stack.create(resources("one", **settings)) == "CREATE_COMPLETE"
        name = stack.physical_ids()["F"]
        described = client.get_function(FunctionName=name)
        configuration = described["Configuration"]
        assert configuration["Architectures"] == ["arm64"]
        assert configuration["EphemeralStorage"] == {"Size": 1024}
        assert (configuration["MemorySize"], configuration["Timeout"]) == (512, 30)
        assert configuration["TracingConfig"]["Mode"] == "Active"
        assert configuration["LoggingConfig"] == {"LogGroup": "/own", "LogFormat": "JSON"}
        assert [layer["Arn"] for layer in configuration["Layers"]] == [stack.physical_ids()["L"]]
        assert described["Tags"] == {"k": "v"}
        assert "events.amazonaws.com" in client.get_policy(FunctionName=name)["Policy"]
        assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == ["one", "b"]

        assert stack.update(resources("two")) == "UPDATE_COMPLETE"
        assert stack.physical_ids()["F"] == name
        assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == ["two", None]
        configuration = client.get_function_configuration(FunctionName=name)
        assert (configuration["MemorySize"], configuration["Timeout"]) == (128, 3)
        assert not configuration.get("Layers")
        assert stack.delete() == "DELETE_COMPLETE"
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_function(FunctionName=name)
        assert client.list_layers()["Layers"] == [] or stack.name not in str(client.list_layers())

    def test_policies_and_subscriptions(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """Topics and queues get their policies and subscriptions, and lose them with an update."""
        sns_client, sqs_client = aws.client("sns"), aws.client("sqs")

        def document(action: str, resource: Any) -> dict[str, Any]:
            statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
            return {"Version": "2012-10-17", "Statement": [statement]}

        both = {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Queue": {"Type": "AWS::SQS::Queue"},
        }
        arn = {"Fn::GetAtt": ["Queue", "Arn"]}
        attached = {
            "TopicPolicy": {
                "Type": "AWS::SNS::TopicPolicy",
                "Properties": {
                    "Topics": [{"Ref": "Topic"}],
                    "PolicyDocument": document("sns:Publish", {"Ref": "Topic"}),
                },
            },
            "QueuePolicy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": document("sqs:SendMessage", arn)},
            },
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": {"Ref": "Topic"},
                    "Protocol": "sqs",
                    "Endpoint": arn,
                    "RawMessageDelivery": True,
                },
            },
        }
        assert stack.create(both | attached) == "CREATE_COMPLETE"
        topic, url = stack.physical_ids()["Topic"], stack.physical_ids()["Queue"]

        def topic_actions() -> Any:
            policy = sns_client.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
            return json.loads(policy)["Statement"][0]["Action"]

        assert topic_actions() == "sns:Publish"
        attributes = sqs_client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
        assert "sqs:SendMessage" in attributes["Policy"]
        sns_client.publish(TopicArn=topic, Message="raw")
        (message,) = eventually(lambda: sqs_client.receive_message(QueueUrl=url).get("Messages"))
        assert message["Body"] == "raw"

        assert stack.update(both) == "UPDATE_COMPLETE"
        assert isinstance(topic_actions(), list)
        assert "Policy" not in sqs_client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert sns_client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []

    def test_log_group(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """The retention of a log group changes in place, and its ARN ends with its streams."""

        def resources(days: int) -> dict[str, Any]:
            return {"L": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": days}}}

        outputs = {"Arn": {"Value": {"Fn::GetAtt": ["L", "Arn"]}}}
        assert stack.create(resources(7), Outputs=outputs) == "CREATE_COMPLETE"
        name = stack.physical_ids()["L"]
        assert stack.outputs()["Arn"] == f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:{name}:*"
        assert stack.update(resources(30), Outputs=outputs) == "UPDATE_COMPLETE"
        assert stack.physical_ids()["L"] == name
        (group,) = aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert group["retentionInDays"] == 30

    def test_bucket(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """The properties of a bucket arrive in S3, and an unknown one is refused by name."""
        s3 = aws.client("s3")
        encryption = {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        }
        properties = {
            "BucketEncryption": encryption,
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "short",
                        "Status": "Enabled",
                        "Prefix": "tmp/",
                        "ExpirationInDays": 3,
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "Tags": [{"Key": "k", "Value": "v"}],
        }
        assert stack.create({"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}) == "CREATE_COMPLETE"
        name = stack.physical_ids()["B"]
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
        (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        assert rule["Expiration"]["Days"] == 3
        assert rule["Filter"] == {"Prefix": "tmp/"}
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 7
        ownership = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]
        assert ownership["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "k", "Value": "v"}]

        other = Stack(aws)
        assert other.create({"B": {"Type": "AWS::S3::Bucket", "Properties": {"Sunrise": True}}}) == "ROLLBACK_COMPLETE"
        assert "without Sunrise" in other.reason("B", "CREATE_FAILED")


ROOT = Path(__file__).parents[2]


class TestCdk:
    """The CDK's own command line against the embedded AWS, as `cdk bootstrap`, `deploy` and `destroy`."""

    def synthesize(self, folder: Path) -> Path:
        """Write a small application's assembly and return its folder."""
        code = folder / "code"
        code.mkdir()
        (code / "index.py").write_text("import os\ndef handler(e, c): return [e, os.environ['BUCKET']]\n")
        app = cdk.App(outdir=str(folder / "assembly"), analytics_reporting=False)
        stack = cdk.Stack(app, "Small", env=cdk.Environment(account=ACCOUNT_ID, region=REGION))
        bucket = s3.Bucket(stack, "Bucket", enforce_ssl=True, versioned=True, removal_policy=cdk.RemovalPolicy.DESTROY)
        kept = s3.Bucket(stack, "Kept", removal_policy=cdk.RemovalPolicy.RETAIN)
        function = lambda_.Function(
            stack,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_asset(str(code)),
            layers=[lambda_.LayerVersion(stack, "Layer", code=lambda_.Code.from_asset(str(code)))],
            log_group=logs.LogGroup(stack, "Logs", removal_policy=cdk.RemovalPolicy.DESTROY),
            environment={"BUCKET": bucket.bucket_name},
            timeout=cdk.Duration.seconds(20),
        )
        bucket.grant_read_write(function)
        topic = sns.Topic(stack, "Topic", enforce_ssl=True)
        queue = sqs.Queue(stack, "Queue", enforce_ssl=True)
        call = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": function.function_arn, "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}",
            "End": True,
        }
        machine = sfn.StateMachine(
            stack,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(sfn.CustomState(stack, "Call", state_json=call)),
            query_language=sfn.QueryLanguage.JSONATA,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(stack, "MachineLogs", removal_policy=cdk.RemovalPolicy.DESTROY)
            ),
            tracing_enabled=True,
        )
        function.grant_invoke(machine)
        topic.grant_publish(machine)
        scheduler.Schedule(
            stack,
            "Nightly",
            schedule=scheduler.ScheduleExpression.cron(minute="0", hour="3", time_zone=cdk.TimeZone.EUROPE_LISBON),
            target=targets.StepFunctionsStartExecution(machine, dead_letter_queue=queue),
        )
        for name, value in {"Machine": machine.state_machine_arn, "Bucket": bucket.bucket_name}.items():
            cdk.CfnOutput(stack, f"{name}Output", value=value)
        cdk.CfnOutput(stack, "KeptOutput", value=kept.bucket_name)
        return Path(app.synth().directory)

    def run(self, aws: EmbeddedAWS, *arguments: str) -> None:
        """Run the CDK's command line; it must succeed."""
        scripts = Path(sys.executable).parent
        environment = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "HOME": os.environ["HOME"]}
        done = subprocess.run(
            ["node", str(ROOT / "node_modules/aws-cdk/bin/cdk"), *arguments],
            env={**environment, **aws.environment(), "CDK_DISABLE_CLI_TELEMETRY": "true"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def test_bootstrap_deploy_destroy(self, aws: EmbeddedAWS, tmp_path: Path) -> None:
        """An application is deployed with its assets, works, and goes without a trace but for what is retained."""
        assembly = str(self.synthesize(tmp_path))
        self.run(aws, "bootstrap", f"aws://{ACCOUNT_ID}/{REGION}", "--app", assembly)
        self.run(aws, "deploy", "--require-approval", "never", "--app", assembly)
        (found,) = aws.client("cloudformation").describe_stacks(StackName="Small")["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
        states = aws.client("stepfunctions")
        execution = states.start_execution(stateMachineArn=outputs["MachineOutput"], input='{"a": 1}')
        result = eventually(lambda: states.describe_execution(executionArn=execution["executionArn"]).get("output"))
        assert json.loads(result) == [{"a": 1}, outputs["BucketOutput"]]
        assert any(
            found["Name"].startswith("Small-") for found in aws.client("scheduler").list_schedules()["Schedules"]
        )

        self.run(aws, "destroy", "--force", "--app", assembly)
        left = {found["Name"] for found in aws.client("s3").list_buckets()["Buckets"]}
        assert outputs["KeptOutput"] in left
        assert outputs["BucketOutput"] not in left
        everything = [
            aws.client("lambda").list_functions()["Functions"],
            aws.client("lambda").list_layers()["Layers"],
            aws.client("iam").list_roles()["Roles"],
            aws.client("logs").describe_log_groups()["logGroups"],
            aws.client("sns").list_topics()["Topics"],
            aws.client("sqs").list_queues().get("QueueUrls", []),
            aws.client("stepfunctions").list_state_machines()["stateMachines"],
            aws.client("scheduler").list_schedules()["Schedules"],
        ]
        assert "Small-" not in json.dumps(everything, default=str)


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


def test_athena_runs_no_query(aws: EmbeddedAWS) -> None:
    """A query that nobody runs is refused by name."""
    athena = aws.client("athena")
    with pytest.raises(athena.exceptions.ClientError, match="StartQueryExecution is not emulated"):
        athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration={"OutputLocation": "s3://b/"})
