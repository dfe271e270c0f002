"""A stack of one template after another, through the API alone."""

import json
from typing import Any

from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import eventually, unique

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


def buckets(aws: EmbeddedAWS) -> set[str]:
    """Return the names of all buckets."""
    return {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}
