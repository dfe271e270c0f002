"""A pipeline under a customer managed key, with every role and every key policy enforced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.documents import popular, rarely, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS


def document(name: str, **changes: Any) -> dict[str, Any]:
    """Return a small shop with a delivery and a schedule, under a key of its own."""
    job = {"name": "top", "num_results": 5, "deliver": "dynamodb"}
    return shop(
        name=name,
        **{"encryption": {"kms_key": "create"}, "solutions": [popular(batch_inference=[job])], **rarely(), **changes},
    )


@pytest.fixture(scope="module")
def vault(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """Such a shop with raw data."""
    rig = Rig.deploy(aws, document("vault"), tmp_path_factory.mktemp("vault"))
    rig.put_raw("events/part.csv", csv(planted()))
    return rig


def test_a_run_publishes_under_the_key(vault: Rig) -> None:
    """From raw data to tables, in S3 and in DynamoDB, with what each role is granted on the key and nothing more."""
    run = vault.run()
    assert ("SUCCEEDED", "") == (run.status, run.cause)
