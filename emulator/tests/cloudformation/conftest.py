"""What tests of stacks have."""

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack


@pytest.fixture
def stack(aws: EmbeddedAWS) -> Stack:
    """Return a stack that does not exist yet."""
    return Stack(aws)
