"""What runs in a function's process: the Python runtime's bootstrap. Standard library only.

Called as `python -S bootstrap.py DESCRIPTOR`, an open socket on which each message is a line of JSON. It imports the
handler and says `{"at": seconds}`, by the monotonic clock, when it has; then, for each invocation that it reads, it
says `{"begun": true}`, calls the handler and answers `{"payload": JSON text, "failed": bool, "broken": bool}`, where
`broken` means that there is no handler to call. It ends when the other end is closed.
"""

import contextlib
import gc
import importlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any


class LambdaContext:
    """The context object of a Python function (developer guide, page python-context)."""

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.aws_request_id: str = invocation["request_id"]
        self.invoked_function_arn: str = invocation["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline: float = invocation["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function times out."""
        return max(0, int((self._deadline - time.time()) * 1000))


class RuntimeFaultError(Exception):
    """A failure that the runtime names itself."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def load(handler: str) -> Callable[[Any, LambdaContext], Any]:
    """Return the function that `handler` names.

    Raises:
        RuntimeFaultError: it cannot be imported or found.
    """
    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        raise RuntimeFaultError("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack")
    # What is imported stays: to look for garbage in it takes a fifth of the start.
    gc.disable()
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFaultError(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        raise RuntimeFaultError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}"
        ) from error
    finally:
        gc.enable()
    if not hasattr(module, function_name):
        raise RuntimeFaultError(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'"
        )
    function: Callable[[Any, LambdaContext], Any] = getattr(module, function_name)
    return function


def marshal(answer: Any) -> str:
    """Return the answer as the payload: bytes as they are, everything else as JSON, a Decimal as a number.

    Raises:
        RuntimeFaultError: JSON cannot hold it.
    """
    if isinstance(answer, bytes):
        return answer.decode(errors="replace")
    try:
        return json.dumps(answer, default=_number)
    except (TypeError, ValueError) as error:
        raise RuntimeFaultError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def failure(error: Exception, request_id: str) -> str:
    """Return the payload of a failed invocation and print it as Lambda logs it."""
    kind = error.kind if isinstance(error, RuntimeFaultError) else type(error).__name__
    own_frames = [] if isinstance(error, RuntimeFaultError) else traceback.extract_tb(error.__traceback__)[1:]
    trace = traceback.format_list(own_frames)
    heading = [f"[ERROR] {kind}: {error}", *([] if not trace else ["Traceback (most recent call last):"])]
    with contextlib.suppress(OSError, ValueError):  # the handler may have closed it
        print(*heading, sep="\n")  # noqa: T201  # a function's stdout is its log
        print("".join(trace), end="", flush=True)  # noqa: T201  # as above
    return json.dumps({"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace})


def answer(handler: Callable[[Any, LambdaContext], Any] | Exception, invocation: dict[str, Any]) -> dict[str, Any]:
    """Call the handler, or tell why there is none, and return the message with the result."""
    broken = isinstance(handler, Exception)
    request_id = invocation["request_id"]
    os.environ["_X_AMZN_TRACE_ID"] = invocation["trace_id"]
    try:
        if isinstance(handler, Exception):
            return {"payload": failure(handler, request_id), "failed": True, "broken": broken}
        payload = marshal(handler(invocation["event"], LambdaContext(invocation)))
    except Exception as error:  # noqa: BLE001  # whatever a handler raises is the invocation's result
        return {"payload": failure(error, request_id), "failed": True, "broken": broken}
    return {"payload": payload, "failed": False, "broken": broken}


def main() -> None:
    """Answer invocations until the server closes its end."""
    own = os.getpid()
    server = socket.socket(fileno=int(sys.argv[1]))
    server.set_inheritable(False)

    def say(message: dict[str, Any]) -> None:
        if os.getpid() != own:
            os._exit(0)  # a child that the function forked does not speak for it
        server.sendall(json.dumps(message).encode() + b"\n")

    handler: Callable[[Any, LambdaContext], Any] | Exception
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:  # noqa: BLE001  # the first invocation reports it
        handler = error
    say({"at": time.monotonic()})
    with server.makefile("rb") as invocations:
        for line in invocations:
            say({"begun": True})
            result = answer(handler, json.loads(line))
            with contextlib.suppress(OSError, ValueError):  # the handler may have closed it
                sys.stdout.flush()
            say(result)
    os._exit(0)  # threads that the handler has left behind do not hold the process up


if __name__ == "__main__":
    main()
