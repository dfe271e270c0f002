"""Moto's interpreter on the embedded clock: waits, retries, timeouts, timestamps, and stops that interrupt them."""

import contextlib
import copy
import datetime as dt
import threading
from types import SimpleNamespace
from typing import Any

import moto.stepfunctions.parser.asl.component.state.state as states_module
import moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp as timestamp_module
import moto.stepfunctions.parser.asl.eval.event.event_manager as event_manager_module
import moto.stepfunctions.parser.backend.execution as execution_module
import moto.stepfunctions.parser.models as models_module
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramTimedOut

from embedded_aws import clock
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.expressions import query_evaluation_failure
from embedded_aws.stepfunctions.jsonata import iso
from embedded_aws.stepfunctions.positions import begin_program
from embedded_aws.stepfunctions.real_work import RealWork, real_work, waits_for_real_work
from embedded_aws.stepfunctions.task_tokens import close_token
from embedded_aws.stopwatch import Stopwatch

_STEP = 0.05
_LONGEST_WAIT = 24855 * 86400
_wrong_timestamp = timestamp_module.Timestamp._create_failure_event  # noqa: SLF001  # the gap is in there
_set_error = Environment.set_error
_set_timed_out = Environment.set_timed_out


class _EmbeddedDatetime(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        """Return the embedded time; without a zone as naive UTC, which is how moto compares it."""
        moment = clock.now()
        if tz is None:
            return moment.replace(tzinfo=None)
        return cls.fromtimestamp(moment.timestamp(), tz)

    def isoformat(self, *_: Any, **__: Any) -> str:
        """Return the text that Step Functions puts in the context object."""
        return iso(dt.datetime.fromtimestamp(self.timestamp(), dt.UTC))


_TIMES = "moto: times are those of the machine's clock. AWS: of its own; here of the embedded clock."
_embedded = SimpleNamespace(datetime=_EmbeddedDatetime, timezone=dt.timezone, timedelta=dt.timedelta)
for _module in (states_module, timestamp_module, event_manager_module, execution_module, models_module):
    replaces(_module, "datetime", gap=_TIMES)(_embedded)


@replaces(WaitFunction, "_wait_interval")
def wait_on_the_embedded_clock(_self: Any, env: Any, wait_seconds: float) -> None:
    """Wait, unless the execution is stopped.

    moto: on the machine's clock, however long. AWS: on its own, at most 24855 days (recorded).
    """
    if wait_seconds > _LONGEST_WAIT:
        details: Any = {
            "executionFailedEventDetails": {"error": "States.Runtime", "cause": "Wait state delay is too long."}
        }
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=StatesErrorName(typ=StatesErrorNameType.StatesRuntime),
                event_type=HistoryEventType.ExecutionFailed,
                event_details=details,
            )
        )
    _pause(env, wait_seconds)


@replaces(timestamp_module.Timestamp, "_create_failure_event")
def wrong_timestamps_in_jsonata(self: Any, env: Any, timestamp_str: str) -> FailureEvent:
    """Return the failure of a Wait whose Timestamp is none.

    moto: States.Runtime in both languages. AWS: in JSONata it is States.QueryEvaluationError.
    """
    if isinstance(self.string, StringJSONata):
        what = f"returned a value that is not a valid ISO-8601 extended offset date-time format string: {timestamp_str}"
        return query_evaluation_failure(env, self.string.expression, what).failure_event
    failure: FailureEvent = _wrong_timestamp(self, env, timestamp_str)
    return failure


@replaces(RetrierDecl, "_eval_body")
def retry_on_the_embedded_clock(self: Any, env: Any) -> None:
    """Decide about another attempt and wait for it.

    moto: sleeps on the machine's clock, deaf to a stop. AWS: a stop ends the wait.
    """
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for part in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        part.eval(env=env)
    _pause(env, env.stack.pop())
    env.stack.append(RetrierOutcome.Executed)


def _pause(env: Any, seconds: float) -> None:
    deadline = clock.now() + dt.timedelta(seconds=seconds)
    clock.wait_until(deadline, lambda: not env.is_running())


@replaces(Program, "eval")
def machine_timeout_on_the_embedded_clock(self: Any, env: Any) -> None:
    """Run a program until it ends or its TimeoutSeconds passed.

    moto: the timeout is on the machine's clock. AWS: on its own.
    """
    begin_program(self, env)
    worker = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    worker.start()
    if self.timeout_seconds is not None:
        _join_machine(worker, real_work(env), self.timeout_seconds.timeout_seconds)
        if worker.is_alive():
            env.set_timed_out()
    if not isinstance(env.program_state(), ProgramTimedOut):
        worker.join()


