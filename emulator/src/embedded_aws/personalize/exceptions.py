# ruff: noqa: N818  # these are the names that AWS gives its errors
"""The errors of the service, one class per AWS error code.

ServiceError
 ├── InvalidInputException           a parameter or a prerequisite is wrong
 ├── InvalidNextTokenException       a list was continued with a token that it never gave
 ├── LimitExceededException          a quota is used up
 ├── ResourceAlreadyExistsException  the name is taken: names are the identity
 ├── ResourceInUseException          right request, wrong moment
 ├── ResourceNotFoundException       the ARN names nothing
 ├── TooManyTagsException            a resource has 50 tags at most
 ├── ValidationException             the request breaks the service model
 ├── SerializationException          the request is not the JSON that the service model describes
 └── NotImplementedException         the service can do it, this emulation cannot

Apart from these, `JobFailedError` ends a job as CREATE FAILED; its text becomes the failureReason.
"""

from typing import ClassVar


class ServiceError(Exception):
    """An error of the service: `code` as the SDKs see it, `message` for people."""

    code: ClassVar[str] = "ServiceError"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code


class InvalidInputException(ServiceError):
    """A parameter or a prerequisite is wrong."""

    code = "InvalidInputException"


class InvalidNextTokenException(ServiceError):
    """The token does not come from an earlier answer of the same operation."""

    code = "InvalidNextTokenException"

    def __init__(self, token: str) -> None:
        super().__init__(f"The token is not valid: {token}")


class LimitExceededException(ServiceError):
    """A quota is used up."""

    code = "LimitExceededException"


class ResourceAlreadyExistsException(ServiceError):
    """The ARN that the request would create exists."""

    code = "ResourceAlreadyExistsException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Another resource with Arn {arn} already exists.")
        self.arn = arn


class ResourceInUseException(ServiceError):
    """The resource is in a state, or has dependants, in which the request cannot be served."""

    code = "ResourceInUseException"


class ResourceNotFoundException(ServiceError):
    """The ARN names nothing of the wanted kind."""

    code = "ResourceNotFoundException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Resource Arn {arn} does not exist.")


class TooManyTagsException(ServiceError):
    """A resource would have more tags than it can."""

    code = "TooManyTagsException"


class ValidationException(ServiceError):
    """The request breaks the constraints of the service model; unmodelled by the service."""

    code = "ValidationException"


class SerializationException(ServiceError):
    """The request is not JSON of the shape that the service model describes."""

    code = "SerializationException"


class NotImplementedException(ServiceError):
    """The emulation lacks this; the code says so, the service never answers with it."""

    code = "NotImplementedException"

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(f"{what} is not emulated{instead and f': {instead}'}")


class JobFailedError(Exception):
    """The work of a job cannot be done: it ends as failed, or as `status`, with this text as failureReason."""

    def __init__(self, reason: str, status: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
