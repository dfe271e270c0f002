"""Where an execution stands, so that a redrive goes on there.

Source: Step Functions developer guide, page redrive-executions. A state is done when its exit is in the history; every
other one that was entered is evaluated again, with the input and the variables that it had. The history then shows a
task, a Map or an iteration that starts again, but no state that is entered a second time, except Fail.
"""

import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component as inline_map
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branch_worker import BranchWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branches_decl import BranchesDecl
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.state_parallel import StateParallel
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.fail.state_fail import StateFail
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.wait.state_wait import StateWait
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError, ProgramRunning
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from embedded_aws import clock
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.jsonata import iso

_DATA_LIMIT_EXCEEDED: Final = StatesErrorNameType.StatesStatesDataLimitExceeded.to_name()
_evaluate_iterations = inline_map.InlineIterationComponent._eval_body  # noqa: SLF001  # the gap is in there
_evaluate_iteration = IterationWorker._eval_job  # noqa: SLF001  # as above
_evaluate_branches = BranchesDecl._eval_body  # noqa: SLF001  # as above
_stop_branch = BranchWorker.stop
_ABORTED: Final = {
    StateTask: HistoryEventType.TaskStateAborted,
    StateWait: HistoryEventType.WaitStateAborted,
    StateMap: HistoryEventType.MapStateAborted,
    StateParallel: HistoryEventType.ParallelStateAborted,
}


@dataclass
class Position:
    """How far a program has come: a state machine, an iteration of a Map, or a branch of a Parallel.

    Attributes:
        state: the state that is due or under way; None before the program begins.
        data: that state's input; once the program has ended its output.
        variables: the program's own variables as that state sees them.
        entered: when that state was entered, as the context object shows it; empty while it is due.
        entered_id: the number of the event that says so.
        ended: whether the program has ended well.
        children: iterations by index, or branches by number, of the Map or Parallel that is under way.
        items: what that Map iterates over; None if nothing of it has begun.
        map_run: the child executions of that Map if it is distributed (see map_runs).
        redriven: whether that state is about to be evaluated for the first time since a redrive.
    """

    state: str | None = None
    data: Any = None
    variables: dict[str, Any] = field(default_factory=dict)
    entered: str = ""
    entered_id: int = 0
    ended: bool = False
    children: dict[int, "Position"] = field(default_factory=dict)
    items: list[Any] | None = None
    map_run: Any = None
    redriven: bool = False

    def move(self, env: Any, state: str | None) -> None:
        """Note what comes next, with what an environment holds for it; no state at the program's end."""
        self.state, self.ended = state, state is None
        self.data = env.states.get_input()
        self.variables = dict(env.variable_store._inner_scope)  # noqa: SLF001  # moto has no other way
        self.entered = ""
        self.forget_children()

    def forget_children(self) -> None:
        """Let all iterations or branches of the state begin anew."""
        self.children, self.items, self.map_run = {}, None, None

    def child(self, key: int) -> "Position":
        """Return where an iteration or a branch stands."""
        return self.children.setdefault(key, Position())

    def begin_children(self) -> None:
        """Begin an attempt at a Map or Parallel: only the first one after a redrive goes on with what there was."""
        if self.redriven:
            self.redriven = False
        else:
            self.forget_children()

    def after_redrive(self) -> Self:
        """Return a copy that nothing of the ended attempt changes any more."""
        children = {key: child.after_redrive() for key, child in list(self.children.items())}
        return replace(self, variables=dict(self.variables), children=children, redriven=not self.ended)


def begin_program(program: Any, env: Any) -> None:
    """Put an environment where its program begins or, after a redrive, goes on."""
    position = getattr(env, "position", None) or Position()
    if (number := getattr(program, "branch_number", None)) is not None:
        position = position.child(number)
    env.position = position
    if not env.is_running():
        return
    if position.ended:
        env.states.reset(input_value=position.data)
        env.set_ended()
        return
    if position.state is None:
        position.move(env, program.start_at.start_at_name)
    else:
        env.states.reset(input_value=position.data)
        env.variable_store._inner_scope.update(position.variables)  # noqa: SLF001  # moto has no other way
    env.next_state_name = position.state


@replaces(inline_map.InlineIterationComponent, "_eval_body")
def iterations_go_on_after_a_redrive(self: Any, env: Any) -> None:
    """Run the iterations of an inline Map (see a_state_can_be_evaluated_again), over the items of the first attempt."""
    position = env.position
    position.begin_children()
    eval_input = env.stack[-1]
    if position.items is None:
        position.items = copy.deepcopy(eval_input.input_items)
    eval_input.input_items = position.items
    _evaluate_iterations(self, env)


