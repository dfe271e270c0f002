"""Error codes of Glue that moto lacks, and why a run fails before its script begins."""

from moto.glue.exceptions import AlreadyExistsException


class JobAlreadyExistsException(AlreadyExistsException):
    """Another job has the name."""

    def __init__(self) -> None:
        super().__init__("Job")


class RunFailedError(Exception):
    """A run that fails; the text is its ErrorMessage."""
