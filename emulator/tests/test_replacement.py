"""What CloudFormation does when resources are replaced, and when that is taken back."""

import json
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack, parameter
from emulator.tests.functions import function
from emulator.tests.support import unique

CODE = """
import json
import urllib.request
import boto3
def handler(event, context):
    wanted = event["ResourceProperties"]
    heard = {"kind": event["RequestType"], "id": event.get("PhysicalResourceId"), "name": wanted["Name"],
             "before": event.get("OldResourceProperties", {}).get("Name")}
    queue = boto3.client("sqs")
    queue.send_message(QueueUrl=wanted["Queue"], MessageBody=json.dumps(heard))
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer["Status"] = "FAILED" if wanted["Name"] == "bad" and event["RequestType"] == "Update" else "SUCCESS"
    answer["Reason"] = "bad is not allowed"
    answer["PhysicalResourceId"] = wanted["Id"]
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request).close()
"""
BROKEN = {"Type": "AWS::Sunrise::Machine", "DependsOn": ["Thing"]}


class Things:
    """A stack with one custom resource, whose function tells what it was asked for."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        self.stack = Stack(aws)
        self.sqs = aws.client("sqs")
        self.url = self.sqs.create_queue(QueueName=unique("heard"))["QueueUrl"]
        self.function = aws.client("lambda").get_function(FunctionName=function(aws, CODE))

    def resources(self, name: str, physical_id: str) -> dict[str, Any]:
        """Return the template's resources; the parameter uses the custom resource."""
        properties = {
            "ServiceToken": self.function["Configuration"]["FunctionArn"],
            "Queue": self.url,
            "Name": name,
            "Id": physical_id,
        }
        thing = {"Type": "Custom::Thing", "Properties": properties}
        return {"Thing": thing, "User": parameter(self.stack.name, {"Ref": "Thing"})}

    def heard(self) -> list[tuple[str, str | None, str, str | None]]:
        """Take what the function was asked for: kind, id, name, and name before."""
        found = []
        while batch := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                body = json.loads(message["Body"])
                found.append((body["kind"], body["id"], body["name"], body["before"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def things(aws: EmbeddedAWS) -> Things:
    """A stack whose custom resource is `first`, at its beginning."""
    made = Things(aws)
    assert made.stack.create(made.resources("one", "first")) == "CREATE_COMPLETE"
    assert made.heard() == [("Create", None, "one", None)]
    return made


def test_a_replaced_custom_resource_is_deleted_in_the_clean_up(things: Things) -> None:
    """Another id is a replacement: the old one is deleted with its own properties, after all else is updated."""
    assert things.stack.update(things.resources("two", "second")) == "UPDATE_COMPLETE"

    assert things.heard() == [("Update", "first", "two", "one"), ("Delete", "first", "one", None)]
    events = things.stack.client.describe_stack_events(StackName=things.stack.id)["StackEvents"][::-1]
    order = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in events]
    assert order.index(("User", "UPDATE_COMPLETE")) < order.index(("Thing", "DELETE_IN_PROGRESS"))
    assert things.stack.physical_ids()["Thing"] == "second"


def test_a_failed_update_is_asked_to_go_back(things: Things) -> None:
    """The function that answered FAILED gets an update to its former properties, from those that it refused."""
    assert things.stack.update(things.resources("bad", "first")) == "UPDATE_ROLLBACK_COMPLETE"

    assert things.heard() == [("Update", "first", "bad", "one"), ("Update", "first", "one", "bad")]
    assert "bad is not allowed" in things.stack.reason("Thing", "UPDATE_FAILED")


def test_a_replacement_is_taken_back(things: Things) -> None:
    """A rollback asks for the former properties; the replacement is deleted and the first one is not."""
    assert things.stack.update({**things.resources("two", "second"), "Broken": BROKEN}) == "UPDATE_ROLLBACK_COMPLETE"

    assert things.heard() == [
        ("Update", "first", "two", "one"),
        ("Update", "second", "one", "two"),
        ("Delete", "second", "two", None),
    ]
    assert things.stack.physical_ids()["Thing"] == "first"
    assert things.stack.delete() == "DELETE_COMPLETE"
    assert things.heard() == [("Delete", "first", "one", None)]


def test_a_replaced_resource_may_be_kept(things: Things) -> None:
    """UpdateReplacePolicy decides what becomes of it, not DeletionPolicy."""
    for policy, heard in (
        ({"UpdateReplacePolicy": "Retain"}, ["Update"]),
        ({"DeletionPolicy": "Retain"}, ["Update", "Delete"]),
    ):
        resources = things.resources("one", f"first-{len(heard)}")
        resources["Thing"] |= policy
        things.stack.update(resources)
        things.heard()
        resources = things.resources("two", f"second-{len(heard)}")
        resources["Thing"] |= policy
        assert things.stack.update(resources) == "UPDATE_COMPLETE"
        assert [kind for kind, *_ in things.heard()] == heard


def group(name: str) -> dict[str, Any]:
    """Return a dataset group, which no update can rename."""
    return {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": name}}


def test_a_rollback_keeps_what_was_replaced(aws: EmbeddedAWS) -> None:
    """A group under another name is made first; when the update fails the new one goes and the old one stays."""
    stack, names = Stack(aws), [unique("group"), unique("group")]
    personalize = aws.client("personalize")
    assert stack.create({"Thing": group(names[0])}) == "CREATE_COMPLETE"
    before = personalize.describe_dataset_group(datasetGroupArn=stack.physical_ids()["Thing"])["datasetGroup"]

    assert stack.update({"Thing": group(names[1]), "Broken": BROKEN}) == "UPDATE_ROLLBACK_COMPLETE"

    found = {one["name"] for one in personalize.list_dataset_groups()["datasetGroups"]}
    assert found & set(names) == {names[0]}
    after = personalize.describe_dataset_group(datasetGroupArn=stack.physical_ids()["Thing"])["datasetGroup"]
    assert before["creationDateTime"] == after["creationDateTime"]


def test_an_export_in_use_cannot_change(aws: EmbeddedAWS, stack: Stack) -> None:
    """What another stack imports keeps its value: the update that would change or drop it rolls back."""
    name = unique("export")

    def exporting(value: str) -> dict[str, Any]:
        return {"V": {"Value": value, "Export": {"Name": name}}}

    resources = {"P": parameter(stack.name, "same")}
    assert stack.create(resources, Outputs=exporting("one")) == "CREATE_COMPLETE"
    other = Stack(aws)
    assert other.create({"P": parameter(other.name, {"Fn::ImportValue": name})}) == "CREATE_COMPLETE"

    assert stack.update(resources, Outputs=exporting("two")) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.outputs() == {"V": "one"}
    assert stack.update(resources, Outputs={}) == "UPDATE_ROLLBACK_COMPLETE"
    events = stack.client.describe_stack_events(StackName=stack.id)["StackEvents"]
    reasons = " ".join(event.get("ResourceStatusReason", "") for event in events)
    assert f"Cannot update export {name} as it is in use by {other.name}." in reasons
    assert f"Cannot delete export {name} as it is in use by {other.name}." in reasons
    assert other.delete() == "DELETE_COMPLETE"
    assert stack.update(resources, Outputs=exporting("two")) == "UPDATE_COMPLETE"


@pytest.fixture
def stack(aws: EmbeddedAWS) -> Stack:
    """A stack that does not exist yet."""
    return Stack(aws)
