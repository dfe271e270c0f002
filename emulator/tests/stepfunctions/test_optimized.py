"""Step Functions' own integrations, as recordings of AWS show them."""

import json
import re
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import function
from emulator.tests.iam.support import Role
from emulator.tests.stepfunctions.support import FAIL, history, map_state, pass_state, queue, stopped
from emulator.tests.support import ended, eventually, machine, output, run, unique

OWN = "arn:aws:states:::"
WAIT = {"W": {"Type": "Wait", "Seconds": 36000, "End": True}}


def task(resource: str, arguments: Any, **fields: Any) -> dict[str, Any]:
    """Return a machine's only state, a Task that calls one of Step Functions' own integrations."""
    return {"T": {"Type": "Task", "Resource": OWN + resource, "Arguments": arguments, "End": True, **fields}}


class TestNestedExecutions:
    def test_started(self, aws: EmbeddedAWS) -> None:
        """A plain start gives ARN and date in the SDK's spelling, with what the SDK for Java adds to an answer."""
        child = machine(aws, {"P": pass_state()})
        answer = output(aws, task("states:startExecution", {"StateMachineArn": child, "Input": {"a": 1}}))
        assert sorted(answer) == ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"]
        assert isinstance(answer["StartDate"], int)
        assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200
        headers = answer["SdkHttpMetadata"]["HttpHeaders"]
        assert answer["SdkHttpMetadata"]["AllHttpHeaders"] == {name: [value] for name, value in headers.items()}
        assert headers["x-amzn-RequestId"] == answer["SdkResponseMetadata"]["RequestId"]
        assert ended(aws, answer["ExecutionArn"])["output"] == {"a": 1}

    @pytest.mark.parametrize(("way", "expected"), [("sync", '{"got":1}'), ("sync:2", {"got": 1})])
    def test_waited_for(self, aws: EmbeddedAWS, way: str, expected: Any) -> None:
        """The result is the ended execution's description; `.sync:2` has input and output as JSON, `.sync` as text."""
        child = machine(aws, {"P": pass_state(Output={"got": "{% $states.input.a %}"})})
        arguments = {"StateMachineArn": child, "Input": {"a": 1}}
        answer = output(aws, task(f"states:startExecution.{way}", arguments))
        assert (answer["Status"], answer["Output"], answer["OutputDetails"]) == (
            "SUCCEEDED",
            expected,
            {"Included": True},
        )
        assert answer["StateMachineArn"] == child

    @pytest.mark.parametrize("way", ["sync", "sync:2"])
    def test_a_failure_fails_the_task(self, aws: EmbeddedAWS, way: str) -> None:
        """An execution that fails is States.TaskFailed, with its description as the cause."""
        failed = run(aws, task(f"states:startExecution.{way}", {"StateMachineArn": machine(aws, FAIL)}))
        assert failed["error"] == "States.TaskFailed"
        cause = json.loads(failed["cause"])
        assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Mine", "always")

    def test_a_machine_that_is_not_there(self, aws: EmbeddedAWS) -> None:
        """The error has the name and the cause that were recorded."""
        arn = machine(aws, {"P": pass_state()}) + "x"
        failed = run(aws, task("states:startExecution", {"StateMachineArn": arn}))
        assert failed["error"] == "StepFunctions.StateMachineDoesNotExistException"
        expected = f"State Machine Does Not Exist: '{arn}' (Service: AWSStepFunctions; Status Code: 400; Error Code: "
        assert failed["cause"].startswith(f"{expected}StateMachineDoesNotExist; Request ID: ")

    def test_a_task_token_goes_with_the_input(self, aws: EmbeddedAWS) -> None:
        """The started execution answers with the token of the task that waits."""
        success = {"TaskToken": "{% $states.input.token %}", "Output": {"done": True}}
        resource = "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess"
        child = machine(aws, {"S": {"Type": "Task", "Resource": resource, "Arguments": success, "End": True}})
        arguments = {"StateMachineArn": child, "Input": {"token": "{% $states.context.Task.Token %}"}}
        assert output(aws, task("states:startExecution.waitForTaskToken", arguments)) == {"done": True}

    def test_a_stop_reaches_what_is_waited_for(self, aws: EmbeddedAWS) -> None:
        """Who stops the one execution stops the other."""
        child = machine(aws, WAIT)
        parent = run_in_background(aws, task("states:startExecution.sync:2", {"StateMachineArn": child}))
        stopped(aws, parent, after="TaskSubmitted")
        [started] = aws.client("stepfunctions").list_executions(stateMachineArn=child)["executions"]
        assert ended(aws, started["executionArn"])["status"] == "ABORTED"

    def test_the_role_is_asked(self, aws: EmbeddedAWS) -> None:
        """Without states:StartExecution on the other machine the task is denied."""
        child = machine(aws, {"P": pass_state()})
        role = Role(aws, principal={"Service": "states.amazonaws.com"})
        failed = run_as(aws, role.arn, task("states:startExecution", {"StateMachineArn": child}))
        assert "is not authorized to perform: states:StartExecution" in failed["cause"]
        role.may({"Action": "states:StartExecution", "Resource": child})
        allowed = run_as(aws, role.arn, task("states:startExecution", {"StateMachineArn": child}))
        assert allowed["status"] == "SUCCEEDED"

    def test_the_role_must_be_able_to_hear_of_the_end(self, aws: EmbeddedAWS) -> None:
        """With `.sync` the role needs the rule that AWS makes, or the machine is not created (developer guide)."""
        child = machine(aws, {"P": pass_state()})
        starts = {"Action": ["states:StartExecution", "states:DescribeExecution"], "Resource": "*"}
        role = Role(aws, starts, principal={"Service": "states.amazonaws.com"})
        states = task("states:startExecution.sync", {"StateMachineArn": child})
        denied = aws.client("stepfunctions").exceptions.ClientError
        with pytest.raises(denied, match=f"'{role.arn}' is not authorized to create managed-rule"):
            run_as(aws, role.arn, states)
        rule = "arn:aws:events:us-east-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
        role.may(starts, {"Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"], "Resource": rule})
        assert run_as(aws, role.arn, states)["status"] == "SUCCEEDED"


