"""The embedded AWS is tested with what the pipelines ask of AWS."""

from __future__ import annotations

import pytest

from tests.stacks.uses import USES, text


@pytest.mark.slow
def test_what_pipelines_use_is_written_down() -> None:
    """A new type or integration changes the file (python -m tests.stacks.uses), and so the embedded AWS's tests run."""
    assert text() == USES.read_text()
