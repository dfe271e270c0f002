"""A run that would cost more than its file allows ends before anything is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.documents import shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig
from transform.contract import TransformReport

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS


@pytest.fixture(scope="module")
def thrifty(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline whose runs may cost a cent: a deployment of its own, for the limit stands in its state machine."""
    return Rig.deploy(aws, shop(name="thrifty", max_cost="0.01 USD", schedule=...), tmp_path_factory.mktemp("thrifty"))


def test_a_run_over_max_cost_ends_before_its_import(thrifty: Rig) -> None:
    """Scoring 60 users (0.009) and training on 1,800 interactions (0.0036) are too much; with 40 users it goes on."""
    thrifty.put_raw("events/part.csv", csv(planted()))
    refused = thrifty.run({})

    assert ("FAILED", "CostRefused") == (refused.status, refused.execution["error"])
    assert "the run would cost 0.0126 USD, more than the 0.0100 USD of max_cost" in refused.cause
    assert "for-you/top alone 0.0090 (60 users; 0.15 per 1,000 requests). users: {active: 30d}" in refused.cause
    assert refused.failure is not None
    assert "raise max_cost in the pipeline file" in refused.failure["remedy"]
    assert ([], []) == (thrifty.import_jobs(), thrifty.versions())

    thrifty.put_raw("events/part.csv", csv(planted(users=40)))
    again = thrifty.run({"run": refused.id})

    assert "SUCCEEDED" == again.status, again.cause
    report = TransformReport.model_validate_json(thrifty.read(f"runs/{refused.id}/data-report.json"))
    assert report.cost is not None
    assert (False, 3) == (report.cost.refused, len(report.cost.parts))
