"""Error codes of Step Functions that moto lacks."""

from moto.core.exceptions import AWSError


class InvalidDefinition(AWSError):  # noqa: N818  # the service's code
    """A definition that is not in the Amazon States Language."""

    TYPE = "InvalidDefinition"
    STATUS = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid State Machine Definition: '{reason}'")


class InvalidLoggingConfiguration(AWSError):  # noqa: N818  # the service's code
    """A state machine cannot log where it is told to."""

    TYPE = "InvalidLoggingConfiguration"
    STATUS = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid Logging Configuration: {reason}")


class StateMachineAlreadyExists(AWSError):  # noqa: N818  # the service's code
    """Another state machine has the name."""

    TYPE = "StateMachineAlreadyExists"
    STATUS = 400

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Already Exists: '{arn}'")
