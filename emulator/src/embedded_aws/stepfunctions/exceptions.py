"""Error codes of Step Functions that moto lacks."""

from moto.core.exceptions import AWSError


class AccessDenied(AWSError):  # noqa: N818  # the service's code
    """The service may not assume the role of a state machine, or the role may not what the machine needs."""

    TYPE = "AccessDeniedException"
    STATUS = 400

    def __init__(
        self,
        message: str = (
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
            "the provided role."
        ),
    ) -> None:
        super().__init__(message)


class ExecutionNotRedrivable(AWSError):  # noqa: N818  # the service's code
    """An execution that runs, has succeeded or is too old."""

    TYPE = "ExecutionNotRedrivable"
    STATUS = 400


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


class InvalidOutput(AWSError):  # noqa: N818  # the service's code
    """A task's result that is not JSON."""

    TYPE = "InvalidOutput"
    STATUS = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid Output: '{reason}'")


class StateMachineAlreadyExists(AWSError):  # noqa: N818  # the service's code
    """Another state machine has the name."""

    TYPE = "StateMachineAlreadyExists"
    STATUS = 400

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Already Exists: '{arn}'")


class TaskTimedOut(AWSError):  # noqa: N818  # the service's code
    """A task token that nothing waits with any more."""

    TYPE = "TaskTimedOut"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


class MissingRequiredParameter(AWSError):  # noqa: N818  # the service's code
    """An update that says nothing."""

    TYPE = "MissingRequiredParameter"
    STATUS = 400


class StateMachineTypeNotSupported(AWSError):  # noqa: N818  # the service's code
    """What an express state machine does not do."""

    TYPE = "StateMachineTypeNotSupported"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__("This operation is not supported by this type of state machine")
