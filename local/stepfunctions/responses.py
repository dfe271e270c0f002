"""Step Functions' API where moto's answers differ from the service's."""

import json
from typing import Any

import moto.stepfunctions.urls as moto_urls
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.responses import StepFunctionResponse

from local import clock
from local.patches import replaces
from local.stepfunctions.models import StepFunctionsBackend, backends

_STATUS: dict[Any, ExecutionStatus] = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}


@replaces(BaseExecutionWorkerCommunication, "_reflect_execution_status")
def a_status_comes_with_its_details(self: Any) -> None:
    """Note how an execution ended.

    moto: shows the new status before its output and error. AWS: all at once.
    """
    execution = self.execution
    state = execution.exec_worker.env.program_state()
    execution.stop_date = clock.now()
    if isinstance(state, ProgramEnded):
        execution.output = execution.exec_worker.env.states.get_input()
    elif isinstance(state, ProgramError):
        details = state.error or {}
        execution.error, execution.cause = details.get("error"), details.get("cause")
    execution.exec_status = _STATUS[type(state)]


class StepFunctions(StepFunctionResponse):
    """The operations whose answers moto shapes differently."""

    @property
    def _backend(self) -> StepFunctionsBackend:
        return backends[self.current_account][self.region]

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
            "redriveCount": 0,
        }
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
        arn = self._get_param("stateMachineArn")
        executions, next_token = self._backend.list_executions(
            arn,
            status_filter=self._get_param("statusFilter"),
            max_results=self._get_int_param("maxResults"),
            next_token=self._get_param("nextToken"),
        )
        listed = [
            {
                "executionArn": execution.execution_arn,
                "stateMachineArn": arn,
                "name": execution.name,
                "status": execution.status,
                "startDate": execution.start_date,
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
        return ActionResult({"stopDate": execution.stop_date})

    def get_execution_history(self) -> ActionResult:
        """Return a page of an execution's history; moto knows neither pages nor the reverse order."""
        events, next_token = self._backend.history_page(
            self._get_param("executionArn"),
            reverse=bool(self._get_param("reverseOrder")),
            max_results=self._get_int_param("maxResults"),
            next_token=self._get_param("nextToken"),
        )
        return ActionResult({"events": events, "nextToken": next_token})


replaces(moto_urls, "url_paths")({"{0}/$": StepFunctions.dispatch})
