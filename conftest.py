"""What holds for the tests of every suite.

The garbage collector looks at what tests make, not at a million imports. `make quick` generates a tenth of what
Hypothesis generates else.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

# No test says how long something takes: on a busy machine a case of a generator would fail by it.
settings.register_profile("untimed", deadline=None)
settings.register_profile("quick", max_examples=10, deadline=None)
settings.load_profile("untimed")


def pytest_configure() -> None:
    """Collect rarely: each collection walks everything that the CDK, moto and botocore hold."""
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    """Leave alone from now on what was imported: unpickling a state machine takes 14 ms then, 38 as Python begins."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Measure no generated case: what thousands of them reach examples reach, and tracing them takes twice the time."""
    trace = sys.gettrace()
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(trace)


def pytest_unconfigure() -> None:
    """Let go of it at the end: DuckDB's bindings tell on the terminal what is still held when Python ends."""
    gc.unfreeze()
