import json
import uuid
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import NASTY, bucket, history, pass_state, task
from emulator.tests.support import ROLE, ended, machine, output, run, unique


class TestExecutions:
    @pytest.mark.aws
    def test_names(self, aws: EmbeddedAWS) -> None:
        """Without a name an execution gets a UUID; a name used before with another input is refused."""
        client = aws.client("stepfunctions")
        arn = machine(aws, {"A": pass_state()})
        unnamed = client.start_execution(stateMachineArn=arn)["executionArn"]
        assert uuid.UUID(unnamed.split(":")[-1])
        ended(aws, client.start_execution(stateMachineArn=arn, name="once", input="{}")["executionArn"])
        with pytest.raises(client.exceptions.ExecutionAlreadyExists):
            client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')

    def test_same_name_and_input_while_running(self, aws: EmbeddedAWS) -> None:
        """Starting a running execution again with the same input is the same execution."""
        client = aws.client("stepfunctions")
        arn = machine(aws, {"W": {"Type": "Wait", "Seconds": 36000, "End": True}})
        first = client.start_execution(stateMachineArn=arn, name="same", input="{}")["executionArn"]
        assert client.start_execution(stateMachineArn=arn, name="same", input="{}")["executionArn"] == first
        client.stop_execution(executionArn=first)

    @pytest.mark.aws
    def test_stop(self, aws: EmbeddedAWS) -> None:
        """A waiting execution can be stopped, with the caller's error and cause."""
        client = aws.client("stepfunctions")
        arn = machine(aws, {"W": {"Type": "Wait", "Seconds": 36000, "End": True}})
        execution = client.start_execution(stateMachineArn=arn)["executionArn"]
        client.stop_execution(executionArn=execution, error="Enough", cause="by hand")
        description = ended(aws, execution)
        assert (description["status"], description["error"], description["cause"]) == ("ABORTED", "Enough", "by hand")
        listed = client.list_executions(stateMachineArn=arn, statusFilter="ABORTED")["executions"]
        assert [entry["executionArn"] for entry in listed] == [execution]

    def test_history(self, aws: EmbeddedAWS) -> None:
        """Events carry names, inputs and outputs, in order; pages and the reverse order agree with the whole."""
        client = aws.client("stepfunctions")
        states = {
            "T": task("s3:listBuckets", Output="{% $states.input %}", Next="M"),
            "M": {
                "Type": "Map",
                "Items": [1, 2],
                "End": True,
                "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "P", "States": {"P": pass_state()}},
            },
        }
        arn = run(aws, states, {"a": NASTY})["executionArn"]
        events = history(aws, arn)
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert events[0]["type"] == "ExecutionStarted"
        entered = next(event for event in events if event["type"] == "TaskStateEntered")
        assert entered["stateEnteredEventDetails"]["name"] == "T"
        assert json.loads(entered["stateEnteredEventDetails"]["input"]) == {"a": NASTY}
        succeeded = next(event for event in events if event["type"] == "TaskSucceeded")
        assert "Buckets" in json.loads(succeeded["taskSucceededEventDetails"]["output"])
        iterations = [event for event in events if event["type"] == "MapIterationStarted"]
        assert sorted(event["mapIterationStartedEventDetails"]["index"] for event in iterations) == [0, 1]
        assert events[-1]["type"] == "ExecutionSucceeded"

        page = client.get_execution_history(executionArn=arn, maxResults=3)
        rest = client.get_execution_history(executionArn=arn, nextToken=page["nextToken"])
        assert [event["id"] for event in page["events"]] == [1, 2, 3]
        assert page["events"] + rest["events"] == events
        backwards = client.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
        assert backwards == events[::-1]

    def test_a_task_failure_is_in_the_history(self, aws: EmbeddedAWS) -> None:
        """A failed task leaves its error, cause and resource in the history."""
        description = run(aws, {"T": task("s3:getObject", {"Bucket": bucket(aws), "Key": "k"})})
        failed = next(e for e in history(aws, description["executionArn"]) if e["type"] == "TaskFailed")
        details = failed["taskFailedEventDetails"]
        assert details["error"] == "S3.NoSuchKeyException"
        assert details["resourceType"] == "aws-sdk:s3"
        assert details["resource"] == "getObject"

    def test_events_are_logged(self, aws: EmbeddedAWS) -> None:
        """The log group gets the events of the level, with data only when asked for."""
        client, logs, group = aws.client("stepfunctions"), aws.client("logs"), unique("/states")
        failing = {
            "QueryLanguage": "JSONata",
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Fail", "Error": "Mine"}},
        }
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"

        def logged(level: str, *, data: bool) -> list[dict[str, Any]]:
            configuration = {
                "level": level,
                "includeExecutionData": data,
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
            }
            created = client.create_state_machine(
                name=unique("machine"),
                definition=json.dumps(failing),
                roleArn=ROLE,
                loggingConfiguration=configuration,
            )
            started = client.start_execution(stateMachineArn=created["stateMachineArn"], input='{"a": 1}')
            ended(aws, started["executionArn"])
            found = logs.filter_log_events(logGroupName=group)["events"]
            events = [json.loads(event["message"]) for event in found]
            return [event for event in events if event["execution_arn"] == started["executionArn"]]

        with pytest.raises(client.exceptions.InvalidLoggingConfiguration):
            logged("ALL", data=True)
        logs.create_log_group(logGroupName=group)
        everything = logged("ALL", data=True)
        assert [event["type"] for event in everything] == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "FailStateEntered",
            "ExecutionFailed",
        ]
        assert json.loads(everything[0]["details"]["input"]) == {"a": 1}
        errors = logged("ERROR", data=False)
        assert [event["type"] for event in errors] == ["FailStateEntered", "ExecutionFailed"]
        assert "input" not in errors[0]["details"]

    def test_executions_share_a_log_stream(self, aws: EmbeddedAWS) -> None:
        """All executions of a state machine write to one stream of its log group (recorded)."""
        client, logs, group = aws.client("stepfunctions"), aws.client("logs"), unique("/states")
        logs.create_log_group(logGroupName=group)
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
        logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}
        definition = json.dumps({"StartAt": "P", "States": {"P": pass_state()}})
        machine = client.create_state_machine(
            name=unique("machine"), definition=definition, roleArn=ROLE, loggingConfiguration=logging
        )["stateMachineArn"]
        for _ in range(2):
            ended(aws, client.start_execution(stateMachineArn=machine)["executionArn"])
        events = logs.filter_log_events(logGroupName=group)["events"]
        assert len({event["logStreamName"] for event in events}) == 1
        assert len({json.loads(event["message"])["execution_arn"] for event in events}) == 2

    def test_many_at_once(self, aws: EmbeddedAWS) -> None:
        """Executions and iterations that call services at the same time do not disturb each other."""
        name = bucket(aws)
        iteration = {
            "P": task(
                "s3:putObject", {"Bucket": name, "Key": "{% 'k/' & $states.input %}", "Body": "{% $states.input %}"}
            )
        }
        states = {
            "M": {
                "Type": "Map",
                "Items": "{% $range(1, 30, 1) %}",
                "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "P", "States": iteration},
                "Output": "{% $count($states.result) %}",
                "End": True,
            }
        }
        assert output(aws, states) == 30
        assert aws.client("s3").list_objects_v2(Bucket=name, Prefix="k/")["KeyCount"] == 30

    def test_what_is_no_json_is_refused(self, aws: EmbeddedAWS) -> None:
        """A wrong input or definition is the service's error, not the server's."""
        client = aws.client("stepfunctions")
        with pytest.raises(client.exceptions.InvalidExecutionInput):
            client.start_execution(stateMachineArn=machine(aws, {"A": pass_state()}), input="{")
        for definition in ("{", '{"StartAt": "A", "States": {"A": {"Type": "Dance", "End": true}}}'):
            with pytest.raises(client.exceptions.InvalidDefinition):
                client.create_state_machine(name=unique("machine"), definition=definition, roleArn=ROLE)

    def test_a_state_machine_name_is_taken(self, aws: EmbeddedAWS) -> None:
        """Creating the same machine again is fine; another definition under its name is not."""
        client = aws.client("stepfunctions")
        name = unique("machine")

        def create(result: int) -> str:
            definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": pass_state(Output=result)}}
            created = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
            return str(created["stateMachineArn"])

        assert create(1) == create(1)
        with pytest.raises(client.exceptions.StateMachineAlreadyExists):
            create(2)
