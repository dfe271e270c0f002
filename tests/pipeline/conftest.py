"""The embedded AWS with pipelines deployed to it by the real CDK."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import pytest

from embedded_aws.server import EmbeddedAWS
from tests.documents import shop
from tests.functions.handlers import Bucket
from tests.pipeline.rig import GROUPS, Rig, allow_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

SPEED = 120

# Powertools reads it when a handler is imported, as in Lambda.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Test")


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAWS]:
    """An empty AWS; waits pass 120 times as fast."""
    with EmbeddedAWS(speed=SPEED) as running:
        # Each deployment has a group of its own, and five are what an account has at first.
        allow_groups(running, GROUPS)
        yield running


@pytest.fixture(scope="session")
def deployed(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """The shop pipeline: one trained solution and a popularity baseline."""
    floors = {"normalized_discounted_cumulative_gain_at_25": 0.1}
    solutions = [
        {**shop()["solutions"][0], "quality": {"floors": floors}},
        {
            "name": "popular",
            "recipe": "aws-popularity-count",
            "batch_inference": [{"name": "top", "users": "all", "num_results": 10, "formats": ["csv"]}],
            "quality": {"max_drop": {"coverage": 0.5}, "on_miss": "previous"},
        },
    ]
    timeouts = {"import": "30m", "solution": "30m", "training": "30m", "batch_inference": "30m"}
    # Embedded nights are short: a scheduled start would come between the tests' own.
    document = shop(solutions=solutions, timeouts=timeouts, engine="auto", schedule=...)
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("shop"))


@pytest.fixture
def rig(deployed: Rig) -> Iterator[Rig]:
    """The deployed shop, with an empty mailbox and no faults."""
    deployed.messages()
    yield deployed
    deployed.disarm()


@pytest.fixture
def bucket(aws: EmbeddedAWS, request: pytest.FixtureRequest) -> Bucket:
    """An empty bucket."""
    name = f"functions-{zlib.crc32(request.node.nodeid.encode())}"
    aws.client("s3").create_bucket(Bucket=name)
    return Bucket(aws.client("s3"), name)
