import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.athena.support import Lake


@pytest.fixture(scope="module")
def lake(aws: EmbeddedAWS) -> Lake:
    """A bucket, a database and a workgroup for the tests of one module."""
    return Lake(aws)
