"""Step Functions' own integration with Glue, `arn:aws:states:::glue:startJobRun`, with and without `.sync`.

Sources: Step Functions developer guide, pages connect-glue and connect-to-resource; outputs of real executions, in
which times are milliseconds and keys are in alphabetical order.
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_glue as glue_module
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_glue import (
    StateTaskServiceGlue,
)

from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.integrations import client_of_this_aws
from embedded_aws.stepfunctions.real_work import really_works

_STEP: Final = 0.1
_UNDER_WAY: Final = {"STARTING", "RUNNING", "STOPPING", "WAITING"}
replaces(glue_module, "boto_client_for")(client_of_this_aws)

really_works(StateTaskServiceGlue)


@replaces(StateTaskServiceGlue, "_eval_integration_pattern")
def wait_for_the_job_run(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Wait for a job run's end and take it as the result.

    moto: trips over the task token that this integration does not have, takes a stopped run for a good one, and lets
    the run go on when the execution is stopped. AWS: any end but SUCCEEDED is States.TaskFailed with the run as its
    cause, and a run that nobody waits for any more is stopped.
    """
    del normalised_parameters
    started = env.stack.pop()
    job, run_id = started["JobName"], started["JobRunId"]
    client = client_of_this_aws(resource_runtime_part.region, "glue", state_credentials)
    while (run := client.get_job_run(JobName=job, RunId=run_id)["JobRun"])["JobRunState"] in _UNDER_WAY:
        if not env.is_running():
            client.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
            return
        time.sleep(_STEP)
    run = _as_json({**run, "JobName": job})
    if run["JobRunState"] != "SUCCEEDED":
        raise FailureEventException(_failure(self, env, run))
    env.stack.append(run)


def _failure(task: Any, env: Any, run: Mapping[str, Any]) -> FailureEvent:
    error = StatesErrorNameType.StatesTaskFailed
    details: Any = {
        "resource": task._get_sfn_resource(),  # noqa: SLF001  # moto has no other way
        "resourceType": task._get_sfn_resource_type(),  # noqa: SLF001  # as above
        "error": error.to_name(),
        "cause": json.dumps(run, ensure_ascii=False, separators=(",", ":")),
    }
    event_details: Any = {"taskFailedEventDetails": details}
    return FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=error),
        event_type=HistoryEventType.TaskFailed,
        event_details=event_details,
    )


def _as_json(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: int(value.timestamp() * 1000) if isinstance(value, datetime) else value
        for name, value in sorted(run.items())
    }
