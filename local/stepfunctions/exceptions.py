"""Error codes of Step Functions that moto lacks."""

from moto.core.exceptions import AWSError


class StateMachineAlreadyExists(AWSError):  # noqa: N818  # the service's code
    """Another state machine has the name."""

    TYPE = "StateMachineAlreadyExists"
    STATUS = 400

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Already Exists: '{arn}'")
