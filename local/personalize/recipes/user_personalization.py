"""User-Personalization, v1 and v2: sequence transitions, EASE, item neighbours, repeats and trends, blended.

The service's own models are neural and secret; these learn the same things from the same data. Which of them
matter, and whether items that the user had already should come again, is chosen on the newest tenth of the
users' events (`blend`). Items come in three ranks: those with a score of their own; those that other people
connect with the user's items, however indirectly; all others. The last two are ordered by popularity, and so
is everything for users without a history. v1 mixes new items in when asked to (`Exploration`); v2 does not
explore here. Of the hyperparameters only `apply_recency_bias` and `recency_mask` change anything.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # publishes no types

from local.personalize.recipes import components
from local.personalize.recipes.base import Exploration, Recommendations
from local.personalize.recipes.blend import Blend, choose, comparable, validation_users
from local.personalize.recipes.components import Scorer
from local.personalize.recipes.interactions import Floats, Interactions, Ints, Mask

_VALIDATION_SHARE: Final = 0.1
_BLOCK_CELLS: Final = 4_000_000
_POPULAR_SHARE: Final = 0.01
_COLD_EVENTS: Final = 5
_DAY: Final = 86400
_FAR: Final = -100.0
_THREADS: Final = 2


def fit(interactions: Interactions, parameters: Mapping[str, str]) -> "UserPersonalization":
    """Choose the blend on the newest events, then learn from all of them."""
    words = (parameters.get("apply_recency_bias", "true"), parameters.get("recency_mask", "true"))
    recency = all(word.lower() == "true" for word in words)
    with threadpool_limits(_THREADS, "blas"):
        return UserPersonalization(interactions, recency, _chosen(interactions, recency))


def _scorers(interactions: Interactions, recency: bool) -> list[Scorer]:  # noqa: FBT001  # internal
    fade, quick = (0.99, 0.9) if recency else (1.0, 1.0)
    return [
        components.transitions(interactions, quick),
        components.ease(interactions, fade, quick),
        components.neighbours(interactions, quick),
        components.repeats(interactions, fade),
        components.trend(interactions),
    ]


def _chosen(interactions: Interactions, recency: bool) -> Blend:  # noqa: FBT001  # internal
    older, newest = interactions.split_newest(_VALIDATION_SHARE)
    users = validation_users(interactions)
    if not users:
        return Blend((1.0,) * 5)
    histories = older.of_users(users)
    scores = [comparable(scorer(histories)) for scorer in _scorers(older, recency)]
    return choose(scores, _marks(histories), _marks(newest.of_users(users)))


def _marks(interactions: Interactions) -> Mask:
    marks: Mask = interactions.matrix().toarray() > 0
    return marks


@dataclass(frozen=True)
class UserPersonalization:
    """The fitted recipe (see `Model`)."""

    interactions: Interactions
    recency: bool
    blend: Blend

    def refit(self, interactions: Interactions) -> "UserPersonalization":
        """Return the model of other data with the same blend."""
        with threadpool_limits(_THREADS, "blas"):
            model = UserPersonalization(interactions, self.recency, self.blend)
            model.scorers  # noqa: B018  # learns now, not when first asked
        return model

    def recommend(
        self, histories: Interactions, k: int, exploration: Exploration | None = None
    ) -> list[Recommendations]:
        """Return the best items of each user (see `Model`)."""
        size = max(1, _BLOCK_CELLS // max(1, len(self.interactions.item_ids)))
        answers: list[Recommendations] = []
        with threadpool_limits(_THREADS, "blas"):
            for start in range(0, len(histories.user_ids), size):
                block = histories.block(start, start + size)
                answers += self._block(block, min(k, len(self.interactions.item_ids)), exploration)
        return answers

    @cached_property
    def scorers(self) -> list[Scorer]:
        """The fitted scorers, in the order of the blend's weights."""
        return _scorers(self.interactions, self.recency)

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

    @cached_property
    def novelty(self) -> tuple[Floats, Floats]:
        """Per item, its age in days when the newest event happened, and its number of events."""
        first = np.full(len(self.interactions.item_ids), np.inf)
        np.minimum.at(first, self.interactions.items, self.interactions.times.astype(np.float64))
        return (self.interactions.times.max() - first) / _DAY, self.interactions.counts

    def _block(self, histories: Interactions, k: int, exploration: Exploration | None) -> list[Recommendations]:
        personal, within = self._personal(histories)
        ranked = np.where(personal > 0, 2 + personal, within + self.popularity / (1 + self.popularity.max()))
        rows = zip(histories.user_ids, ranked, personal, strict=True)
        return [self._answer(user, rank, own, k, exploration) for user, rank, own in rows]

    def _personal(self, histories: Interactions) -> tuple[Floats, Mask]:
        """Return the users' own scores (0: none) with 1 as the largest, and what is connected with them."""
        had = _marks(histories)
        tables = [comparable(scorer(histories)) for scorer in self.scorers]
        reached = sparse.csr_array(
            (np.ones(len(histories)), (histories.users, self.groups[histories.items])),
            shape=(len(histories.user_ids), int(self.groups.max()) + 1),
        ).toarray()
        within: Mask = reached[:, self.groups] > 0
        return comparable(np.maximum(np.where(within, self.blend.add_up(tables, had), 0), 0)), within

    def _answer(
        self, user: str, ranked: Floats, personal: Floats, k: int, exploration: Exploration | None
    ) -> Recommendations:
        if exploration is None:
            top = np.sort(np.argpartition(-ranked, k - 1)[:k])
            best = top[np.argsort(-ranked[top], kind="stable")]
        else:
            best = self._explored(user, np.argsort(-ranked, kind="stable"), personal, k, exploration)
        own = personal.sum()
        shares = self.popularity[best] * (_POPULAR_SHARE if own > 0 else 1 - _POPULAR_SHARE)
        if own > 0:
            mine = personal[best] * (1 - 2 * _POPULAR_SHARE) / own
            shares = np.where(personal[best] > 0, mine, shares)
        falling = np.minimum.accumulate(shares)
        items = [self.interactions.item_ids[place] for place in best]
        return Recommendations(items, [float(f"{score:.7g}") for score in falling])

    def _explored(self, user: str, order: Ints, personal: Floats, k: int, exploration: Exploration) -> Ints:
        """Return the first `k` of an order, with new or rare items in the last `weight` of the places.

        They are drawn by their scores, always the same for the same user: from those with a score of the
        user's own, then from the catalogue's items without any event, which belong to nobody yet.
        """
        kept = k - int(exploration.weight * k)
        age, events = self.novelty
        new = (age <= exploration.age_cut_off) | (events <= _COLD_EVENTS)
        luck = np.random.default_rng(zlib.crc32(user.encode())).gumbel(size=len(order))
        reach = np.where(personal > 0, np.log(np.maximum(personal, 1e-12)), _FAR) + luck
        rest = order[kept:]
        able = rest[new[rest] & ((personal[rest] > 0) | (events[rest] == 0))]
        drawn = able[np.argsort(-reach[able], kind="stable")[: k - kept]]
        chosen = drawn[np.argsort(-personal[drawn], kind="stable")]
        others = rest[~np.isin(rest, chosen)][: k - kept - len(chosen)]
        return np.concatenate([order[:kept], others, chosen])
