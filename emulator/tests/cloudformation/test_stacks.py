"""Stacks: the order of their resources, updates, roll-backs, change sets."""

import json
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import BUCKET, Stack, buckets, parameter
from emulator.tests.support import unique


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
