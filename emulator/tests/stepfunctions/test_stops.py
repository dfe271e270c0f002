"""StopExecution and timeouts in whatever an execution is doing, and redrives after them."""

import time
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import function
from emulator.tests.stepfunctions.support import (
    bucket,
    history,
    map_state,
    parallel,
    pass_state,
    redriven,
    start,
    stopped,
    task,
)
from emulator.tests.support import ended, eventually

LONG_AT_FIRST = "{% $states.context.Execution.RedriveCount > 0 ? 1 : 36000 %}"
SLOW = """
import time
def handler(event, context):
    time.sleep(event["seconds"])
    return "done"
"""


def slow_function(aws: EmbeddedAWS) -> str:
    """Create a function that takes as long as it is told, call it once to have it unpacked, and return its name."""
    name = function(aws, SLOW)
    aws.client("lambda").invoke(FunctionName=name, Payload='{"seconds": 0}')
    return name


def slow(name: str) -> dict[str, Any]:
    """Return a Task state whose function takes 4 seconds at first and none after a redrive."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": name,
            "Payload": {"seconds": "{% $states.context.Execution.RedriveCount > 0 ? 0 : 4 %}"},
        },
        "Output": "{% $states.result.Payload %}",
        "End": True,
    }


def types(aws: EmbeddedAWS, execution_arn: str) -> list[str]:
    """Return the types of an execution's events."""
    return [event["type"] for event in history(aws, execution_arn)]


class TestStop:
    @pytest.mark.parametrize("within", ["machine", "map", "parallel"])
    def test_while_it_waits(self, aws: EmbeddedAWS, within: str) -> None:
        """A Wait ends at once wherever it is, and a redrive waits anew."""
        wait = {"W": {"Type": "Wait", "Seconds": LONG_AT_FIRST, "Next": "E"}, "E": pass_state(Output="done")}
        states = {"machine": wait, "map": {"M": map_state([1], wait)}, "parallel": {"P": parallel(wait)}}[within]
        execution = start(aws, states)
        assert stopped(aws, execution, after="WaitStateEntered")["status"] == "ABORTED"
        assert types(aws, execution)[-1] == "ExecutionAborted"
        output = redriven(aws, execution)["output"]
        assert output == ("done" if within == "machine" else ["done"])

    def test_while_a_function_runs(self, aws: EmbeddedAWS) -> None:
        """The end is in the history at once, what the call answers later is not, and a redrive calls again."""
        name = slow_function(aws)
        execution = start(aws, {"T": slow(name)})
        before = time.monotonic()
        assert stopped(aws, execution, after="TaskStarted")["status"] == "ABORTED"
        assert types(aws, execution)[-1] == "ExecutionAborted"
        description = redriven(aws, execution)
        assert time.monotonic() - before < 4
        assert description["output"] == "done"
        whole = types(aws, execution)
        time.sleep(max(0.0, before + 5 - time.monotonic()))
        assert types(aws, execution) == whole
        again = ["ExecutionAborted", "ExecutionRedriven", "TaskScheduled", "TaskStarted", "TaskSucceeded"]
        assert whole[-7:] == [*again, "TaskStateExited", "ExecutionSucceeded"]
        last = aws.client("stepfunctions").describe_execution(executionArn=execution)
        assert (last["status"], last["stopDate"]) == ("SUCCEEDED", description["stopDate"])

    def test_while_it_waits_for_the_next_attempt(self, aws: EmbeddedAWS) -> None:
        """The pause before a retry can be stopped; the redrive tries at once."""
        name = bucket(aws)
        retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 36000}
        execution = start(aws, {"T": task("s3:getObject", {"Bucket": name, "Key": "k"}, Retry=[retry])})
        assert stopped(aws, execution, after="TaskFailed")["status"] == "ABORTED"
        aws.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
        assert redriven(aws, execution)["output"]["Body"] == "x"

    def test_as_soon_as_it_starts(self, aws: EmbeddedAWS) -> None:
        """A stop never comes too early: what was stopped before its first state starts with it when redriven."""
        client = aws.client("stepfunctions")
        for _ in range(10):
            execution = start(
                aws, {"A": {"Type": "Pass", "Next": "W"}, "W": {"Type": "Wait", "Seconds": LONG_AT_FIRST, "End": True}}
            )
            client.stop_execution(executionArn=execution, error="Early", cause="at once")
            description = client.describe_execution(executionArn=execution)
            assert (description["status"], description["error"]) == ("ABORTED", "Early")
            assert redriven(aws, execution)["status"] == "SUCCEEDED"
            entered = [kind for kind in types(aws, execution) if kind.endswith("StateEntered")]
            assert entered == ["PassStateEntered", "WaitStateEntered"]

    def test_as_it_ends(self, aws: EmbeddedAWS) -> None:
        """A stop and an end at the same moment agree: one last event, and the status that it names."""
        client = aws.client("stepfunctions")
        seen = set()
        for number in range(30):
            execution = start(aws, {"W": {"Type": "Wait", "Seconds": 6, "End": True}})
            time.sleep(number * 0.005)
            client.stop_execution(executionArn=execution)
            status = ended(aws, execution)["status"]
            whole = types(aws, execution)
            assert whole[-1] == {"ABORTED": "ExecutionAborted", "SUCCEEDED": "ExecutionSucceeded"}[status]
            assert len([kind for kind in whole if kind.startswith("Execution")]) == 2
            seen.add(status)
        assert seen == {"ABORTED", "SUCCEEDED"}

    def test_what_has_ended_stays_so(self, aws: EmbeddedAWS) -> None:
        """Stopping what is no longer running changes nothing."""
        client = aws.client("stepfunctions")
        execution = start(aws, {"A": pass_state()})
        description = ended(aws, execution)
        answer = client.stop_execution(executionArn=execution, error="Late")
        assert answer["stopDate"] == description["stopDate"]
        again = ended(aws, execution)
        assert (again["status"], "error" in again) == ("SUCCEEDED", False)


