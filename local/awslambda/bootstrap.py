"""What runs in a function's process: the Python runtime's bootstrap. Standard library only.

Called as `python -S bootstrap.py RESULT`: reads the invocation from stdin as JSON, writes the result to the file
RESULT as `{"payload": JSON text, "failed": bool}`. No result file means that the process ended before it answered.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
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
    if not hasattr(module, function_name):
        raise RuntimeFaultError(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'"
        )
    function: Callable[[Any, LambdaContext], Any] = getattr(module, function_name)
    return function


def marshal(answer: Any) -> str:
    """Return the answer as JSON.

    Raises:
        RuntimeFaultError: JSON cannot hold it.
    """
    try:
        return json.dumps(answer)
    except (TypeError, ValueError) as error:
        raise RuntimeFaultError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def failure(error: Exception, request_id: str) -> str:
    """Return the payload of a failed invocation and print it as Lambda logs it."""
    kind = error.kind if isinstance(error, RuntimeFaultError) else type(error).__name__
    own_frames = [] if isinstance(error, RuntimeFaultError) else traceback.extract_tb(error.__traceback__)[1:]
    trace = traceback.format_list(own_frames)
    print(f"[ERROR] {kind}: {error}", *([] if not trace else ["Traceback (most recent call last):"]), sep="\n")  # noqa: T201
    print("".join(trace), end="", flush=True)  # noqa: T201  # a function's stdout is its log
    return json.dumps({"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace})


def main() -> None:
    """Run one invocation."""
    invocation = json.load(sys.stdin)
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123  # the event is not the function's to read
    try:
        function = load(os.environ["_HANDLER"])
        result = {"payload": marshal(function(invocation["event"], LambdaContext(invocation))), "failed": False}
    except Exception as error:  # noqa: BLE001  # whatever a handler raises is the invocation's result
        result = {"payload": failure(error, invocation["request_id"]), "failed": True}
    sys.stdout.flush()
    partial = sys.argv[1] + ".partial"
    with open(partial, "w", encoding="utf-8") as file:  # noqa: PTH123  # keeps the start cheap
        json.dump(result, file)
    os.replace(partial, sys.argv[1])  # noqa: PTH105  # as above


if __name__ == "__main__":
    main()
