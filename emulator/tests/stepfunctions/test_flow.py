import itertools
import time
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import NASTY, bucket, history, map_state, parallel, pass_state, queue, task
from emulator.tests.support import output, run


class TestFlow:
    @pytest.mark.aws
    def test_choice(self, aws: EmbeddedAWS) -> None:
        """The first rule that holds decides, with its own Assign and Output; otherwise the default's."""
        states = {
            "C": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.n > 1 %}", "Next": "End", "Assign": {"way": "rule"}, "Output": 1}
                ],
                "Default": "End",
                "Assign": {"way": "default"},
                "Output": 0,
            },
            "End": pass_state(Output="{% [$states.input, $way] %}"),
        }
        assert output(aws, states, {"n": 2}) == [1, "rule"]
        assert output(aws, states, {"n": 1}) == [0, "default"]

    @pytest.mark.aws
    def test_choice_without_match(self, aws: EmbeddedAWS) -> None:
        """No rule and no default is States.NoChoiceMatched; a condition must be boolean."""

        def choice(condition: str) -> dict[str, Any]:
            return {"C": {"Type": "Choice", "Choices": [{"Condition": condition, "Next": "E"}]}, "E": pass_state()}

        assert run(aws, choice("{% 1 = 2 %}"))["error"] == "States.NoChoiceMatched"
        assert run(aws, choice("{% 'yes' %}"))["error"] == "States.QueryEvaluationError"

    def test_map(self, aws: EmbeddedAWS) -> None:
        """Iterations get their item, see outer variables, keep their own, and results keep the items' order."""
        states = {
            "A": {"Type": "Pass", "Assign": {"outer": NASTY}, "Next": "M"},
            "M": {
                "Type": "Map",
                "Items": "{% $states.input.items %}",
                "MaxConcurrency": 3,
                "ItemSelector": {
                    "value": "{% $states.context.Map.Item.Value %}",
                    "index": "{% $states.context.Map.Item.Index %}",
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "Own",
                    "States": {
                        "Own": {"Type": "Pass", "Assign": {"own": "{% $states.input.value * 10 %}"}, "Next": "Show"},
                        "Show": pass_state(
                            Output="{% {'v': $own, 'i': $states.input.index, 'o': $outer,"
                            " 'c': $states.context.Map.Item.Index} %}"
                        ),
                    },
                },
                "Output": "{% {'all': $states.result, 'n': $count($states.result)} %}",
                "End": True,
            },
        }
        result = output(aws, states, {"items": list(range(20))})
        assert result["n"] == 20
        assert result["all"] == [{"v": i * 10, "i": i, "o": NASTY, "c": i} for i in range(20)]

    @pytest.mark.aws
    def test_map_needs_an_array(self, aws: EmbeddedAWS) -> None:
        """Items that are no array fail with States.QueryEvaluationError; none at all are fine."""
        states = {
            "M": {
                "Type": "Map",
                "Items": "{% $states.input.items %}",
                "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "P", "States": {"P": pass_state()}},
                "End": True,
            }
        }
        assert output(aws, states, {"items": []}) == []
        assert run(aws, states, {"items": 3})["error"] == "States.QueryEvaluationError"

    def test_a_failed_iteration_ends_the_map(self, aws: EmbeddedAWS) -> None:
        """The first failure fails the Map with the iteration's error, and waiting siblings stop."""
        iteration = {
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "F"}],
                "Default": "W",
            },
            "F": {"Type": "Fail", "Error": "Mine", "Cause": "{% 'item ' & $states.input %}"},
            "W": {"Type": "Wait", "Seconds": 36000, "End": True},
        }
        states = {
            "M": {
                "Type": "Map",
                "Items": [1, 2],
                "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "C", "States": iteration},
                "Catch": [{"ErrorEquals": ["Mine"], "Output": "{% $states.errorOutput.Cause %}", "Next": "E"}],
                "End": True,
            },
            "E": pass_state(),
        }
        assert output(aws, states) == "item 1"

    @pytest.mark.parametrize("kind", ["map", "parallel"])
    @pytest.mark.parametrize("error", ["States.QueryEvaluationError", "States.Timeout"])
    def test_the_services_own_errors_come_through(self, aws: EmbeddedAWS, kind: str, error: str) -> None:
        """A Map or Parallel fails with the error of its iteration or branch, also one named by the service."""
        failing = {
            "States.QueryEvaluationError": pass_state(Output="{% $error('no') %}"),
            "States.Timeout": task(
                "sqs:sendMessage.waitForTaskToken",
                {"QueueUrl": queue(aws), "MessageBody": "{% $states.context.Task.Token %}"},
                TimeoutSeconds=10,
            ),
        }[error]
        state = map_state([1], {"A": failing}) if kind == "map" else parallel({"A": failing})
        catch = {"ErrorEquals": [error], "Output": "caught", "Next": "E"}
        assert output(aws, {"S": state | {"Catch": [catch]}, "E": pass_state()}) == "caught"

    def test_parallel(self, aws: EmbeddedAWS) -> None:
        """Branches run at the same time on the same input; the outputs keep the branches' order."""

        def branch(seconds: int, result: str) -> dict[str, Any]:
            return {
                "StartAt": "W",
                "States": {
                    "W": {"Type": "Wait", "Seconds": seconds, "Next": "P"},
                    "P": pass_state(Output=f"{{% [$states.input.a, '{result}'] %}}"),
                },
            }

        states = {"P": {"Type": "Parallel", "Branches": [branch(12, "x"), branch(6, "y")], "End": True}}
        assert output(aws, states, {"a": 7}) == [[7, "x"], [7, "y"]]

    def test_waits_run_on_the_embedded_clock(self, aws: EmbeddedAWS) -> None:
        """A minute passes in a second, and $now and $millis agree with it."""
        states = {
            "A": {"Type": "Pass", "Assign": {"before": "{% $millis() %}"}, "Next": "W"},
            "W": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "B"},
            "B": pass_state(Output="{% ($toMillis($now()) - $before) / 1000 %}"),
        }
        start = time.monotonic()
        assert 60 <= output(aws, states, {"seconds": 60}) < 600
        assert time.monotonic() - start < 10

    def test_machine_timeout(self, aws: EmbeddedAWS) -> None:
        """TimeoutSeconds of the machine ends it as TIMED_OUT, with a stop date."""
        description = run(aws, {"W": {"Type": "Wait", "Seconds": 36000, "End": True}}, TimeoutSeconds=30)
        assert description["status"] == "TIMED_OUT"
        assert description["stopDate"] > description["startDate"]

    @pytest.mark.aws
    def test_fail(self, aws: EmbeddedAWS) -> None:
        """Error and Cause of a Fail state may be expressions."""
        state = {"Type": "Fail", "Error": "{% 'My' & 'Error' %}", "Cause": "{% $states.input.why %}"}
        description = run(aws, {"F": state}, {"why": NASTY})
        assert (description["status"], description["error"], description["cause"]) == ("FAILED", "MyError", NASTY)

    def test_a_path_that_leads_nowhere(self, aws: EmbeddedAWS) -> None:
        """In JSONPath, a path that the input does not have is States.Runtime; its cause names path, field and input."""
        states = {"A": pass_state(Parameters={"b.$": "$.nothing"})}
        description = run(aws, states, {"a": 1}, QueryLanguage="JSONPath")
        assert description["error"] == "States.Runtime"
        assert "The JSONPath '$.nothing' specified for the field" in description["cause"]
        assert "could not be found in the input '{\"a\": 1}'" in description["cause"]

    @pytest.mark.aws
    def test_catch(self, aws: EmbeddedAWS) -> None:
        """A Catch assigns and shapes its output from the error and the state's input."""
        states = {
            "T": task(
                "s3:getObject",
                {"Bucket": bucket(aws), "Key": "none"},
                Assign={"never": "set"},
                Catch=[
                    {
                        "ErrorEquals": ["S3.NoSuchKeyException"],
                        "Assign": {"error": "{% $states.errorOutput.Error %}"},
                        "Output": {"kept": "{% $states.input.a %}"},
                        "Next": "E",
                    }
                ],
            ),
            "E": pass_state(Output="{% {'i': $states.input, 'e': $error, 'n': $exists($never)} %}"),
        }
        assert output(aws, states, {"a": 1}) == {"i": {"kept": 1}, "e": "S3.NoSuchKeyException", "n": False}

    def test_a_failing_output_can_be_caught(self, aws: EmbeddedAWS) -> None:
        """States.QueryEvaluationError from a Task's Output reaches its Catch, and its Assign is undone."""
        states = {
            "T": task(
                "s3:listBuckets",
                Assign={"set": True},
                Output="{% $states.result.Nothing %}",
                Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "E"}],
            ),
            "E": pass_state(Output="{% $exists($set) %}"),
        }
        assert output(aws, states) is False

    def test_retry(self, aws: EmbeddedAWS) -> None:
        """Attempts are counted, spaced by interval and backoff up to the longest delay, then the error stands."""
        retry = {
            "ErrorEquals": ["S3.NoSuchKeyException"],
            "IntervalSeconds": 10,
            "BackoffRate": 3,
            "MaxDelaySeconds": 20,
            "MaxAttempts": 3,
        }
        description = run(aws, {"T": task("s3:getObject", {"Bucket": bucket(aws), "Key": "k"}, Retry=[retry])})
        assert description["error"] == "S3.NoSuchKeyException"
        scheduled = [
            event["timestamp"]
            for event in history(aws, description["executionArn"])
            if event["type"] == "TaskScheduled"
        ]
        gaps = [(later - sooner).total_seconds() for sooner, later in itertools.pairwise(scheduled)]
        assert len(gaps) == 3
        assert gaps[0] >= 10
        assert all(20 <= gap < 45 for gap in gaps[1:])


