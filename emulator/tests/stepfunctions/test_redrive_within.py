"""RedriveExecution of what stands in iterations of a Map and branches of a Parallel."""

import json
from typing import Any

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import (
    bucket,
    entered,
    history,
    map_state,
    only_after_a_redrive,
    parallel,
    pass_state,
    queue,
    received,
    redriven,
    send,
    start,
    stopped,
    task,
)
from emulator.tests.support import ended

LONG_AT_FIRST = "{% $states.context.Execution.RedriveCount > 0 ? 1 : 36000 %}"


def count(aws: EmbeddedAWS, execution_arn: str, event_type: str) -> int:
    """Return how many events of a type an execution has."""
    return [event["type"] for event in history(aws, execution_arn)].count(event_type)


class TestMap:
    def test_only_what_did_not_succeed_goes_on(self, aws: EmbeddedAWS) -> None:
        """Of four iterations one succeeded, one waits, one fails, one has not begun: the last three go on, once."""
        counter = queue(aws)

        def to(index: int, state: str) -> dict[str, Any]:
            return {"Condition": f"{{% $own = {index} %}}", "Next": state}

        states = {
            "A": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "M"},
            "M": map_state(
                [10, 11, 12, 13],
                {
                    "I": {"Type": "Pass", "Assign": {"own": "{% $states.context.Map.Item.Index %}"}, "Next": "S"},
                    "S": send(counter, "{% $string($own) %}", Next="C"),
                    "C": {"Type": "Choice", "Choices": [to(1, "Long"), to(2, "Short")], "Default": "E"},
                    "Long": {"Type": "Wait", "Seconds": LONG_AT_FIRST, "Next": "E"},
                    "Short": {"Type": "Wait", "Seconds": 120, "Next": "P"},
                    "P": only_after_a_redrive(Next="E"),
                    "E": pass_state(
                        Output="{% $outer & $own & ':' & $states.input & ':' & $states.context.Map.Item.Value %}"
                    ),
                },
                MaxConcurrency=2,
            ),
        }
        execution = start(aws, states)
        assert ended(aws, execution)["error"] == "States.QueryEvaluationError"
        assert received(aws, counter) == ["0", "1", "2"]
        assert redriven(aws, execution)["output"] == ["o0:10:10", "o1:11:11", "o2:12:12", "o3:13:13"]
        assert received(aws, counter) == ["3"]
        assert count(aws, execution, "MapIterationSucceeded") == 4

    def test_its_items_stay_the_same(self, aws: EmbeddedAWS) -> None:
        """What is iterated over is not evaluated again."""
        items = "{% $states.context.Execution.RedriveCount = 0 ? [1, 2] : [7, 8, 9] %}"
        execution = start(aws, {"M": map_state(items, {"P": only_after_a_redrive()})})
        ended(aws, execution)
        assert redriven(aws, execution)["output"] == [1, 2]

    def test_selected_input_stays_the_same(self, aws: EmbeddedAWS) -> None:
        """An iteration goes on with the input that ItemSelector made for it."""
        selector = {"made": "{% $states.context.Execution.RedriveCount %}"}
        execution = start(aws, {"M": map_state([1], {"P": only_after_a_redrive()}, ItemSelector=selector)})
        ended(aws, execution)
        assert redriven(aws, execution)["output"] == [{"made": 0}]

    def test_a_retry_begins_all_anew(self, aws: EmbeddedAWS) -> None:
        """A Retry of the Map runs every iteration again, a redrive only those that failed."""
        counter = queue(aws)
        iteration = {
            "S": send(counter, "{% $string($states.input) %}", Next="C"),
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 0 %}", "Next": "E"}], "Default": "F"},
            "F": {"Type": "Fail", "Error": "Mine"},
            "E": pass_state(),
        }
        retry = {"ErrorEquals": ["Mine"], "IntervalSeconds": 1, "MaxAttempts": 1}
        execution = start(aws, {"M": map_state([0, 1], iteration, MaxConcurrency=1, Retry=[retry])})
        ended(aws, execution)
        assert received(aws, counter) == ["0", "0", "1", "1"]
        assert redriven(aws, execution)["error"] == "Mine"
        assert received(aws, counter) == ["0", "1"]

    def test_a_failing_output_is_evaluated_again(self, aws: EmbeddedAWS) -> None:
        """Where every iteration succeeded and the Map's own Output failed, only that is evaluated again."""
        counter = queue(aws)
        state = map_state([1, 2], {"S": send(counter, "x", End=True)})
        state["Output"] = "{% $states.context.Execution.RedriveCount > 0 ? $sum($states.result) : $error('not yet') %}"
        execution = start(aws, {"M": state})
        ended(aws, execution)
        assert redriven(aws, execution)["output"] == 3
        assert received(aws, counter) == ["x", "x"]

    def test_too_much_data_is_made_again(self, aws: EmbeddedAWS) -> None:
        """A Map that fails with States.DataLimitExceeded runs all of its iterations again."""
        counter = queue(aws)
        iteration = {"S": send(counter, "x", Next="B"), "B": pass_state(Output="{% $pad('', 100000, 'x') %}")}
        execution = start(aws, {"M": map_state([1, 2, 3], iteration)})
        assert ended(aws, execution)["error"] == "States.DataLimitExceeded"
        assert received(aws, counter) == ["x"] * 3
        redriven(aws, execution)
        assert received(aws, counter) == ["x"] * 3

    def test_a_stopped_iteration_goes_on(self, aws: EmbeddedAWS) -> None:
        """A stop while iterations wait ends them all; a redrive lets each wait anew and go on."""
        counter = queue(aws)
        iteration = {
            "S": send(counter, "{% $string($states.input) %}", Next="W"),
            "W": {"Type": "Wait", "Seconds": LONG_AT_FIRST, "Next": "E"},
            "E": pass_state(),
        }
        execution = start(aws, {"M": map_state([1, 2], iteration)})
        assert stopped(aws, execution, after="WaitStateEntered", times=2)["status"] == "ABORTED"
        assert redriven(aws, execution)["output"] == [1, 2]
        assert received(aws, counter) == ["1", "2"]

    def test_a_map_that_timed_out_goes_on(self, aws: EmbeddedAWS) -> None:
        """A timeout of the machine within an iteration is redriven there."""
        counter = queue(aws)
        iteration = {"S": send(counter, "x", Next="W"), "W": {"Type": "Wait", "Seconds": LONG_AT_FIRST, "End": True}}
        execution = start(aws, {"M": map_state([1], iteration)}, TimeoutSeconds=20000)
        entered(aws, execution, "WaitStateEntered")
        aws.skip(20000)
        assert ended(aws, execution)["status"] == "TIMED_OUT"
        assert redriven(aws, execution)["output"] == [1]
        assert received(aws, counter) == ["x"]


