"""How new items are.

Rules: Developer Guide, items-datasets: an item without CREATION_TIMESTAMP is as old as its oldest interaction, and one
without interactions as new as the latest interaction of all.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from embedded_aws.personalize.recipes.base import Exploration, TrainingData
from embedded_aws.personalize.recipes.interactions import Floats, Mask

_DAY: Final = 86400


@dataclass(frozen=True)
class Novelty:
    """Per item, its age in days when the newest event happened, and its number of events."""

    age: Floats
    events: Floats

    def either(self, exploration: Exploration, events: float) -> Mask:
        """Return the items that are young enough or have few events."""
        mask: Mask = (self.age <= exploration.age_cut_off) | (self.events <= events)
        return mask

    def both(self, exploration: Exploration, events: float) -> Mask:
        """Return the items that are young enough and have few events."""
        mask: Mask = (self.age <= exploration.age_cut_off) & (self.events <= events)
        return mask


def novelty(data: TrainingData) -> Novelty:
    """Return how new the items of the catalogue are."""
    events = np.bincount(data.interactions.items, minlength=len(data.interactions.item_ids))
    return Novelty(ages(data), events.astype(np.float64))


def ages(data: TrainingData) -> Floats:
    """Return the items' ages in days at the time of the latest event (negative for what was created later)."""
    interactions = data.interactions
    created = np.full(len(interactions.item_ids), np.inf)
    np.minimum.at(created, interactions.items, interactions.times.astype(np.float64))
    if "CREATION_TIMESTAMP" in data.items.rows.columns:
        known = data.items.rows.get_column("CREATION_TIMESTAMP").cast(pl.Float64)
        created = known.fill_null(pl.Series(created)).to_numpy()
    dated = created[np.isfinite(created)]
    latest = float(interactions.times.max()) if len(interactions) else float(dated.max(initial=0.0))
    return (latest - np.where(np.isfinite(created), created, latest)) / _DAY
