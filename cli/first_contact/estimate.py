"""What a first contact costs, said before anything is spent."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from pricing.reckoning.charges import (
    BYTES_PER_GB,
    Charge,
    campaign_charges,
    job_charges,
    training_charge,
)
from pricing.reckoning.estimate import estimate as reckon
from pricing.tables.load import DEFAULT_REGION, bundled

COLLECTED = bundled().newest
"""The day of the newest of the prices, which are those of us-east-1."""

CAMPAIGN_HOURS = 1
OTHER = Decimal("0.25")
"""Bound for what is not reckoned: requests, states, functions, logs and storage of an afternoon."""

_RECIPE = "aws-user-personalization-v2"
_TRAININGS = 4
_SMALL_TRAININGS = 3
_JOBS_OF_FEW = 3
_SINGLE = 2


class Line(NamedTuple):
    """One line of the estimate: what, how it is reckoned, USD."""

    what: str
    reckoned: str
    usd: Decimal


def estimate(*, interactions: int, small: int, users: int, few: int, raw_bytes: int) -> list[Line]:
    """Return the lines of the estimate.

    Args:
        interactions: rows of the raw data; fewer are kept, so this is an upper bound.
        small: rows of the imports that the points make for themselves.
        users: who gets recommendations in the first run.
        few: who gets some in three smaller jobs.
        raw_bytes: size of the raw data, an upper bound of what is imported.
    """
    trained = _TRAININGS * interactions + _SMALL_TRAININGS * small
    scored = users + _JOBS_OF_FEW * few + _SINGLE
    size = Decimal(2 * raw_bytes) / BYTES_PER_GB
    (scoring,) = job_charges("", "", _RECIPE, kind="inference", lines=scored, themed=False)
    (campaign,) = campaign_charges("", _RECIPE, tps=1, hours=Decimal(CAMPAIGN_HOURS), metadata=False)
    charges = {
        f"training, {_TRAININGS} whole and {_SMALL_TRAININGS} small ones": training_charge(
            "", _RECIPE, interactions=trained, hours=None
        ),
        "batch inference": scoring,
        "a campaign": campaign,
        "imports": Charge("imports", "import", "ingestion", size, f"{size:.3f} GB"),
    }
    lines = reckon(charges.values(), bundled().rates(DEFAULT_REGION)).lines
    told = [
        Line(what, line.reckoned, line.usd) for what, line in zip(charges, lines, strict=True) if line.usd is not None
    ]
    return [*told, Line("the rest", "requests, functions, states, logs: not reckoned, a bound", OTHER)]
