"""Moto's interpreter evaluating JSONata: expressions, variables, and what a state does with them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker as iteration_module
import moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branches_decl as branches_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback as token_module
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.definitions import states_of
from embedded_aws.stepfunctions.jsonata import QueryEvaluationError, evaluate

_exited_event_details = CommonStateField._get_state_exited_event_details  # noqa: SLF001  # the gap is in there
_as_inner_frame_of = Environment.as_inner_frame_of.__func__  # type: ignore[attr-defined]


def query_evaluation_failure(env: Any, expression: str, what: str) -> FailureEventException:
    """Return States.QueryEvaluationError for `env`, noted in the execution's history once.

    Args:
        env: where the expression was evaluated.
        expression: whose place in the state is told.
        what: what is wrong with it.
    """
    error = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    location = _location(env, expression)
    specified = f" specified for the field '{location}'" if location else ""
    cause = f"The JSONata expression '{expression}'{specified} {what}"
    details = EvaluationFailedEventDetails(cause=cause, error=error.error_name)
    if location:
        details["location"] = location
    event: Any = {"evaluationFailedEventDetails": details}
    failure: Any = FailureEvent(
        env=env, error_name=error, event_type=HistoryEventType.EvaluationFailed, event_details=event
    )
    failure.source_event_id = env.position.entered_id
    exception = FailureEventException(failure)
    env.event_manager.note_evaluation(env.event_history_context, exception.get_evaluation_failed_event_details())
    return exception


def _location(env: Any, expression: str) -> str | None:
    """Return where an expression stands in the state that is evaluated, such as `Arguments/Payload`."""
    definition = json.loads(env.execution.state_machine.definition)
    state = next((state for _, name, state in states_of(definition) if name == env.next_state_name), {})
    own = {field: value for field, value in state.items() if field not in {"ItemProcessor", "Iterator", "Branches"}}
    return next(_places(own, expression), None)


def _places(value: Any, expression: str, path: str = "") -> Iterator[str]:
    if isinstance(value, str) and value.strip().removeprefix("{%").removesuffix("%}").strip() == expression.strip():
        yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _places(item, expression, f"{path}/{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, expression, f"{path}[{index}]")


_RESERVED = (
    "moto: an iteration, branch or task token that fails with an error named States.… fails its state with "
    "States.Runtime. AWS: with that error."
)
for _module in (iteration_module, branches_module, token_module):
    replaces(_module, "CustomErrorName", gap=_RESERVED)(ErrorName)


def _variables(env: Any) -> Mapping[str, Any]:
    store = env.variable_store
    states = env.states._states_data  # noqa: SLF001  # moto offers its text only
    return {**store._outer_scope, **store._inner_scope, "states": states}  # noqa: SLF001  # as above


@replaces(StringVariableSample, "_eval_body")
@replaces(StringJSONata, "_eval_body")
def evaluate_with_variables_as_values(self: Any, env: Any) -> None:
    """Evaluate an expression.

    moto: splices variables into the expression's text, unescaped, and has no evaluator. AWS: variables are values;
    an expression that fails or yields nothing fails the state with States.QueryEvaluationError.
    """
    try:
        env.stack.append(evaluate(self.expression, _variables(env)))
    except QueryEvaluationError as error:
        raise query_evaluation_failure(env, self.expression, str(error)) from error


@replaces(ConditionStringJSONata, "_eval_body")
def a_condition_is_boolean(self: Any, env: Any) -> None:
    """Evaluate a Choice rule's condition.

    moto: something else than a boolean ends in States.Runtime. AWS: in States.QueryEvaluationError.
    """
    self.string_jsonata.eval(env=env)
    if not isinstance(env.stack[-1], bool):
        expression = self.string_jsonata.expression
        raise query_evaluation_failure(env, expression, "returned an unexpected result type. Expected 'boolean'.")


@replaces(StateChoice, "_eval_state")
def take_the_first_matching_rule(self: Any, env: Any) -> None:
    """Find the way out of a Choice state.

    moto: without a match the error is States.Runtime. AWS: States.NoChoiceMatched.
    """
    for rule in self.choices_decl.rules:
        rule.eval(env)
        if env.stack.pop() is True:
            env.heap["choice"] = None
            env.stack.append(rule.next_stmt.name)
            return
    if self.default_state is None:
        error = StatesErrorName(typ=StatesErrorNameType.StatesNoChoiceMatched)
        cause = f"No choices matched in the state '{self.name}'."
        event: Any = {"executionFailedEventDetails": {"error": error.error_name, "cause": cause}}
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=error,
                event_type=HistoryEventType.ExecutionFailed,
                event_details=event,
            )
        )
    env.heap["choice"] = self.default_state
    env.stack.append(self.default_state.state_name)


@replaces(StateChoice, "_eval_state_output")
def default_fields_only_without_a_match(self: Any, env: Any) -> None:
    """Set a Choice state's output and next state.

    moto: a rule with the default's target evaluates the state's own Assign and Output too. AWS: only without a match.
    """
    next_state_name = env.stack.pop()
    if env.heap.get("choice") is not None:
        for declaration in (self.assign_decl, self.output):
            if declaration:
                declaration.eval(env=env)
    if self._is_language_query_jsonpath():
        if self.output_path:
            self.output_path.eval(env=env)
        else:
            env.states.reset(input_value=env.stack.pop())
    env.next_state_name = next_state_name


@replaces(ChoiceRule, "_eval_body")
def rule_output_leaves_the_match_on_the_stack(self: Any, env: Any) -> None:
    """Evaluate a Choice rule.

    moto: its Output takes the place of whether it matched. AWS: a rule with an Output matches as any other.
    """
    self.comparison.eval(env)
    if env.stack[-1] is True:
        for declaration in (self.assign, self.output):
            if declaration:
                declaration.eval(env=env)


@replaces(AssignDecl, "_eval_body")
def assigned_values_appear_in_the_next_state(self: Any, env: Any) -> None:
    """Evaluate Assign.

    moto: a state's Output sees what its Assign set. AWS: both see the values from before the state; the new
    ones are for the next state (page workflow-variables).
    """
    pending: dict[str, Any] = {}
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        pending.update(env.stack.pop())
    env.variable_store.pending = pending


@replaces(CommonStateField, "_get_state_exited_event_details")
def set_variables_as_the_state_is_left(self: Any, env: Any) -> Any:
    """Set what Assign evaluated, then describe the exit (see assigned_values_appear_in_the_next_state)."""
    store = env.variable_store
    for identifier, value in getattr(store, "pending", {}).items():
        store.set(variable_identifier=identifier, variable_value=value)
    store.pending = {}
    return _exited_event_details(self, env)


@replaces(VariableStore, "get_assigned_variables")
def assigned_variables_as_json(self: Any) -> dict[str, str]:
    """Return the variables for the history.

    moto: a string with quotes in it is not JSON any more. AWS: every value is its JSON text.
    """
    return {name: json.dumps(self.get(name), separators=(",", ":")) for name in self._declaration_tracing}


@replaces(Environment, "as_inner_frame_of", classmethod)
def iterations_know_their_item(cls: Any, env: Any, *args: Any, **kwargs: Any) -> Any:
    """Open a frame.

    moto: `$states.context.Map` is lost in the states of an iteration. AWS: it is there in the whole iteration.
    """
    frame = _as_inner_frame_of(cls, env, *args, **kwargs)
    frame.position, frame.execution = env.position, env.execution
    outer = env.states.context_object.context_object_data
    if "Map" in outer:
        frame.states.context_object.context_object_data["Map"] = outer["Map"]
    return frame
