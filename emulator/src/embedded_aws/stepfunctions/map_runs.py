"""Map Runs: a distributed Map starts an execution of its own for each item.

moto: evaluates the items within the execution, with its variables, and drops their errors and histories. AWS: each is a
child execution with ARN, history, events and redrives; too many that fail fail the Map.

Sources: Step Functions developer guide, pages state-map-distributed, redrive-map-run and workflow-variables; API
reference, DescribeMapRun and ListExecutions.
"""

import contextlib
import copy
import json
import uuid
from collections.abc import Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Any, Final

import moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component as map_run
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType, MapRunStatus
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import ResultWriter

from embedded_aws import clock
from embedded_aws.iam.authorization import AccessDeniedError, require_role
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.definitions import states_of
from embedded_aws.stepfunctions.item_readers import check_max_items

_MOST_AT_ONCE: Final = 100
_STEP: Final = 0.05
_COUNTERS: Final = {
    ExecutionStatus.RUNNING: "running",
    ExecutionStatus.SUCCEEDED: "succeeded",
    ExecutionStatus.FAILED: "failed",
    ExecutionStatus.ABORTED: "aborted",
    ExecutionStatus.TIMED_OUT: "timed_out",
}


class MapRun:
    """The child executions of one distributed Map.

    Attributes:
        record: what the API shows of it.
        children: by index of their item, those that have been started.
        redrive_count: how often it has been redriven.
    """

    def __init__(self, record: Any, parent: Any, definition: Mapping[str, Any], inputs: list[Any]) -> None:
        self.record = record
        self.children: dict[int, Any] = {}
        self.redrive_count = 0
        self._parent = parent
        self._machine = copy.copy(parent.state_machine)
        self._machine.arn = record.map_state_machine_arn
        self._machine.sm_type = self._machine.type = definition.get("ProcessorConfig", {}).get(
            "ExecutionType", "STANDARD"
        )
        self._machine.definition = json.dumps({key: definition[key] for key in definition if key != "ProcessorConfig"})
        self._inputs = inputs
        self._due: list[int] = []
        self._tally()

    def results(self, env: Any) -> list[Any]:
        """Run all child executions that have not succeeded; return the outputs in the order of the items.

        Raises:
            FailureEventException: more of them were unsuccessful than are tolerated.
        """
        due = [index for index in range(len(self._inputs)) if not self._has(index, ExecutionStatus.SUCCEEDED)]
        due.reverse()
        self._due = due
        ended: SimpleQueue[int] = SimpleQueue()
        running: set[int] = set()
        while (due or running) and env.is_running() and not self._exceeded():
            while due and len(running) < min(self.record.max_concurrency or _MOST_AT_ONCE, _MOST_AT_ONCE):
                running.add(index := due.pop())
                self._begin(index, ended)
            self._tally()
            try:
                running.discard(ended.get(timeout=_STEP))
            except Empty:
                continue
        self.stop()
        if self._exceeded():
            raise _failure(env, StatesErrorName(StatesErrorNameType.StatesExceedToleratedFailureThreshold), _EXCEEDED)
        if not env.is_running():
            self.record.set_stop(MapRunStatus.ABORTED)
        # What failed and is tolerated has no output.
        return [self.children[index].output if index in self.children else None for index in range(len(self._inputs))]

    def stop(self) -> None:
        """Abort the child executions that are under way, if the role may."""
        for child in list(self.children.values()):
            if child.exec_status is ExecutionStatus.RUNNING:
                with contextlib.suppress(AccessDeniedError):  # who is stopped hears nothing more
                    self._require("states:StopExecution", child.execution_arn)
                    child.stop(clock.now(), None, None)
        self._tally()

    def redrive(self) -> None:
        """Begin another attempt at what was unsuccessful."""
        self.redrive_count += 1
        self.record.status, self.record.stop_date = MapRunStatus.RUNNING, None

    def _begin(self, index: int, ended: "SimpleQueue[int]") -> None:
        """Start the execution of an item, or redrive the one that it has.

        Raises:
            AccessDeniedError: the state machine's role may not (page iam-policies-eg-dist-map).
        """
        child = self.children.get(index)
        if child and self._machine.type == "STANDARD":
            self._require("states:RedriveExecution", child.execution_arn)
            child.on_end = lambda: ended.put(index)
            child.redrive(None)
            return
        self._require("states:StartExecution", self._parent.state_machine.arn.partition("/")[0])
        name = str(uuid.uuid4())
        arn = self.record.map_run_arn.rpartition(":")[0].replace(":mapRun:", ":execution:")
        self.children[index] = child = type(self._parent)(
            name=name,
            sm_type=self._machine.sm_type,
            role_arn=self._parent.role_arn,
            exec_arn=f"{arn}:{name}",
            account_id=self._parent.account_id,
            region_name=self._parent.region_name,
            state_machine=self._machine,
            start_date=clock.now(),
            cloud_watch_logging_session=None,
            input_data=json.dumps(self._inputs[index], ensure_ascii=False),
            activity_store={},
        )
        child.map_run_arn = self.record.map_run_arn
        child.on_end = lambda: ended.put(index)
        self._require("states:DescribeExecution", child.execution_arn)
        child.start()

    def _require(self, action: str, arn: str) -> None:
        """Ask whether the state machine's role may do something with a child execution."""
        role = self._parent.role_arn
        require_role(role.split(":")[4], role, self.record.map_run_arn.rpartition(":")[2], action, arn)

    def _has(self, index: int, status: ExecutionStatus) -> bool:
        return index in self.children and self.children[index].exec_status is status

    def _exceeded(self) -> bool:
        """Say whether too many have failed; a limit of 0 counts if there is no other."""
        # What a redrive has not come to yet did not fail in this attempt.
        ended = [child.exec_status for index, child in list(self.children.items()) if index not in self._due]
        failed = sum(status not in {ExecutionStatus.RUNNING, ExecutionStatus.SUCCEEDED} for status in ended)
        most = [
            self.record.tolerated_failure_count,
            self.record.tolerated_failure_percentage * len(self._inputs) / 100,
        ]
        return failed > min((limit for limit in most if limit), default=0)

    def _tally(self) -> None:
        """Show how many are how far; each has one item."""
        statuses = [child.exec_status for child in self.children.values()]
        counts = {name: statuses.count(status) for status, name in _COUNTERS.items()}
        counts |= {"total": len(self._inputs), "pending": len(self._inputs) - len(statuses)}
        counts["results_written"] = counts["succeeded"]
        for counter in (self.record.item_counter, self.record.execution_counter):
            for name, count in counts.items():
                of_name = getattr(counter, name)
                of_name.offset(count - of_name.get())


