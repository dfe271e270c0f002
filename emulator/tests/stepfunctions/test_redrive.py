"""RedriveExecution of what stands in a state of the machine itself."""

import json
from datetime import timedelta
from typing import Any

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import (
    FAIL,
    bucket,
    entered,
    history,
    only_after_a_redrive,
    pass_state,
    queue,
    received,
    redriven,
    send,
    start,
    stopped,
    task,
)
from emulator.tests.support import ROLE, ended, machine, unique


def types(aws: EmbeddedAWS, execution_arn: str) -> list[str]:
    """Return the types of an execution's events."""
    return [event["type"] for event in history(aws, execution_arn)]


class TestStates:
    def test_it_goes_on_with_input_and_variables(self, aws: EmbeddedAWS) -> None:
        """The failed state runs again with what it had; what succeeded does not, and the output is that of one run."""
        name, counter = bucket(aws), queue(aws)
        states = {
            "A": {"Type": "Pass", "Assign": {"v": "{% $states.input.a & 'b' %}"}, "Output": {"n": 1}, "Next": "C"},
            "C": send(counter, "once", Next="T"),
            "T": task(
                "s3:getObject",
                {"Bucket": name, "Key": "late"},
                Assign={"w": "{% $v & 'c' %}"},
                Output="{% {'i': $states.input, 'body': $states.result.Body} %}",
                Next="E",
            ),
            "E": pass_state(Output="{% [$states.input, $v, $w] %}"),
        }
        execution = start(aws, states, {"a": "a"})
        assert ended(aws, execution)["error"] == "S3.NoSuchKeyException"
        aws.client("s3").put_object(Bucket=name, Key="late", Body=b"now")
        description = redriven(aws, execution)
        assert description["executionArn"] == execution
        assert description["output"] == [{"i": {"n": 1}, "body": "now"}, "ab", "abc"]
        assert json.loads(description["input"]) == {"a": "a"}
        assert received(aws, counter) == ["once"]

    def test_it_may_fail_again_and_again(self, aws: EmbeddedAWS) -> None:
        """A Fail state is entered again and fails again, with the same error."""
        execution = start(aws, FAIL)
        ended(aws, execution)
        for count in (1, 2):
            description = redriven(aws, execution)
            assert (description["status"], description["error"], description["cause"]) == ("FAILED", "Mine", "always")
            assert description["redriveCount"] == count
        again = ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]
        assert types(aws, execution) == ["ExecutionStarted", *again[1:], *again, *again]

    def test_a_choice_is_made_again(self, aws: EmbeddedAWS) -> None:
        """The rules of a Choice that matched nothing are looked at anew."""
        rule = {"Condition": "{% $states.context.Execution.RedriveCount = 1 %}", "Next": "E"}
        execution = start(aws, {"C": {"Type": "Choice", "Choices": [rule]}, "E": pass_state(Output="chosen")})
        assert ended(aws, execution)["error"] == "States.NoChoiceMatched"
        assert redriven(aws, execution)["output"] == "chosen"

    def test_retries_begin_anew(self, aws: EmbeddedAWS) -> None:
        """A state that used up its attempts has all of them again."""
        retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}
        execution = start(aws, {"T": task("s3:getObject", {"Bucket": bucket(aws), "Key": "k"}, Retry=[retry])})
        ended(aws, execution)
        assert types(aws, execution).count("TaskScheduled") == 3
        redriven(aws, execution)
        assert types(aws, execution).count("TaskScheduled") == 6

    def test_a_caught_error_is_not_gone_back_to(self, aws: EmbeddedAWS) -> None:
        """Where a Catch led elsewhere, a redrive goes on there."""
        counter = queue(aws)
        states = {
            "T": task("s3:getObject", {"Bucket": "none"}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}]),
            "C": send(counter, "caught", Next="P"),
            "P": only_after_a_redrive(),
        }
        execution = start(aws, states)
        ended(aws, execution)
        assert redriven(aws, execution)["status"] == "SUCCEEDED"
        assert types(aws, execution).count("TaskFailed") == 1
        assert received(aws, counter) == ["caught"]

    def test_the_definition_is_that_of_the_start(self, aws: EmbeddedAWS) -> None:
        """An update of the state machine in between does not change what goes on."""
        client = aws.client("stepfunctions")
        execution = start(aws, {"P": only_after_a_redrive(Next="E"), "E": pass_state(Output="old")})
        description = ended(aws, execution)
        client.update_state_machine(
            stateMachineArn=description["stateMachineArn"], definition=json.dumps({"StartAt": "F", "States": FAIL})
        )
        assert redriven(aws, execution)["output"] == "old"


class TestTime:
    def test_a_timeout_counts_from_the_redrive(self, aws: EmbeddedAWS) -> None:
        """TimeoutSeconds of the machine begins anew: two attempts together may take longer."""
        wait = {"Type": "Wait", "Seconds": 36000}
        states = {"W": {**wait, "Next": "P"}, "P": only_after_a_redrive(Next="V"), "V": {**wait, "End": True}}
        execution = start(aws, states, TimeoutSeconds=50000)
        entered(aws, execution, "WaitStateEntered")
        aws.skip(36000)
        assert ended(aws, execution)["error"] == "States.QueryEvaluationError"
        aws.client("stepfunctions").redrive_execution(executionArn=execution)
        entered(aws, execution, "WaitStateEntered", times=2)
        aws.skip(36000)
        description = ended(aws, execution)
        assert description["status"] == "SUCCEEDED"
        assert description["stopDate"] - description["startDate"] >= timedelta(seconds=72000)

    def test_a_timed_out_execution(self, aws: EmbeddedAWS) -> None:
        """It can be redriven, waits anew, and times out again."""
        execution = start(aws, {"W": {"Type": "Wait", "Seconds": 36000, "End": True}}, TimeoutSeconds=30)
        assert ended(aws, execution)["status"] == "TIMED_OUT"
        description = redriven(aws, execution)
        assert (description["status"], description["redriveCount"]) == ("TIMED_OUT", 1)
        assert description["stopDate"] - description["redriveDate"] >= timedelta(seconds=30)
        assert types(aws, execution) == [
            "ExecutionStarted",
            "WaitStateEntered",
            "ExecutionTimedOut",
            "ExecutionRedriven",
            "ExecutionTimedOut",
        ]


