"""Popularity: the items with the most events or users, the same to everybody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embedded_aws.personalize.recipes.base import Answer, Model, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.interactions import Floats, Interactions, Ints, Mask


@dataclass(frozen=True)
class SameForAll:
    """A model whose answer is one order of the catalogue, whoever asks.

    `order` holds places in the catalogue, best first; `learn` makes such a model from other data.
    """

    catalogue: Sequence[str]
    order: Ints
    learn: Callable[[TrainingData], Model]

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the first allowed items of the order to each question (see `Model`)."""
        del settings
        rows = [None] * len(questions.histories.user_ids) if questions.allowed is None else questions.allowed
        return [Answer([self.catalogue[place] for place in first(self.order, k, row)]) for row in rows]

    def refit(self, data: TrainingData) -> Model:
        """Return the order of other data."""
        return self.learn(data)


def first(order: Ints, k: int, allowed: Mask | None) -> Ints:
    """Return the first `k` places of an order that are allowed; `allowed` is by place."""
    return order[:k] if allowed is None else order[allowed[order]][:k]


def by_popularity(interactions: Interactions) -> Ints:
    """Return the places of the catalogue, the most events first, equal numbers by ID."""
    return descending(interactions.counts)


def descending(scores: Floats) -> Ints:
    """Return places by score, the largest first, equal ones in their order."""
    order: Ints = np.argsort(-scores, kind="stable").astype(np.int64)
    return order


def fit(data: TrainingData, _parameters: Mapping[str, str]) -> SameForAll:
    """Count events."""
    return SameForAll(data.interactions.item_ids, by_popularity(data.interactions), lambda other: fit(other, {}))


def fit_by_users(data: TrainingData, _parameters: Mapping[str, str]) -> SameForAll:
    """Count users, each once per item."""
    had = data.interactions.matrix()
    users = np.bincount(had.indices, minlength=had.shape[1]).astype(np.float64)
    return SameForAll(data.interactions.item_ids, descending(users), lambda other: fit_by_users(other, {}))