class TestRecordedFailures:
    @pytest.mark.parametrize(
        ("state", "location", "after"),
        [
            (pass_state(Output={"a": ["{% $nope %}"]}), "Output/a[0]", []),
            (task("sqs:listQueues", {"QueueNamePrefix": "{% $nope %}"}), "Arguments/QueueNamePrefix", []),
            (map_state("{% $nope %}", {"P": pass_state()}), "Items", ["MapStateFailed"]),
            ({"Type": "Wait", "Timestamp": "{% '2016-03-14T01:59:00' %}", "End": True}, "Timestamp", []),
        ],
    )
    def test_an_expression_that_fails(
        self, aws: EmbeddedAWS, state: dict[str, Any], location: str, after: list[str]
    ) -> None:
        """It is noted once, with its state and its place, and the state's own event is the one that it names."""
        done = run(aws, {"S": state})
        assert done["error"] == "States.QueryEvaluationError"
        _, _, failed, *rest = history(aws, done["executionArn"])
        assert [event["type"] for event in rest] == [*after, "ExecutionFailed"]
        assert (failed["type"], failed["previousEventId"]) == ("EvaluationFailed", 2)
        details = failed["evaluationFailedEventDetails"]
        assert (details["state"], details["location"], details["cause"]) == ("S", location, done["cause"])
        expected = (
            "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression"
        )
        assert done["cause"].startswith(expected)
        assert f" specified for the field '{location}' returned " in done["cause"]

    def test_a_wait_that_is_too_long(self, aws: EmbeddedAWS) -> None:
        """A Wait of more than 24855 days fails at once."""
        done = run(aws, {"W": {"Type": "Wait", "Seconds": 24855 * 86400 + 1, "End": True}})
        assert (done["status"], done["error"]) == ("FAILED", "States.Runtime")
        assert done["cause"].endswith("Wait state delay is too long.")