class TestDescriptions:
    def test_describe(self, aws: EmbeddedAWS) -> None:
        """While it goes on nothing shows its former end; counts and dates of redrives stay."""
        client = aws.client("stepfunctions")
        states = {
            "P": only_after_a_redrive(Next="W"),
            "W": {"Type": "Wait", "Seconds": 36000, "End": True},
        }
        execution = start(aws, states)
        first = ended(aws, execution)
        assert (first["redriveCount"], first["redriveStatus"]) == (0, "REDRIVABLE")
        assert not {"redriveDate", "redriveStatusReason"} & set(first)
        answer = client.redrive_execution(executionArn=execution)
        running = client.describe_execution(executionArn=execution)
        assert running["status"] == "RUNNING"
        assert not {"stopDate", "error", "cause"} & set(running)
        assert (running["redriveCount"], running["redriveDate"]) == (1, answer["redriveDate"])
        assert running["startDate"] == first["startDate"]
        assert running["redriveStatus"] == "NOT_REDRIVABLE"
        assert running["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
        last = stopped(aws, execution, after="WaitStateEntered")
        assert (last["status"], last["redriveStatus"], last["redriveCount"]) == ("ABORTED", "REDRIVABLE", 1)
        assert last["stopDate"] > first["stopDate"]

    def test_list(self, aws: EmbeddedAWS) -> None:
        """Lists show redrives, filter by them, and begin with what ran last."""
        client = aws.client("stepfunctions")
        arn = machine(aws, FAIL)
        first, second = (client.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(2))
        for execution in (first, second):
            ended(aws, execution)
        date = redriven(aws, first)["redriveDate"]

        def listed(**filters: str) -> list[dict[str, Any]]:
            pages = client.get_paginator("list_executions").paginate(
                stateMachineArn=arn, PaginationConfig={"PageSize": 1}, **filters
            )
            return [entry for page in pages for entry in page["executions"]]

        everything = listed()
        assert [entry["executionArn"] for entry in everything] == [first, second]
        assert [entry["redriveCount"] for entry in everything] == [1, 0]
        assert [entry.get("redriveDate") for entry in everything] == [date, None]
        assert listed(redriveFilter="REDRIVEN", statusFilter="FAILED") == everything[:1]
        assert listed(redriveFilter="NOT_REDRIVEN") == everything[1:]

    def test_history(self, aws: EmbeddedAWS) -> None:
        """The history goes on after its old events; a state that had been entered is not entered again."""
        name = bucket(aws)
        execution = start(
            aws, {"A": {"Type": "Pass", "Next": "T"}, "T": task("s3:headObject", {"Bucket": name, "Key": "k"})}
        )
        ended(aws, execution)
        before = history(aws, execution)
        aws.client("s3").put_object(Bucket=name, Key="k")
        redriven(aws, execution)
        after = history(aws, execution)
        assert after[: len(before)] == before
        assert [event["id"] for event in after] == list(range(1, len(after) + 1))
        redrive, *rest = after[len(before) :]
        assert (redrive["type"], redrive["previousEventId"]) == ("ExecutionRedriven", len(before))
        assert redrive["executionRedrivenEventDetails"] == {"redriveCount": 1}
        assert [event["type"] for event in rest] == [
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]

    def test_context(self, aws: EmbeddedAWS) -> None:
        """The context object counts redrives from 0 and has the time of the last one, if there was one."""
        context = "$states.context.Execution"
        states = {
            "A": {
                "Type": "Pass",
                "Assign": {
                    "count": f"{{% {context}.RedriveCount %}}",
                    "time": f"{{% $exists({context}.RedriveTime) %}}",
                },
                "Next": "P",
            },
            "P": only_after_a_redrive(Next="E"),
            "E": pass_state(
                Output=f"{{% [$count, $time, {context}.RedriveCount, $toMillis({context}.RedriveTime)] %}}"
            ),
        }
        execution = start(aws, states)
        ended(aws, execution)
        description = redriven(aws, execution)
        *counts, milliseconds = description["output"]
        assert counts == [0, False, 1]
        assert abs(description["redriveDate"].timestamp() - milliseconds / 1000) < 0.01

    def test_logs(self, aws: EmbeddedAWS) -> None:
        """The events of a redrive are logged like those before."""
        client, logs, group = aws.client("stepfunctions"), aws.client("logs"), unique("group")
        logs.create_log_group(logGroupName=group)
        destination = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
        arn = client.create_state_machine(
            name=unique("machine"),
            definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "F", "States": FAIL}),
            roleArn=ROLE,
            loggingConfiguration={
                "level": "ALL",
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}],
            },
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=arn)["executionArn"]
        ended(aws, execution)
        redriven(aws, execution)
        logged = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=group)["events"]]
        assert [logged[0]["redrive_count"], logged[-1]["redrive_count"]] == ["0", "1"]
        assert [(event["id"], event["type"]) for event in logged] == [
            (str(event["id"]), event["type"]) for event in history(aws, execution)
        ]
        assert "ExecutionRedriven" in {event["type"] for event in logged}
