"""What the pipelines' tests have: the embedded AWS, a bucket for calls of one function, a shop to tear down."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.conftest import aws, bucket, deployed, rig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from embedded_aws.server import EmbeddedAWS

__all__ = ["aws", "bucket", "deployed", "rig"]

_OF_THE_EMBEDDED_AWS = ("embedded_aws", "moto", "socketserver", "werkzeug")


@pytest.fixture(scope="session", autouse=True)
def measured() -> Iterator[None]:
    """Measure no thread of the embedded AWS: another suite covers it, and a traced server takes twice the time."""
    trace = threading.gettrace()

    def ours(frame: FrameType, event: Any, arg: Any) -> Any:
        target = getattr(threading.current_thread(), "_target", None)
        if trace is None or getattr(target, "__module__", "").startswith(_OF_THE_EMBEDDED_AWS):
            sys.settrace(None)
            return None
        return trace(frame, event, arg)

    threading.settrace(ours)
    yield
    threading.settrace(trace)


@pytest.fixture(scope="session", autouse=True)
def environment(aws: EmbeddedAWS) -> Iterator[None]:  # the fixture
    """Let functions that are called in this process find the embedded AWS, from before the first call to the end.

    A thread of Polars that outlives its query reads the environment (POLARS_LOG_CONCURRENCY). Until glibc 2.41 memory
    that it reads is freed when a variable is added, which ended one process in some thousand calls: so none is added
    for one test and removed after it.
    """
    with aws.in_environment():
        yield