class TestSiblings:
    @pytest.mark.parametrize("kind", ["map", "parallel"])
    def test_what_runs_beside_a_failure_is_cut_off(self, aws: EmbeddedAWS, kind: str) -> None:
        """A call under way beside a failure keeps neither the Catch waiting nor counts as success."""
        name = slow_function(aws)
        fail = {"F": {"Type": "Fail", "Error": "Mine"}}
        if kind == "map":
            choice = {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "T"}],
                "Default": "D",
            }
            iteration = {"C": choice, "T": slow(name), "D": {"Type": "Wait", "Seconds": 30, "Next": "F"}, **fail}
            state = map_state([0, 1], iteration)
        else:
            state = parallel({"T": slow(name)}, {"D": {"Type": "Wait", "Seconds": 30, "Next": "F"}, **fail})
        catch = {"ErrorEquals": ["Mine"], "Next": "E"}
        states = {"S": state | {"Catch": [catch]}, "E": {"Type": "Wait", "Seconds": 360, "End": True}}
        before = time.monotonic()
        execution = start(aws, states)
        eventually(lambda: "WaitStateEntered" in types(aws, execution) and "E" in entered(aws, execution))
        assert time.monotonic() - before < 4
        assert ended(aws, execution)["status"] == "SUCCEEDED"
        whole = types(aws, execution)
        assert "MapIterationSucceeded" not in whole
        assert not {"TaskSucceeded", "TaskFailed", "TaskTimedOut", "ParallelStateSucceeded"} & set(whole)
        assert whole.count("MapIterationAborted") == (1 if kind == "map" else 0)


def entered(aws: EmbeddedAWS, execution_arn: str) -> list[str]:
    """Return the names of the states that an execution has entered."""
    events = history(aws, execution_arn)
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
