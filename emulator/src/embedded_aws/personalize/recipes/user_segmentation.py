"""Item-Affinity and Item-Attribute-Affinity: the users who will most likely interact with an item, or any of a group.

A user's affinity to an item is the share that the item has in the scores of all items which the user did not have,
times the square root of the user's events: who does more will more likely do this, too. The scores are those of EASE
and of the spectral model, without recency, and of transitions from recent events. Items that the user had count by
their share in the history instead. The weights are chosen on a held back fifth of each user's events, by the recall
among 1 % of the users.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # publishes no types

from embedded_aws.personalize.recipes import components
from embedded_aws.personalize.recipes.base import Answer, Segmenter, TrainingData
from embedded_aws.personalize.recipes.blend import some_users, validation_users
from embedded_aws.personalize.recipes.components import Scorer, Scores
from embedded_aws.personalize.recipes.interactions import Interactions, Ints, Mask
from embedded_aws.personalize.recipes.preferences import BLOCK_CELLS, THREADS, marks
from embedded_aws.personalize.recipes.user_personalization import top

_VALIDATION_SHARE: Final = 0.2
_MOST_CELLS: Final = 4_000_000
_FEW: Final = 5
_HARDLY: Final = 1e-6
"""Puts those who had an item already before those whom nothing connects with it, where nobody repeats."""


@dataclass(frozen=True)
class Mixture:
    """Weights of the affinities beside EASE: by recent transitions, by the spectral model, and by own repeats."""

    repeats: float = _HARDLY
    transitions: float = 0.5
    spectral: float = 0.0


_CANDIDATES: Final[dict[str, tuple[float, ...]]] = {
    "repeats": (_HARDLY, 0.01, 0.1, 1.0, 10.0),
    "transitions": (0.0, 0.25, 0.5, 1.0),
    "spectral": (0.0, 0.5, 1.0),
}


def fit(data: TrainingData, parameters: Mapping[str, str]) -> Segmenter:
    """Choose the mixture on held back events, then learn from all of them."""
    rank = int(parameters.get("hidden_dimension", "149")) // 6
    with threadpool_limits(THREADS, "blas"):
        return UserSegmentation(data.interactions, rank, _chosen(some_users(data.interactions), rank)).learned()


def _chosen(interactions: Interactions, rank: int) -> Mixture:
    known, wanted = interactions.split_newest(_VALIDATION_SHARE)
    if not len(wanted):
        return Mixture()
    trial = UserSegmentation(known, rank, Mixture())
    users = validation_users(interactions)
    asked = wanted.of_users(users)
    items = np.unique(asked.items)
    items = items[:: max(1, len(items) * len(users) // _MOST_CELLS)]
    answers = (asked.matrix().tocsc()[:, items] > 0).toarray().T
    tables = trial.tables([np.asarray([item]) for item in items], known.of_users(users))
    best, reached = Mixture(), -1.0
    for name, candidates in _CANDIDATES.items():
        for candidate in candidates:
            mixture = replace(best, **{name: candidate})
            recall = _recall(mixed(tables, mixture), answers)
            if recall > reached:
                best, reached = mixture, recall
    return best


def _recall(scores: Scores, answers: Mask) -> float:
    """Return the mean share of each row's answers among the best 1 % of the columns, or the best few of not many."""
    users = answers.shape[1]
    depth = max(1, -(-users // 100), min(_FEW, users // 10))
    top = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
    found = np.take_along_axis(answers, top, 1).sum(axis=1)
    return float((found / answers.sum(axis=1)).mean())


def mixed(tables: Sequence[Scores], mixture: Mixture) -> Scores:
    """Return the affinities, groups by users: EASE, and the other tables by their weights."""
    total = tables[0].copy()
    for table, weight in zip(tables[1:], (mixture.transitions, mixture.spectral, mixture.repeats), strict=True):
        if weight:
            total += np.float32(weight) * table
    return total


@dataclass(frozen=True)
class UserSegmentation:
    """The fitted recipe (see `Segmenter`)."""

    interactions: Interactions
    rank: int
    mixture: Mixture

    @property
    def catalogue(self) -> Sequence[str]:
        """The IDs of the items, sorted."""
        return self.interactions.item_ids

    @property
    def user_ids(self) -> Sequence[str]:
        """The IDs of the users, sorted."""
        return self.interactions.user_ids

    def learned(self) -> "UserSegmentation":
        """Return itself, having learned now rather than when first asked."""
        with threadpool_limits(THREADS, "blas"):
            self.scorers  # noqa: B018  # cached
        return self

    def refit(self, data: TrainingData) -> Segmenter:
        """Return the model of other data with the same mixture."""
        return UserSegmentation(data.interactions, self.rank, self.mixture).learned()

    @cached_property
    def scorers(self) -> list[Scorer]:
        """EASE, transitions and the spectral scorer."""
        return [
            components.ease(self.interactions, 1.0),
            components.transitions(self.interactions, 0.9),
            components.spectral(self.interactions, 1.0, 1.0, self.rank),
        ]

    def segment(self, groups: Sequence[Ints], k: int, allowed: Mask | None = None) -> list[Answer]:
        """Return the `k` users with the most affinity to each group (see `Segmenter`)."""
        answers = []
        step = max(1, BLOCK_CELLS // max(1, min(k, len(self.user_ids))))
        for start in range(0, len(groups), step):
            answers += self._best(groups[start : start + step], k, allowed)
        return answers

    def _best(self, groups: Sequence[Ints], k: int, allowed: Mask | None) -> list[Answer]:
        """Answer groups that fit into memory, each user's scores being computed once for all of them."""
        values = np.zeros((len(groups), 0), dtype=np.float32)
        users = np.zeros((len(groups), 0), dtype=np.int64)
        for start, tables in self._blocks(groups, self.interactions):
            found = mixed(tables, self.mixture)
            who = np.arange(start, start + found.shape[1])
            if allowed is not None:
                who = who[allowed[who]]
                found = found[:, allowed[start : start + found.shape[1]]]
            values = np.concatenate([values, found], axis=1)
            users = np.concatenate([users, np.broadcast_to(who, found.shape)], axis=1)
            best = top(values, k, None)
            values, users = np.take_along_axis(values, best, 1), np.take_along_axis(users, best, 1)
        return [Answer([self.user_ids[user] for user in row]) for row in users.tolist()]

    def tables(self, groups: Sequence[Ints], histories: Interactions) -> list[Scores]:
        """Return, groups by users, the affinities by each scorer, then those by what the users had."""
        blocks = [tables for _, tables in self._blocks(groups, histories)]
        return [np.concatenate(parts, axis=1) for parts in zip(*blocks, strict=True)]

    def _blocks(self, groups: Sequence[Ints], histories: Interactions) -> Iterator[tuple[int, list[Scores]]]:
        """Yield the same for the users of one block after the other, with the place of the first."""
        sizes = [len(group) for group in groups]
        places = np.concatenate([np.zeros(0, dtype=np.int64), *groups])
        rows = np.repeat(np.arange(len(groups)), sizes)
        picked = sparse.csr_array(
            (np.ones(len(places), dtype=np.float32), (rows, places)), shape=(len(groups), len(self.catalogue))
        )
        step = max(1, BLOCK_CELLS // max(1, len(self.catalogue), len(groups)))
        for start in range(0, len(histories.user_ids), step):
            with threadpool_limits(THREADS, "blas"):
                yield start, [picked @ table.T for table in self._affinities(histories.block(start, start + step))]

    def _affinities(self, block: Interactions) -> list[Scores]:
        """Return, users by items, what `tables` sums over the groups."""
        had = marks(block)
        tables = [np.where(had, 0, np.maximum(scorer(block), 0)) for scorer in self.scorers]
        tables.append(block.matrix().astype(np.float32).toarray())
        drive = np.sqrt(block.lengths.astype(np.float32))[:, None]
        return [table * (drive / np.maximum(table.sum(axis=1, keepdims=True), 1e-12)) for table in tables]
