"""The weights with which scorers are added up, chosen on events that the scorers did not see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from embedded_aws.personalize.recipes.components import Scores
from embedded_aws.personalize.recipes.interactions import Interactions, Ints, Mask

_DEPTH: Final = 25
_POOL: Final = 100
_WEIGHTS: Final = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
_SEEN: Final = (0.0, 0.25, 1.0)
_SWEEPS: Final = 2
_MOST_CELLS: Final = 3_000_000
_MOST_EVENTS: Final = 250_000
_DISCOUNTS: Final = (1 / np.log2(np.arange(2, _DEPTH + 2))).astype(np.float32)


@dataclass(frozen=True)
class Blend:
    """A weight per scorer, and the factor on items that the user had already (1 leaves them alone)."""

    weights: tuple[float, ...]
    seen: float = 1.0

    def add_up(self, scores: Sequence[Scores], had: Mask) -> Scores:
        """Return the blend of comparable score tables; `had` marks the items that the users had."""
        total = np.zeros(had.shape, dtype=np.float32)
        for weight, table in zip(self.weights, scores, strict=True):
            if weight:
                total += np.float32(weight) * table
        if self.seen != 1:
            total[had] *= np.float32(self.seen)
        return total


def comparable(scores: Scores) -> Scores:
    """Return the scores with 1 as the largest of each row, so that those of several scorers can be added."""
    highest = scores.max(axis=1, keepdims=True)
    shares: Scores = np.divide(scores, np.where(highest > 0, highest, 1), dtype=np.float32)
    return shares


def some_users(interactions: Interactions) -> Interactions:
    """Return the events of so many users, evenly spread, that choosing weights takes no longer than it must."""
    step = -(-len(interactions) // _MOST_EVENTS)
    return interactions if step <= 1 else interactions.of_users(interactions.user_ids[::step]).without_idle_users()


def validation_users(interactions: Interactions) -> list[str]:
    """Return users with two events or more, evenly spread, as many as fit into memory."""
    able = interactions.users_with(2)
    most = max(1, _MOST_CELLS // max(1, len(interactions.item_ids)))
    return able[:: max(1, -(-len(able) // most))]


def choose(scores: Sequence[Scores], had: Mask, answers: Mask) -> Blend:
    """Return the blend with the best NDCG at 25, found by changing one weight at a time, the last scorer's first.

    The factor on seen items comes before them all: while these fill the lists, no weight tells anything.

    Args:
        scores: per scorer, a comparable users by items table.
        had: users by items, true for what the scorers were asked about.
        answers: users by items, true for what came next; every user has one or more.
    """
    pool, fresh = _pool(scores)
    tables = [np.take_along_axis(table, pool, 1) for table in scores]
    known = np.take_along_axis(had, pool, 1)
    hits = np.take_along_axis(answers, pool, 1) & fresh
    depth = min(_DEPTH, pool.shape[1])
    ideal = np.cumsum(_DISCOUNTS)[np.minimum(answers.sum(axis=1), _DEPTH) - 1]

    def quality(blend: Blend) -> float:
        total = np.where(fresh, blend.add_up(tables, known), -np.inf)
        best = np.argpartition(-total, depth - 1, axis=1)[:, :depth]
        order = np.take_along_axis(best, np.argsort(-np.take_along_axis(total, best, 1), axis=1), 1)
        gains = np.take_along_axis(hits, order, 1) @ _DISCOUNTS[:depth]
        return float((gains / ideal).mean())

    best = Blend((1.0,) * len(scores))
    reached = quality(best)
    for _ in range(_SWEEPS):
        before = best
        for place in reversed(range(len(scores) + 1)):
            for candidate in _changed(best, place):
                if (found := quality(candidate)) > reached:
                    best, reached = candidate, found
        if best == before:
            break
    return best


def _changed(blend: Blend, place: int) -> list[Blend]:
    """Return the blends that differ in one weight, or, behind the last, in the factor on seen items."""
    if place == len(blend.weights):
        return [replace(blend, seen=seen) for seen in _SEEN if seen != blend.seen]
    before, after = blend.weights[:place], blend.weights[place + 1 :]
    others = [weight for weight in _WEIGHTS if weight != blend.weights[place]]
    return [replace(blend, weights=(*before, weight, *after)) for weight in others]


def _pool(scores: Sequence[Scores]) -> tuple[Ints, Mask]:
    """Return, per user, the best items of every scorer, and which of them are no repetitions."""
    size = min(_POOL, scores[0].shape[1])
    best = [np.argpartition(-table, size - 1, axis=1)[:, :size] for table in scores]
    pool = np.sort(np.concatenate(best, axis=1), axis=1).astype(np.int64)
    fresh = np.ones(pool.shape, dtype=np.bool_)
    fresh[:, 1:] = pool[:, 1:] != pool[:, :-1]
    return pool, fresh
