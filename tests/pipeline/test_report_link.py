"""Runs of a pipeline whose messages have a link to the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.documents import popular, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS


@pytest.fixture(scope="module")
def linking(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline with links in its messages: a deployment of its own, for they need states and grants."""
    document = shop(name="linking", report_link="6h", schedule=..., solutions=[popular()])
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("linking"))


@pytest.mark.parametrize(("given", "status"), [({}, "SUCCEEDED"), ({"solutions": ["nobody"]}, "FAILED")])
def test_the_message_opens_the_page(linking: Rig, aws: EmbeddedAWS, given: dict[str, list[str]], status: str) -> None:
    """The link of the message opens the page in the function's role, and is in no history of the execution."""
    linking.put_raw("events/part.csv", csv(planted()))
    linking.messages()
    run = linking.run(given)
    (message,) = linking.messages(run.id)
    url = message["Message"].rpartition(" ")[2]

    assert status == run.status, run.cause
    assert linking.read(f"runs/{run.id}/report.html") == urlopen(url, timeout=30).read()  # noqa: S310  # our own
    pages = aws.client("stepfunctions").get_paginator("get_execution_history")
    told = json.dumps([*pages.paginate(executionArn=run.execution["executionArn"])], default=str)
    assert "X-Amz-Signature" not in told
    assert "Notify" in told
    kept = [linking.read(key) for key in linking.keys(f"runs/{run.id}/") if not key.endswith(".html")]
    assert not any(b"X-Amz-Signature" in bytes(body) for body in kept)