def table(aws: EmbeddedAWS) -> str:
    """Create a table whose key is the text `id`; return its name."""
    name = unique("table")
    key = {"AttributeName": "id", "KeyType": "HASH"}
    attribute = {"AttributeName": "id", "AttributeType": "S"}
    aws.client("dynamodb").create_table(
        TableName=name, KeySchema=[key], AttributeDefinitions=[attribute], BillingMode="PAY_PER_REQUEST"
    )
    return name


def run_in_background(aws: EmbeddedAWS, states: dict[str, Any]) -> str:
    """Start a machine of these states; return the execution's ARN."""
    return str(aws.client("stepfunctions").start_execution(stateMachineArn=machine(aws, states))["executionArn"])


def run_as(aws: EmbeddedAWS, role: str, states: dict[str, Any]) -> dict[str, Any]:
    """Run a machine of these states with a role of its own."""
    client = aws.client("stepfunctions")
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states})
    arn = client.create_state_machine(name=unique("machine"), definition=definition, roleArn=role)["stateMachineArn"]
    return ended(aws, client.start_execution(stateMachineArn=arn)["executionArn"])


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize(("code", "expected"), [("b'x y'", "x y"), ("b'{\"a\": 1}'", {"a": 1})])
def test_bytes_of_a_handler(aws: EmbeddedAWS, code: str, expected: Any, *, direct: bool) -> None:
    """Bytes that a handler returns are the payload as they are, a text if they are no JSON."""
    name = function(aws, f"def handler(event, context):\n    return {code}\n")
    if direct:
        arn = aws.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        assert output(aws, {"T": {"Type": "Task", "Resource": arn, "End": True}}) == expected
    else:
        answer = output(aws, task("lambda:invoke", {"FunctionName": name}))
        assert (answer["Payload"], answer["StatusCode"]) == (expected, 200)
        assert {"SdkHttpMetadata", "SdkResponseMetadata", "ExecutedVersion"} < set(answer)


@pytest.mark.parametrize(("direct", "expected"), [(True, None), (False, {})])
def test_null_as_a_payload(aws: EmbeddedAWS, expected: Any, *, direct: bool) -> None:
    """A function that is a task's resource gets null as null; `lambda:invoke` leaves a Payload of null out."""
    name = function(aws, "def handler(event, context):\n    return event\n")
    if direct:
        arn = aws.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        assert output(aws, {"T": {"Type": "Task", "Resource": arn, "Arguments": "{% null %}", "End": True}}) == expected
    else:
        assert output(aws, task("lambda:invoke", {"FunctionName": name, "Payload": None}))["Payload"] == expected


