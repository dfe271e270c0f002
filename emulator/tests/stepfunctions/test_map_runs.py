"""Distributed Maps: an execution of its own for each item."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import (
    bucket,
    entered,
    history,
    map_state,
    only_after_a_redrive,
    pass_state,
    queue,
    received,
    redriven,
    send,
    start,
    stopped,
)
from emulator.tests.support import ROLE, ended, eventually, machine, run, unique

LIST_OBJECTS = "arn:aws:states:::s3:listObjectsV2"


def distributed(items: Any, states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a distributed Map over items, or what reads them."""
    state = map_state(items, states, Label="each", **fields)
    state["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    if isinstance(items, dict):
        state["ItemReader"] = state.pop("Items")
    return state


def reader(bucket_name: str, prefix: str) -> dict[str, Any]:
    """Return an ItemReader of the objects below a prefix, which is JSONata."""
    return {"Resource": LIST_OBJECTS, "Arguments": {"Bucket": bucket_name, "Prefix": prefix}}


def map_run(aws: EmbeddedAWS, execution_arn: str) -> dict[str, Any]:
    """Return the description of the only Map Run of an execution."""
    client = aws.client("stepfunctions")
    (listed,) = client.list_map_runs(executionArn=execution_arn)["mapRuns"]
    description: dict[str, Any] = client.describe_map_run(mapRunArn=listed["mapRunArn"])
    return description


def children(aws: EmbeddedAWS, execution_arn: str) -> list[dict[str, Any]]:
    """Return the descriptions of the child executions of the only Map Run of an execution, by their input."""
    client = aws.client("stepfunctions")
    arn = map_run(aws, execution_arn)["mapRunArn"]
    listed = client.list_executions(mapRunArn=arn)["executions"]
    found = [client.describe_execution(executionArn=each["executionArn"]) for each in listed]
    return sorted(found, key=lambda each: str(each["input"]))


def map_runs(aws: EmbeddedAWS, execution: dict[str, Any]) -> list[Any]:
    """Return the Map Runs of an execution."""
    listed: list[Any] = aws.client("stepfunctions").list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    return listed


def types(aws: EmbeddedAWS, execution_arn: str) -> list[str]:
    """Return the types of an execution's events."""
    return [event["type"] for event in history(aws, execution_arn)]


class TestChildExecutions:
    def test_each_item_has_an_execution(self, aws: EmbeddedAWS) -> None:
        """Outputs keep the order of the items; machine and Map Run stand in the children's ARNs."""
        done = run(aws, {"M": distributed([3, 1, 2], {"P": pass_state(Output="{% $states.input * 10 %}")})})
        assert done["output"] == [30, 10, 20]
        found = children(aws, done["executionArn"])
        assert [(each["input"], each["output"], each["status"]) for each in found] == [
            (str(item), str(item * 10), "SUCCEEDED") for item in (1, 2, 3)
        ]
        arn = done["stateMachineArn"]
        assert {each["stateMachineArn"] for each in found} == {f"{arn}/each"}
        prefix = f"{arn.replace(':stateMachine:', ':execution:')}/each:"
        assert all(each["executionArn"] == prefix + each["name"] for each in found)
        assert {each["mapRunArn"] for each in found} == {map_run(aws, done["executionArn"])["mapRunArn"]}

    def test_they_are_none_of_the_machines_own(self, aws: EmbeddedAWS) -> None:
        """Who lists the executions of the machine finds the parent alone."""
        done = run(aws, {"M": distributed([1, 2], {"P": pass_state()})})
        listed = aws.client("stepfunctions").list_executions(stateMachineArn=done["stateMachineArn"])["executions"]
        assert [each["executionArn"] for each in listed] == [done["executionArn"]]
        with pytest.raises(ClientError, match="not both"):
            aws.client("stepfunctions").list_executions(
                stateMachineArn=done["stateMachineArn"], mapRunArn=map_run(aws, done["executionArn"])["mapRunArn"]
            )

    def test_histories_are_apart(self, aws: EmbeddedAWS) -> None:
        """The parent's history tells of the Map Run, the child's of its states."""
        done = run(aws, {"M": distributed([1], {"P": pass_state()})})
        inside = ["MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded"]
        assert types(aws, done["executionArn"]) == [
            *["ExecutionStarted", *inside, "MapStateExited", "ExecutionSucceeded"]
        ]
        (child,) = children(aws, done["executionArn"])
        assert types(aws, child["executionArn"]) == [
            *["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
        ]

    def test_variables_stay_outside(self, aws: EmbeddedAWS) -> None:
        """A child does not know the parent's variables; its context is its own."""
        states = {
            "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "M"},
            "M": distributed([1], {"P": pass_state(Output="{% $exists($outer) %}")}),
        }
        assert run(aws, states)["output"] == [False]
        done = run(aws, {"M": distributed([1], {"P": pass_state(Output="{% $states.context.Execution.Id %}")})})
        assert done["output"] == [children(aws, done["executionArn"])[0]["executionArn"]]
        assert done["output"] != [done["executionArn"]]

    def test_item_selector(self, aws: EmbeddedAWS) -> None:
        """ItemSelector sees the Map's input and the item."""
        selector = {"all": "{% $states.input.all %}", "item": "{% $states.context.Map.Item.Value %}"}
        states = {
            "A": {"Type": "Pass", "Output": {"all": "x"}, "Next": "M"},
            "M": distributed([7], {"P": pass_state()}, ItemSelector=selector),
        }
        assert run(aws, states)["output"] == [{"all": "x", "item": 7}]

    def test_max_concurrency(self, aws: EmbeddedAWS) -> None:
        """No more children are under way than MaxConcurrency says."""
        state = distributed(list(range(6)), {"W": {"Type": "Wait", "Seconds": 36000, "End": True}}, MaxConcurrency=2)
        execution = start(aws, {"M": state})
        entered(aws, execution, "MapRunStarted")
        eventually(lambda: map_run(aws, execution)["executionCounts"]["running"])
        counts = map_run(aws, execution)["executionCounts"]
        assert (counts["running"], counts["pending"], counts["total"]) == (2, 4, 6)
        aws.client("stepfunctions").stop_execution(executionArn=execution)

    def test_nested_in_an_inline_map(self, aws: EmbeddedAWS) -> None:
        """Each iteration of an inline Map has a Map Run of its own."""
        inner = distributed("{% $states.input %}", {"P": pass_state(Output="{% $states.input + 1 %}")})
        done = run(aws, {"O": map_state([[1, 2], [5]], {"M": inner})})
        assert done["output"] == [[2, 3], [6]]
        assert len(aws.client("stepfunctions").list_map_runs(executionArn=done["executionArn"])["mapRuns"]) == 2

    def test_nested_in_a_child_execution(self, aws: EmbeddedAWS) -> None:
        """Children have Map Runs of their own; a stop of the outermost ends them all, and a redrive takes them on."""
        client = aws.client("stepfunctions")
        wait = {"Type": "Wait", "Seconds": "{% $states.context.Execution.RedriveCount > 0 ? 0 : 36000 %}", "Next": "P"}
        leaf = {"W": wait, "P": pass_state(Output="{% $states.input * 10 %}")}
        inner = distributed("{% [$states.input, $states.input + 1] %}", leaf) | {"Label": "leaf"}
        execution = start(aws, {"M": distributed([1], {"N": inner})})
        (child,) = eventually(lambda: children(aws, execution))
        assert 2 == len(eventually(lambda: children(aws, child["executionArn"]) if map_runs(aws, child) else []))
        stopped(aws, execution, after="MapRunStarted")
        grandchildren = children(aws, child["executionArn"])
        assert {"ABORTED"} == {each["status"] for each in grandchildren}
        assert {f"{child['stateMachineArn']}/leaf"} == {each["stateMachineArn"] for each in grandchildren}

        assert redriven(aws, execution)["output"] == [[10, 20]]
        again = children(aws, child["executionArn"])
        assert [(each["executionArn"], each["redriveCount"]) for each in again] == [
            (each["executionArn"], 1) for each in grandchildren
        ]
        assert 1 == len(client.list_map_runs(executionArn=child["executionArn"])["mapRuns"])


class TestItemReader:
    def test_every_object(self, aws: EmbeddedAWS) -> None:
        """Objects come as Step Functions writes them, in the order of their keys; the prefix may be computed."""
        name = bucket(aws)
        for key in ("in/b", "in/a", "other"):
            aws.client("s3").put_object(Bucket=name, Key=key, Body=key.encode())
        state = distributed(reader(name, "{% $states.input.prefix %}"), {"P": pass_state()})
        done = run(aws, {"A": {"Type": "Pass", "Output": {"prefix": "in/"}, "Next": "M"}, "M": state})
        first = done["output"][0]
        assert [item["Key"] for item in done["output"]] == ["in/a", "in/b"]
        assert first.keys() == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
        assert (first["Size"], type(first["LastModified"])) == (4, int)

    def test_more_than_a_page(self, aws: EmbeddedAWS) -> None:
        """A listing of more than a thousand objects is read to its end."""
        name = bucket(aws)
        for number in range(1001):
            aws.client("s3").put_object(Bucket=name, Key=f"in/{number:04}", Body=b"")
        # What counts is which items there are: the first child fails at once, and ends the Map Run.
        state = distributed(reader(name, "in/"), {"F": {"Type": "Fail", "Error": "Mine"}}, MaxConcurrency=1)
        execution = run(aws, {"M": state})["executionArn"]
        assert map_run(aws, execution)["itemCounts"]["total"] == 1001

    def test_nothing_there(self, aws: EmbeddedAWS) -> None:
        """Without objects there is nothing to do."""
        assert run(aws, {"M": distributed(reader(bucket(aws), "in/"), {"P": pass_state()})})["output"] == []

    def test_what_cannot_be_read(self, aws: EmbeddedAWS) -> None:
        """A bucket that is not there is States.ItemReaderFailed, which Catch can name."""
        catch = [{"ErrorEquals": ["States.ItemReaderFailed"], "Output": "caught", "Next": "E"}]
        state = distributed(reader("no-such-bucket-anywhere", "in/"), {"P": pass_state()}, Catch=catch, Next="E")
        done = run(aws, {"M": state, "E": pass_state()})
        assert done["output"] == "caught"
        assert "MapRunFailed" in types(aws, done["executionArn"])


def test_results_are_not_written(aws: EmbeddedAWS) -> None:
    """A ResultWriter is refused instead of writing nothing."""
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket(aws), "Prefix": "out"}}
    state = distributed([], {"P": pass_state()}, ResultWriter=writer, ItemsPath="$.items")
    del state["Items"]
    done = ended(aws, start(aws, {"M": state}, {"items": [1]}, QueryLanguage="JSONPath"))
    assert done["error"] == "States.Runtime"
    assert "not emulated" in done["cause"]


