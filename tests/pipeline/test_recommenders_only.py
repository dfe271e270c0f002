"""A pipeline that trains and scores nothing itself: it imports, and keeps recommenders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import needs_chromium, opened
from tests.documents import RECOMMENDERS_ONLY, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run


@pytest.fixture(scope="module")
def first(counter: Rig) -> Run:
    """Its first run."""
    return counter.run()


@pytest.fixture(scope="module")
def counter(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """The shop's counter, deployed, with its raw data."""
    rig = Rig.deploy(aws, shop(name="counter", **RECOMMENDERS_ONLY), tmp_path_factory.mktemp("counter"))
    rig.put_raw("events/part.csv", csv(planted()))
    return rig


def test_recommenders_need_no_solution(counter: Rig, first: Run) -> None:
    """A run imports, makes them, and has the service's metrics of each in its manifest; the next one makes nothing."""
    second = counter.run()
    personalize = counter.aws.client("personalize")

    assert [("SUCCEEDED", ""), ("SUCCEEDED", "")] == [(run.status, run.cause) for run in (first, second)]
    assert first.manifest is not None
    assert second.manifest is not None
    assert ([], []) == (first.manifest["solutions"], first.manifest["batch_inputs"])
    described = {
        each["name"]: personalize.describe_recommender(recommenderArn=each["arn"])["recommender"]
        for each in first.manifest["recommenders"]
    }
    assert {"best-sellers": "ACTIVE", "together": "ACTIVE"} == {
        name: each["status"] for name, each in described.items()
    }
    assert {name: each["modelMetrics"] for name, each in described.items()} == {
        each["name"]: each["metrics"] for each in first.manifest["recommenders"]
    }
    assert all("coverage" in each["modelMetrics"] for each in described.values())
    assert first.manifest["recommenders"] == second.manifest["recommenders"]
    assert ["NONE"] == [each["imports"]["mode"] for each in second.manifest["datasets"]]


@needs_chromium
def test_the_report_shows_their_metrics(counter: Rig, first: Run, tmp_path: Path) -> None:
    """Without tables and versions the page has what there is, and nothing to complain of."""
    assert first.manifest is not None
    file = tmp_path / "report.html"
    file.write_bytes(counter.read(f"runs/{first.id}/report.html"))
    shown = opened(file)

    assert [] == shown.console
    wanted = {
        f"recommenders.{each['name']}.{name}": value
        for each in first.manifest["recommenders"]
        for name, value in each["metrics"].items()
    }
    assert 10 < len(wanted)
    assert wanted == {name: pytest.approx(float(shown.numbers[name])) for name in wanted}


def test_an_input_chooses_no_solutions_where_there_are_none(counter: Rig) -> None:
    """What only solutions have is unknown in the input, and told with what is known."""
    run = counter.run({"solutions": ["for-you"]})

    assert "FAILED" == run.status
    assert "Unknown in the input: solutions" in run.cause