def test_headers_of_answers(aws: EmbeddedAWS) -> None:
    """The headers in a result are those that each service's answers have in recordings."""
    common = ["Content-Length", "Content-Type", "Date", "x-amzn-RequestId"]

    def headers(resource: str, arguments: Any) -> dict[str, str]:
        answer = output(aws, task(resource, arguments))
        assert sorted(answer["SdkHttpMetadata"]["AllHttpHeaders"]) == sorted(answer["SdkHttpMetadata"]["HttpHeaders"])
        found: dict[str, str] = answer["SdkHttpMetadata"]["HttpHeaders"]
        return found

    sent = headers("sqs:sendMessage", {"QueueUrl": queue(aws), "MessageBody": "m"})
    assert sorted(sent) == sorted([*common, "connection"])
    name = function(aws, "def handler(event, context):\n    return event\n")
    invoked = headers("lambda:invoke", {"FunctionName": name})
    own = ["Connection", "X-Amz-Executed-Version", "X-Amzn-Trace-Id", "x-amzn-Remapped-Content-Length"]
    assert sorted(invoked) == sorted([*common, *own])
    assert invoked["X-Amzn-Trace-Id"].startswith("Root=1-")
    got = headers("dynamodb:getItem", {"TableName": table(aws), "Key": {"id": {"S": "one"}}})
    assert sorted(got) == sorted([*common, "Connection", "Server", "x-amz-crc32"])


def test_events_have_no_headers(aws: EmbeddedAWS) -> None:
    """The result of PutEvents is EventBridge's alone."""
    entry = {"Detail": {"a": 1}, "DetailType": "type", "Source": "some.source"}
    assert sorted(output(aws, task("events:putEvents", {"Entries": [entry]}))) == ["Entries", "FailedEntryCount"]


def test_a_queue_url_that_is_none(aws: EmbeddedAWS) -> None:
    """A QueueUrl that is only a name is a host that is not there: SQS.SdkClientException."""
    failed = run(aws, task("sqs:sendMessage", {"QueueUrl": "no-such-queue", "MessageBody": "m"}))
    assert failed["error"] == "SQS.SdkClientException"
    assert failed["cause"] == "Unable to execute HTTP request: no-such-queue: Name or service not known"


@pytest.mark.parametrize(
    ("resource", "arguments", "error", "words"),
    [
        ("dynamodb", {"TableName": "/t", "Item": {}}, "DynamoDB.AmazonDynamoDBException", "Value '/t' at 'tableName'"),
        ("dynamodb", {"TableName": "t", "Item": None}, "DynamoDB.AmazonDynamoDBException", "Value null at 'item'"),
        ("aws-sdk:dynamodb", {"TableName": "t", "Item": None}, "DynamoDb.DynamoDbException", "Value null at 'item'"),
    ],
)
def test_wrong_requests_for_dynamodb(aws: EmbeddedAWS, resource: str, arguments: Any, error: str, words: str) -> None:
    """A wrong name of a table, or null where a value is required, has the SDK's name for the service's errors."""
    failed = run(aws, task(f"{resource}:putItem", arguments))
    assert failed["error"] == error
    assert failed["cause"].startswith(
        f"1 validation error detected: {words} failed to satisfy constraint: Member must "
    )


@pytest.mark.parametrize("body", [None, ""])
def test_a_message_without_a_body(aws: EmbeddedAWS, body: str | None) -> None:
    """An answer of SQS that is an error has the SDK's name for the service's errors, and its words."""
    failed = run(aws, task("sqs:sendMessage", {"QueueUrl": queue(aws), "MessageBody": body}))
    assert failed["error"] == "SQS.AmazonSQSException"
    expected = "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: "
    assert failed["cause"].startswith(f"{expected}MissingParameter; Request ID: ")


def test_a_fifo_topic_wants_a_group(aws: EmbeddedAWS) -> None:
    """A message to a FIFO topic without a group is SNS.InvalidParameterException."""
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = aws.client("sns").create_topic(Name=f"{unique('topic')}.fifo", Attributes=attributes)["TopicArn"]
    failed = run(aws, task("sns:publish", {"TopicArn": topic, "Message": "m"}))
    assert failed["error"] == "SNS.InvalidParameterException"
    assert "The MessageGroupId parameter is required for FIFO topics" in failed["cause"]


