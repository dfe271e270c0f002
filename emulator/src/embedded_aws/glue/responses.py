"""Glue's API where moto's answers differ from the service's, or are missing."""

from collections.abc import Mapping
from typing import Any, Final

import moto.glue.urls as moto_urls
from moto.core.responses import ActionResult
from moto.glue.exceptions import JobRunNotFoundException
from moto.glue.responses import GlueResponse

from embedded_aws.glue.jobs import update_job
from embedded_aws.patches import replaces

SETTINGS: Final = {
    "Description": "description",
    "LogUri": "log_uri",
    "Role": "role",
    "ExecutionProperty": "execution_property",
    "Command": "command",
    "DefaultArguments": "default_arguments",
    "NonOverridableArguments": "non_overridable_arguments",
    "Connections": "connections",
    "MaxRetries": "max_retries",
    "AllocatedCapacity": "allocated_capacity",
    "Timeout": "timeout",
    "MaxCapacity": "max_capacity",
    "SecurityConfiguration": "security_configuration",
    "Tags": "tags",
    "NotificationProperty": "notification_property",
    "GlueVersion": "glue_version",
    "NumberOfWorkers": "number_of_workers",
    "WorkerType": "worker_type",
    "CodeGenConfigurationNodes": "code_gen_configuration_nodes",
    "ExecutionClass": "execution_class",
    "SourceControlDetails": "source_control_details",
}


def settings(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `GlueBackend.create_job` from the members of a Job; those left out are None."""
    return {argument: members.get(member) for member, argument in SETTINGS.items()}


class Glue(GlueResponse):
    """The operations on jobs."""

    def update_job(self) -> ActionResult:
        """Overwrite a job's settings; moto lacks the operation."""
        name, update = self._get_param("JobName"), self._get_param("JobUpdate")
        update_job(self.glue_backend, name, **settings(update))
        return ActionResult({"JobName": name})

    def batch_stop_job_run(self) -> ActionResult:
        """Stop runs; moto lacks the operation. A run that cannot be stopped is told beside the others."""
        name = self._get_param("JobName")
        stopped, errors = [], []
        for run_id in self._get_param("JobRunIds"):
            named = {"JobName": name, "JobRunId": run_id}
            error = self._stop(name, run_id)
            if error is None:
                stopped.append(named)
            else:
                errors.append({**named, "ErrorDetail": error})
        return ActionResult({"SuccessfulSubmissions": stopped, "Errors": errors})

    def _stop(self, name: str, run_id: str) -> dict[str, str] | None:
        try:
            run: Any = self.glue_backend.get_job(name).get_job_run(run_id)
        except JobRunNotFoundException as error:
            return {"ErrorCode": "EntityNotFoundException", "ErrorMessage": str(error.message)}
        if run.stop():
            return None
        message = f"Job run {run_id} has ended already: {run.state}"
        return {"ErrorCode": "JobRunInTerminalStateException", "ErrorMessage": message}


replaces(moto_urls, "url_paths", gap="moto: lacks operations on job runs. AWS: has them.")({"{0}/$": Glue.dispatch})
