"""Tasks that wait for a token, answered by themselves or from outside."""

import json
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import (
    NASTY,
    history,
    only_after_a_redrive,
    pass_state,
    queue,
    redriven,
    start,
    stopped,
    task,
)
from emulator.tests.support import ended, eventually, output, run

TOKEN = "{% $states.context.Task.Token %}"


def failing(error: str, cause: str = "because", **fields: Any) -> dict[str, Any]:
    """Return a state that fails itself with an error and a cause."""
    arguments = {"TaskToken": TOKEN, "Error": error, "Cause": cause}
    return task("sfn:sendTaskFailure.waitForTaskToken", arguments, **fields)


def asking(queue_url: str, **fields: Any) -> dict[str, Any]:
    """Return a state that sends its token to a queue and waits for the answer."""
    arguments = {"QueueUrl": queue_url, "MessageBody": TOKEN}
    return task("sqs:sendMessage.waitForTaskToken", arguments, **fields)


def token(aws: EmbeddedAWS, queue_url: str) -> str:
    """Return the next token that is sent to a queue."""

    def look() -> str | None:
        messages = aws.client("sqs").receive_message(QueueUrl=queue_url).get("Messages", [])
        for message in messages:
            aws.client("sqs").delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            return str(message["Body"])
        return None

    return eventually(look)


class TestAnsweringItself:
    def test_failure(self, aws: EmbeddedAWS) -> None:
        """A state that sends its own failure fails with exactly that error and cause."""
        description = run(aws, {"T": failing("Mine.Own", "{% $states.input.why %}")}, {"why": NASTY})
        assert (description["status"], description["error"], description["cause"]) == ("FAILED", "Mine.Own", NASTY)
        failed = [event for event in history(aws, description["executionArn"]) if event["type"] == "TaskFailed"]
        assert [event["taskFailedEventDetails"]["error"] for event in failed] == ["Mine.Own"]

    @pytest.mark.parametrize("error", ["Mine.Own", "States.Timeout"])
    def test_caught_failure(self, aws: EmbeddedAWS, error: str) -> None:
        """A Catch takes it by its name, also by one of the service's."""
        catches = [
            {"ErrorEquals": ["Another"], "Next": "N"},
            {"ErrorEquals": [error], "Output": "{% $states.errorOutput %}", "Next": "E"},
        ]
        states = {"T": failing(error, Catch=catches), "E": pass_state(), "N": pass_state(Output="wrong")}
        assert output(aws, states) == {"Error": error, "Cause": "because"}

    def test_success(self, aws: EmbeddedAWS) -> None:
        """A state that sends its own success has the output as its result."""
        arguments = {"TaskToken": TOKEN, "Output": {"é": [1, None]}}
        states = {"T": task("sfn:sendTaskSuccess.waitForTaskToken", arguments, Output="{% $states.result %}")}
        assert output(aws, states) == {"é": [1, None]}

    def test_retry(self, aws: EmbeddedAWS) -> None:
        """Every attempt has a token of its own."""
        retry = {"ErrorEquals": ["Mine"], "IntervalSeconds": 1, "MaxAttempts": 2}
        execution = run(aws, {"T": failing("Mine", Retry=[retry])})["executionArn"]
        scheduled = [event for event in history(aws, execution) if event["type"] == "TaskScheduled"]
        tokens = {json.loads(event["taskScheduledEventDetails"]["parameters"])["TaskToken"] for event in scheduled}
        assert len(tokens) == 3

    def test_redrive(self, aws: EmbeddedAWS) -> None:
        """A redrive of such a failure sends it again, where the state was."""
        states = {"T": failing("{% 'Attempt' & $states.context.Execution.RedriveCount %}")}
        execution = start(aws, states)
        assert ended(aws, execution)["error"] == "Attempt0"
        assert redriven(aws, execution)["error"] == "Attempt1"


