"""Interactions as arrays: what recipes learn from and what they are asked about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Interactions:
    """Events of users with items, sorted by user, then time, then the order in which they came.

    `users` and `items` hold, per event, places in `user_ids` and `item_ids`, which are sorted; `times` are
    epoch seconds. `item_ids` is the catalogue: it may hold items without events. Each user has one event
    or more, except in what `of_users` returns. `weights` holds how much each event counts; None: 1 each.
    """

    users: Ints
    items: Ints
    times: Ints
    user_ids: Sequence[str]
    item_ids: Sequence[str]
    weights: Floats | None = None

    @classmethod
    def of(
        cls,
        user_ids: Iterable[str],
        item_ids: Iterable[str],
        times: Iterable[int],
        catalogue: Iterable[str] = (),
        weights: Iterable[float] | None = None,
    ) -> Self:
        """Return the events given by their columns, with the items of `catalogue` added to theirs."""
        had = pl.Series(item_ids, dtype=pl.String)
        users, user_places = _coded(pl.Series(user_ids, dtype=pl.String))
        items, item_places = _coded(pl.concat([had, pl.Series(catalogue, dtype=pl.String)]))
        stamps = pl.Series(times, dtype=pl.Int64).to_numpy()
        order = np.lexsort((stamps, user_places))
        heavy = None if weights is None else pl.Series(weights, dtype=pl.Float64).to_numpy()[order]
        return cls(user_places[order], item_places[: len(had)][order], stamps[order], users, items, heavy)

    def __len__(self) -> int:
        return len(self.users)

    @property
    def counts(self) -> Floats:
        """The summed weights of the events of each item of the catalogue."""
        return np.bincount(self.items, self.weights, len(self.item_ids)).astype(np.float64)

    @property
    def lengths(self) -> Ints:
        """Events per user."""
        return np.bincount(self.users, minlength=len(self.user_ids)).astype(np.int64)

    def from_end(self) -> Ints:
        """Return, per event, how many later events its user has."""
        ends = np.cumsum(self.lengths) - 1
        places: Ints = ends[self.users] - np.arange(len(self), dtype=np.int64)
        return places

    def where(self, mask: Mask) -> "Interactions":
        """Return the events of a mask; users and catalogue stay the same."""
        return replace(
            self, users=self.users[mask], items=self.items[mask], times=self.times[mask], weights=self._weights(mask)
        )

    def weighing(self, weights: Floats | None) -> "Interactions":
        """Return the same events with other weights."""
        return replace(self, weights=weights)

    def _weights(self, events: Any) -> Floats | None:
        return None if self.weights is None else self.weights[events]

    def without_idle_users(self) -> "Interactions":
        """Return the same events with only those users that have any."""
        active, users = np.unique(self.users, return_inverse=True)
        ids = [self.user_ids[place] for place in active]
        return replace(self, users=users.astype(np.int64), user_ids=ids)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {user: place for place, user in enumerate(self.user_ids)}

    def of_users(self, user_ids: Sequence[str]) -> "Interactions":
        """Return the events of these users, in their order; unknown users have none."""
        known = np.asarray([self._places.get(user, -1) for user in user_ids], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(self.lengths)])
        begin = np.where(known >= 0, starts[known], 0)
        size = np.where(known >= 0, starts[known + 1] - starts[known], 0)
        users = np.repeat(np.arange(len(user_ids), dtype=np.int64), size)
        offsets = np.arange(len(users), dtype=np.int64) - np.repeat(np.cumsum(size) - size, size)
        events = np.repeat(begin, size) + offsets
        weights = self._weights(events)
        return Interactions(users, self.items[events], self.times[events], user_ids, self.item_ids, weights)

    def block(self, start: int, end: int) -> "Interactions":
        """Return the events of the users at these places, `end` excluded."""
        first, last = np.searchsorted(self.users, [start, end])
        return Interactions(
            self.users[first:last] - start,
            self.items[first:last],
            self.times[first:last],
            self.user_ids[start:end],
            self.item_ids,
            self._weights(slice(first, last)),
        )

    def matrix(self, weights: Floats | None = None) -> Any:
        """Return the users by items matrix (CSR) of summed weights: those given, times those of the events."""
        values = np.ones(len(self)) if weights is None else weights
        if self.weights is not None:
            values = values * self.weights
        shape = (len(self.user_ids), len(self.item_ids))
        return sparse.csr_array((values, (self.users, self.items)), shape=shape)

    def faded(self, decay: float) -> Any:
        """Return the matrix in which each event weighs `decay` times as much as its user's next one."""
        return self.matrix(np.power(decay, self.from_end(), dtype=np.float64))

    def users_with(self, events: int) -> list[str]:
        """Return the users with that many events or more."""
        return [self.user_ids[int(place)] for place in np.flatnonzero(self.lengths >= events)]

    def split_newest(self, share: float) -> tuple["Interactions", "Interactions"]:
        """Return the older events and the newest `share` (rounded up) of the users with two or more."""
        lengths = self.lengths
        held_out = np.where(lengths > 1, np.ceil(lengths * share), 0).astype(np.int64)
        newest = self.from_end() < held_out[self.users]
        return self.where(~newest), self.where(newest)

    def split_random(self, share: float, seed: int = 0) -> tuple["Interactions", "Interactions"]:
        """Return all events but a random `share` (rounded up) of those of users with two or more, and that share."""
        order = np.lexsort((np.random.default_rng(seed).random(len(self)), self.users))
        places = np.empty(len(self), dtype=np.int64)
        places[order] = self.from_end()
        lengths = self.lengths
        chosen = places < np.where(lengths > 1, np.minimum(np.ceil(lengths * share), lengths - 1), 0)[self.users]
        return self.where(~chosen), self.where(chosen)


def _coded(ids: pl.Series) -> tuple[list[str], Ints]:
    """Return the distinct IDs, sorted, and the place of each ID among them."""
    distinct = ids.unique().sort()
    places = ids.cast(pl.Enum(distinct)).to_physical().to_numpy().astype(np.int64)
    return distinct.to_list(), places
