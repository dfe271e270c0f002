"""What a Task state calls: AWS SDK integrations, Lambda and SNS, through boto3 against this machine's AWS."""

from typing import Any, Final

import moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils as lambda_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn as sfn_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sns as sns_module
import moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sqs as sqs_module
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)

from local import clients
from local.patches import replaces
from local.stepfunctions.casing import UnknownFieldError, from_response, service_name, to_request

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


def client_of_this_aws(region: str, service: str, state_credentials: Any = None) -> Any:
    """Return a client that shows every error at once.

    moto: makes a client for each call, from threads that must not share boto3's default session.
    AWS: only the machine's own Retry calls again.
    """
    del state_credentials  # the embedded AWS does not sign in as the role
    return clients.client(boto_service_name(service), region)


for _module in (lambda_module, sns_module, sqs_module, sfn_module):
    replaces(_module, "boto_client_for")(client_of_this_aws)


@replaces(StateTaskServiceAwsSdk, "_normalise_service_error_name", staticmethod)
def service_part_of_error_names(service: str) -> str:
    """Return the part before the dot of a service's error names.

    moto: knows two services and passes the others on as they are. AWS: Personalize, S3, CloudWatchLogs, …
    """
    return service_name(client_of_this_aws("us-east-1", service).meta.service_model.service_id)


@replaces(StateTaskServiceAwsSdk, "_eval_service_task")
def call_the_sdk_in_pascal_case(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> None:
    """Call a service's API.

    moto: passes arguments and answers on in boto3's spelling. AWS: in its own (see `local.stepfunctions.casing`).
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
    response = getattr(client, method)(**request)
    env.stack.append(from_response(response, operation.output_shape) if operation.output_shape else {})
