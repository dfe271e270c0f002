"""Events about executions: "Step Functions Execution Status Change" on EventBridge's default bus.

Source: Step Functions developer guide, page eventbridge-integration. moto emits none.
"""

from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from embedded_aws import clock
from embedded_aws.events.delivery import emit


def announce(execution: Any) -> None:
    """Emit that the status of an execution has changed; those of express workflows emit nothing."""
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


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
