"""The pytest plugin: the fixture `embedded_aws`, an AWS for a whole session of tests.

pytest imports this in every run of an environment that has the package, so it imports nothing but pytest and starts
nothing unless a test asks for the fixture. Its names begin with `embedded_aws`: they take no name away from a suite.
"""

import warnings
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws import EmbeddedAWS

_SPEED: Final = "60"
_TOLD: Final = (
    "embedded seconds per second in the fixture embedded_aws, for waits, trainings and schedules (default: 60)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let command line or configuration say how fast the embedded time passes."""
    parser.getgroup("embedded-aws").addoption("--embedded-aws-speed", metavar="N", help=_TOLD)
    parser.addini("embedded_aws_speed", _TOLD, default=_SPEED)


@pytest.fixture(scope="session")
def embedded_aws(request: pytest.FixtureRequest) -> "Iterator[EmbeddedAWS]":
    """An AWS that is empty when the session begins; boto3 reaches it without any argument until the session ends.

    One for all tests, since a fresh one for each would cost them seconds: let each test use names of its own. With
    pytest-xdist each worker has its own. pytest-socket must allow connections to 127.0.0.1.
    """
    from embedded_aws.command import speed_of  # noqa: PLC0415  # see above

    text = request.config.getoption("--embedded-aws-speed") or request.config.getini("embedded_aws_speed")
    speed = speed_of(text, pytest.UsageError)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a suite with `-W error` means its own code, not moto's and botocore's imports
        from embedded_aws import EmbeddedAWS  # noqa: PLC0415  # see above

        aws = EmbeddedAWS(speed=speed)
        aws.start()
    try:
        with aws.in_environment():
            yield aws
    finally:
        aws.stop()
