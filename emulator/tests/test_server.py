import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from embedded_aws.server import AlreadyRunningError, EmbeddedAWS, PortInUseError


def in_fresh_process(code: str) -> str:
    """Run Python code in another process, since one holds only one embedded AWS; return its stdout."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.strip()


def test_every_start_is_an_empty_account() -> None:
    """What was made before a stop is gone after the next start, and the server says nothing on stderr."""
    code = """
from embedded_aws.server import EmbeddedAWS
embedded = EmbeddedAWS()
with embedded:
    embedded.client("s3").create_bucket(Bucket="mine")
    assert len(embedded.client("s3").list_buckets()["Buckets"]) == 1
with embedded:
    print(embedded.client("s3").list_buckets()["Buckets"])
"""
    assert in_fresh_process(code) == "[]"


def test_one_embedded_aws_per_process(aws: EmbeddedAWS) -> None:
    """A second start in one process is an error and leaves the first one serving."""
    with pytest.raises(AlreadyRunningError, match="stop it first"):
        EmbeddedAWS().start()
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_taken_port_is_named() -> None:
    """An occupied port is an OSError that names the port."""
    code = """
import socket
from embedded_aws.server import EmbeddedAWS, PortInUseError
with socket.create_server(("127.0.0.1", 0)) as other:
    port = other.getsockname()[1]
    try:
        EmbeddedAWS(port=port).start()
    except PortInUseError as error:
        assert str(port) in str(error)
        print("named")
with EmbeddedAWS(port=port) as embedded:
    assert embedded.endpoint_url == f"http://localhost:{port}"
"""
    assert in_fresh_process(code) == "named"


def test_port_errors_are_os_errors() -> None:
    """Callers that handle OSError handle the taken port too."""
    assert issubclass(PortInUseError, OSError)


def test_only_this_machine_reaches_it(aws: EmbeddedAWS) -> None:
    """The server listens on the loopback address and on no other."""
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), aws.port, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        if str(address).startswith("127."):
            continue
        with socket.socket() as probe:
            assert probe.connect_ex((address, aws.port)) != 0


def test_the_environment_is_enough_for_boto3(aws: EmbeddedAWS) -> None:
    """A process that has nothing but `environment()` reaches this account."""
    aws.client("s3").create_bucket(Bucket="seen-from-outside")
    code = "import boto3; print([b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"]} | aws.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "seen-from-outside" in done.stdout


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("cloudtrail", "lookup_events", {}),
        ("sns", "create_sms_sandbox_phone_number", {"PhoneNumber": "+15555550100"}),
        ("iam", "get_organizations_access_report", {"JobId": "0" * 36}),
    ],
)
def test_what_is_missing_says_so(aws: EmbeddedAWS, service: str, operation: str, arguments: dict[str, str]) -> None:
    """An operation that is not emulated is an error with its name, in the service's own protocol."""
    client = aws.client(service)
    with pytest.raises(client.exceptions.ClientError, match="is not emulated") as refused:
        getattr(client, operation)(**arguments)
    assert refused.value.response["Error"]["Code"] == "NotImplementedException"


def test_a_stop_ends_busy_executions() -> None:
    """Executions that write to a log at that moment do not hold the stop up."""
    code = """
import json
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import make_administrator
embedded = EmbeddedAWS()
with embedded:
    logs, stepfunctions = embedded.client("logs"), embedded.client("stepfunctions")
    make_administrator(embedded)
    logs.create_log_group(logGroupName="busy")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:busy:*"
    again = {"Type": "Pass", "Next": "Again"}
    arn = stepfunctions.create_state_machine(
        name="busy",
        definition=json.dumps({"StartAt": "Again", "States": {"Again": again}}),
        roleArn="arn:aws:iam::123456789012:role/any",
        loggingConfiguration={"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]},
    )["stateMachineArn"]
    for _ in range(8):
        stepfunctions.start_execution(stateMachineArn=arn)
print("stopped")
"""
    assert in_fresh_process(code) == "stopped"


def test_a_stop_ends_running_functions(tmp_path: Path) -> None:
    """A function that still runs does not outlive the account."""
    code = """
import json, os, pathlib, time
from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import function
pid_file = PLACE
path = pathlib.Path(pid_file)
with EmbeddedAWS() as aws:
    body = "import os, time\\ndef handler(e, c):\\n open(e, 'w').write(str(os.getpid()))\\n time.sleep(60)"
    aws.client("lambda").invoke(
        FunctionName=function(aws, body, Timeout=60), InvocationType="Event", Payload=json.dumps(pid_file)
    )
    while not (path.exists() and path.read_text()):
        time.sleep(0.02)
    pid = int(path.read_text())
deadline = time.monotonic() + 10
while time.monotonic() < deadline:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        break
    time.sleep(0.02)
print(time.monotonic() < deadline)
"""
    assert in_fresh_process(code.replace("PLACE", repr(str(tmp_path / "pid")))) == "True"


def test_clients_do_not_retry(aws: EmbeddedAWS) -> None:
    """The first error of a service is the one the caller sees."""
    assert aws.client("s3").meta.config.retries["total_max_attempts"] == 1


def test_the_environment_is_lent(aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside `in_environment` every client finds this AWS and no profile; afterwards all is as before."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    with aws.in_environment():
        assert os.environ["AWS_ENDPOINT_URL"] == aws.endpoint_url
        assert os.environ["AWS_REGION"] == "us-east-1"
        assert "AWS_PROFILE" not in os.environ

    assert os.environ["AWS_PROFILE"] == "production"
    assert os.environ["AWS_REGION"] == "eu-west-1"
    assert "AWS_ENDPOINT_URL" not in os.environ
