"""Step Functions' own integration with Athena, `arn:aws:states:::athena:startQueryExecution` and its like.

Sources: Step Functions developer guide, pages connect-athena and connect-to-resource. The shape of a result and of a
cause is that of the integration with Glue (see `glue`): times are milliseconds, keys in alphabetical order.
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_factory as factory_module
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)

from embedded_aws import clients
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.integrations import client_of_this_aws, validation_error
from embedded_aws.stepfunctions.real_work import really_works

_service_for: Any = factory_module.state_task_service_for  # type: ignore[attr-defined]  # moto imports it there
_STEP: Final = 0.1
_UNDER_WAY: Final = {"QUEUED", "RUNNING"}
_METHODS: Final = {
    "startqueryexecution": ("StartQueryExecution", "start_query_execution"),
    "stopqueryexecution": ("StopQueryExecution", "stop_query_execution"),
    "getqueryexecution": ("GetQueryExecution", "get_query_execution"),
    "getqueryresults": ("GetQueryResults", "get_query_results"),
}


class StateTaskServiceAthena(StateTaskServiceCallback):
    """A task that calls Athena; with `.sync` it waits for its query's end."""

    def __init__(self) -> None:
        patterns: Any = {ResourceCondition.Sync}
        super().__init__(supported_integration_patterns=patterns)

    def _get_supported_parameters(self) -> set[str]:
        return set(_operation(self.resource.api_action).input_shape.members)

    def _from_error(self, env: Any, ex: Exception) -> Any:
        """Return the failure of a call: by the name that the operation's model lists, or the SDK's own."""
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        code = ex.response["Error"]["Code"]
        modelled = {shape.name for shape in _operation(self.resource.api_action).error_shapes}
        name = f"Athena.{code if code in modelled else 'AmazonAthenaException'}"
        metadata = ex.response.get("ResponseMetadata", {})
        cause = (
            f"{ex.response['Error']['Message']} (Service: AmazonAthena; Status Code: "
            f"{metadata.get('HTTPStatusCode')}; Error Code: {code}; Request ID: {metadata.get('RequestId')}; "
            "Proxy: null)"
        )
        return self._failed(env, CustomErrorName(name), name, cause)

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        operation = _operation(self.resource.api_action)
        _, method = _METHODS[self.resource.api_action.lower()]
        lacking = [
            name
            for name in operation.input_shape.required_members
            if normalised_parameters.get(name) is None and name != "ClientRequestToken"
        ]
        if lacking:
            raise validation_error(operation, f"Missing required parameters: {', '.join(lacking)}")
        client = client_of_this_aws(resource_runtime_part.region, "athena", state_credentials)
        response = getattr(client, method)(**normalised_parameters)
        response.pop("ResponseMetadata", None)
        env.stack.append(_as_json(response))

    def _eval_integration_pattern(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        """Wait for the query's end and take it as the result; a query that nobody waits for any more is stopped."""
        del normalised_parameters
        identifier = env.stack.pop()["QueryExecutionId"]
        client = client_of_this_aws(resource_runtime_part.region, "athena", state_credentials)
        while True:
            query = client.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            if query["Status"]["State"] not in _UNDER_WAY:
                break
            if not env.is_running():
                client.stop_query_execution(QueryExecutionId=identifier)
                return
            time.sleep(_STEP)
        result = _as_json({"QueryExecution": query})
        if query["Status"]["State"] != "SUCCEEDED":
            error = StatesErrorNameType.StatesTaskFailed
            cause = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
            raise FailureEventException(self._failed(env, StatesErrorName(typ=error), error.to_name(), cause))
        env.stack.append(result)

    def _failed(self, env: Any, error_name: Any, error: str, cause: str) -> FailureEvent:
        details: Any = {
            "resource": self._get_sfn_resource(),
            "resourceType": self._get_sfn_resource_type(),
            "error": error,
            "cause": cause,
        }
        event_details: Any = {"taskFailedEventDetails": details}
        return FailureEvent(
            env=env, error_name=error_name, event_type=HistoryEventType.TaskFailed, event_details=event_details
        )


really_works(StateTaskServiceAthena)


@replaces(factory_module, "state_task_service_for")
def athena_is_a_service(service_name: str) -> Any:
    """Return the task of a service.

    moto: fails every task of Athena's. AWS: starts and stops queries, waits for them and reads their results.
    """
    return StateTaskServiceAthena() if service_name == "athena" else _service_for(service_name)


def _operation(action: str) -> Any:
    """Return the model of an operation.

    Raises:
        ValueError: the integration does not have it.
    """
    if action.lower() not in _METHODS:
        raise ValueError(f"The resource provided arn:aws:states:::athena:{action} is not recognized.")
    return clients.client("athena").meta.service_model.operation_model(_METHODS[action.lower()][0])


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _as_json(each) for name, each in sorted(value.items())}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value
