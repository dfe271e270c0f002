from collections.abc import Iterator

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.account import Account
from emulator.tests.support import make_administrator

SPEED = 60.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the account of the environment's credentials."""
    told = "run the tests marked aws, and only them, on the account of the environment's credentials; costs cents"
    parser.addoption("--aws", action="store_true", help=told)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what would cost more than cents, or relies on the embedded clock."""
    if config.getoption("--aws"):
        others = [item for item in items if item.get_closest_marker("aws") is None]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def aws(request: pytest.FixtureRequest) -> Iterator[EmbeddedAWS | Account]:
    """Run one embedded AWS for the whole session, a minute per second; tests use names of their own.

    With --aws it is an account of AWS instead.
    """
    if request.config.getoption("--aws"):
        with Account() as account:
            yield account
        return
    with EmbeddedAWS(speed=SPEED) as embedded:
        make_administrator(embedded)
        yield embedded