_EXCEEDED: Final = "The specified tolerated failure threshold was exceeded"


@replaces(map_run.DistributedIterationComponent, "_eval_body")
def items_are_child_executions(_self: Any, env: Any) -> None:
    """Run a distributed Map, or after a redrive what of it was unsuccessful.

    moto: evaluates the items within the execution, with its variables, and drops their errors and histories. AWS: each
    is a child execution with ARN, history, events and redrives; too many that fail fail the Map.
    """
    eval_input = env.stack.pop()
    record, position = eval_input.map_run_record, env.position
    position.begin_children()
    redriven: MapRun | None = position.map_run
    if redriven is None:
        _check(env, eval_input)
    try:
        if redriven is not None:
            env.map_run_record_pool_manager._pool.pop(record.map_run_arn)  # noqa: SLF001  # moto makes one in each attempt
            record = redriven.record
            redriven.redrive()
            _note(env, "MapRunRedriven", mapRunArn=record.map_run_arn, redriveCount=redriven.redrive_count)
        else:
            _note(env, "MapRunStarted", mapRunArn=record.map_run_arn)
            processor = _processor(env.execution.state_machine.definition, eval_input.state_name)
            position.map_run = MapRun(record, env.execution, processor, list(_inputs(env, eval_input)))
            env.execution.map_runs.append(position.map_run)
        outputs = _results(env, position.map_run)
    except FailureEventException as failure:
        error, cause = failure.extract_error_cause_pair() or (None, None)
        record.set_stop(MapRunStatus.FAILED)
        _note(env, "MapRunFailed", **({"error": error} if error else {}), **({"cause": cause} if cause else {}))
        raise
    if env.is_running():
        record.set_stop(MapRunStatus.SUCCEEDED)
        _note(env, "MapRunSucceeded")
    env.stack.append(outputs)