class TestFailures:
    def test_one_failure_fails_the_map(self, aws: EmbeddedAWS) -> None:
        """Without tolerance, one child that fails ends the others; its own error stays with it."""
        to_fail = {"Condition": "{% $states.input = 1 %}", "Next": "F"}
        states = {
            "C": {"Type": "Choice", "Choices": [to_fail], "Default": "W"},
            "F": {"Type": "Fail", "Error": "Mine", "Cause": "why"},
            "W": {"Type": "Wait", "Seconds": 36000, "End": True},
        }
        done = run(aws, {"M": distributed([0, 1], states)})
        assert done["error"] == "States.ExceedToleratedFailureThreshold"
        waiting, failed = children(aws, done["executionArn"])
        assert (waiting["status"], failed["status"], failed["error"], failed["cause"]) == (
            *("ABORTED", "FAILED", "Mine", "why"),
        )
        description = map_run(aws, done["executionArn"])
        assert description["status"] == "FAILED"
        assert (description["executionCounts"]["failed"], description["executionCounts"]["aborted"]) == (1, 1)

    def test_tolerated_failures(self, aws: EmbeddedAWS) -> None:
        """As many may fail as the Map tolerates."""
        to_fail = {"Condition": "{% $states.input < 2 %}", "Next": "F"}
        states = {
            "C": {"Type": "Choice", "Choices": [to_fail], "Default": "P"},
            "F": {"Type": "Fail", "Error": "Mine"},
            "P": pass_state(),
        }
        items = [0, 1, 2, 3]
        assert run(aws, {"M": distributed(items, states, ToleratedFailureCount=2)})["status"] == "SUCCEEDED"
        for half in (50, 50.0):
            assert run(aws, {"M": distributed(items, states, ToleratedFailurePercentage=half)})["status"] == "SUCCEEDED"
        assert run(aws, {"M": distributed(items, states, ToleratedFailureCount=1)})["status"] == "FAILED"

    def test_a_stop_ends_the_children(self, aws: EmbeddedAWS) -> None:
        """Whoever stops the parent stops what it started."""
        state = distributed([1, 2], {"W": {"Type": "Wait", "Seconds": 36000, "End": True}})
        execution = start(aws, {"M": state})
        stopped(aws, execution, after="MapRunStarted")
        assert {each["status"] for each in children(aws, execution)} <= {"ABORTED"}


