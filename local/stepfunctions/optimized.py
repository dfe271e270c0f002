"""Step Functions' own integrations with Lambda, SNS, SQS, DynamoDB, EventBridge and itself (Glue: see `glue`).

They call the AWS SDK for Java 1: what it adds to every answer is in their results, and errors have its names. Sources:
Step Functions developer guide, pages connect-stepfunctions and connect-eventbridge; recordings of the service.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils as lambda_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback as sync_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb as table_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events as events_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn as sfn_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sns as sns_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sqs as sqs_module
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events import (
    StateTaskServiceEvents,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sqs import (
    StateTaskServiceSqs,
)

from local import clients
from local.patches import replaces
from local.stepfunctions.casing import from_response, to_request
from local.stepfunctions.integrations import client_of_this_aws

_lambda_error = StateTaskServiceLambda._error_cause_from_client_error  # noqa: SLF001  # the gap is in there
_dynamodb_error = StateTaskServiceDynamoDB._error_cause_from_client_error  # noqa: SLF001  # as above
_events_error = StateTaskServiceEvents._from_error  # noqa: SLF001  # as above
_sqs_error = StateTaskServiceSqs._from_error  # noqa: SLF001  # as above
_wait_for_execution = StateTaskServiceSfn._eval_integration_pattern  # noqa: SLF001  # as above
_HEADERS: Final = ("Content-Length", "Content-Type", "Date", "X-Amz-Executed-Version", "x-amzn-RequestId")
_STEP: Final = 0.1  # real seconds between two looks at what a task waits for


def client_with_metadata(region: str, service: str, state_credentials: Any) -> Any:
    """Return a client as client_of_this_aws does, whose answers have what the SDK for Java adds to them."""
    client = client_of_this_aws(region, service, state_credentials)
    client.meta.events.register("after-call", _add_metadata, unique_id="sdk-metadata")
    return client


def _add_metadata(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    given = {name.lower(): value for name, value in http_response.headers.items()}
    headers = {name: given[name.lower()] for name in _HEADERS if name.lower() in given}
    headers["Connection"] = "keep-alive"
    parsed["SdkHttpMetadata"] = {
        "AllHttpHeaders": {name: [value] for name, value in headers.items()},
        "HttpHeaders": headers,
        "HttpStatusCode": http_response.status_code,
    }
    parsed["SdkResponseMetadata"] = {"RequestId": parsed.get("ResponseMetadata", {}).get("RequestId")}


for _module in (lambda_module, sns_module, sqs_module, sfn_module, events_module, table_module):
    replaces(_module, "boto_client_for")(client_with_metadata)
replaces(sync_module, "_DELAY_SECONDS_SYNC_CONDITION_CHECK")(_STEP)


@replaces(lambda_module, "select_from_typed_dict")
def all_of_the_answer(typed_dict: Any, obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of an invocation; moto leaves out what the SDK adds."""
    del typed_dict
    return {name: value for name, value in obj.items() if name != "ResponseMetadata"}


def _modelled(service: str, operation: str, error: ClientError) -> str | None:
    """Return the name of an error that an operation's model lists, None for others, such as a denied access."""
    shapes = clients.client(service).meta.service_model.operation_model(operation).error_shapes
    code = error.response["Error"]["Code"]
    return next((shape.name for shape in shapes if code in {shape.name, shape.error_code}), None)


@replaces(StateTaskServiceLambda, "_error_cause_from_client_error", staticmethod)
def unmodelled_errors_of_lambda(error: ClientError) -> tuple[str, str]:
    """Return error and cause of a call of Lambda that failed.

    moto: every code is a name. AWS: what Invoke's model does not list, such as a denied access, is
    Lambda.AWSLambdaException (page bp-lambda-serviceexception).
    """
    _, cause = _lambda_error(error)
    return f"Lambda.{_modelled('lambda', 'Invoke', error) or 'AWSLambdaException'}", cause


@replaces(StateTaskServiceDynamoDB, "_error_cause_from_client_error", staticmethod)
def unmodelled_errors_of_dynamodb(error: ClientError) -> tuple[str, str]:
    """Return error and cause of a call of DynamoDB that failed; what no model lists has the SDK's name for it."""
    _, cause = _dynamodb_error(error)
    return f"DynamoDB.{_modelled('dynamodb', 'UpdateItem', error) or 'AmazonDynamoDBException'}", cause