class TestParallel:
    def test_only_what_did_not_succeed_goes_on(self, aws: EmbeddedAWS) -> None:
        """The branch that succeeded keeps its output; the failed and the waiting one go on where they were."""
        counter = queue(aws)

        def branch(name: str, state: dict[str, Any]) -> dict[str, Any]:
            return {
                f"I{name}": {"Type": "Pass", "Assign": {"own": name}, "Next": f"S{name}"},
                f"S{name}": send(counter, name, Next=f"D{name}"),
                f"D{name}": state | {"Next": f"E{name}"},
                f"E{name}": pass_state(Output="{% $own & $states.input.a %}"),
            }

        failing = branch("f", {"Type": "Wait", "Seconds": 20}) | {
            "Ef": only_after_a_redrive(Next="G"),
            "G": pass_state(),
        }
        states = {
            "P": parallel(
                branch("s", {"Type": "Pass"}),
                failing,
                branch("w", {"Type": "Wait", "Seconds": LONG_AT_FIRST}),
                Next="L",
            ),
            "L": pass_state(),
        }
        execution = start(aws, states, {"a": 1})
        ended(aws, execution)
        assert received(aws, counter) == ["f", "s", "w"]
        assert redriven(aws, execution)["output"] == ["s1", {"a": 1}, "w1"]
        assert received(aws, counter) == []

    def test_it_goes_on_at_any_depth(self, aws: EmbeddedAWS) -> None:
        """A state in a branch in an iteration in an iteration is the only one that runs again."""
        name = bucket(aws)
        reading = task(
            "s3:getObject",
            {"Bucket": name, "Key": "{% 'k' & $x & $states.input %}"},
            Output="{% $states.result.Body & $outer & $x %}",
        )
        nested = map_state(
            [0, 1],
            {"P": parallel({"B": pass_state()}, {"T": reading})},
            MaxConcurrency=1,
            Output="{% $map($states.result, function($r) { $r[1] }) %}",
        )
        iteration = {"I": {"Type": "Pass", "Assign": {"x": "{% $states.input %}"}, "Next": "N"}, "N": nested}
        states = {
            "O": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "M"},
            "M": map_state([0, 1], iteration, MaxConcurrency=1),
        }
        for key in ("k00", "k01", "k10"):
            aws.client("s3").put_object(Bucket=name, Key=key, Body=key.encode())
        execution = start(aws, states)
        assert ended(aws, execution)["error"] == "S3.NoSuchKeyException"
        aws.client("s3").put_object(Bucket=name, Key="k11", Body=b"late")
        before = len(history(aws, execution))
        assert redriven(aws, execution)["output"] == [["k00o0", "k01o0"], ["k10o1", "lateo1"]]
        again = history(aws, execution)[before:]
        scheduled = [event["taskScheduledEventDetails"] for event in again if event["type"] == "TaskScheduled"]
        assert [json.loads(details["parameters"])["Key"] for details in scheduled] == ["k11"]
        assert not [event for event in again if event["type"].endswith("StateEntered")]
