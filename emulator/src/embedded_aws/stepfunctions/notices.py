"""Events about executions, "Step Functions Execution Status Change" on EventBridge's default bus, and metrics.

Source: Step Functions developer guide, page eventbridge-integration. moto emits none.
"""

from datetime import datetime
from threading import Event, Thread
from typing import Any, Final

from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from embedded_aws import clock
from embedded_aws.cloudwatch import metrics as cloudwatch
from embedded_aws.events.delivery import emit

_METRICS: Final = {
    "RUNNING": "Started",
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "TIMED_OUT": "TimedOut",
    "ABORTED": "Aborted",
}


_muted: Final = Event()


def mute() -> None:
    """Announce nothing any more: nobody is there to hear of it."""
    _muted.set()


def unmute() -> None:
    """Announce again."""
    _muted.clear()


def announce(execution: Any) -> None:
    """Emit that the status of an execution has changed; those of express workflows emit nothing."""
    if _muted.is_set():
        return
    _measure(execution)
    if execution.state_machine.type == "EXPRESS":
        return
    ended = execution.stop_date is not None
    redriven = execution.redrive_date is not None
    reason = execution.not_redrivable_because()
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
        "name": execution.name,
        "status": str(execution.status),
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date) if ended else None,
        "input": to_json_str(execution.input_data),
        "inputDetails": {"included": True},
        "output": to_json_str(execution.output) if execution.status == "SUCCEEDED" else None,
        "outputDetails": {"included": True} if execution.status == "SUCCEEDED" else None,
        "redriveCount": execution.redrive_count,
        "redriveDate": _milliseconds(execution.redrive_date) if redriven else None,
        "redriveStatus": "NOT_REDRIVABLE" if reason else "REDRIVABLE",
        "redriveStatusReason": reason,
        "error": execution.error,
        "cause": execution.cause,
    }
    emit(
        execution.account_id,
        execution.region_name,
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        resources=[execution.exec_arn],
        detail=detail,
        moment=clock.now(),
    )


def _measure(execution: Any) -> None:
    """Tell CloudWatch (developer guide, page procedure-cw-metrics); a redrive is told as the start of its attempt."""
    ended = execution.stop_date is not None
    status = "Redriven" if execution.redrive_date is not None and not ended else _METRICS[str(execution.status)]
    values = {f"Executions{status}": 1.0}
    if ended:
        values["ExecutionTime"] = float(_milliseconds(execution.stop_date) - _milliseconds(execution.start_date))
    told = {"moment": clock.now(), "StateMachineArn": execution.state_machine.arn}
    place = (execution.account_id, execution.region_name, "AWS/States", values)
    # A reset of the account holds the lock of all backends while it waits for executions to end.
    Thread(target=cloudwatch.emit, args=place, kwargs=told, daemon=True).start()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
