"""Step Functions' API where moto's answers differ from the service's."""

import json
from typing import Any, Final

import moto.stepfunctions.urls as moto_urls
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.responses import StepFunctionResponse

from embedded_aws import clock
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.definitions import parsed
from embedded_aws.stepfunctions.executions import Execution
from embedded_aws.stepfunctions.models import StepFunctionsBackend, backends
from embedded_aws.stepfunctions.versions import check_routes

_MOST_RESULTS: Final = 1000


class StepFunctions(StepFunctionResponse):
    """The operations whose answers moto shapes differently."""

    @property
    def _backend(self) -> StepFunctionsBackend:
        return backends[self.current_account][self.region]

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        """Return a parameter; moto takes any `maxResults`.

        Raises:
            ValidationException: more than a thousand results are wanted.
        """
        value = super()._get_param(param_name, if_none)
        if param_name != "maxResults" or value is None:
            return value
        if int(value) > _MOST_RESULTS:
            raise ValidationException(
                f"1 validation error detected: Value '{value}' at 'maxResults' failed to satisfy constraint: Member "
                "must have value less than or equal to 1000"
            )
        return value or None  # 0 means the default

    def _validate_routing_configuration(self, routing_configuration: Any) -> None:
        check_routes(routing_configuration, self._backend.state_machines)

    def create_state_machine_alias(self) -> ActionResult:
        """Create an alias, which the backend checks as a whole."""
        alias = self._backend.create_state_machine_alias(
            self._get_param("name"), self._get_param("routingConfiguration"), self._get_param("description")
        )
        return ActionResult({"creationDate": alias.creation_date, "stateMachineAliasArn": alias.arn})

    def _describe_state_machine(self, state_machine_arn: str) -> ActionResult:
        """Describe a state machine; moto leaves out revisions, variables and the default of includeExecutionData."""
        answer: Any = super()._describe_state_machine(state_machine_arn).result
        machine = self._backend.describe_state_machine(state_machine_arn)
        references = parsed(machine.definition).references
        revision = getattr(machine, "revision", None)
        logging = {"includeExecutionData": False, **answer["loggingConfiguration"]}
        return ActionResult(
            {**answer, "loggingConfiguration": logging}
            | ({"variableReferences": references} if references else {})
            | ({"revisionId": revision} if revision else {})
        )

    def update_state_machine(self) -> ActionResult:
        """Update a state machine; moto does not say which revision that makes."""
        answer: Any = super().update_state_machine().result
        machine: Any = self._backend.describe_state_machine(self._get_param("stateMachineArn"))
        return ActionResult({**answer, "revisionId": machine.revision})

    def describe_execution(self) -> ActionResult:
        """Describe an execution; moto leaves out a null output and the end of one that timed out."""
        execution = self._backend.describe_execution(self._get_param("executionArn"))
        status = execution.status
        answer: dict[str, Any] = {
            "executionArn": execution.execution_arn,
            "stateMachineArn": execution.state_machine_arn,
            "name": execution.name,
            "status": status,
            "startDate": execution.start_date,
            "input": execution.execution_input,
            "inputDetails": {"included": True},
            **_redrives(execution),
            **_origin(execution),
        }
        reason = execution.not_redrivable_because()
        answer["redriveStatus"] = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
        if reason:
            answer["redriveStatusReason"] = reason
        if status != "RUNNING":
            answer["stopDate"] = execution.stop_date
        if status == "SUCCEEDED":
            answer["output"] = json.dumps(execution.output, ensure_ascii=False, separators=(",", ":"))
            answer["outputDetails"] = {"included": True}
        for field in ("error", "cause"):
            if getattr(execution, field) is not None:
                answer[field] = getattr(execution, field)
        return ActionResult(answer)

    def list_executions(self) -> ActionResult:
        """List the executions of a state machine, newest first; moto leaves out the end of timed-out ones."""
        arn, status = self._get_param("stateMachineArn"), self._get_param("statusFilter")
        map_run = self._get_param("mapRunArn")
        if (arn is None) == (map_run is None):
            raise ValidationException("Either stateMachineArn or mapRunArn must be given, and not both")
        if status == "PENDING_REDRIVE":
            raise ValidationException("statusFilter PENDING_REDRIVE needs mapRunArn")
        executions, next_token = self._backend.list_executions(
            arn,
            status_filter=status,
            redrive_filter=self._get_param("redriveFilter"),
            map_run_arn=map_run,
            max_results=self._get_int_param("maxResults"),
            next_token=self._get_param("nextToken"),
        )
        listed = [
            {
                "executionArn": execution.execution_arn,
                "stateMachineArn": execution.state_machine_arn,
                "name": execution.name,
                "status": execution.status,
                "startDate": execution.start_date,
                **_redrives(execution),
                **_origin(execution),
            }
            | ({} if execution.status == "RUNNING" else {"stopDate": execution.stop_date})
            for execution in executions
        ]
        return ActionResult({"executions": listed, "nextToken": next_token})

    def stop_execution(self) -> ActionResult:
        """Abort an execution with the caller's error and cause, which moto drops."""
        execution = self._backend.stop_execution(
            self._get_param("executionArn"), error=self._get_param("error"), cause=self._get_param("cause")
        )
        return ActionResult({"stopDate": execution.stop_date or clock.now()})

    def redrive_execution(self) -> ActionResult:
        """Let an unsuccessful execution go on, which moto cannot."""
        date = self._backend.redrive_execution(self._get_param("executionArn"), self._get_param("clientToken"))
        return ActionResult({"redriveDate": date})

    def send_task_failure(self) -> ActionResult:
        """Fail a task with the caller's error and cause, of which moto drops the latter."""
        self._backend.send_task_failure(
            self._get_param("taskToken"), error=self._get_param("error"), cause=self._get_param("cause")
        )
        return EmptyResult()

    def get_execution_history(self) -> ActionResult:
        """Return a page of an execution's history; moto knows neither pages nor the reverse order."""
        events, next_token = self._backend.history_page(
            self._get_param("executionArn"),
            reverse=bool(self._get_param("reverseOrder")),
            max_results=self._get_int_param("maxResults"),
            next_token=self._get_param("nextToken"),
        )
        return _Page({"events": events, "nextToken": next_token})


class _Page(ActionResult):
    """A page of a history, whose events already are as the API writes them.

    moto's serializer looks for each field of each event under several names, which took a fifth of what a followed
    execution costs.
    """

    def execute_result(self, context: Any) -> Any:
        """Return status, headers and body of the JSON protocol: moments are seconds with milliseconds."""
        del context
        body = json.dumps(_without_nulls(self.result), default=lambda moment: int(moment.timestamp() * 1000) / 1000)
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, body


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _redrives(execution: Execution) -> dict[str, Any]:
    date = {} if execution.redrive_date is None else {"redriveDate": execution.redrive_date}
    return {"redriveCount": execution.redrive_count, **date}


def _origin(execution: Execution) -> dict[str, str]:
    """Return what an execution was started by other than its state machine."""
    given = {
        "mapRunArn": execution.map_run_arn,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
    }
    return {name: arn for name, arn in given.items() if arn is not None}


replaces(moto_urls, "url_paths", gap="moto: lacks operations and fields of this API. AWS: has them.")(
    {"{0}/$": StepFunctions.dispatch}
)
