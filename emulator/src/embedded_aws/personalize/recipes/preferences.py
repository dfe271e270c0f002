"""What users like: sequence transitions, EASE, spectral scores, repeats and trends, blended.

The service's own models are neural and secret; these learn the same things from the same data. Which of them
matter, and whether items that the user had already should come again, is chosen on events that were held back: the
newest tenth of each user's, or, without recency bias, a random quarter. Items come in three ranks: those with a score
of their own; those that other people connect with the user's items, however indirectly; all others. The last two are
ordered by popularity, and so is everything for users without a history.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # publishes no types

from embedded_aws.personalize.recipes import components
from embedded_aws.personalize.recipes.base import TrainingData
from embedded_aws.personalize.recipes.blend import Blend, choose, comparable, some_users, validation_users
from embedded_aws.personalize.recipes.components import Scorer, Scores
from embedded_aws.personalize.recipes.interactions import Floats, Interactions, Ints, Mask

THREADS: Final = 2
BLOCK_CELLS: Final = 8_000_000

_NEWEST_SHARE: Final = 0.1
_RANDOM_SHARE: Final = 0.25


@dataclass(frozen=True)
class Style:
    """What the hyperparameters of personal recipes change.

    Args:
        recency: whether recent events count more, when learning and when asked.
        window: how many events back a transition reaches.
        rank: dimensions of the spectral scores.
        shortest, longest: percentiles (0 to 1) of the lengths of the histories that are learned from.
    """

    recency: bool = True
    window: int = 16
    rank: int = 24
    shortest: float = 0.0
    longest: float = 1.0

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Style":
        """Return what the hyperparameters say; those that are missing have the service's defaults.

        A hidden dimension of the service's network stands for a sixth of a dimension here, and an event of its
        `bptt` for half an event, so that both defaults mean what works best here.
        """
        words = (parameters.get("apply_recency_bias", "true"), parameters.get("recency_mask", "true"))
        return cls(
            recency=all(word.lower() == "true" for word in words),
            window=max(1, int(parameters.get("bptt", "32")) // 2),
            rank=int(parameters.get("hidden_dimension", "149")) // 6,
            shortest=float(parameters.get("min_user_history_length_percentile", "0.0")),
            longest=float(parameters.get("max_user_history_length_percentile", "1.0")),
        )


def learn(data: TrainingData, style: Style) -> "Preferences":
    """Choose the blend on held back events, then learn from all of them."""
    usual = of_usual_users(data.interactions, style.shortest, style.longest)
    with threadpool_limits(THREADS, "blas"):
        return Preferences(data.interactions, style, _chosen(usual, style)).learned()


def of_usual_users(interactions: Interactions, shortest: float, longest: float) -> Interactions:
    """Return the events of users whose history length lies between two percentiles (0 to 1), both included."""
    if shortest <= 0 and longest >= 1:
        return interactions
    lengths = interactions.lengths
    found = lengths[lengths > 0]
    low, high = np.quantile(found, shortest, method="lower"), np.quantile(found, longest, method="higher")
    usual = (lengths >= low) & (lengths <= high)
    return interactions.where(usual[interactions.users])


def _scorers(interactions: Interactions, style: Style, blend: Blend | None = None) -> list[Scorer | None]:
    """Return the scorers, None where a blend does without."""
    fade = 0.99 if style.recency else 1.0
    makers: list[Callable[[], Scorer]] = [
        lambda: components.transitions(interactions, 0.8 if style.recency else 1.0, style.window),
        lambda: components.ease(interactions, 0.97 if style.recency else 1.0),
        lambda: components.spectral(interactions, fade, 0.9 if style.recency else 1.0, style.rank),
        lambda: components.repeats(interactions, fade),
        lambda: components.trend(interactions) if style.recency else components.popularity(interactions),
    ]
    weights = (1.0,) * len(makers) if blend is None else blend.weights
    return [make() if weight else None for make, weight in zip(makers, weights, strict=True)]


def _chosen(interactions: Interactions, style: Style) -> Blend:
    sample = some_users(interactions)
    split = sample.split_newest(_NEWEST_SHARE) if style.recency else sample.split_random(_RANDOM_SHARE)
    known, wanted = split
    users = validation_users(sample)
    if not users:
        return Blend((1.0,) * 5)
    histories = known.of_users(users)
    scores = _tables(_scorers(known, style), histories)
    return choose(scores, marks(histories), marks(wanted.of_users(users)))


def _tables(scorers: Sequence[Scorer | None], histories: Interactions) -> list[Scores]:
    """Return the comparable scores of histories, nothing where there is no scorer."""
    nothing = np.zeros((1, 1), dtype=np.float32)
    return [nothing if scorer is None else comparable(scorer(histories)) for scorer in scorers]


def marks(interactions: Interactions) -> Mask:
    """Return users by items, true where there is an event."""
    had = np.zeros((len(interactions.user_ids), len(interactions.item_ids)), dtype=np.bool_)
    had[interactions.users, interactions.items] = True
    return had


@dataclass(frozen=True)
class Preferences:
    """Scores of every item for any history."""

    interactions: Interactions
    style: Style
    blend: Blend

    def learned(self) -> "Preferences":
        """Return itself, having learned now rather than when first asked."""
        with threadpool_limits(THREADS, "blas"):
            self.scorers  # noqa: B018  # cached
        return self

    def refit(self, interactions: Interactions) -> "Preferences":
        """Return the preferences of other data, with the same blend."""
        return Preferences(interactions, self.style, self.blend).learned()

    @property
    def catalogue(self) -> Sequence[str]:
        """The IDs of the items, sorted."""
        return self.interactions.item_ids

    @cached_property
    def scorers(self) -> list[Scorer | None]:
        """The fitted scorers, in the order of the blend's weights; None where the weight is 0."""
        usual = of_usual_users(self.interactions, self.style.shortest, self.style.longest)
        return _scorers(usual, self.style, self.blend)

    @cached_property
    def popularity(self) -> Floats:
        """The share of each item in all events, never 0."""
        counts = self.interactions.counts + 1e-3
        share: Floats = counts / counts.sum()
        return share

    @cached_property
    def groups(self) -> Ints:
        """A number per item: items have the same one if a chain of users and items connects them."""
        matrix = self.interactions.matrix()
        _, labels = sparse.csgraph.connected_components(
            sparse.block_array([[None, matrix], [matrix.T, None]]), directed=False
        )
        groups: Ints = labels[matrix.shape[0] :].astype(np.int64)
        return groups

    def blocks(self, histories: Interactions) -> list[tuple[int, Interactions]]:
        """Return the histories in blocks whose score tables fit into memory, each with its first row."""
        size = max(1, BLOCK_CELLS // max(1, len(self.catalogue)))
        return [(start, histories.block(start, start + size)) for start in range(0, len(histories.user_ids), size)]

    def ranked(self, histories: Interactions) -> tuple[Scores, Scores]:
        """Return, users by items, what to sort by, and the users' own scores (0: none), 1 being each row's largest."""
        with threadpool_limits(THREADS, "blas"):
            personal, within = self._personal(histories)
        ranked: Scores = within + (self.popularity / (1 + self.popularity.max())).astype(np.float32)
        np.add(personal, 2, out=ranked, where=personal > 0)
        return ranked, personal

    def _personal(self, histories: Interactions) -> tuple[Scores, Mask]:
        """Return the users' own scores, and what is connected with what they had."""
        total = self._added_up(histories)
        if self.blend.seen != 1:
            total[marks(histories)] *= np.float32(self.blend.seen)
        np.maximum(total, 0, out=total)
        within = self._within(histories)
        if within.shape == total.shape:
            total *= within
        else:
            total[~within[:, 0]] = 0
        highest = total.max(axis=1, keepdims=True, initial=0)
        total *= 1 / np.where(highest > 0, highest, np.float32(1))
        return total, within

    def _added_up(self, histories: Interactions) -> Scores:
        """Return the blend of the scores, as `Blend.add_up` does for comparable tables, in two tables' memory."""
        total = np.zeros((len(histories.user_ids), len(self.catalogue)), dtype=np.float32)
        part = np.empty_like(total)
        for scorer, weight in zip(self.scorers, self.blend.weights, strict=True):
            if scorer is not None and weight:
                scores = scorer(histories)
                highest = scores.max(axis=1, keepdims=True, initial=0)
                np.multiply(scores, weight / np.where(highest > 0, highest, 1), out=part, casting="same_kind")
                total += part
        return total

    def _within(self, histories: Interactions) -> Mask:
        """Return what a chain of users and items connects with each history: one column where all items are alike."""
        groups = int(self.groups.max(initial=0)) + 1
        reached = np.zeros((len(histories.user_ids), groups), dtype=np.bool_)
        reached[histories.users, self.groups[histories.items]] = True
        within: Mask = reached if groups == 1 else reached[:, self.groups]
        return within
