"""The embedded AWS of the pipeline tests."""

from tests.pipeline.conftest import aws

__all__ = ["aws"]
