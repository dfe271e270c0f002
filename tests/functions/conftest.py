"""What the pipelines' tests have: the embedded AWS, a bucket for calls of one function, a shop to tear down."""

from __future__ import annotations

from tests.pipeline.conftest import aws, bucket, deployed, rig

__all__ = ["aws", "bucket", "deployed", "rig"]