@replaces(IterationWorker, "_eval_job")
def an_iteration_goes_on_after_a_redrive(self: Any, env: Any, job: Any) -> None:
    """Run one iteration, unless it has ended well before (see a_state_can_be_evaluated_again)."""
    env.position = env.position.child(job.job_index)
    if env.position.ended:
        job.job_output = copy.deepcopy(env.position.data)
    else:
        _evaluate_iteration(self, env, job)
        _abort_what_failed(job.job_program, env)


@replaces(BranchesDecl, "_eval_body")
def branches_go_on_after_a_redrive(self: Any, env: Any) -> None:
    """Run the branches of a Parallel (see a_state_can_be_evaluated_again); begin_program ends those that had ended."""
    env.position.begin_children()
    for number, program in enumerate(self.programs):
        program.branch_number = number
    _evaluate_branches(self, env)


@replaces(BranchWorker, "stop")
def what_another_branch_ends_is_aborted(self: Any, *args: Any, **kwargs: Any) -> None:
    """Stop a branch because another one has failed.

    moto: says nothing of the state that is cut off. AWS: it is aborted (recorded for a Task).
    """
    env = self.env
    _abort_what_failed(self._program, env)
    if env.is_running():
        state = self._program._get_state(env.next_state_name)  # noqa: SLF001  # moto has no other way
        for kind, event_type in _ABORTED.items():
            if isinstance(state, kind):
                env.event_manager.add_event(env.event_history_context, event_type)
    _stop_branch(self, *args, **kwargs)


def _abort_what_failed(program: Any, env: Any) -> None:
    """Note that a task which fails its branch or iteration is aborted with it; no event names this one (recorded)."""
    failed = isinstance(env.program_state(), ProgramError) and program._get_state(env.position.state)  # noqa: SLF001
    if isinstance(failed, StateTask):
        env.event_manager.add_event(
            env.event_history_context, HistoryEventType.TaskStateAborted, update_source_event_id=False
        )


@replaces(CommonStateField, "_eval_body")
def a_state_can_be_evaluated_again(self: Any, env: Any) -> None:
    """Evaluate a state.

    moto: forgets where an execution stood. AWS: a redrive evaluates an unsuccessful state again.
    """
    _enter(self, env)
    self._eval_state_input(env=env)
    try:
        _evaluate(self, env)
        if not env.is_running():
            return
        self._eval_state_output(env=env)
        self._verify_size_quota(env=env, value=env.states.get_input())
    except FailureEventException as error:
        failure: Any = error.failure_event
        failure.source_event_id = env.position.entered_id
        _note_failure(env, error)
        raise
    self._set_next(env)
    _leave(self, env)


def _enter(state: Any, env: Any) -> None:
    position = env.position
    if not position.entered or isinstance(state, StateFail):
        position.entered = iso(clock.now())
        event: Any = {"stateEnteredEventDetails": state._get_state_entered_event_details(env=env)}  # noqa: SLF001  # moto's
        position.entered_id = env.event_manager.add_event(
            context=env.event_history_context, event_type=state.state_entered_event_type, event_details=event
        )
    context = env.states.context_object.context_object_data
    context["State"] = {"EnteredTime": position.entered, "Name": state.name}


def _leave(state: Any, env: Any) -> None:
    """Write that a state was left and move on, both or neither: what comes after a stop does not count."""
    if state.state_exited_event_type is None:
        return
    event: Any = {"stateExitedEventDetails": state._get_state_exited_event_details(env=env)}  # noqa: SLF001  # moto's
    with env.event_manager.lock:
        program_state = env.program_state()
        if not isinstance(program_state, ProgramRunning | ProgramEnded):
            return
        following = program_state.next_state_name if isinstance(program_state, ProgramRunning) else None
        if env.event_manager.add_event(
            context=env.event_history_context, event_type=state.state_exited_event_type, event_details=event
        ):
            env.position.move(env, following)


def _note_failure(env: Any, error: FailureEventException) -> None:
    """Note that a state failed: one with too much data is rerun as a whole, as its results would be too much again."""
    name = error.failure_event.error_name
    if name is not None and name.error_name == _DATA_LIMIT_EXCEEDED:
        env.position.forget_children()


def _evaluate(state: Any, env: Any) -> None:
    try:
        state._eval_state(env)  # noqa: SLF001  # the state's own work
    except NoSuchJsonPathError as error:
        name = StatesErrorNameType.StatesRuntime
        cause = (
            f"The JSONPath '{error.json_path}' specified for the field '{env.next_field_name}' could not be found in "
            f"the input '{to_json_str(error.data)}'"
        )
        event: Any = {"taskFailedEventDetails": {"error": name.to_name(), "cause": cause}}
        failure = FailureEvent(
            env=env, error_name=StatesErrorName(typ=name), event_type=HistoryEventType.TaskFailed, event_details=event
        )
        raise FailureEventException(failure) from error
