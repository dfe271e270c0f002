"""How Athena says no: errors of its API, and why a query fails or is cancelled.

Sources: API reference, pages API_StartQueryExecution and API_AthenaError; answers of the service that other projects
have recorded (codes in AthenaErrorCode, numbers in ErrorType, words of StateChangeReason).
"""

import json
from typing import Any, Final

from moto.core.exceptions import AWSError

_USER: Final = 2
_OTHER_USER_ERROR: Final = 1000
_TYPES: Final = {
    "COLUMN_NOT_FOUND": 1006,
    "DIVISION_BY_ZERO": 1001,
    "FUNCTION_NOT_FOUND": 1303,
    "INVALID_CAST_ARGUMENT": 1100,
    "INVALID_FUNCTION_ARGUMENT": 1106,
    "INVALID_PARAMETER_USAGE": 1100,
    "NOT_SUPPORTED": 1200,
    "SCHEMA_NOT_FOUND": 1301,
    "TABLE_NOT_FOUND": 1301,
    "TYPE_MISMATCH": 1002,
}
_PERMISSIONS: Final = 1500


class InvalidRequest(AWSError):  # noqa: N818  # the service's code
    """A request that is refused before a query begins; `code` is its AthenaErrorCode."""

    TYPE = "InvalidRequestException"

    def __init__(self, message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        body = {"__type": self.TYPE, "AthenaErrorCode": code, "ErrorCode": code, "Message": message}
        self.description = json.dumps(body)


class AccessDenied(AWSError):  # noqa: N818  # the service's code
    """A workgroup that is not there, which Athena tells no otherwise than one that the caller may not use."""

    TYPE = "AccessDeniedException"


class QueryFailedError(Exception):
    """A query that ends as FAILED; the text is its StateChangeReason."""

    def __init__(self, reason: str, error_type: int | None = None) -> None:
        super().__init__(reason)
        name = reason.partition(":")[0]
        self.error_type = error_type or _TYPES.get(name, _OTHER_USER_ERROR)

    def as_dict(self) -> dict[str, Any]:
        """Return the API's AthenaError."""
        return {
            "ErrorCategory": _USER,
            "ErrorType": self.error_type,
            "Retryable": False,
            "ErrorMessage": str(self),
        }


class QueryCancelledError(Exception):
    """A query that ends as CANCELLED; the text is its StateChangeReason."""


def not_permitted(reason: str) -> QueryFailedError:
    """Return the failure of a query whose caller lacks a permission."""
    return QueryFailedError(reason, _PERMISSIONS)


def not_emulated(what: str) -> QueryFailedError:
    """Return the failure of a query that asks for what this AWS does not have."""
    return QueryFailedError(f"NOT_SUPPORTED: {what} is not emulated: the embedded AWS cannot run this query")
