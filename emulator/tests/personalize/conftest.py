import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import Account


@pytest.fixture
def account(aws: EmbeddedAWS) -> Account:
    """Give the test an account of its own: names and quotas are per account."""
    return Account(aws)


@pytest.fixture(scope="module")
def shared(aws: EmbeddedAWS) -> Account:
    """Give the tests of a module an account together, for what leaves nothing behind or takes new names."""
    return Account(aws)
