"""Trending-Now: the items whose interactions increased the most over the latest interval.

Rule: Developer Guide, native-recipe-trending-now: every `trend_discovery_frequency`, the items with the greatest
rate of increase in interactions over intervals of that length. Here an item's rate is its count of events that
halves with every interval of age, so that a quiet interval does not make it forget; its trend is how much that rate
grew over the last interval before the latest event. Items that do not rise follow, the most popular first.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from embedded_aws.personalize.recipes.base import TrainingData
from embedded_aws.personalize.recipes.interactions import Floats, Interactions
from embedded_aws.personalize.recipes.popularity import SameForAll

FREQUENCIES: Final = {"30 minutes": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800, "1 day": 86400}
"""Seconds of each `trend_discovery_frequency`."""

_DEFAULT: Final = "2 hours"


def fit(data: TrainingData, parameters: Mapping[str, str]) -> SameForAll:
    """Find the trends at the time of the latest event."""
    interval = FREQUENCIES[parameters.get("trend_discovery_frequency", _DEFAULT).lower()]
    interactions = data.interactions
    growth = increase(interactions, int(interactions.times.max(initial=0)), interval)
    order = np.lexsort((-interactions.counts, -np.maximum(growth, 0)))
    return SameForAll(interactions.item_ids, order.astype(np.int64), lambda other: fit(other, parameters))


def increase(interactions: Interactions, now: int, interval: int) -> Floats:
    """Return, per item, by how much its fading count grew over the `interval` seconds before `now`."""
    return _rate(interactions, now, interval) - _rate(interactions, now - interval, interval)


def _rate(interactions: Interactions, now: int, interval: int) -> Floats:
    past = interactions.where(interactions.times <= now)
    weights = 0.5 ** ((now - past.times.astype(np.float64)) / interval)
    if past.weights is not None:
        weights = weights * past.weights
    return np.bincount(past.items, weights, len(interactions.item_ids)).astype(np.float64)
