"""What a Task state calls: AWS SDK integrations, through boto3 against this machine's AWS, in the machine's role."""

import uuid
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from botocore.exceptions import ClientError, ParamValidationError, UnknownServiceError
from botocore.model import OperationNotFoundError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

from embedded_aws import clients
from embedded_aws.iam.sessions import session_for
from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.casing import UnknownFieldError, from_response, service_name, to_request

_sdk_error = StateTaskServiceAwsSdk._from_error  # noqa: SLF001  # the gap is in there
SERVICE: Final = "states.amazonaws.com"
_SERVICES: Final = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "costexplorer": "ce",
    "personalizeevents": "personalize-events",
    "personalizeruntime": "personalize-runtime",
}


def boto_service_name(service: str) -> str:
    """Return boto3's name of a service in an `aws-sdk` resource."""
    return _SERVICES.get(service.lower(), service)


@dataclass
class Credentials(StateCredentials):
    """The role that a state works with, and the state machine that it works for."""

    state_machine_arn: str = ""


def credentials_of(env: Any) -> Credentials:
    """Return the role of an execution."""
    machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
    return Credentials(env.aws_execution_details.role_arn, machine)


@replaces(StateTask, "_eval_state_credentials")
def name_the_state_machine(self: Any, env: Any) -> Credentials:
    """Return the role of a task.

    moto: does not say whom the role is assumed for. AWS: as the machine's role, which trusts the service for this
    state machine alone; another one (Credentials) is assumed by the machine's role, which is not emulated.
    """
    if self.credentials:
        raise NotImplementedError("a task with Credentials, which assumes another role than the state machine's")
    return credentials_of(env)


def client_of_this_aws(region: str, service: str, state_credentials: Any) -> Any:
    """Return a client that shows every error at once and calls in a session of the state machine's role.

    moto: makes a client for each call, from threads that must not share boto3's default session.
    AWS: only the machine's own Retry calls again.

    Raises:
        RoleNotAssumableError: the role does not trust the service for this state machine.
    """
    role, machine = state_credentials.role_arn, state_credentials.state_machine_arn
    session = session_for(role.split(":")[4], role, SERVICE, source_arn=machine)
    return clients.client(boto_service_name(service), region, session)


@replaces(StateTaskServiceAwsSdk, "_normalise_service_error_name", staticmethod)
def service_part_of_error_names(service: str) -> str:
    """Return the part before the dot of a service's error names.

    moto: knows two services and passes the others on as they are. AWS: Personalize, S3, CloudWatchLogs, …
    """
    return service_name(clients.client(boto_service_name(service)).meta.service_model.service_id)


@replaces(StateTaskServiceAwsSdk, "_from_error")
def causes_tell_the_attempts(self: Any, env: Any, ex: Exception) -> Any:
    """Return the failure of a call.

    moto: its cause has no extended id of S3's, nor says that the SDK tried once. AWS: it has both.
    """
    if isinstance(ex, ClientError) and self.resource.api_name == "s3":
        metadata = ex.response["ResponseMetadata"]
        metadata.setdefault("HostId", b64encode(sha256(metadata["RequestId"].encode()).digest()).decode())
    failure: Any = _sdk_error(self, env, ex)
    if isinstance(ex, ClientError):
        failure.event_details["taskFailedEventDetails"]["cause"] += " (SDK Attempt Count: 1)"
    return failure


def validation_error(operation: Any, problem: str) -> ClientError:
    """Return a service's answer to a request that is wrong."""
    answer = {"Code": "ValidationException", "Message": problem}
    metadata: Any = {"HTTPStatusCode": 400, "RequestId": str(uuid.uuid4())}
    return ClientError({"Error": answer, "ResponseMetadata": metadata}, operation.name)


def null_members(operation: Any, request: Mapping[str, Any]) -> str:
    """Return what a service says of required members that a request does not have, in AWS's words; "" if it has all."""
    names = [name for name in operation.input_shape.required_members if request.get(name) is None]
    problems = [
        f"Value null at '{name[:1].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in names
    ]
    detected = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
    return f"{detected}: {'; '.join(problems)}" if problems else ""


@replaces(StateTaskServiceAwsSdk, "_eval_service_task")
def call_the_sdk_in_pascal_case(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Call a service's API.

    moto: passes arguments and answers on in boto3's spelling. AWS: in its own (see `casing`).
    """
    action = self.resource.api_action
    try:
        client = client_of_this_aws(resource_runtime_part.region, self.resource.api_name, state_credentials)
        operation = client.meta.service_model.operation_model(action[:1].upper() + action[1:])
        request = to_request(normalised_parameters, operation.input_shape) if operation.input_shape else {}
    except (UnknownServiceError, OperationNotFoundError, UnknownFieldError) as error:
        cause = str(error)
        if not isinstance(error, UnknownFieldError):
            cause = f"The resource provided {self.resource.resource_arn} is not recognized."
        failure = self._get_task_failure_event(env=env, error="States.Runtime", cause=cause)
        raise FailureEventException(failure) from error
    methods = client.meta.method_to_api_mapping
    method = next(name for name, api in methods.items() if api == operation.name)
    if None in normalised_parameters.values() and (problem := null_members(operation, request)):
        raise validation_error(operation, problem)
    try:
        response = getattr(client, method)(**request)
    except (KeyError, ParamValidationError) as error:
        # boto3 cannot even write the request; AWS's answer to one without a required parameter has no name of its own.
        missing = [name for name in operation.input_shape.required_members if name not in request]
        raise validation_error(operation, f"Missing required parameters: {', '.join(missing)}") from error
    except ClientError as error:
        if type(error).__name__ in {shape.name for shape in operation.error_shapes}:
            raise
        # What the operation's own model does not list, such as a denied access, has no name of its own.
        raise ClientError(error.response, operation.name) from error
    env.stack.append(from_response(response, operation.output_shape) if operation.output_shape else {})
