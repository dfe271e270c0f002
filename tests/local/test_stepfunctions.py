import hashlib
import itertools
import json
import time
import uuid
from typing import Any

import pytest

from local.server import EmbeddedAWS
from tests.local.support import ROLE, ended, machine, output, run, unique

SDK = "arn:aws:states:::aws-sdk:"
NASTY = '\N{GRINNING FACE}a "quote", a \\backslash\\, a\nnewline and {% braces %}'


def pass_state(**fields: Any) -> dict[str, Any]:
    """Return a last Pass state."""
    return {"Type": "Pass", "End": True} | fields


def task(resource: str, arguments: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a Task state that calls an AWS SDK integration, the last one unless it has a Next."""
    return (
        {
            "Type": "Task",
            "Resource": SDK + resource,
            "Arguments": {} if arguments is None else arguments,
        }
        | ({"End": True} if "Next" not in fields else {})
        | fields
    )


def value_of(aws: EmbeddedAWS, expression: str, value: Any = None) -> Any:
    """Return what an expression yields for an input."""
    return output(aws, {"A": pass_state(Output=f"{{% {expression} %}}")}, value)


def bucket(aws: EmbeddedAWS) -> str:
    """Create a bucket and return its name."""
    name = unique("bucket")
    aws.client("s3").create_bucket(Bucket=name)
    return name


def history(aws: EmbeddedAWS, execution_arn: str) -> list[dict[str, Any]]:
    """Return all events of an execution."""
    pages = aws.client("stepfunctions").get_paginator("get_execution_history")
    return [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]


class TestJsonata:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("$range(0, 10, 4)", [0, 4, 8]),
            ("$range(3, 1, -1)", [3, 2, 1]),
            ("$range(0, 4, 2)", [0, 2, 4]),
            ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
            ("$parse('{\"a\": [1, null, 2.5]}')", {"a": [1, None, 2.5]}),
            ("$random(3) = $random(3)", True),
            ("$random() < 1", True),
            ("$sum([1, 2.5, 0.5])", 4),
            ("10 / 4", 2.5),
            ("[1..3]", [1, 2, 3]),
            ("$string(2.0)", "2"),
            ("null", None),
        ],
    )
    def test_values(self, aws: EmbeddedAWS, expression: str, expected: Any) -> None:
        """Functions that Step Functions adds, and numbers, have their documented values."""
        result = value_of(aws, expression)
        assert result == expected
        assert type(result) is type(expected)

    @pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"])
    def test_hash(self, aws: EmbeddedAWS, algorithm: str) -> None:
        """$hash gives the hexadecimal digest of the UTF-8 text."""
        expected = hashlib.new(algorithm.replace("-", "").lower(), "é".encode()).hexdigest()
        assert value_of(aws, f"$hash('é', '{algorithm}')") == expected

    def test_uuid(self, aws: EmbeddedAWS) -> None:
        """$uuid gives a new version 4 UUID each time."""
        first, second = value_of(aws, "[$uuid(), $uuid()]")
        assert first != second
        assert uuid.UUID(first).version == 4

    @pytest.mark.parametrize(
        ("expression", "reason"),
        [
            ("$states.input.nothing", "returned nothing (undefined)"),
            ("1 + 'a'", "T2002"),
            ("$eval('1')", "$parse"),
            ("$partition([1], 0)", "must be positive"),
            ("$hash('a', 'CRC')", "SHA-256"),
            ("$parse('{')", "not JSON"),
            ("$uppercase", "unsupported result type"),
            ("$error('boom')", "boom"),
        ],
    )
    def test_errors(self, aws: EmbeddedAWS, expression: str, reason: str) -> None:
        """An expression that fails or yields nothing fails the state with States.QueryEvaluationError."""
        description = run(aws, {"A": pass_state(Output=f"{{% {expression} %}}")})
        assert (description["status"], description["error"]) == ("FAILED", "States.QueryEvaluationError")
        assert reason in description["cause"]

    def test_strings_are_values(self, aws: EmbeddedAWS) -> None:
        """Text from the input and from variables survives whatever is in it."""
        states = {
            "A": {"Type": "Pass", "Assign": {"text": "{% $states.input.text %}"}, "Next": "B"},
            "B": pass_state(Output="{% [$text, $states.input.text, $text & '!'] %}"),
        }
        assert output(aws, states, {"text": NASTY}) == [NASTY, NASTY, NASTY + "!"]

    def test_nulls_are_not_missing(self, aws: EmbeddedAWS) -> None:
        """A null in the input exists, equals null and can be an output."""
        expression = "{'exists': $exists($states.input.a), 'null': $states.input.a = null, 'value': $states.input.a}"
        assert value_of(aws, expression, {"a": None}) == {"exists": True, "null": True, "value": None}

    def test_assigned_values_are_for_the_next_state(self, aws: EmbeddedAWS) -> None:
        """A state's Output sees variables as they were before its Assign."""
        states = {
            "A": {"Type": "Pass", "Assign": {"n": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}", "Next": "C"},
            "C": pass_state(Output="{% [$states.input, $n] %}"),
        }
        assert output(aws, states) == [1, 2]

    def test_context(self, aws: EmbeddedAWS) -> None:
        """The context object describes the execution, the machine and the state."""
        arn = machine(aws, {"A": pass_state(Output="{% $states.context %}")})
        name = unique("run")
        started = aws.client("stepfunctions").start_execution(stateMachineArn=arn, name=name, input='{"a": 1}')
        context = ended(aws, started["executionArn"])["output"]
        assert context["Execution"]["Id"] == started["executionArn"]
        assert context["Execution"]["Name"] == name
        assert context["Execution"]["Input"] == {"a": 1}
        assert context["Execution"]["StartTime"].endswith("Z")
        assert context["StateMachine"]["Name"] == arn.split(":")[-1]
        assert context["State"]["Name"] == "A"


class TestFlow:
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

    def test_fail(self, aws: EmbeddedAWS) -> None:
        """Error and Cause of a Fail state may be expressions."""
        state = {"Type": "Fail", "Error": "{% 'My' & 'Error' %}", "Cause": "{% $states.input.why %}"}
        description = run(aws, {"F": state}, {"why": NASTY})
        assert (description["status"], description["error"], description["cause"]) == ("FAILED", "MyError", NASTY)

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


class TestIntegrations:
    def test_objects_become_json_text(self, aws: EmbeddedAWS) -> None:
        """A Body given as JSON is stored as its text and read back as text; times are ISO 8601."""
        name = bucket(aws)
        states = {
            "P": task("s3:putObject", {"Bucket": name, "Key": "k", "Body": {"é": [1, None]}}, Next="G"),
            "G": task("s3:getObject", {"Bucket": name, "Key": "k"}),
        }
        answer = output(aws, states)
        assert json.loads(answer["Body"]) == {"é": [1, None]}
        assert answer["ETag"].startswith('"')
        assert answer["LastModified"].endswith("Z")

    def test_answers_are_pascal_case(self, aws: EmbeddedAWS) -> None:
        """Names that boto3 spells in camel case come and go with a capital at the front, at every depth."""
        arn = machine(aws, {"A": pass_state()})
        states = {"T": task("sfn:describeStateMachine", {"StateMachineArn": arn})}
        answer = output(aws, states)
        assert answer["StateMachineArn"] == arn
        assert answer["LoggingConfiguration"]["Level"] == "OFF"

    def test_unknown_fields_are_refused(self, aws: EmbeddedAWS) -> None:
        """boto3's own spelling is not Step Functions' and fails the task."""
        description = run(aws, {"T": task("sfn:describeStateMachine", {"stateMachineArn": "x"})})
        assert description["error"] == "States.Runtime"
        assert "'stateMachineArn' is not supported" in description["cause"]

    def test_unknown_actions_are_refused(self, aws: EmbeddedAWS) -> None:
        """An action that the service does not have fails the task with the resource's name."""
        description = run(aws, {"T": task("s3:fetchObject")})
        assert description["error"] == "States.Runtime"
        assert "aws-sdk:s3:fetchObject" in description["cause"]

    def test_modelled_errors(self, aws: EmbeddedAWS) -> None:
        """A modelled error is <Service>.<Name>Exception; its cause ends with service, status and request."""
        description = run(aws, {"T": task("sfn:describeExecution", {"ExecutionArn": "x"})})
        assert description["error"] == "Sfn.InvalidArnException"
        assert "(Service: Sfn, Status Code: 400, Request ID: " in description["cause"]

    def test_unmodelled_errors(self, aws: EmbeddedAWS) -> None:
        """An error that the service's model does not name arrives as <Service>.<Service>Exception."""
        name = bucket(aws)
        deny = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
            ],
        }
        aws.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
        aws.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(deny))
        description = run(aws, {"T": task("s3:getObject", {"Bucket": name, "Key": "k"})})
        assert description["error"] == "S3.S3Exception"

    def test_sns_publish(self, aws: EmbeddedAWS) -> None:
        """The optimized SNS integration publishes an object as its JSON text."""
        topic = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
        queue = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
        queue_arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        aws.client("sns").subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=queue_arn["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {"TopicArn": topic, "Message": {"text": "{% $states.input.text %}"}},
            "End": True,
        }
        assert "MessageId" in output(aws, {"S": state}, {"text": NASTY})
        (message,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert json.loads(message["Body"]) == {"text": NASTY}


class TestExecutions:
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
