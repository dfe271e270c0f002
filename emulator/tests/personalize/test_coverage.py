"""The table of operations in the documentation."""

from pathlib import Path

from embedded_aws.personalize.coverage import SERVICES, SIMPLIFIED, table
from emulator.tests.personalize import models


def test_the_documentation_lists_what_the_code_has() -> None:
    """The generated page is the one in docs, and all operations of the three models are emulated."""
    page = Path(__file__).parents[2] / "docs" / "personalize-operations.md"
    emulated = {(service, name) for service, operations in SERVICES.items() for name in operations}

    assert page.read_text() == table()
    assert emulated == set(models.OPERATIONS)
    assert SIMPLIFIED.keys() <= {name for _, name in models.OPERATIONS}