class TestRedrive:
    def test_only_unsuccessful_children_go_on(self, aws: EmbeddedAWS) -> None:
        """The Map Run is redriven: a child that succeeded is not run again, the others go on where they failed."""
        counter = queue(aws)
        once = {"Condition": "{% $states.input = 0 %}", "Next": "E"}
        states = {
            "S": send(counter, "{% $string($states.input) %}", Next="C"),
            "C": {"Type": "Choice", "Choices": [once], "Default": "P"},
            "P": only_after_a_redrive(Next="E"),
            "E": pass_state(Output="{% $states.input + 10 %}"),
        }
        execution = start(aws, {"M": distributed([0, 1, 2], states, MaxConcurrency=1)})
        assert ended(aws, execution)["error"] == "States.ExceedToleratedFailureThreshold"
        assert received(aws, counter) == ["0", "1"]
        # The third one begins for the first time, and fails.
        assert redriven(aws, execution)["status"] == "FAILED"
        assert received(aws, counter) == ["2"]
        assert redriven(aws, execution)["output"] == [10, 11, 12]
        assert received(aws, counter) == []
        assert [each["redriveCount"] for each in children(aws, execution)] == [0, 1, 1]
        events = [event for event in history(aws, execution) if event["type"] == "MapRunRedriven"]
        assert [event["mapRunRedrivenEventDetails"]["redriveCount"] for event in events] == [1, 2]
        assert types(aws, execution).count("MapRunStarted") == 1

    def test_after_a_stop(self, aws: EmbeddedAWS) -> None:
        """Children that were stopped go on, over the items of the first attempt."""
        name = bucket(aws)
        aws.client("s3").put_object(Bucket=name, Key="in/a", Body=b"")
        wait = {"Type": "Wait", "Seconds": "{% $states.context.Execution.RedriveCount > 0 ? 1 : 36000 %}", "Next": "P"}
        states = {"W": wait, "P": pass_state(Output="{% $states.input.Key %}")}
        execution = start(aws, {"M": distributed(reader(name, "in/"), states)})
        entered(aws, execution, "MapRunStarted")
        eventually(lambda: children(aws, execution))
        stopped(aws, execution, after="MapRunStarted")
        aws.client("s3").put_object(Bucket=name, Key="in/b", Body=b"")
        assert redriven(aws, execution)["output"] == ["in/a"]

    def test_a_retry_is_a_new_map_run(self, aws: EmbeddedAWS) -> None:
        """A Retry of the Map starts every child anew."""
        counter = queue(aws)
        retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
        states = {"S": send(counter, "x", Next="F"), "F": {"Type": "Fail", "Error": "Mine"}}
        execution = run(aws, {"M": distributed([1], states, Retry=retry)})["executionArn"]
        assert received(aws, counter) == ["x", "x"]
        assert len(aws.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"]) == 2


def test_children_announce_themselves_as_another_machine(aws: EmbeddedAWS) -> None:
    """EventBridge hears of children under the ARN of machine and label, which a rule on the machine does not match."""
    events, stepfunctions = aws.client("events"), aws.client("stepfunctions")
    arn = machine(aws, {"M": distributed([1], {"F": {"Type": "Fail", "Error": "Mine"}})})
    heard = {each: machine(aws, {"P": pass_state()}) for each in (arn, f"{arn}/each")}
    for source, listener in heard.items():
        rule = unique("rule")
        pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [source], "status": ["FAILED"]}}
        events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": listener, "RoleArn": ROLE}])
    ended(aws, stepfunctions.start_execution(stateMachineArn=arn)["executionArn"])

    def errors(listener: str) -> list[str]:
        listed = stepfunctions.list_executions(stateMachineArn=listener)["executions"]
        found = [stepfunctions.describe_execution(executionArn=each["executionArn"]) for each in listed]
        return [json.loads(each["input"])["detail"]["error"] for each in found]

    assert ["Mine"] == eventually(lambda: errors(heard[f"{arn}/each"]))
    assert ["States.ExceedToleratedFailureThreshold"] == eventually(lambda: errors(heard[arn]))


def test_a_limit_of_items_that_is_no_integer(aws: EmbeddedAWS) -> None:
    """What MaxItemsPath refers to must be an integer, or the state fails before its Map Run starts."""
    where = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": bucket(aws), "Key": "k"}}
    limited = {**where, "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.most"}}
    state = distributed(limited, {"P": pass_state()})
    failed = run(aws, {"M": state}, {"most": 1.5}, QueryLanguage="JSONPath")
    assert failed["error"] == "States.Runtime"
    expected = 'The MaxItemsPath field refers to value "1.5" which is not a valid integer: $.most'
    assert failed["cause"].endswith(f"(entered at the event id #2). {expected}")
    types = [event["type"] for event in history(aws, failed["executionArn"])]
    assert types == ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "ExecutionFailed"]
    assert not aws.client("stepfunctions").list_map_runs(executionArn=failed["executionArn"])["mapRuns"]
