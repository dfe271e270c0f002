"""What a first contact costs, said before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass

COLLECTED = "2026-11-28"
"""When the prices were collected: USD, us-east-1, from secondary sources. https://aws.amazon.com/personalize/pricing/"""

INGESTION_PER_GB = 0.05
TRAINING_PER_1000_INTERACTIONS = 0.002
INFERENCE_PER_1000 = 0.15
CAMPAIGN_HOURS = 1
OTHER = 0.25
"""Bound for what is not reckoned: requests, states, functions, logs and storage of an afternoon."""

_TRAININGS = 4
_SMALL_TRAININGS = 3
_JOBS_OF_FEW = 3
_SINGLE = 2
_SECONDS_PER_HOUR = 3600
_BYTES_PER_GB = 10**9
_THOUSAND = 1000


@dataclass(frozen=True)
class Line:
    """One line of the estimate: what, how it is reckoned, USD."""

    what: str
    reckoned: str
    usd: float


def estimate(*, interactions: int, small: int, users: int, few: int, raw_bytes: int) -> list[Line]:
    """Return the lines of the estimate.

    Args:
        interactions: rows of the raw data; fewer are kept, so this is an upper bound.
        small: rows of the imports that the points make for themselves.
        users: who gets recommendations in the first run.
        few: who gets some in three smaller jobs.
        raw_bytes: size of the raw data, an upper bound of what is imported.
    """
    scored = users + _JOBS_OF_FEW * few + _SINGLE
    small_trainings = _SMALL_TRAININGS * small
    return [
        Line(
            "training",
            f"{_TRAININGS} of {interactions:,} interactions, and {small_trainings:,} in small ones, "
            f"{TRAINING_PER_1000_INTERACTIONS} per 1,000",
            (_TRAININGS * interactions + small_trainings) / _THOUSAND * TRAINING_PER_1000_INTERACTIONS,
        ),
        Line(
            "batch inference",
            f"{scored:,} users, {INFERENCE_PER_1000} per 1,000",
            scored / _THOUSAND * INFERENCE_PER_1000,
        ),
        Line(
            "a campaign at 1 TPS",
            f"{CAMPAIGN_HOURS} hour at most: 3,600 requests, {INFERENCE_PER_1000} per 1,000",
            CAMPAIGN_HOURS * _SECONDS_PER_HOUR / _THOUSAND * INFERENCE_PER_1000,
        ),
        Line(
            "imports",
            f"{2 * raw_bytes / _BYTES_PER_GB:.3f} GB, {INGESTION_PER_GB} per GB",
            2 * raw_bytes / _BYTES_PER_GB * INGESTION_PER_GB,
        ),
        Line("the rest", "requests, functions, states, logs: not reckoned, a bound", OTHER),
    ]
