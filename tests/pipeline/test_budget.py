"""The alarm on the budget of a month, of a deployed pipeline."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from embedded_aws import clock
from tests.documents import rarely, shop
from tests.history import a_row
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig
from tests.pipeline.test_freshness import Topic

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS

BUDGET = "frugal-test--budget"


@pytest.fixture(scope="module")
def frugal(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A shop whose runs may cost two cents a month: a deployment of its own, for the budget stands in its alarm."""
    document = shop(name="frugal", budget="0.02 USD", **rarely())
    rig = Rig.deploy(aws, document, tmp_path_factory.mktemp("frugal"))
    rig.put_raw("events/part.csv", csv(planted()))
    return rig


def test_runs_that_cost_too_much_ring_until_the_next_month(frugal: Rig, aws: EmbeddedAWS) -> None:
    """A run costs 0.0126 (scoring 60 users 0.009, training on 1,800 interactions 0.0036) and some for its import.

    With another one of the month that cost a cent it is beyond the budget; the first run of the next month is not.
    """
    now = clock.now()
    if now.day == 1 and not now.hour:
        aws.skip(3600)
    if (now + timedelta(days=1)).month != now.month:
        # The run must end in the month in which the row lies.
        aws.skip(2 * 86_400)
    topic, month = Topic(frugal), clock.now()
    earlier = f"{month:%Y%m}01T000000-aaaaaa"
    body = json.dumps(a_row(run=earlier, pipeline="frugal", stage="test", usd=0.01))
    aws.client("s3").put_object(Bucket=frugal.deployment.bucket, Key=f"history/{earlier}.json", Body=body)
    run = frugal.run()

    assert "SUCCEEDED" == run.status, run.cause
    aws.skip(600)
    rung = topic.hears(BUDGET, "ALARM")
    assert "cost more than the 0.02 USD of budget" in rung["AlarmDescription"]
    assert "CostOfMonth" == rung["Trigger"]["MetricName"]

    aws.skip(((month.replace(day=1) + timedelta(days=32)).replace(day=1) - month).total_seconds())
    frugal.messages()
    after = frugal.run({"training": "full"})

    assert "SUCCEEDED" == after.status, after.cause
    assert month.month != clock.now().month
    aws.skip(600)
    topic.hears(BUDGET, "OK")


def test_the_message_of_a_run_says_what_the_month_has_cost(frugal: Rig) -> None:
    """Subscribers read the sum beside the budget with every run, of a failed one too."""
    frugal.messages()
    failed = frugal.run({"solutions": ["nobody"]})
    (message,) = frugal.messages(failed.id)

    assert "FAILED" == failed.status
    assert "USD of the 0.02 USD of budget" in message["Message"] or "more than the 0.02 USD" in message["Message"]
