"""Alarms, dashboards and keys by CloudFormation."""

from typing import Any

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack, parameter
from emulator.tests.support import unique

ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, "Action": "kms:*", "Resource": "*"}


def resources(name: str, **changes: Any) -> dict[str, Any]:
    """Return an alarm, a dashboard that shows it, and the ARN that the alarm has."""
    alarm = {
        "AlarmName": name,
        "Namespace": "Tests",
        "MetricName": "m",
        "Dimensions": [{"Name": "Kind", "Value": "good"}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }
    body = {"Fn::Join": ["", ['{"widgets":["', {"Fn::GetAtt": ["Alarm", "Arn"]}, '"]}']]}
    return {
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
        "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "b", "DashboardBody": body}},
        "Arn": parameter(unique("arn"), {"Fn::GetAtt": ["Alarm", "Arn"]}),
    }


def test_an_alarm_is_made_changed_renamed_and_deleted(aws: EmbeddedAWS) -> None:
    """Its properties are those of the API; another name is another alarm, and the dashboard follows the ARN."""
    client, stack, first, second = aws.client("cloudwatch"), Stack(aws), unique("alarm"), unique("alarm")

    def alarms() -> dict[str, float]:
        found = client.describe_alarms(AlarmNames=[first, second])["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["Threshold"] for alarm in found}

    assert "CREATE_COMPLETE" == stack.create(resources(first))
    assert {first: 1.0} == alarms()
    assert "UPDATE_COMPLETE" == stack.update(resources(first, Threshold=2))
    assert {first: 2.0} == alarms()
    assert "UPDATE_COMPLETE" == stack.update(resources(second, Threshold=2))
    assert {second: 2.0} == alarms()
    shown = client.get_dashboard(DashboardName="b")["DashboardBody"]
    assert f'{{"widgets":["arn:aws:cloudwatch:us-east-1:{ACCOUNT_ID}:alarm:{second}"]}}' == shown
    assert "DELETE_COMPLETE" == stack.delete()
    assert {} == alarms()


def test_an_alarm_that_is_not_emulated_fails_the_stack(aws: EmbeddedAWS) -> None:
    """What the API refuses CloudFormation reports, with what it was."""
    stack = Stack(aws)
    assert "ROLLBACK_COMPLETE" == stack.create(resources(unique("alarm"), ExtendedStatistic="p99"))
    assert "ExtendedStatistic" in stack.reason("Alarm", "CREATE_FAILED")


def test_a_key_is_changed_in_place(aws: EmbeddedAWS) -> None:
    """Another policy and description change the key and not its ARN; without a policy it has the default one."""
    kms, stack = aws.client("kms"), Stack(aws)

    def key(**properties: Any) -> dict[str, Any]:
        return {"Key": {"Type": "AWS::KMS::Key", "Properties": properties}}

    assert "CREATE_COMPLETE" == stack.create(key(Description="one"))
    made = stack.client.describe_stack_resources(StackName=stack.name)["StackResources"][0]["PhysicalResourceId"]
    assert ":root" in kms.get_key_policy(KeyId=made, PolicyName="default")["Policy"]
    policy = {"Version": "2012-10-17", "Statement": [{**ROOT, "Sid": "Mine"}]}
    assert "UPDATE_COMPLETE" == stack.update(key(Description="two", KeyPolicy=policy, EnableKeyRotation=True))

    described = kms.describe_key(KeyId=made)["KeyMetadata"]
    assert ("two", True) == (described["Description"], kms.get_key_rotation_status(KeyId=made)["KeyRotationEnabled"])
    assert '"Mine"' in kms.get_key_policy(KeyId=made, PolicyName="default")["Policy"]
