"""Tags of templates: on what is made, and changed in place with the next template."""

import json
from typing import Any

from embedded_aws.environment import ACCOUNT_ID, REGION
from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack
from emulator.tests.support import unique

ALARM = {
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}


def resources(name: str, team: str) -> dict[str, Any]:
    """Return a resource of each type, with a tag."""
    services = ["lambda.amazonaws.com", "states.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    role = {"Fn::GetAtt": ["Role", "Arn"]}
    machine = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    tags = [{"Key": "team", "Value": team}]
    described: dict[str, dict[str, Any]] = {
        "AWS::S3::Bucket": {},
        "AWS::IAM::Role": {
            "RoleName": name,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        },
        "AWS::Lambda::Function": {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": role,
            "Code": {"ZipFile": "def handler(e, c): pass"},
        },
        "AWS::SNS::Topic": {"TopicName": name},
        "AWS::SQS::Queue": {"QueueName": name},
        "AWS::KMS::Key": {},
        "AWS::Logs::LogGroup": {"LogGroupName": name},
        "AWS::CloudWatch::Alarm": {"AlarmName": name, **ALARM},
        "AWS::StepFunctions::StateMachine": {"StateMachineName": name, "RoleArn": role, "DefinitionString": machine},
    }
    return {
        kind.rpartition(":")[2]: {"Type": kind, "Properties": {**properties, "Tags": tags}}
        for kind, properties in described.items()
    }


def teams(aws: EmbeddedAWS, ids: dict[str, str]) -> dict[str, str]:
    """Return the value of the tag on each resource, asked of its service."""
    here = f"{REGION}:{ACCOUNT_ID}"
    function, alarm = (
        f"arn:aws:lambda:{here}:function:{ids['Function']}",
        f"arn:aws:cloudwatch:{here}:alarm:{ids['Alarm']}",
    )
    lists: dict[str, Any] = {
        "Bucket": aws.client("s3").get_bucket_tagging(Bucket=ids["Bucket"])["TagSet"],
        "Role": aws.client("iam").list_role_tags(RoleName=ids["Role"])["Tags"],
        "Topic": aws.client("sns").list_tags_for_resource(ResourceArn=ids["Topic"])["Tags"],
        "Key": aws.client("kms").list_resource_tags(KeyId=ids["Key"])["Tags"],
        "Alarm": aws.client("cloudwatch").list_tags_for_resource(ResourceARN=alarm)["Tags"],
        "StateMachine": aws.client("stepfunctions").list_tags_for_resource(resourceArn=ids["StateMachine"])["tags"],
    }
    found = {kind: next(str(value) for key, value in tags[0].items() if "alue" in key) for kind, tags in lists.items()}
    return found | {
        "Function": aws.client("lambda").list_tags(Resource=function)["Tags"]["team"],
        "Queue": aws.client("sqs").list_queue_tags(QueueUrl=ids["Queue"])["Tags"]["team"],
        "LogGroup": aws.client("logs").list_tags_log_group(logGroupName=ids["LogGroup"])["tags"]["team"],
    }


def test_tags_change_in_place(aws: EmbeddedAWS, stack: Stack) -> None:
    """Every type that a template gives a tag has it, and another value of it replaces nothing."""
    name = unique("tagged")
    assert stack.create(resources(name, "one")) == "CREATE_COMPLETE"
    before = stack.physical_ids()
    assert set(teams(aws, before).values()) == {"one"}
    assert stack.update(resources(name, "two")) == "UPDATE_COMPLETE"
    assert stack.physical_ids() == before
    assert set(teams(aws, before).values()) == {"two"}
