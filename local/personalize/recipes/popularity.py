"""Popularity-Count: the items with the most events, the same for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from local.personalize.recipes.base import Exploration, Recommendations
from local.personalize.recipes.interactions import Interactions


@dataclass(frozen=True)
class PopularityCount:
    """Items by events, the most first; the same number by ID."""

    ranking: list[str]

    def recommend(
        self, histories: Interactions, k: int, exploration: Exploration | None = None
    ) -> list[Recommendations]:
        """Return the most popular items to each user (see `Model`)."""
        del exploration
        return [Recommendations(self.ranking[:k], None) for _ in histories.user_ids]

    def refit(self, interactions: Interactions) -> "PopularityCount":
        """Return the counts of other data."""
        return fit(interactions, {})


def fit(interactions: Interactions, _parameters: Mapping[str, str]) -> PopularityCount:
    """Count."""
    order = np.argsort(-interactions.counts, kind="stable")
    return PopularityCount([interactions.item_ids[place] for place in order])
