"""Resource types: what becomes of their properties."""

import json
from functools import partial
from typing import Any

import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack
from emulator.tests.support import eventually, role, unique


def with_machine(value: str) -> dict[str, Any]:
    """Return a machine that answers with a text, its role and its log group."""
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


def with_function(lambda_role: str, code_bucket: str, text: str, **settings: Any) -> dict[str, Any]:
    """Return a function that answers with a text and a variable, a layer from a bucket, and a permission."""
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


class TestTypes:
    def test_state_machine(self, aws: EmbeddedAWS, stack: Stack) -> None:
        """Substitutions, logging and tracing count, updates keep the machine, deletion removes it."""
        states = aws.client("stepfunctions")
        assert stack.create(with_machine("one"), Outputs={"Name": {"Value": {"Fn::GetAtt": ["Machine", "Name"]}}}) == (
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

        assert stack.update(with_machine("two")) == "UPDATE_COMPLETE"
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

        resources = partial(with_function, lambda_role, code_bucket)
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
