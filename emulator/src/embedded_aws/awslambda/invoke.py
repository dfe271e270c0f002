"""Invoking a deployed function: its environment, its log, and the answer as Lambda words it."""

import base64
import json
import signal
import time
import uuid
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any, Final

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.settings import moto_server_port

from embedded_aws import clock
from embedded_aws.awslambda import assets
from embedded_aws.awslambda.environment import Outcome, Specification
from embedded_aws.awslambda.keys import check_key
from embedded_aws.awslambda.pool import pool
from embedded_aws.cloudwatch.metrics import emit
from embedded_aws.iam.sessions import RoleNotAssumableError, credentials, session_for
from embedded_aws.patches import replaces

_SERVICE: Final = "lambda.amazonaws.com"
_TAIL: Final = 4096
_LOG_LINE: Final = 256 * 1024
_TIMED_OUT: Final = "Sandbox.Timedout"
_OUT_OF_MEMORY: Final = "Runtime.OutOfMemory"
_EXITED: Final = "Runtime.ExitError"


class InvalidRuntimeException(LambdaClientError):  # noqa: N818  # the service's code
    """The runtime cannot be run here."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "InvalidRuntimeException", f"{what} is not emulated: only Python functions from a zip archive run here"
        )


class RoleAccessDeniedException(LambdaClientError):  # noqa: N818  # as above
    """The function's role does not trust the service any more."""

    def __init__(self) -> None:
        super().__init__("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")


class InvalidRequestContentException(LambdaClientError):  # noqa: N818  # as above
    """The event is not JSON."""

    def __init__(self, error: ValueError) -> None:
        super().__init__(
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {error}",
        )


