"""Requests to calls, results to answers: all by the service models, nothing by hand."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.moto_api._internal import mock_random

from embedded_aws.personalize import events, runtime, strict_json
from embedded_aws.personalize.control import call
from embedded_aws.personalize.exceptions import (
    InvalidInputException,
    ResourceNotFoundException,
    SerializationException,
    ServiceError,
    ValidationException,
)
from embedded_aws.personalize.faults import FAULTS
from embedded_aws.personalize.models import PersonalizeBackend, personalize_backends
from embedded_aws.personalize.operations.automatic import catch_up
from embedded_aws.personalize.validation import validate

_SERVER_ERRORS = {"InternalFailure": 500, "InternalServerError": 500, "ServiceUnavailable": 503}
_REST_ERRORS = {
    **_SERVER_ERRORS,
    "ResourceNotFoundException": 404,
    "UnknownOperationException": 404,
    "ResourceInUseException": 409,
}

Answer = tuple[int, dict[str, Any], str | bytes]


class PersonalizeResponse(BaseResponse):
    """One request to the control plane."""

    use_raw_body = True
    service: ClassVar[str] = "personalize"
    statuses: ClassVar[Mapping[str, int]] = _SERVER_ERRORS
    """Per error code, where the HTTP status is not 400."""

    def __init__(self) -> None:
        super().__init__(service_name=self.service)

    @property
    def backend(self) -> PersonalizeBackend:
        """The backend of the caller's account and region."""
        backend: PersonalizeBackend = personalize_backends[self.current_account][self.region]
        return backend

    def call_action(self) -> Answer:
        """Answer the request."""
        self._authenticate_and_authorize_normal_action("*")
        try:
            operation = self._get_action()
            result = self._call(operation, self._params(operation))
        except ResourceNotFoundException as error:
            known = _errors_of(self.service, operation)
            return self._error(error if error.code in known else InvalidInputException(error.message))
        except ServiceError as error:
            return self._error(error)
        status, headers, body = self.serialized(ActionResult(result))
        return status, headers, body

    def _get_action(self) -> str:
        # moto also takes what looks like a form in the body for the operation's name: "&Action=" in any text of it.
        return str(self.headers.get("X-Amz-Target", "")).rpartition(".")[2]

    def _call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return call(self.backend, operation, params)

    def _params(self, operation: str) -> dict[str, Any]:
        try:
            body = self.body.decode() if isinstance(self.body, bytes) else self.body  # moto's own text for a form
            params = strict_json.loads(body or "{}")
        except ValueError as error:
            raise SerializationException(f"The request is not JSON: {error}") from error
        if not isinstance(params, dict):
            raise SerializationException("The request is not a JSON object")
        shape = _input_shape(self.service, operation)
        given: dict[str, Any] = params if shape is None else _given(params, shape)
        return given

    def _error(self, error: ServiceError) -> Answer:
        headers = {
            **self.response_headers,
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-ErrorType": error.error_code,
            # Step Functions and support cases quote it.
            "x-amzn-RequestId": str(mock_random.uuid4()),
        }
        status = self.statuses.get(error.error_code, 400)
        headers["status"] = str(status)
        return status, headers, json.dumps({"__type": error.error_code, "message": error.message})


class _RestResponse(PersonalizeResponse):
    """One request to a service with an address per operation.

    These services' only error for a wrong request is InvalidInputException, so it is that of the model's constraints.
    """

    operations: ClassVar[Mapping[str, Callable[[PersonalizeBackend, dict[str, Any]], dict[str, Any]]]]
    statuses = _REST_ERRORS

    def _get_action(self) -> str:
        return self._get_action_from_method_and_request_uri(self.normalized_request) or ""

    def _call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation not in self.operations:
            raise ServiceError(f"Unknown operation {self.method} {self.path}", "UnknownOperationException")
        shape = _input_shape(self.service, operation)
        assert shape is not None
        try:
            validate(params, shape)
        except ValidationException as error:
            raise InvalidInputException(error.message) from error
        lost = FAULTS.on_call(operation)
        with self.backend.lock:
            catch_up(self.backend)
        answer = self.operations[operation](self.backend, params)
        if lost is not None:
            raise lost
        return answer


def _errors_of(service: str, operation: str) -> set[str]:
    """Return the codes of the errors that the service model names for an operation."""
    return {shape.name for shape in get_service_model(service).operation_model(operation).error_shapes}


def _input_shape(service: str, operation: str) -> StructureShape | None:
    """Return what a request to that operation is; None for an operation that the service model does not have."""
    model = get_service_model(service)
    shape = model.operation_model(operation).input_shape if operation in model.operation_names else None
    assert shape is None or isinstance(shape, StructureShape)
    return shape


def _given(value: Any, shape: Shape) -> Any:
    """Return what the service model knows of a request: members beyond it and nulls say nothing.

    Values of other types than the model's are returned as they are, for the validation to name.
    """
    match shape, value:
        case StructureShape(), dict():
            members = {name: member for name, member in shape.members.items() if value.get(name) is not None}
            return {name: _given(value[name], member) for name, member in members.items()}
        case ListShape(), list():
            return [_given(member, shape.member) for member in value]
        case MapShape(), dict():
            return {key: _given(member, shape.value) for key, member in value.items() if member is not None}
    return value


class RuntimeResponse(_RestResponse):
    """One request to Personalize Runtime."""

    service = "personalize-runtime"
    operations = runtime.OPERATIONS


class EventsResponse(_RestResponse):
    """One request to Personalize Events."""

    service = "personalize-events"
    operations = events.OPERATIONS