def test_a_failed_entry(aws: EmbeddedAWS) -> None:
    """A detail that is JSON but no object fails the task, with EventBridge's answer as the cause."""
    entry = {"Detail": '"jsonstring"', "DetailType": "type", "Source": "some.source"}
    failed = run(aws, task("events:putEvents", {"Entries": [entry]}))
    assert failed["error"] == "EventBridge.FailedEntry"
    expected = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    assert json.loads(failed["cause"]) == {"Entries": [expected], "FailedEntryCount": 1}


def test_dynamodb_asks_the_role(aws: EmbeddedAWS) -> None:
    """A state reads an item only if its role may."""
    name = table(aws)
    aws.client("dynamodb").put_item(TableName=name, Item={"id": {"S": "one"}})
    states = task("dynamodb:getItem", {"TableName": name, "Key": {"id": {"S": "one"}}})
    role = Role(aws, principal={"Service": "states.amazonaws.com"})
    denied = run_as(aws, role.arn, states)
    assert denied["error"] == "DynamoDB.AmazonDynamoDBException"
    assert "is not authorized to perform: dynamodb:GetItem" in denied["cause"]
    role.may({"Action": "dynamodb:GetItem", "Resource": f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}"})
    assert run_as(aws, role.arn, states)["output"]["Item"] == {"id": {"S": "one"}}


def test_a_request_that_lacks_a_parameter(aws: EmbeddedAWS) -> None:
    """An AWS SDK integration without a required parameter fails with the service's own error, tried once."""
    missing = task("aws-sdk:s3:getObject", {"Bucket": "bucket"})
    failed = run(aws, missing)
    assert failed["error"] == "S3.S3Exception"
    assert re.search(r"Request ID: \S+, Extended Request ID: \S+\) \(SDK Attempt Count: 1\)$", failed["cause"])
    assert "Key" in failed["cause"]


def test_a_failed_task_is_aborted_with_its_parallel(aws: EmbeddedAWS) -> None:
    """TaskStateAborted follows the failure of a task that fails its branch, and is no other event's previous one."""
    fails = task("sqs:sendMessage", {"QueueUrl": "no-such-queue", "MessageBody": "m"})
    again = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}
    branches = [{"StartAt": "T", "States": fails}]
    failed = run(aws, {"P": {"Type": "Parallel", "Branches": branches, "Retry": [again], "End": True}})
    events = [(event["type"], event["previousEventId"]) for event in history(aws, failed["executionArn"])]
    assert events[6:9] == [("TaskFailed", 6), ("TaskStateAborted", 7), ("ParallelStateStarted", 7)]
    assert events[12:] == [
        ("TaskFailed", 12),
        ("TaskStateAborted", 13),
        ("ParallelStateFailed", 13),
        ("ExecutionFailed", 15),
    ]


def test_a_failed_task_is_aborted_with_its_map(aws: EmbeddedAWS) -> None:
    """TaskStateAborted follows MapIterationFailed for a task that fails its iteration."""
    fails = task("sqs:sendMessage", {"QueueUrl": "no-such-queue", "MessageBody": "m"})
    failed = run(aws, {"M": map_state([1], fails)})
    events = [(event["type"], event["previousEventId"]) for event in history(aws, failed["executionArn"])]
    assert events[7:] == [
        ("TaskFailed", 7),
        ("MapIterationFailed", 8),
        ("TaskStateAborted", 8),
        ("MapStateFailed", 8),
        ("ExecutionFailed", 11),
    ]


def test_an_ended_branch_aborts_the_other(aws: EmbeddedAWS) -> None:
    """A branch that fails leaves TaskStateAborted for the task of the other one."""
    child = machine(aws, WAIT)
    slow = task("states:startExecution.sync:2", {"StateMachineArn": child})
    fails = {"W": {"Type": "Wait", "Seconds": 60, "Next": "F"}, **FAIL}
    branches = [{"StartAt": "T", "States": slow}, {"StartAt": "W", "States": fails}]
    failed = run(aws, {"P": {"Type": "Parallel", "Branches": branches, "End": True}})
    types = [event["type"] for event in history(aws, failed["executionArn"])]
    assert types[-3:] == ["TaskStateAborted", "ParallelStateFailed", "ExecutionFailed"]
    listed = aws.client("stepfunctions").list_executions
    eventually(lambda: listed(stateMachineArn=child, statusFilter="ABORTED")["executions"])
