"""What the runs of a month have cost, as the function of the report tells it for the alarm on the budget."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.reporting import called, leave
from tests.history import a_row
from tests.manifests import RUN

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket

# The function counts nothing; Powertools says so at every call.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

ROWS = [("u", "i", 1_700_000_000)]


def put_row(bucket: Bucket, run: str, usd: float | None) -> None:
    """Leave the row of another run."""
    bucket.put(f"history/{run}.json", json.dumps(a_row(run=run, usd=usd)))


def finished(bucket: Bucket, usd: str | None, *parts: dict[str, Any], budget: str | None = "10.5") -> dict[str, Any]:
    """Return what the function answers for a run of November 2026 whose manifest says what it cost."""
    document = leave(bucket, ROWS, [("u", "i")])
    document["usage"] |= {"usd": usd, "parts": list(parts)}
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(document))
    return called(bucket, **({"budget": budget} if budget else {}))


def test_the_runs_of_the_month_add_up(bucket: Bucket) -> None:
    """Rows of the run's month in UTC count, those of other months and years do not, nor an earlier attempt of its own.

    3.1 + 2.2 + 0.4 are 5.7, which floats are not.
    """
    for run, usd in (
        ("20261101T000000-aaaaaa", 3.1),
        ("20261130T235959-bbbbbb", 2.2),
        (RUN, 100),
        ("20261031T235959-cccccc", 50),
        ("20261201T000000-dddddd", 50),
        ("20251101T000000-eeeeee", 50),
    ):
        put_row(bucket, run, usd)
    answer = finished(bucket, "0.4")

    assert {
        "month": "2026-11",
        "usd": 5.7,
        "runs": 3,
        "runs_unknown": 0,
        "told": "The runs of November 2026 (UTC) have cost 5.7000 USD of the 10.50 USD of budget.",
    } == answer["month"]


def test_what_is_not_known_is_said(bucket: Bucket) -> None:
    """Runs without a cost, rows that cannot be read, and parts of this run without a price are no zeros in silence."""
    put_row(bucket, "20261102T000000-aaaaaa", 11)
    put_row(bucket, "20261103T000000-aaaaaa", None)
    bucket.put("history/20261104T000000-aaaaaa.json", "{")
    part = {"part": "training buyers", "quantity": None, "unit": "hours", "usd": None, "reckoned": "unknown"}
    month = finished(bucket, "0.25", part)["month"]

    assert (11.25, 4, 2) == (month["usd"], month["runs"], month["runs_unknown"])
    assert (
        "The runs of November 2026 (UTC) have cost 11.2500 USD, more than the 10.50 USD of budget; what 2 of the 4 "
        "runs have cost is not known and not in it; of this run nobody knows what it paid for training buyers."
    ) == month["told"]


def test_nothing_known_is_no_amount(bucket: Bucket) -> None:
    """Where no run has a known cost there is none to send, and the sentence says so."""
    month = finished(bucket, None)["month"]

    assert (None, 1, 1) == (month["usd"], month["runs"], month["runs_unknown"])
    assert month["told"].startswith("What the runs of November 2026 (UTC) have cost is not known")


def test_without_a_budget_nothing_is_added_up(bucket: Bucket) -> None:
    """The rows of the month are not even read."""
    assert finished(bucket, "0.4", budget=None)["month"] is None
