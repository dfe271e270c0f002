"""Step Functions' own integrations with Lambda, SNS, SQS, DynamoDB, EventBridge and itself (Glue: see `glue`).

They call the AWS SDK for Java 1: what it adds to every answer is in their results, and errors have its names. Sources:
Step Functions developer guide, pages connect-stepfunctions and connect-eventbridge; recordings of the service.
"""

import json
import re
import uuid
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

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
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
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

from embedded_aws import clients, clock
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.casing import from_response, to_request
from embedded_aws.stepfunctions.integrations import client_of_this_aws, null_members, validation_error

_lambda_error = StateTaskServiceLambda._error_cause_from_client_error  # noqa: SLF001  # the gap is in there
_dynamodb_error = StateTaskServiceDynamoDB._error_cause_from_client_error  # noqa: SLF001  # as above
_events_error = StateTaskServiceEvents._from_error  # noqa: SLF001  # as above
_sqs_error = StateTaskServiceSqs._from_error  # noqa: SLF001  # as above
_call_sqs = StateTaskServiceSqs._eval_service_task  # noqa: SLF001  # as above
_call_dynamodb = StateTaskServiceDynamoDB._eval_service_task  # noqa: SLF001  # as above
_call_lambda = StateTaskServiceLambda._eval_service_task  # noqa: SLF001  # as above
_payload = lambda_module.to_payload_type
_wait_for_execution = StateTaskServiceSfn._eval_integration_pattern  # noqa: SLF001  # as above
_HEADERS: Final = ("Content-Length", "Content-Type", "Date", "X-Amz-Executed-Version", "x-amzn-RequestId")
_TABLE_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]+|arn:.+")
_SLOW: Final = "moto: looks every half second for what a task waits for. Here: every tenth, since time may pass faster."
_STEP: Final = 0.1  # real seconds between two looks at what a task waits for


def client_with_metadata(region: str, service: str, state_credentials: Any) -> Any:
    """Return a client as client_of_this_aws does.

    moto: answers as boto3 does. AWS: answers have what the SDK for Java adds to them.
    """
    client = client_of_this_aws(region, service, state_credentials)
    client.meta.events.register("after-call", _add_metadata, unique_id="sdk-metadata")
    return client


def _add_metadata(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    given = {name.lower(): value for name, value in http_response.headers.items()}
    headers = {name: given[name.lower()] for name in _HEADERS if name.lower() in given}
    headers |= _headers_of(model.service_model.service_name, http_response)
    parsed["SdkHttpMetadata"] = {
        "AllHttpHeaders": {name: [value] for name, value in headers.items()},
        "HttpHeaders": headers,
        "HttpStatusCode": http_response.status_code,
    }
    parsed["SdkResponseMetadata"] = {"RequestId": parsed.get("ResponseMetadata", {}).get("RequestId")}


def _headers_of(service: str, http_response: Any) -> dict[str, str]:
    """Return the headers that a service's answers have in recordings, and those of this machine's server have not."""
    if service == "lambda":
        trace = f"Root=1-{int(clock.now().timestamp()):08x}-{uuid.uuid4().hex[:24]};Sampled=0"
        return {"Connection": "keep-alive", "x-amzn-Remapped-Content-Length": "0", "X-Amzn-Trace-Id": trace}
    if service == "dynamodb":
        checksum = str(zlib.crc32(http_response.content))
        return {"Connection": "keep-alive", "Server": "Server", "x-amz-crc32": checksum}
    return {"connection": "keep-alive"}


for _module in (lambda_module, sns_module, sqs_module, sfn_module, table_module):
    replaces(_module, "boto_client_for")(client_with_metadata)
replaces(events_module, "boto_client_for")(client_of_this_aws)  # its results are as EventBridge gives them
replaces(sync_module, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", gap=_SLOW)(_STEP)


@replaces(lambda_module, "select_from_typed_dict")
def all_of_the_answer(typed_dict: Any, obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of an invocation.

    moto: leaves out what the SDK adds. AWS: has it.
    """
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
    """Return error and cause of a call of DynamoDB that failed.

    moto: every code is a name. AWS: what no model lists has the SDK's name for it.
    """
    _, cause = _dynamodb_error(error)
    return f"DynamoDB.{_modelled('dynamodb', 'UpdateItem', error) or 'AmazonDynamoDBException'}", cause


@replaces(lambda_module, "to_payload_type")
def null_is_a_payload(payload: Any) -> bytes | None:
    """Return the bytes of a payload.

    moto: sends `{}` for null. AWS: a function that is a task's resource gets null, as recorded.
    """
    return b"null" if payload is None else _payload(payload)


@replaces(StateTaskServiceLambda, "_eval_service_task")
def lambda_invoke_leaves_null_out(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Invoke a function (see null_is_a_payload): a Payload of null is none, so its event is `{}`, as recorded."""
    if normalised_parameters.get("Payload") == b"null":
        normalised_parameters["Payload"] = b"{}"
    _call_lambda(self, env, resource_runtime_part, normalised_parameters, state_credentials)


@replaces(StateTaskServiceDynamoDB, "_eval_service_task")
def wrong_requests_for_dynamodb(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Call DynamoDB.

    moto: a required parameter that is null is an error of Python's, and any name could be that of a table. AWS: the
    service's ValidationException, which has no name of its own.
    """
    action = self.resource.api_action
    operation = clients.client("dynamodb").meta.service_model.operation_model(action[:1].upper() + action[1:])
    problem = null_members(operation, normalised_parameters)
    table = normalised_parameters.get("TableName")
    if not problem and not _TABLE_NAME.fullmatch(str(table)):
        problem = (
            f"1 validation error detected: Value '{table}' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        )
    if problem:
        raise validation_error(operation, problem)
    _call_dynamodb(self, env, resource_runtime_part, normalised_parameters, state_credentials)


@replaces(StateTaskServiceSqs, "_eval_service_task")
def a_queue_url_names_a_host(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Call SQS.

    moto: takes a QueueUrl that is no URL as a queue's name. AWS: takes it as a host, and finds none.
    """
    url = normalised_parameters.get("QueueUrl")
    if isinstance(url, str) and not urlsplit(url).netloc:
        cause = f"Unable to execute HTTP request: {url}: Name or service not known"
        raise FailureEventException(_failure(self, env, "SQS.SdkClientException", cause))
    _call_sqs(self, env, resource_runtime_part, normalised_parameters, state_credentials)


@replaces(lambda_module, "exec_lambda_function")
def answers_may_be_text(env: Any, parameters: Any, region: str, account: str, credentials: Any) -> None:
    """Invoke the function that is a task's resource.

    moto: fails if the payload is not JSON. AWS: takes it as text.
    """
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
    """Return the failure of PutEvents.

    moto: its cause is no text. AWS: its cause is JSON.
    """
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
    """Respell an answer in place (see start_in_pascal_case); times become milliseconds."""
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