@replaces(LambdaFunction, "invoke")
def invoke_in_an_execution_environment(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
    """Invoke a function.

    moto: runs it in Docker, with an answer that is always "Handled". AWS: as documented for the API's Invoke.
    """
    kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
    if self.package_type != "Zip" or not str(self.run_time).startswith("python"):
        raise InvalidRuntimeException(
            f"Runtime {self.run_time}" if self.package_type == "Zip" else f"PackageType {self.package_type}"
        )
    try:
        event = json.loads(body) if body else {}
    except ValueError as error:
        raise InvalidRequestContentException(error) from error
    response_headers["x-amz-executed-version"] = "$LATEST"
    if kind == "DryRun":
        return b""
    if kind == "Event":
        Thread(target=_invoke_asynchronously, args=(self, event), daemon=True).start()
        return b""
    payload, failed, log = _invoke(self, event, str(uuid.uuid4()))
    if failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    response_headers["x-amz-log-result"] = base64.b64encode(log.encode()[-_TAIL:]).decode()
    return payload.encode()


def _invoke_asynchronously(function: Any, event: Any) -> None:
    """Invoke a function, and if it fails again after one and two minutes (developer guide, page invocation-async)."""
    request_id = str(uuid.uuid4())
    config = function.event_invoke_config[-1].config if function.event_invoke_config else {}
    pauses = [timedelta(minutes=1), timedelta(minutes=2)][: config.get("MaximumRetryAttempts", 2)]
    functions = lambda_backends[function.account_id][function.region]._lambdas  # noqa: SLF001  # moto has no other way

    def gone() -> bool:
        return functions.get_arn(function.function_arn) is None

    while _invoke(function, event, request_id)[1] and pauses:
        if not clock.wait_until(clock.now() + pauses.pop(0), gone):
            return


def _invoke(function: Any, event: Any, request_id: str) -> tuple[str, bool, str]:
    """Return (payload, failed, log)."""
    timeout = float(function.timeout)
    invocation = {
        "event": event,
        "request_id": request_id,
        "function_arn": function.function_arn,
        "deadline": time.time() + timeout,
        # X-Ray has no daemon here: nothing is sampled, so that nothing is sent.
        "trace_id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
    }
    outcome = pool.run(_specification(function), invocation, timeout)
    payload, failed = _answer(outcome, request_id, timeout)
    log = _log_lines(outcome, request_id, int(function.memory_size))
    _write_log(function, outcome.stream, log)
    _measure(function, outcome, failed=failed)
    return payload, failed, "\n".join(log) + "\n"


def _measure(function: Any, outcome: Outcome, *, failed: bool) -> None:
    """Tell CloudWatch of an invocation (developer guide, page monitoring-metrics-types); here none is throttled."""
    values = {
        "Invocations": 1.0,
        "Errors": float(failed),
        "Throttles": 0.0,
        "Duration": outcome.duration * 1000,
    }
    emit(function.account_id, function.region, "AWS/Lambda", values, FunctionName=function.function_name)


def prepare(function: Any) -> None:
    """Begin an execution environment of a function that nobody has invoked yet, where that is wanted."""
    pool.prepare(function.function_arn, lambda: _specification(function))


def log_group(function: Any) -> str:
    """Return the name of the log group that a function writes to."""
    configured = getattr(function, "logging_config", None) or {}
    return str(configured.get("LogGroup") or f"/aws/lambda/{function.function_name}")


def _specification(function: Any) -> Specification:
    """Return what an environment of a function must be."""
    code = assets.unpacked(function)
    check_key(function)
    variables = {**function.environment_vars, **_reserved(function, code), **_credentials(function)}
    return Specification(
        function_arn=function.function_arn,
        code=code,
        import_path=assets.python_path(code, layers=bool(function.layers)),
        variables=tuple(sorted(variables.items())),
        memory=int(function.memory_size),
    )


def _reserved(function: Any, code: Path) -> dict[str, str]:
    """Return the reserved variables (developer guide, page configuration-envvars) and the way to this AWS.

    The log stream's name comes from the environment, the trace's id from each invocation.
    """
    return {
        "_HANDLER": str(function.handler),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(function),
        "AWS_ENDPOINT_URL": f"http://localhost:{moto_server_port()}",
        "AWS_ALLOW_HTTP": "true",
        "LAMBDA_TASK_ROOT": str(code),
        "LAMBDA_RUNTIME_DIR": str(assets.runtime(code)),
        "LANG": "en_US.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
    }


def _credentials(function: Any) -> dict[str, str]:
    """Return the variables with the credentials of the function's role, whose session has the function's name.

    Raises:
        RoleAccessDeniedException: the role does not let the service assume it.
    """
    account = function.function_arn.split(":")[4]
    try:
        session = session_for(
            account, function.role, _SERVICE, source_arn=function.function_arn, session_name=function.function_name
        )
    except RoleNotAssumableError as error:
        raise RoleAccessDeniedException from error
    return credentials(session)


def _answer(outcome: Outcome, request_id: str, timeout: float) -> tuple[str, bool]:
    if outcome.answer is not None:
        return outcome.answer["payload"], outcome.answer["failed"]
    messages = {
        _TIMED_OUT: f"Task timed out after {timeout:.2f} seconds",
        _OUT_OF_MEMORY: "Runtime exited with error: signal: killed",
        _EXITED: f"Runtime exited with error: {_how(outcome.status)}",
    }
    kind = _error_type(outcome)
    return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {messages[kind]}"}), True


def _error_type(outcome: Outcome) -> str:
    """Return what Lambda calls the end of a process that gave no answer."""
    return {"timeout": _TIMED_OUT, "memory": _OUT_OF_MEMORY}.get(outcome.killed or "", _EXITED)


def _how(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"signal: {(signal.strsignal(-status) or str(-status)).lower()}"


def _log_lines(outcome: Outcome, request_id: str, memory: int) -> list[str]:
    """Return the lines of an invocation, with what the init printed first as on AWS.

    The init's time is billed with the first invocation and told apart from its duration.
    """
    milliseconds, init = outcome.duration * 1000, (outcome.init or 0) * 1000
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds + init) + 1} ms\tMemory Size: {memory} MB\t"
        f"Max Memory Used: {outcome.memory} MB\t"
    )
    if outcome.init is not None:
        report += f"Init Duration: {init:.2f} ms\t"
    if outcome.killed == "timeout":
        report += "Status: timeout"
    elif outcome.answer is None:
        report += f"Status: error\tError Type: {_error_type(outcome)}"
    return [
        *outcome.init_output.splitlines(),
        f"START RequestId: {request_id} Version: $LATEST",
        *outcome.output.splitlines(),
        f"END RequestId: {request_id}",
        report,
    ]


def _write_log(function: Any, stream: str, lines: list[str]) -> None:
    group, now = log_group(function), clock.milliseconds()
    function.logs_backend.ensure_log_group(group)
    function.logs_backend.ensure_log_stream(group, stream)
    events = [{"timestamp": now, "message": line[:_LOG_LINE]} for line in lines]
    function.logs_backend.put_log_events(group, stream, events)