def _join_machine(worker: threading.Thread, work: RealWork, timeout: float) -> None:
    """Wait for a machine's end or its timeout; seconds in which it waits for real work are real ones."""
    start = clock.now()
    while worker.is_alive():
        real = work.seconds()
        passed = (clock.now() - start).total_seconds()
        left = timeout - passed + real / clock.real_seconds(1) - real
        if left <= 0:
            return
        worker.join(min(_STEP, clock.real_seconds(left)))


@replaces(Environment, "set_error")
def a_stopped_execution_stays_stopped(self: Any, error: Any) -> None:
    """Note that a program failed.

    moto: a task that is cut off by StopExecution fails the execution. AWS: it is ABORTED (or TIMED_OUT).
    """
    with self._state_mutex:
        if self.is_running():
            _set_error(self, error)


@replaces(Environment, "set_timed_out")
def an_ended_execution_does_not_time_out(self: Any) -> None:
    """Note that a program's time is over.

    moto: whatever had become of it. AWS: only if it still runs.
    """
    with self._state_mutex:
        if self.is_running():
            _set_timed_out(self)


@replaces(ExecutionState, "_evaluate_with_timeout")
def evaluate_a_state_with_its_timeout(self: Any, env: Any) -> None:
    """Run a Task, Map or Parallel state and evaluate what it does with the result.

    moto: the timeout is on the machine's clock, and an Output that fails escapes the state's Catch. AWS: the
    timeout is on its own clock, and States.QueryEvaluationError can be caught whichever field it comes from.
    """
    self.timeout.eval(env=env)
    outcome = _run_in_frame(self, env, env.stack.pop())
    env.stack.append(outcome)
    if not env.is_running():
        return
    if not self._is_language_query_jsonpath():
        env.states.set_result(outcome)
        _evaluate_assign_and_output(self, env)
        return
    for declaration in (self.assign_decl, self.result_selector, self.result_path):
        if declaration:
            declaration.eval(env=env)


def _evaluate_assign_and_output(state: Any, env: Any) -> None:
    try:
        if state.assign_decl:
            state.assign_decl.eval(env=env)
        if state.output:
            state.output.eval(env=env)
            env.stack[-1] = env.states.get_input()
    except FailureEventException:
        env.variable_store.pending = {}  # a Catch or a Retry starts from the old values
        raise


@replaces(ExecutionState, "_eval_state_output")
def jsonata_output_is_evaluated_already(self: Any, env: Any) -> None:
    """Pass the output on (see evaluate_a_state_with_its_timeout); JSONata's was evaluated there or by Catch."""
    if isinstance(env.stack[-1], CatchOutcome):
        return
    if self._is_language_query_jsonpath():
        CommonStateField._eval_state_output(self, env=env)  # noqa: SLF001  # what moto does
    else:
        env.states.reset(input_value=env.stack.pop())


def _join(worker: threading.Thread, state: Any, env: Any, timeout: float) -> None:
    """Wait for a state's end, its timeout or a stop; what really works is measured by what it takes here."""
    works = waits_for_real_work(state)
    watch, start = Stopwatch(), clock.now()
    with real_work(env) if works else contextlib.nullcontext():
        while worker.is_alive() and env.is_running():
            left = timeout - (watch.seconds() if works else (clock.now() - start).total_seconds())
            if left <= 0:
                return
            worker.join(min(_STEP, left if works else clock.real_seconds(left)))


def _run_in_frame(state: Any, env: Any, timeout: float) -> Any:
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    outcome: list[Any] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            state._eval_execution(frame)  # noqa: SLF001  # the state's own work
            outcome.extend(frame.stack)
        except Exception as error:  # noqa: BLE001  # raised again in the state's thread
            failure.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    _join(worker, state, env, timeout)
    timed_out = worker.is_alive()
    close_token(frame)
    if outcome:
        frame.set_ended()
    else:
        frame.event_manager.cut_off(frame.event_history_context)
        frame.set_stop(stop_date=clock.now(), error=None, cause=None)  # iterations and branches that have not ended
    env.close_frame(frame)
    if not env.is_running():
        return None
    if failure:
        raise failure[0]
    if timed_out:
        raise EvalTimeoutError
    return outcome[-1]
