"""Executions: their attempts, how each of them ends, and how the next one goes on.

Sources: Step Functions developer guide, page redrive-executions; API reference, RedriveExecution and DescribeExecution.
"""

import datetime as dt
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any, Final

from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramRunning,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution as MotoExecution

from embedded_aws import clock
from embedded_aws.stepfunctions.exceptions import ExecutionNotRedrivable
from embedded_aws.stepfunctions.execution_logs import log_session
from embedded_aws.stepfunctions.history import History
from embedded_aws.stepfunctions.jsonata import iso
from embedded_aws.stepfunctions.notices import announce
from embedded_aws.stepfunctions.positions import Position
from embedded_aws.stepfunctions.task_tokens import close_tokens

if TYPE_CHECKING:
    from embedded_aws.stepfunctions.map_runs import MapRun

_REDRIVABLE_FOR: Final = dt.timedelta(days=14)
_LONGEST: Final = dt.timedelta(days=365)
_MOST_EVENTS: Final = 24_999
_TOKENS: Final = 10
_TOKEN_LIFE: Final = dt.timedelta(minutes=15)
_STATUS: Final[dict[Any, ExecutionStatus]] = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}


class Execution(MotoExecution):
    """One execution of a state machine, in one or, when it is redriven, several attempts.

    moto: knows one attempt, shows its status before its output and error, writes the end of a stopped one when what was
    under way is over, and never writes to the log group. AWS: all of it at once, and logs what the level wants.

    Attributes:
        exec_worker: the current attempt; its `env` holds position and history.
        redrive_count: how often it has been redriven.
        redrive_date: when it was redriven last.
        map_runs: the distributed Maps of all its attempts.
        map_run_arn: of the Map Run that it is a child execution of.
        version_arn: of the version of the state machine that was started, with or without an alias.
        alias_arn: of the alias that was started.
        on_end: called when an attempt has ended.
    """

    state_machine: Any
    exec_worker: Any
    exec_status: ExecutionStatus
    stop_date: Any

    def __init__(self, **settings: Any) -> None:
        machine = settings["state_machine"]
        self.version_arn: str | None = None
        self.alias_arn: str | None = None
        if hasattr(machine, "source_arn"):
            self.version_arn, machine.arn = machine.arn, machine.source_arn
        if machine.type == "EXPRESS" and "/" not in machine.arn:
            arn = settings["exec_arn"].replace(":execution:", ":express:")
            settings["exec_arn"] = f"{arn}:{uuid.uuid4()}"
        self._log = log_session(settings["exec_arn"], machine.loggingConfiguration)
        super().__init__(**{**settings, "cloud_watch_logging_session": self._log})
        self.redrive_count = 0
        self.redrive_date: dt.datetime | None = None
        self.map_runs: list[MapRun] = []
        self.map_run_arn: str | None = None
        self.on_end: Callable[[], None] = lambda: None
        self._tokens: deque[tuple[str, dt.datetime]] = deque(maxlen=_TOKENS)
        self._lock = RLock()
        self.exec_worker = self._prepared(Position())
        self.exec_status = ExecutionStatus.RUNNING

    def start(self) -> None:
        """Begin the first attempt."""
        details = {
            "input": to_json_str(self.input_data),
            "inputDetails": {"truncated": False},
            "roleArn": self.role_arn,
        }
        event: Any = {"executionStartedEventDetails": details}
        # Before it can end, which is announced too.
        announce(self)
        # As on AWS, the first state's event names 0 as the one before it.
        self._launch(HistoryEventType.ExecutionStarted, event, update_source_event_id=False)

    def stop(self, stop_date: dt.datetime, error: str | None, cause: str | None) -> None:
        """End as ABORTED, unless it has ended; calls that are under way may still happen."""
        env = self.exec_worker.env
        with self._lock:
            env.set_stop(stop_date=stop_date, cause=cause, error=error)
            if self.exec_status is not ExecutionStatus.RUNNING or not isinstance(env.program_state(), ProgramStopped):
                return
            self.error, self.cause = error, cause
            event: Any = {"executionAbortedEventDetails": {"error": error, "cause": cause}}
            self._write_end(HistoryEventType.ExecutionAborted, event)
            self._close(stop_date)

    def redrive(self, token: str | None) -> dt.datetime:
        """Go on from what was unsuccessful; return when.

        Args:
            token: the caller's; the same one again within 15 minutes redrives nothing and gets the same answer.

        Raises:
            ExecutionNotRedrivable: see not_redrivable_because.
        """
        now = clock.now()
        with self._lock:
            for used, date in self._tokens:
                if used == token and now - date < _TOKEN_LIFE:
                    return date
            if reason := self.not_redrivable_because():
                raise ExecutionNotRedrivable(reason)
            if token is not None:
                self._tokens.append((token, now))
            self._continue(now)
        return now

    def with_children(self) -> Iterator["Execution"]:
        """Yield it, the child executions of its Map Runs, and theirs."""
        yield self
        for map_run in list(self.map_runs):
            for child in list(map_run.children.values()):
                yield from child.with_children()

    def not_redrivable_because(self) -> str | None:
        """Return why it cannot be redriven now, in the service's words, or None if it can."""
        if self.state_machine.type == "EXPRESS":
            return "Execution of an EXPRESS state machine cannot be redriven"
        if self.exec_status in {ExecutionStatus.RUNNING, ExecutionStatus.SUCCEEDED}:
            return f"Execution is {self.status} and cannot be redriven"
        if len(self.exec_worker.env.event_manager) >= _MOST_EVENTS:
            return "Execution history event limit exceeded"
        if clock.now() - self.start_date > _LONGEST:
            return "Execution has exceeded the max execution time"
        if clock.now() - self.stop_date > _REDRIVABLE_FOR:
            return "Execution redrivable period exceeded"
        return None

    def _continue(self, now: dt.datetime) -> None:
        self.redrive_count += 1
        if self._log is not None:
            self._log.redrive_count = self.redrive_count
        self.redrive_date = now
        before = self.exec_worker.env
        worker = self._prepared(before.position.after_redrive())
        worker.env.event_manager = History.after(before.event_manager)
        worker.env.event_history_context = EventHistoryContext(len(before.event_manager))
        # So that old task tokens and Map Runs are known.
        worker.env.callback_pool_manager = before.callback_pool_manager
        worker.env.map_run_record_pool_manager = before.map_run_record_pool_manager
        self.stop_date = self.error = self.cause = None
        self.exec_worker = worker
        self.exec_status = ExecutionStatus.RUNNING
        event: Any = {"executionRedrivenEventDetails": {"redriveCount": self.redrive_count}}
        announce(self)
        self._launch(HistoryEventType.ExecutionRedriven, event)

    def _prepared(self, position: Position) -> Any:
        worker: Any = self._get_start_execution_worker()
        env: Any = worker._get_evaluation_environment()  # noqa: SLF001  # moto makes it in the attempt's thread
        worker.env = env
        # A stop counts from the first moment.
        env._program_state = ProgramRunning()  # type: ignore[no-untyped-call]  # noqa: SLF001  # moto has no other way
        env.position, env.execution = position, self
        context = env.states.context_object.context_object_data["Execution"]
        context["StartTime"] = iso(self.start_date)  # a text, as in JSON; moto: a datetime
        context["RedriveCount"] = self.redrive_count
        if self.redrive_date is not None:
            context["RedriveTime"] = iso(self.redrive_date)
        return worker

    def _launch(self, event_type: Any, event: Any, **linking: bool) -> None:
        worker = self.exec_worker
        worker.env.event_manager.add_event(worker.env.event_history_context, event_type, event, **linking)
        Thread(target=self._attempt, args=(worker,), daemon=True).start()

    def _attempt(self, worker: Any) -> None:
        env = worker.env
        worker._get_evaluation_entrypoint().eval(env)  # noqa: SLF001  # the definition that it started with
        with self._lock:
            if worker is not self.exec_worker or self.exec_status is not ExecutionStatus.RUNNING:
                return
            state = env.program_state()
            if isinstance(state, ProgramEnded):
                self.output = env.states.get_input()
            elif isinstance(state, ProgramError):
                details = state.error or {}
                self.error, self.cause = details.get("error"), details.get("cause")
            elif isinstance(state, ProgramTimedOut):
                self._write_end(HistoryEventType.ExecutionTimedOut, {"executionTimedOutEventDetails": {}})
            self._close(clock.now())

    def _write_end(self, event_type: Any, event: Any) -> None:
        """Write an end that comes from outside the program, which may still be busy."""
        env = self.exec_worker.env
        env.event_history_context.source_event_id = 0
        env.event_manager.add_event(env.event_history_context, event_type, event)

    def _close(self, stop_date: dt.datetime) -> None:
        """Show how the attempt ended, end its child executions, and let go what waits for a task token."""
        env = self.exec_worker.env
        close_tokens(env)
        self.stop_date = stop_date
        self.exec_status = _STATUS[type(env.program_state())]
        for map_run in self.map_runs:
            map_run.stop()
        announce(self)
        self.on_end()
