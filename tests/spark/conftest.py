"""The shop of the pipeline suite, whose engine is auto."""

from tests.pipeline.conftest import aws, deployed, rig

__all__ = ["aws", "deployed", "rig"]
