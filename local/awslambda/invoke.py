"""Invoking a deployed function: its code, its environment, its log, and the answer as Lambda words it."""

import atexit
import base64
import io
import json
import shutil
import tempfile
import time
import uuid
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction
from moto.settings import moto_server_port

from local.awslambda import sandbox
from local.patches import replaces

_TAIL: Final = 4096
_LOG_LINE: Final = 256 * 1024
_code_lock = Lock()
_code_root: list[Path] = []


class InvalidRuntimeException(LambdaClientError):  # noqa: N818  # the service's code
    """The runtime cannot be run here."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "InvalidRuntimeException", f"{what} is not emulated: only Python functions from a zip archive run here"
        )


@replaces(LambdaFunction, "invoke")
def invoke_in_a_child_process(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
    """Invoke a function.

    moto: runs it in Docker, with an answer that is always "Handled". AWS: as documented for the API's Invoke.
    An asynchronous invocation (Event) that fails is not tried again, unlike on AWS.
    """
    kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
    if self.package_type != "Zip" or not str(self.run_time).startswith("python"):
        raise InvalidRuntimeException(
            f"Runtime {self.run_time}" if self.package_type == "Zip" else f"PackageType {self.package_type}"
        )
    event = json.loads(body) if body else {}
    response_headers["x-amz-executed-version"] = "$LATEST"
    if kind == "DryRun":
        return b""
    if kind == "Event":
        Thread(target=_invoke, args=(self, event), daemon=True).start()
        return b""
    payload, failed, log = _invoke(self, event)
    if failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    response_headers["x-amz-log-result"] = base64.b64encode(log.encode()[-_TAIL:]).decode()
    return payload.encode()


def _invoke(function: Any, event: Any) -> tuple[str, bool, str]:
    """Return (payload, failed, log)."""
    request_id = str(uuid.uuid4())
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
    limits = sandbox.Limits(memory=int(function.memory_size), timeout=float(function.timeout))
    invocation = {
        "event": event,
        "request_id": request_id,
        "function_arn": function.function_arn,
        "deadline": time.time() + limits.timeout,
    }
    code = unpacked(function)
    outcome = sandbox.run(
        json.dumps(invocation).encode(),
        code=code,
        import_path=sandbox.python_path(code, code.parent / "runtime", layers=bool(function.layers)),
        environment={**function.environment_vars, **_reserved(function, code, stream)},
        limits=limits,
    )
    payload, failed = _answer(outcome, request_id, limits)
    log = _log_lines(outcome, request_id, limits)
    _write_log(function, stream, log)
    return payload, failed, "\n".join(log) + "\n"


def unpacked(function: Any) -> Path:
    """Return the directory with a function's code, unpacked once for each content."""
    with _code_lock:
        if not _code_root:
            _code_root.append(Path(tempfile.mkdtemp(prefix="lambda-code-")))
            atexit.register(shutil.rmtree, _code_root[0], ignore_errors=True)
        name = base64.urlsafe_b64encode(str(function.code_sha_256).encode()).decode().rstrip("=")
        directory = _code_root[0] / name
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(partial)
            partial.rename(directory)
        return directory


def log_group(function: Any) -> str:
    """Return the name of the log group that a function writes to."""
    configured = getattr(function, "logging_config", None) or {}
    return str(configured.get("LogGroup") or f"/aws/lambda/{function.function_name}")


def _reserved(function: Any, code: Path, stream: str) -> dict[str, str]:
    """Return the reserved variables (developer guide, page configuration-envvars) and the way to this AWS.

    X-Ray has no daemon here: the trace is marked as not sampled, so that nothing is sent.
    """
    return {
        "_HANDLER": str(function.handler),
        "_X_AMZN_TRACE_ID": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
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
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_SESSION_TOKEN": "embedded",
        "AWS_ENDPOINT_URL": f"http://localhost:{moto_server_port()}",
        "AWS_ALLOW_HTTP": "true",
        "LAMBDA_TASK_ROOT": str(code),
        "LAMBDA_RUNTIME_DIR": str(code.parent / "runtime"),
        "LANG": "en_US.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
    }


def _answer(outcome: sandbox.Outcome, request_id: str, limits: sandbox.Limits) -> tuple[str, bool]:
    if outcome.result is not None:
        result = json.loads(outcome.result)
        return result["payload"], result["failed"]
    if outcome.killed == "timeout":
        kind, message = "Sandbox.Timedout", f"Task timed out after {limits.timeout:.2f} seconds"
    elif outcome.killed == "memory":
        kind, message = "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"
    else:
        kind, message = "Runtime.ExitError", f"Runtime exited with error: {_how(outcome.status)}"
    return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}), True


def _how(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"signal: {-status}"


def _log_lines(outcome: sandbox.Outcome, request_id: str, limits: sandbox.Limits) -> list[str]:
    milliseconds = outcome.duration * 1000
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {limits.memory} MB\t"
        f"Max Memory Used: {outcome.memory} MB\t"
    )
    if outcome.killed == "timeout":
        report += "Status: timeout"
    elif outcome.result is None:
        report += "Status: error"
    return [
        f"START RequestId: {request_id} Version: $LATEST",
        *outcome.output.splitlines(),
        f"END RequestId: {request_id}",
        report,
    ]


def _write_log(function: Any, stream: str, lines: list[str]) -> None:
    group, now = log_group(function), int(time.time() * 1000)
    function.logs_backend.ensure_log_group(group)
    function.logs_backend.ensure_log_stream(group, stream)
    events = [{"timestamp": now, "message": line[:_LOG_LINE]} for line in lines]
    function.logs_backend.put_log_events(group, stream, events)