class TestAnswers:
    def test_from_outside(self, aws: EmbeddedAWS) -> None:
        """What waits goes on with the output that is sent, or fails with the error and the cause."""
        client, url = aws.client("stepfunctions"), queue(aws)
        execution = start(aws, {"T": asking(url)})
        client.send_task_success(taskToken=token(aws, url), output='{"a": 1}')
        assert ended(aws, execution)["output"] == {"a": 1}
        execution = start(aws, {"T": asking(url)})
        client.send_task_failure(taskToken=token(aws, url), error="Theirs", cause="their cause")
        description = ended(aws, execution)
        assert (description["error"], description["cause"]) == ("Theirs", "their cause")

    def test_wrong_answers(self, aws: EmbeddedAWS) -> None:
        """A token counts once; unknown tokens and outputs that are not JSON are refused."""
        client, url = aws.client("stepfunctions"), queue(aws)
        execution = start(aws, {"T": asking(url, Next="W"), "W": {"Type": "Wait", "Seconds": 36000, "End": True}})
        mine = token(aws, url)
        with pytest.raises(client.exceptions.InvalidOutput):
            client.send_task_success(taskToken=mine, output="{")
        with pytest.raises(client.exceptions.InvalidToken):
            client.send_task_success(taskToken=mine + "x", output="1")
        client.send_task_success(taskToken=mine, output="1")
        for send in (
            lambda: client.send_task_success(taskToken=mine, output="2"),
            lambda: client.send_task_failure(taskToken=mine),
            lambda: client.send_task_heartbeat(taskToken=mine),
        ):
            with pytest.raises(client.exceptions.TaskTimedOut):
                send()
        stopped(aws, execution, after="WaitStateEntered")

    def test_what_no_longer_waits(self, aws: EmbeddedAWS) -> None:
        """A task that was stopped or timed out takes no answer; after a redrive it waits with a new token."""
        client, url = aws.client("stepfunctions"), queue(aws)
        execution = start(aws, {"T": asking(url)})
        first = token(aws, url)
        client.stop_execution(executionArn=execution)
        with pytest.raises(client.exceptions.TaskTimedOut):
            client.send_task_success(taskToken=first, output="1")
        client.redrive_execution(executionArn=execution)
        second = token(aws, url)
        with pytest.raises(client.exceptions.TaskTimedOut):
            client.send_task_success(taskToken=first, output="1")
        client.send_task_success(taskToken=second, output="2")
        assert ended(aws, execution)["output"] == 2

        states = {
            "T": asking(url, TimeoutSeconds=30, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "W"}]),
            "W": {"Type": "Wait", "Seconds": 36000, "End": True},
        }
        execution = start(aws, states)
        late = token(aws, url)
        eventually(lambda: "WaitStateEntered" in {event["type"] for event in history(aws, execution)})
        with pytest.raises(client.exceptions.TaskTimedOut):
            client.send_task_success(taskToken=late, output="1")
        client.stop_execution(executionArn=execution)

    def test_heartbeats(self, aws: EmbeddedAWS) -> None:
        """HeartbeatSeconds run on the embedded clock, from one heartbeat to the next."""
        client, url = aws.client("stepfunctions"), queue(aws)
        execution = start(aws, {"T": asking(url, HeartbeatSeconds=120, TimeoutSeconds=36000)})
        mine = token(aws, url)
        begin = client.describe_execution(executionArn=execution)["startDate"]
        for _ in range(4):
            aws.skip(60)
            client.send_task_heartbeat(taskToken=mine)
        description = ended(aws, execution)
        assert description["status"] == "FAILED"
        assert (description["stopDate"] - begin).total_seconds() >= 4 * 60 + 120


def test_the_caller_of_a_redrive_is_a_state(aws: EmbeddedAWS) -> None:
    """A machine can redrive an execution of another one, as with any other call of the API."""
    execution = start(aws, {"P": only_after_a_redrive()})
    ended(aws, execution)
    answer = output(aws, {"R": task("sfn:redriveExecution", {"ExecutionArn": execution})})
    assert answer["RedriveDate"].endswith("Z")
    assert ended(aws, execution)["status"] == "SUCCEEDED"


def test_the_token_is_looked_at_first(aws: EmbeddedAWS) -> None:
    """A wrong token with an output that is no JSON is told for its token (recorded)."""
    client = aws.client("stepfunctions")
    with pytest.raises(client.exceptions.InvalidToken):
        client.send_task_success(taskToken="x", output="{")
