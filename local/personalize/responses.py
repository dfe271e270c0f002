"""Requests to calls, results to answers: all by the service model, nothing by hand."""

import json
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.moto_api._internal import mock_random

from local.personalize.exceptions import SerializationException, ServiceError
from local.personalize.models import PersonalizeBackend, personalize_backends
from local.personalize.operations import call

_SERVER_ERRORS = {"InternalFailure": 500, "InternalServerError": 500, "ServiceUnavailable": 503}


class PersonalizeResponse(BaseResponse):
    """One request to the service."""

    def __init__(self) -> None:
        super().__init__(service_name="personalize")

    @property
    def backend(self) -> PersonalizeBackend:
        """The backend of the caller's account and region."""
        backend: PersonalizeBackend = personalize_backends[self.current_account][self.region]
        return backend

    def call_action(self) -> tuple[int, dict[str, Any], str | bytes]:
        """Answer the request."""
        self._authenticate_and_authorize_normal_action("*")
        try:
            result = call(self.backend, self._get_action(), self._params())
        except ServiceError as error:
            return self._error(error)
        status, headers, body = self.serialized(ActionResult(result))
        return status, headers, body

    def _params(self) -> dict[str, Any]:
        try:
            params = json.loads(self.body or "{}")
        except ValueError as error:
            raise SerializationException(f"The request is not JSON: {error}") from error
        if not isinstance(params, dict):
            raise SerializationException("The request is not a JSON object")
        return params

    def _error(self, error: ServiceError) -> tuple[int, dict[str, Any], str | bytes]:
        headers = {
            **self.response_headers,
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-ErrorType": error.error_code,
            # Step Functions and support cases quote it.
            "x-amzn-RequestId": str(mock_random.uuid4()),
        }
        status = _SERVER_ERRORS.get(error.error_code, 400)
        headers["status"] = str(status)
        return status, headers, json.dumps({"__type": error.error_code, "message": error.message})
