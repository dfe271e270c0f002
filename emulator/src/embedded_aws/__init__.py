"""An AWS in this process, for boto3 programs and their tests: `from embedded_aws import EmbeddedAWS`.

Importing this package costs nothing: moto, boto3 and Polars take seconds, and are imported when one of the names is
first asked for. A program that only may start an AWS, and pytest, which imports the plugin in every run, do not pay.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedded_aws.keeping.folder import KeepError
    from embedded_aws.server import AlreadyRunningError, EmbeddedAWS, PortInUseError

__all__ = ["AlreadyRunningError", "EmbeddedAWS", "KeepError", "PortInUseError"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "KeepError":
        from embedded_aws.keeping import folder  # noqa: PLC0415  # see above

        return folder.KeepError
    from embedded_aws import server  # noqa: PLC0415  # see above

    return getattr(server, name)
