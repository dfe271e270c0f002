"""Task tokens: how `.waitForTaskToken` waits, and how it is answered (developer guide, page connect-to-resource)."""

import json
from collections.abc import Iterable
from threading import Lock
from typing import Any, Final

from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    HeartbeatEndpoint,
)

from embedded_aws import clock
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.exceptions import InvalidOutput, TaskTimedOut

_lock: Final = Lock()
_attempt: Any = StateTaskServiceCallback._eval_execution  # noqa: SLF001  # the gap is in there


def succeed(executions: Iterable[Any], token: str, output: str) -> None:
    """Let what waits with a token go on with an output.

    Raises:
        InvalidToken: no task has had the token.
        TaskTimedOut: nothing waits with it any more.
        InvalidOutput: the output is not JSON.
    """
    with _lock:
        endpoint = _waiting(executions, token)
        try:
            json.loads(output)
        except ValueError as error:
            raise InvalidOutput(str(error)) from error
        endpoint.notify(CallbackOutcomeSuccess(token, output))


def fail(executions: Iterable[Any], token: str, error: str | None, cause: str | None) -> None:
    """Let what waits with a token fail.

    Raises:
        InvalidToken, TaskTimedOut: as above.
    """
    with _lock:
        _waiting(executions, token).notify(CallbackOutcomeFailure(token, error, cause))


def beat(executions: Iterable[Any], token: str) -> None:
    """Say that what is waited for still lives.

    Raises:
        InvalidToken, TaskTimedOut: as above.
    """
    with _lock:
        _waiting(executions, token).notify_heartbeat()


def close_token(env: Any) -> None:
    """Let nothing wait with an environment's token any more, and refuse answers that come later."""
    task = env.states.context_object.context_object_data.get("Task")
    endpoint = task and env.callback_pool_manager.get(task["Token"])
    if endpoint:
        endpoint.interrupt_all()


def close_tokens(env: Any) -> None:
    """Do so for all tokens of an execution."""
    for endpoint in list(env.callback_pool_manager._pool.values()):  # noqa: SLF001  # moto has no other way
        endpoint.interrupt_all()


@replaces(StateTaskServiceCallback, "_eval_execution")
def each_attempt_has_a_token_of_its_own(self: Any, env: Any) -> None:
    """Evaluate an attempt at a task.

    moto: a Retry waits with the token that has been answered. AWS: with a new one.
    """
    if self.resource.condition == ResourceCondition.WaitForTaskToken:
        env.callback_pool_manager.add(env.states.context_object.update_task_token())
    _attempt(self, env)


@replaces(HeartbeatEndpoint, "clear_and_wait")
def heartbeats_on_the_embedded_clock(self: Any) -> bool:
    """Wait for a heartbeat; return whether it came in time.

    moto: on the machine's clock. AWS: on its own.
    """
    came: bool = self._next_heartbeat_event.wait(clock.real_seconds(self._heartbeat_seconds))
    self._next_heartbeat_event.clear()
    return came


def _waiting(executions: Iterable[Any], token: str) -> CallbackEndpoint:
    for execution in executions:
        endpoint: CallbackEndpoint | None = execution.exec_worker.env.callback_pool_manager.get(token)
        if endpoint is None:
            continue
        if endpoint._notify_event.is_set():  # noqa: SLF001  # moto has no other way
            raise TaskTimedOut
        return endpoint
    raise InvalidToken("'Invalid token'")
