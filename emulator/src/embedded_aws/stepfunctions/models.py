"""The backend that runs state machines: moto's interpreter with AWS's rules about names, stops and history."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import moto.stepfunctions.models as moto_models
import moto.stepfunctions.parser.models as parser_models
import moto.stepfunctions.responses as moto_responses
from moto.core.base_backend import BackendDict
from moto.stepfunctions.exceptions import (
    ActivityAlreadyExists,
    ExecutionDoesNotExist,
    InvalidArn,
    InvalidExecutionInput,
    InvalidToken,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.utils import PAGINATION_MODEL
from moto.utilities.paginator import paginate

from embedded_aws import clock
from embedded_aws.iam.authorization import AccessDeniedError, require_role
from embedded_aws.iam.sessions import may_assume
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions import task_tokens
from embedded_aws.stepfunctions.definitions import check
from embedded_aws.stepfunctions.exceptions import (
    AccessDenied,
    MissingRequiredParameter,
    StateMachineAlreadyExists,
    StateMachineTypeNotSupported,
)
from embedded_aws.stepfunctions.execution_logs import check_destination
from embedded_aws.stepfunctions.executions import Execution
from embedded_aws.stepfunctions.integrations import SERVICE
from embedded_aws.stepfunctions.versions import ConflictException, check_alias, chosen_version

_MANAGED_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
_MAX_RESULTS = 1000
_DEFAULT_RESULTS = 100


class StepFunctionsBackend(StepFunctionsParserBackend):
    """Step Functions of one account and region."""

    @property
    def _url_module(self) -> Any:
        return __import__("moto.stepfunctions.urls", fromlist=["url_paths"])

    def create_state_machine(self, name: str, definition: str, roleArn: str, *args: Any, **kwargs: Any) -> Any:  # noqa: N803  # moto's name
        """Create a state machine; an existing one only counts as created when it is the same.

        Raises:
            StateMachineAlreadyExists: another definition or role has the name.
            InvalidDefinition: the definition is not in the Amazon States Language.
            InvalidLoggingConfiguration: the log group is not there.
            AccessDenied: the service may not assume the role.
        """
        check_destination(kwargs.get("loggingConfiguration"))
        self._check_role(roleArn, name)
        check(definition, express=kwargs.get("sm_type") == "EXPRESS")
        self._check_managed_rule(roleArn, definition)
        state_machine = super().create_state_machine(name, definition, roleArn, *args, **kwargs)
        if (state_machine.definition, state_machine.roleArn) != (definition, roleArn):
            raise StateMachineAlreadyExists(state_machine.arn)
        return state_machine

    def update_state_machine(self, *args: Any, **kwargs: Any) -> Any:
        """Update a state machine; running executions keep their definition.

        Raises:
            MissingRequiredParameter: nothing is to be changed.
            InvalidDefinition: the definition is not in the Amazon States Language.
            InvalidLoggingConfiguration: the log group is not there.
        """
        check_destination(kwargs.get("logging_configuration"))
        if not any(value for name, value in kwargs.items() if name not in {"arn", "publish", "version_description"}):
            raise MissingRequiredParameter(
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
                "specified"
            )
        machine: Any = self.describe_state_machine(str(args[0] if args else kwargs["arn"]))
        if definition := kwargs.get("definition"):
            check(definition, express=machine.type == "EXPRESS")
            self._check_managed_rule(kwargs.get("role_arn") or machine.roleArn, definition)
        if role := kwargs.get("role_arn"):
            self._check_role(role, str(args[0] if args else kwargs["arn"]).rpartition(":")[2])
        machine = super().update_state_machine(*args, **kwargs)
        machine.revision = str(uuid.uuid4())
        return machine

    def _check_role(self, role_arn: str, name: str) -> None:
        """Check that the service may assume a role for a state machine.

        Raises:
            AccessDenied: it may not, or there is no such role.
        """
        arn = f"arn:aws:states:{self.region_name}:{self.account_id}:stateMachine:{name}"
        context = {"aws:SourceAccount": self.account_id, "aws:SourceArn": arn}
        if not may_assume(self.account_id, role_arn, service=SERVICE, context=context):
            raise AccessDenied

    def _check_managed_rule(self, role_arn: str, definition: str) -> None:
        """Check that a role may make the rule by which AWS hears of the end of nested executions.

        Source: developer guide, page connect-stepfunctions. Here nothing needs the rule.

        Raises:
            AccessDenied: it may not.
        """
        if ":states:startExecution.sync" not in definition:
            return
        rule = f"arn:aws:events:{self.region_name}:{self.account_id}:rule/{_MANAGED_RULE}"
        try:
            for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
                require_role(self.account_id, role_arn, "StepFunctions", action, rule)
        except AccessDeniedError as error:
            raise AccessDenied(f"'{role_arn}' is not authorized to create managed-rule.") from error

    def start_execution(
        self,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: Any = None,
        trace_header: Any = None,
    ) -> Any:
        """Start an execution; without a name it gets a UUID for one.

        Raises:
            ExecutionAlreadyExists: the name was used with another input, or by an execution that has ended.
            InvalidExecutionInput: the input is not JSON.
        """
        if name:
            self._validate_name(name)
        try:
            json.loads("{}" if execution_input is None else execution_input)
        except ValueError as error:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error
        version = chosen_version(state_machine_arn, self.state_machines)
        execution: Any = super().start_execution(
            version or state_machine_arn, name or str(uuid.uuid4()), execution_input, trace_header
        )
        execution.alias_arn = state_machine_arn if version else None
        return execution

    def create_state_machine_alias(
        self, name: str, routing_configuration: list[dict[str, Any]], description: str | None
    ) -> Any:
        """Create an alias; an existing one only counts as created when it is the same.

        Raises:
            ValidationException: name, versions or weights are wrong.
            ConflictException: another alias has the name.
        """
        check_alias(name, routing_configuration, self.state_machines)
        machine = self.describe_state_machine(routing_configuration[0]["stateMachineVersionArn"].rpartition(":")[0])
        if existing := machine.aliases.get(name):
            if existing.routing_configuration != routing_configuration:
                raise ConflictException
            return existing
        return super().create_state_machine_alias(name, routing_configuration, description)

    def create_activity(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Create an activity, or return the one that has the name; moto refuses the second time."""
        try:
            return super().create_activity(name, *args, **kwargs)
        except ActivityAlreadyExists:
            return self.activities[f"arn:aws:states:{self.region_name}:{self.account_id}:activity:{name}"]

    def stop_execution(self, execution_arn: str, error: str | None = None, cause: str | None = None) -> Any:
        """Abort a running execution with the caller's error and cause."""
        execution = self.describe_execution(execution_arn)
        execution.stop(clock.now(), error, cause)
        return execution

    def redrive_execution(self, execution_arn: str, client_token: str | None) -> datetime:
        """Redrive an execution; return when.

        Raises:
            ExecutionDoesNotExist: there is none.
            ExecutionNotRedrivable: it runs, has succeeded or is too old.
        """
        execution: Execution = self.describe_execution(execution_arn)
        return execution.redrive(client_token)

    @paginate(pagination_model=PAGINATION_MODEL)
    def list_executions(
        self,
        state_machine_arn: str | None,
        status_filter: str | None = None,
        redrive_filter: str | None = None,
        map_run_arn: str | None = None,
    ) -> list[Any]:
        """Return the executions of a state machine or version, or of a Map Run, those that ran last first.

        Raises:
            StateMachineTypeNotSupported: the state machine is an express one.
        """
        machine: Any = self.describe_state_machine(state_machine_arn) if state_machine_arn else None
        if machine and machine.type == "EXPRESS":
            raise StateMachineTypeNotSupported
        executions = [
            execution
            for execution in (machine.executions if machine else self._children(map_run_arn))
            if state_machine_arn in {None, execution.state_machine_arn, execution.version_arn}
            and status_filter in {None, execution.status}
            and redrive_filter in {None, "REDRIVEN" if execution.redrive_count else "NOT_REDRIVEN"}
        ]
        return sorted(
            executions,
            key=lambda execution: execution.stop_date or execution.redrive_date or execution.start_date,
            reverse=True,
        )

    def describe_execution(self, execution_arn: str) -> Any:
        """Return an execution.

        Raises:
            InvalidArn: it is one of an express state machine, or no ARN of an execution.
            ExecutionDoesNotExist: there is none.
        """
        if ":express:" in execution_arn:
            raise InvalidArn("Invalid Arn: 'Resource type not valid in this context: express'")
        self._validate_execution_arn(execution_arn)
        for execution in self._get_executions():
            if execution.execution_arn == execution_arn:
                return execution
        raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{execution_arn}'")

    def send_task_success(self, task_token: str, outcome: str) -> Any:
        """Let what waits with a token go on (see task_tokens)."""
        task_tokens.succeed(self._get_executions(), task_token, outcome)

    def send_task_failure(self, task_token: str, error: str | None = None, cause: str | None = None) -> Any:
        """Let what waits with a token fail (see task_tokens)."""
        task_tokens.fail(self._get_executions(), task_token, error, cause)

    def send_task_heartbeat(self, task_token: str) -> Any:
        """Say that what is waited for still lives (see task_tokens)."""
        task_tokens.beat(self._get_executions(), task_token)

    def history_page(
        self, execution_arn: str, *, reverse: bool, max_results: int | None, next_token: str | None
    ) -> tuple[Sequence[Any], str | None]:
        """Return one page of an execution's events and the token of the next page.

        Raises:
            InvalidToken: the token is not one of this operation.
        """
        execution = self.describe_execution(execution_arn)
        events = execution.to_history_output()["events"]
        if reverse:
            events = events[::-1]
        start = _start(next_token)
        end = start + min(max_results or _DEFAULT_RESULTS, _MAX_RESULTS)
        return events[start:end], str(end) if end < len(events) else None

    def _children(self, map_run_arn: str | None) -> list[Any]:
        runs = [run for execution in self._get_executions() for run in execution.map_runs]
        for run in runs:
            if run.record.map_run_arn == map_run_arn:
                return list(run.children.values())
        # While its items are read, it has none.
        self.describe_map_run(str(map_run_arn))
        return []

    def _get_executions(self, execution_status: Any = None) -> list[Any]:
        """Return all executions, child executions of Map Runs too."""
        roots: list[Any] = [execution for machine in self.state_machines for execution in machine.executions]
        found = [execution for root in roots for execution in root.with_children()]
        return [each for each in found if execution_status in {None, each.exec_status}]

    def stop_all(self) -> None:
        """Abort what runs, since the account is going away."""
        for execution in self._get_executions():
            execution.stop(clock.now(), None, None)

    def reset(self) -> None:
        """Forget every state machine and end its executions."""
        self.stop_all()
        super().reset()


replaces(
    StepFunctionsParserBackend,
    "_validate_definition",
    staticmethod,
    gap="moto: checks a definition without the type of its state machine. AWS: express ones may do less; checked here "
    "by the backend itself.",
)(lambda **_: None)


def _start(next_token: str | None) -> int:
    if next_token is None:
        return 0
    if not next_token.isdecimal():
        raise InvalidToken(next_token)
    return int(next_token)


_BACKEND = "moto: knows no versions that run, redrives and Map Runs. AWS: has them all (see the rows below)."
backends = BackendDict(StepFunctionsBackend, "stepfunctions")
for _module, _name in (
    (moto_models, "stepfunctions_backends"),
    (moto_responses, "stepfunctions_backends"),
    (parser_models, "stepfunctions_parser_backends"),
):
    replaces(_module, _name, gap=_BACKEND)(backends)
replaces(parser_models, "Execution")(Execution)
