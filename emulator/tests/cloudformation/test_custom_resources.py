"""Resources that a function answers for."""

import json
from typing import Any

from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack
from emulator.tests.support import role

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