@replaces(lambda_module, "exec_lambda_function")
def answers_may_be_text(env: Any, parameters: Any, region: str, account: str, credentials: Any) -> None:
    """Invoke the function that is a task's resource; moto fails if the payload is not JSON, which AWS takes as text."""
    del account
    lambda_module.execute_lambda_function_integration(env, parameters, region, credentials)


@replaces(StateTaskServiceSqs, "_from_error")
def errors_of_sqs(self: Any, env: Any, ex: Exception) -> FailureEvent:
    """Return the failure of a call of SQS.

    moto: every one is SQS.SdkClientException. AWS: that is a request which could not be sent; an answer of the service
    is SQS.AmazonSQSException, or has the name that its model lists.
    """
    if not isinstance(ex, ClientError):
        event: FailureEvent = _sqs_error(self, env, ex)
        return event
    found, metadata = ex.response["Error"], ex.response["ResponseMetadata"]
    modelled = _modelled("sqs", "SendMessage", ex)
    name = "AmazonSQSException" if modelled is None else f"{modelled.removesuffix('Exception')}Exception"
    cause = (
        f"{found['Message']} (Service: AmazonSQS; Status Code: {metadata['HTTPStatusCode']}; "
        f"Error Code: {found['Code']}; Request ID: {metadata['RequestId']}; Proxy: null)"
    )
    return _failure(self, env, f"SQS.{name}", cause)


@replaces(StateTaskServiceEvents, "_from_error")
def failed_entries_are_json(self: Any, env: Any, ex: Exception) -> FailureEvent:
    """Return the failure of PutEvents; moto's cause is no text."""
    event: FailureEvent = _events_error(self, env, ex)
    if not isinstance(ex, events_module.SfnFailedEntryCountException):
        return event
    given: Any = ex.cause
    answer = {name: given[name] for name in ("Entries", "FailedEntryCount")}
    return _failure(self, env, "EventBridge.FailedEntry", json.dumps(answer, separators=(",", ":")))


def _failure(task: Any, env: Any, error: str, cause: str) -> FailureEvent:
    details: Any = {
        "resource": task._get_sfn_resource(),  # noqa: SLF001  # moto has no other way
        "resourceType": task._get_sfn_resource_type(),  # noqa: SLF001  # as above
        "error": error,
        "cause": cause,
    }
    event_details: Any = {"taskFailedEventDetails": details}
    return FailureEvent(
        env=env, error_name=CustomErrorName(error), event_type=HistoryEventType.TaskFailed, event_details=event_details
    )


@replaces(StateTaskServiceSfn, "_eval_service_task")
def start_in_pascal_case(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Start an execution of another state machine.

    moto: passes arguments on as they are spelled in the definition, which fails. AWS: in the API's spelling.
    """
    del self
    client = client_with_metadata(resource_runtime_part.region, "stepfunctions", state_credentials)
    shape = client.meta.service_model.operation_model("StartExecution").input_shape
    response = client.start_execution(**to_request(normalised_parameters, shape))
    response.pop("ResponseMetadata")
    env.stack.append(response)


@replaces(StateTaskServiceSfn, "_normalise_response")
def answers_in_pascal_case(
    _self: Any, response: Any, boto_service_name: Any = None, service_action_name: str | None = None
) -> None:
    """Respell the answer of StartExecution or DescribeExecution in place; times become milliseconds."""
    del boto_service_name
    operation = "DescribeExecution" if service_action_name else "StartExecution"
    shape = clients.client("stepfunctions").meta.service_model.operation_model(operation).output_shape
    times = {
        name: int(value.timestamp() * 1000) if isinstance(value, datetime) else value
        for name, value in response.items()
    }
    spelled = from_response(times, shape) | {name: times[name] for name in times if name.startswith("Sdk")}
    response.clear()
    response.update(spelled)


@replaces(StateTaskServiceSfn, "_eval_integration_pattern")
def a_stop_ends_what_is_waited_for(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Wait for an execution or a task token.

    moto: what was started goes on when nobody waits for it any more. AWS: with `.sync` it is stopped.
    """
    started = env.stack[-1]
    try:
        _wait_for_execution(self, env, resource_runtime_part, normalised_parameters, state_credentials)
    finally:
        if not env.is_running() and str(self.resource.condition).startswith("sync"):
            client = client_of_this_aws(resource_runtime_part.region, "stepfunctions", state_credentials)
            client.stop_execution(executionArn=started["ExecutionArn"])
