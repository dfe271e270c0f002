"""Interactions to recommend from: MovieLens 100K, its splits, and synthetic events of any number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from embedded_aws.personalize.recipes.base import Metadata, TrainingData
from embedded_aws.personalize.recipes.interactions import Interactions

if TYPE_CHECKING:
    from pathlib import Path

GROUPS = 20


def movielens(folder: Path) -> Interactions:
    """Return the ratings of MovieLens 100K as events, whatever the rating."""
    columns = {"user": pl.String, "item": pl.String, "rating": pl.Float64, "time": pl.Int64}
    rows = pl.read_csv(folder / "u.data", separator="\t", has_header=False, schema=columns)
    return Interactions.of(rows["user"], rows["item"], rows["time"])


def random_quarter(interactions: Interactions, seed: int) -> tuple[Interactions, Interactions]:
    """Return round(75 %) of every user's events, drawn at random, and the others, as that benchmark splits."""
    order = np.lexsort((np.random.default_rng(seed).random(len(interactions)), interactions.users))
    later = np.empty(len(interactions), dtype=np.int64)
    later[order] = interactions.from_end()
    lengths = interactions.lengths
    test = later < (lengths - np.round(lengths * 0.75))[interactions.users]
    return interactions.where(~test), interactions.where(test)


def newest_of_some(interactions: Interactions, part: int, parts: int = 10) -> tuple[Interactions, ...]:
    """Return what trains, inputs and answers: the newest tenth of the events of one of `parts` sets of users."""
    held = np.zeros(len(interactions.user_ids), dtype=np.bool_)
    held[np.random.default_rng(0).permutation(len(held))[part::parts]] = True
    users = [interactions.user_ids[int(place)] for place in np.flatnonzero(held)]
    training = interactions.where(~held[interactions.users]).without_idle_users()
    return training, *interactions.of_users(users).split_newest(0.1)


def synthetic(events: int, users: int, items: int) -> Interactions:
    """Return events of users with tastes: 60 % fall on items of the user's group, popularity follows a power law."""
    rng = np.random.default_rng(0)
    activity = rng.lognormal(0, 1, users)
    who = rng.choice(users, events, p=activity / activity.sum())
    popularity = 1 / np.arange(1, items + 1) ** 0.8
    drawn = rng.choice(items, events, p=popularity / popularity.sum())
    taste = rng.integers(0, GROUPS, users)
    own = rng.random(events) < 0.6
    what = np.where(own, drawn // GROUPS * GROUPS + taste[who], drawn) % items
    when = 1_600_000_000 + rng.integers(0, 10**7, events)
    return Interactions.of(pl.Series(who).cast(pl.String), pl.Series(what).cast(pl.String), when)


def training_data(interactions: Interactions) -> TrainingData:
    """Return interactions without metadata."""
    items = Metadata(pl.DataFrame({"ITEM_ID": list(interactions.item_ids)}))
    return TrainingData(interactions, items, Metadata(pl.DataFrame({"USER_ID": list(interactions.user_ids)})))