def _check(env: Any, eval_input: Any) -> None:
    """Fail before a Map Run starts; moto lists the run that it has prepared."""
    try:
        check_max_items(eval_input.item_reader, env)
    except FailureEventException:
        env.map_run_record_pool_manager._pool.pop(eval_input.map_run_record.map_run_arn)  # noqa: SLF001  # as above
        raise


@replaces(ResultWriter, "_eval_body")
def results_are_not_written(_self: Any, _env: Any) -> None:
    """Refuse.

    moto: writes empty results. AWS: writes them; here they are refused.
    """
    raise NotImplementedError("a ResultWriter is not emulated")


def _results(env: Any, run: MapRun) -> list[Any]:
    """Return the outputs of a Map Run; what its role may not do fails it.

    The words are those of a real one (qiita.com/akis1215/items/f347d813cd26eb929a9c), which does not tell the error's
    name: this is the one that unmodelled errors of the service have elsewhere.
    """
    try:
        return run.results(env)
    except AccessDeniedError as error:
        run.stop()
        service = f"(Service: Sfn, Status Code: 400, Request ID: {uuid.uuid4()})"
        cause = f"Error contacting AWS Service. | Message from Service: {error} {service}"
        raise _failure(env, CustomErrorName("Sfn.SfnException"), cause) from error


def _note(env: Any, event_type: str, **details: Any) -> None:
    event: Any = {f"{event_type[:1].lower()}{event_type[1:]}EventDetails": details} if details else None
    env.event_manager.add_event(env.event_history_context, HistoryEventType(event_type), event)


def _processor(definition: str, name: str) -> dict[str, Any]:
    """Return the definition of a Map's items: names of states are unique in a state machine."""
    whole = json.loads(definition)
    language = {"QueryLanguage": whole["QueryLanguage"]} if "QueryLanguage" in whole else {}
    state = next(state for _, found, state in states_of(whole) if found == name)
    processor: dict[str, Any] = state.get("ItemProcessor") or state["Iterator"]
    return language | processor


def _inputs(env: Any, eval_input: Any) -> Iterator[Any]:
    """Yield the input of each child execution: the item, or what ItemSelector makes of it."""
    if eval_input.item_reader:
        eval_input.item_reader.eval(env=env)
        items = env.stack.pop()
    else:
        items = eval_input.input_items
    selector = eval_input.item_selector or eval_input.parameters
    for index, item in enumerate(items):
        if selector is None:
            yield item
            continue
        frame = env.open_frame()
        try:
            frame.states.reset(input_value=env.states.get_input())
            frame.stack.append(env.states.get_input())
            frame.states.context_object.context_object_data["Map"] = {"Item": {"Index": index, "Value": item}}
            selector.eval(frame)
            yield frame.stack[-1]
        finally:
            env.delete_frame(frame)


def _failure(env: Any, name: Any, cause: str) -> FailureEventException:
    event: Any = {"mapRunFailedEventDetails": {"error": name.error_name, "cause": cause}}
    return FailureEventException(
        FailureEvent(env=env, error_name=name, event_type=HistoryEventType.MapRunFailed, event_details=event)
    )
