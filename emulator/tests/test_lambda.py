import json
import os
import time
import uuid
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import archive, function, invoke, messages
from emulator.tests.support import eventually, run, unique


def test_the_handler_gets_the_event_and_its_answer_comes_back(aws: EmbeddedAWS) -> None:
    """Any JSON goes in and out, and a function is Python in a process of its own."""
    name = function(aws, "import os\ndef handler(event, context): return {'event': event, 'pid': os.getpid()}")
    answer = invoke(aws, name, {"text": 'é "\n', "n": [1, None, 2.5]})
    assert answer["status"] == 200
    assert answer["error"] is None
    assert answer["payload"]["event"] == {"text": 'é "\n', "n": [1, None, 2.5]}
    assert answer["payload"]["pid"] != os.getpid()


def test_the_environment_is_the_functions_own(aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    """Own and reserved variables are there; those of the serving process are not."""
    monkeypatch.setenv("SECRET_OF_THE_LAPTOP", "x")
    code = "import os\ndef handler(event, context): return dict(os.environ)"
    name = function(aws, code, Environment={"Variables": {"MINE": "é"}}, MemorySize=256)
    variables = invoke(aws, name)["payload"]
    assert variables["MINE"] == "é"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"
    assert variables["AWS_REGION"] == "us-east-1"
    assert variables["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert variables["_HANDLER"] == "index.handler"
    assert "SECRET_OF_THE_LAPTOP" not in variables
    assert "VIRTUAL_ENV" not in variables


def test_the_context_describes_the_invocation(aws: EmbeddedAWS) -> None:
    """The context object has the function's identity and the time that is left."""
    code = """
def handler(event, context):
    return [context.function_name, context.invoked_function_arn, context.aws_request_id,
            context.memory_limit_in_mb, context.get_remaining_time_in_millis()]
"""
    name = function(aws, code, MemorySize=512)
    got_name, arn, request_id, memory, left = invoke(aws, name)["payload"]
    assert got_name == name
    assert arn == f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert uuid.UUID(request_id)
    assert memory == "512"
    assert 10_000 < left <= 20_000


def test_code_reaches_this_aws(aws: EmbeddedAWS) -> None:
    """boto3 in a function talks to the AWS that runs it, without a layer."""
    bucket = unique("bucket")
    aws.client("s3").create_bucket(Bucket=bucket)
    code = f"""
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket="{bucket}", Key="k", Body=b"written")
"""
    assert invoke(aws, function(aws, code))["payload"] is None
    assert aws.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"written"


def test_code_from_s3(aws: EmbeddedAWS) -> None:
    """An archive in S3 is the function's code, with the modules beside the handler and a folder in its name."""
    bucket = unique("bucket")
    aws.client("s3").create_bucket(Bucket=bucket)
    body = archive(**{"app/main": "from helper import answer\ndef run(e, c): return answer", "helper": "answer = 42"})
    aws.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=body)
    name = function(aws, "", Code={"S3Bucket": bucket, "S3Key": "code.zip"}, Handler="app/main.run")
    assert invoke(aws, name)["payload"] == 42


def test_packages_come_from_layers_only(aws: EmbeddedAWS) -> None:
    """Without a layer only the runtime's own packages are there; the project's work tree never is."""
    code = """
import importlib.util
def handler(event, context): return [importlib.util.find_spec(name) is not None for name in event]
"""
    wanted = ["boto3", "polars", "embedded_aws"]
    assert invoke(aws, function(aws, code), wanted)["payload"] == [True, False, False]
    layer = aws.client("lambda").publish_layer_version(LayerName=unique("layer"), Content={"ZipFile": archive(a="")})
    name = function(aws, code, Layers=[layer["LayerVersionArn"]])
    assert invoke(aws, name, wanted)["payload"] == [True, True, False]


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("class Mine(ValueError): pass\ndef handler(e, c): raise Mine('no \"good\"')", "Mine", 'no "good"'),
        ("def handler(e, c): return object()", "Runtime.MarshalError", "not JSON serializable"),
        ("import nothing_there", "Runtime.ImportModuleError", "Unable to import module 'index'"),
        ("def other(e, c): pass", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("def handler(e, c) return 1", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("import os\ndef handler(e, c): os._exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("import sys\ndef handler(e, c): sys.exit(1)", "Runtime.ExitError", "Runtime exited"),
        ("import os\ndef handler(e, c): os.kill(os.getpid(), 9)", "Runtime.ExitError", "error: signal: killed"),
        ("import os\ndef handler(e, c): os.kill(os.getpid(), 11)", "Runtime.ExitError", "signal: segmentation fault"),
    ],
)
def test_failures_have_lambdas_names(aws: EmbeddedAWS, code: str, error_type: str, message: str) -> None:
    """Whatever goes wrong is Unhandled, with the error type that Lambda reports."""
    answer = invoke(aws, function(aws, code))
    assert answer["status"] == 200
    assert answer["error"] == "Unhandled"
    assert answer["payload"]["errorType"] == error_type
    assert message in answer["payload"]["errorMessage"]


def test_an_exception_brings_its_trace(aws: EmbeddedAWS) -> None:
    """The stack trace starts in the handler and is in the payload and in the log."""
    answer = invoke(aws, function(aws, "def deep(): raise KeyError('x')\ndef handler(e, c): deep()"))
    trace = answer["payload"]["stackTrace"]
    assert [line.split(", in ")[1].split("\n")[0] for line in trace] == ["handler", "deep"]
    assert "[ERROR] KeyError: 'x'" in answer["log"]
    assert uuid.UUID(answer["payload"]["requestId"])


def test_timeout(aws: EmbeddedAWS) -> None:
    """A function that takes too long is ended and says after how many seconds."""
    name = function(aws, "import time\ndef handler(e, c): print('begun', flush=True); time.sleep(60)", Timeout=1)
    start = time.monotonic()
    answer = invoke(aws, name)
    assert time.monotonic() - start < 10
    assert answer["error"] == "Unhandled"
    assert answer["payload"]["errorType"] == "Sandbox.Timedout"
    assert answer["payload"]["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "begun" in answer["log"]


def test_memory(aws: EmbeddedAWS) -> None:
    """A function that holds more than its memory is killed, which its report says; more memory lets it pass."""
    code = "import time\ndef handler(e, c):\n x = b'1' * (300 << 20)\n time.sleep(1)\n return len(x)"
    answer = invoke(aws, function(aws, code, MemorySize=200))
    assert answer["payload"]["errorType"] == "Runtime.OutOfMemory"
    assert "signal: killed" in answer["payload"]["errorMessage"]
    assert "Memory Size: 200 MB\tMax Memory Used: 200 MB" in answer["log"]
    assert "Status: error\tError Type: Runtime.OutOfMemory\n" in answer["log"]
    assert invoke(aws, function(aws, code, MemorySize=512))["payload"] == 300 << 20


def test_the_log_goes_to_the_functions_group(aws: EmbeddedAWS) -> None:
    """Both outputs are in the group of LoggingConfig between START and END, with a report."""
    group = unique("/own/group")
    code = "import sys\ndef handler(e, c): print('out'); print('err', file=sys.stderr)"
    name = function(aws, code, LoggingConfig={"LogGroup": group})
    invoke(aws, name)
    lines = messages(aws, group)
    assert lines[0].startswith("START RequestId: ")
    assert {"out", "err"} <= set(lines)
    assert "Max Memory Used: " in lines[-1]
    assert "Memory Size: 128 MB" in lines[-1]
    assert aws.client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"] == group


def test_logs_are_dated_by_the_embedded_clock(aws: EmbeddedAWS) -> None:
    """A line lies between two executions, before and after it, whose times run faster than the machine's."""

    def now() -> int:
        return int(run(aws, {"A": {"Type": "Pass", "Output": "{% $millis() %}", "End": True}})["output"])

    name, before = function(aws, "def handler(e, c): print('ran')"), now()
    invoke(aws, name)
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]

    assert all(before <= event["timestamp"] <= now() for event in events)
    assert before > time.time() * 1000


def test_invocation_types(aws: EmbeddedAWS) -> None:
    """Event returns at once and runs; DryRun does not run."""
    client = aws.client("lambda")
    name = function(aws, "def handler(e, c): print('ran')")
    assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    assert client.invoke(FunctionName=name, InvocationType="Event")["StatusCode"] == 202
    group = f"/aws/lambda/{name}"
    logs = aws.client("logs")
    eventually(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    assert eventually(lambda: messages(aws, group)).count("ran") == 1


def test_an_event_that_fails_is_tried_again(aws: EmbeddedAWS) -> None:
    """An asynchronous invocation that fails is repeated twice, with its request id, or as often as it is told to."""
    client = aws.client("lambda")
    code = "def handler(e, c):\n    print('try', c.aws_request_id)\n    raise ValueError\n"
    names = {attempts: function(aws, code) for attempts in (0, 2)}
    client.put_function_event_invoke_config(FunctionName=names[0], MaximumRetryAttempts=0)

    def tries(name: str) -> list[str]:
        return [line for line in messages(aws, f"/aws/lambda/{name}") if line.startswith("try ")]

    for name in names.values():
        client.invoke(FunctionName=name, InvocationType="Event")
        group = f"/aws/lambda/{name}"
        eventually(lambda group=group: aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"])  # type: ignore[misc]
    eventually(lambda: len(tries(names[2])) == 3)
    assert len(set(tries(names[2]))) == 1
    assert len(tries(names[0])) == 1


def test_a_payload_that_is_no_json(aws: EmbeddedAWS) -> None:
    """A payload that is not JSON is the caller's error."""
    client = aws.client("lambda")
    name = function(aws, "def handler(e, c): return e")
    with pytest.raises(client.exceptions.InvalidRequestContentException, match="Could not parse payload into json"):
        client.invoke(FunctionName=name, Payload=b"not json")


def test_other_runtimes_are_refused(aws: EmbeddedAWS) -> None:
    """A runtime that cannot be run here is an error that names it."""
    client = aws.client("lambda")
    name = function(aws, "", Runtime="nodejs22.x")
    with pytest.raises(client.exceptions.ClientError, match=r"nodejs22\.x is not emulated"):
        client.invoke(FunctionName=name)


def test_new_code_and_settings_count_at_once(aws: EmbeddedAWS) -> None:
    """The next invocation after an update runs the new code with the new environment."""
    client = aws.client("lambda")
    name = function(aws, "import os\ndef handler(e, c): return ['old', os.environ.get('A')]")
    assert invoke(aws, name)["payload"] == ["old", None]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"A": "b"}})
    client.update_function_code(
        FunctionName=name, ZipFile=archive(index="import os\ndef handler(e, c): return ['new', os.environ.get('A')]")
    )
    assert invoke(aws, name)["payload"] == ["new", "b"]


def task(name: str, payload: Any) -> dict[str, Any]:
    """Return a state that invokes a function."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": name, "Payload": payload},
        "End": True,
    }


def test_from_step_functions(aws: EmbeddedAWS) -> None:
    """The optimized integration passes the payload on and gives it back parsed."""
    name = function(aws, "def handler(e, c): return {'got': e}")
    result = run(aws, {"L": task(name, {"a": "{% $states.input.a %}"})}, {"a": ["é", None]})["output"]
    assert result["Payload"] == {"got": {"a": ["é", None]}}
    assert result["StatusCode"] == 200
    assert result["ExecutedVersion"] == "$LATEST"


def test_a_tasks_timeout(aws: EmbeddedAWS) -> None:
    """TimeoutSeconds of the task, on the embedded clock, ends it with States.Timeout, which can be caught."""
    name = function(aws, "import time\ndef handler(e, c): time.sleep(10)")
    caught = [{"ErrorEquals": ["States.Timeout"], "Output": "late", "Next": "E"}]
    states = {
        "L": {**task(name, {}), "TimeoutSeconds": 30, "Catch": caught},
        "E": {"Type": "Pass", "End": True},
    }
    start = time.monotonic()
    assert run(aws, states)["output"] == "late"
    assert time.monotonic() - start < 8


def test_errors_in_step_functions(aws: EmbeddedAWS) -> None:
    """A function's error type is the state's error, the payload its cause; a missing function is Lambda's error."""
    name = function(aws, "class GateClosed(Exception): pass\ndef handler(e, c): raise GateClosed('too few rows')")
    description = run(aws, {"L": task(name, {})})
    assert description["error"] == "GateClosed"
    cause = json.loads(description["cause"])
    assert cause["errorMessage"] == "too few rows"
    assert cause["errorType"] == "GateClosed"
    assert run(aws, {"L": task("nothing-there", {})})["error"] == "Lambda.ResourceNotFoundException"
