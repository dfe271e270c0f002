from collections.abc import Iterator

import pytest

from local.server import EmbeddedAWS
from tests.local.support import make_administrator

SPEED = 60.0


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAWS]:
    """Run one embedded AWS for the whole session, a minute per second; tests use names of their own."""
    with EmbeddedAWS(speed=SPEED) as embedded:
        make_administrator(embedded)
        yield embedded
