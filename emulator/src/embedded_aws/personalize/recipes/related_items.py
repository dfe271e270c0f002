"""Related items: what the users of an item had, too, and what the item is like.

Three likenesses are added, each as a share of its largest value: what follows or precedes the item in histories, how
many users had both, and, for Similar-Items, categories and texts in common. Popular items are discounted by a power
of their number of events. Unknown items, and those nobody had with anything else, get the popular items.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import sparse

from embedded_aws.personalize.recipes.base import Answer, Model, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.components import pairs_in_order
from embedded_aws.personalize.recipes.features import describe
from embedded_aws.personalize.recipes.interactions import Floats, Interactions, Ints
from embedded_aws.personalize.recipes.popularity import by_popularity, first
from embedded_aws.personalize.recipes.preferences import of_usual_users

_DAY: Final = 86400
_BLOCK_CELLS: Final = 8_000_000


@dataclass(frozen=True)
class Likeness:
    """How alike items are.

    Args:
        follow, share, describe: weights of sequence, common users, and metadata.
        follow_discount, share_discount: powers of the popularity by which the first two are divided.
        minimum: users in common below which they do not count.
        usual_users, usual_items: percentiles (0 to 1) of history lengths and of interaction counts that count.
        baskets: count common baskets (a user's events with less than a day between them) rather than common users.
    """

    follow: float = 1.0
    share: float = 0.5
    describe: float = 0.0
    follow_discount: float = 0.25
    share_discount: float = 0.5
    minimum: float = 0.0
    usual_users: tuple[float, float] = (0.0, 1.0)
    usual_items: tuple[float, float] = (0.0, 1.0)
    baskets: bool = False


def fit_similar_items(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit Similar-Items; its hidden dimensions change nothing here."""
    discount = float(parameters.get("popularity_discount_factor", "0.0"))
    like = Likeness(describe=0.25, follow_discount=0.25 + discount / 2, share_discount=0.5 + discount / 2)
    return _fitted(data, like)


def fit_sims(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit SIMS: users in common only, with the discount and the minimum that the hyperparameters say."""
    like = Likeness(
        follow=0.0,
        share=1.0,
        share_discount=float(parameters.get("popularity_discount_factor", "0.5")),
        minimum=float(parameters.get("min_cointeraction_count", "3")),
        usual_users=_percentiles(parameters, "user_history_length", ("0.005", "0.995")),
        usual_items=_percentiles(parameters, "item_interaction_count", ("0.01", "0.9")),
    )
    return _fitted(data, like)


def fit_also(data: TrainingData, _parameters: Mapping[str, str]) -> Model:
    """Fit what others viewed or watched, too."""
    return _fitted(data, Likeness())


def fit_bought_together(data: TrainingData, _parameters: Mapping[str, str]) -> Model:
    """Fit what is in the same baskets."""
    return _fitted(data, Likeness(follow=0.1, share=1.0, baskets=True))


def _percentiles(parameters: Mapping[str, str], name: str, defaults: tuple[str, str]) -> tuple[float, float]:
    low, high = (parameters.get(f"{end}_{name}_percentile") for end in ("min", "max"))
    return float(low or defaults[0]), float(high or defaults[1])


def _fitted(data: TrainingData, like: Likeness) -> Model:
    interactions = _usual(data.interactions, like)
    rows = _by_basket(interactions) if like.baskets else interactions
    had = rows.matrix().astype(np.float32)
    had.data[:] = 1
    near = pairs_in_order(interactions) if like.follow else None
    return RelatedItems(
        catalogue=data.interactions.item_ids,
        like=like,
        had=had,
        users_of=had.T.tocsr(),
        near=near,
        back=None if near is None else near.T if isinstance(near, np.ndarray) else near.T.tocsr(),
        terms=describe(data.items) if like.describe else None,
        counts=np.maximum(interactions.counts, 1),
        popular=by_popularity(data.interactions),
    )


def _usual(interactions: Interactions, like: Likeness) -> Interactions:
    usual = of_usual_users(interactions, *like.usual_users)
    low, high = like.usual_items
    counts = interactions.counts
    if (low <= 0 and high >= 1) or not counts.any():
        return usual
    least, most = np.quantile(counts[counts > 0], [low, high])
    return usual.where(((counts >= least) & (counts <= most))[usual.items])


def _by_basket(interactions: Interactions) -> Interactions:
    """Return the same events with baskets in the place of users."""
    starts = np.ones(len(interactions), dtype=np.bool_)
    starts[1:] = (np.diff(interactions.users) != 0) | (np.diff(interactions.times) >= _DAY)
    baskets = np.cumsum(starts) - 1
    names = [str(number) for number in range(int(starts.sum()))]
    return replace(interactions, users=baskets.astype(np.int64), user_ids=names)


@dataclass(frozen=True, kw_only=True)
class RelatedItems:
    """The fitted recipe (see `Model`).

    `had` is users (or baskets) by items, `users_of` its transpose; `near` and `back`, items by items, say what comes
    after and before each item; `terms` is items by terms.
    """

    catalogue: Sequence[str]
    like: Likeness
    had: Any
    users_of: Any
    near: Any
    back: Any
    terms: Any
    counts: Floats
    popular: Ints

    def refit(self, data: TrainingData) -> Model:
        """Return the model of other data."""
        return _fitted(data, self.like)

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the items most like each item, without itself (see `Model`)."""
        del settings
        places = {item: place for place, item in enumerate(self.catalogue)}
        rows_of: dict[int, list[int]] = {}
        for row, item in enumerate(questions.item_ids):
            rows_of.setdefault(places.get(item, -1), []).append(row)
        found: dict[int, Answer] = {}
        for place, order in self._orders(sorted(rows_of)):
            for row in rows_of[place]:
                allowed = None if questions.allowed is None else questions.allowed[row]
                found[row] = Answer([self.catalogue[one] for one in first(order, k, allowed)])
        return [found[row] for row in range(len(questions.item_ids))]

    def _orders(self, places: Sequence[int]) -> Iterator[tuple[int, Ints]]:
        """Yield, for each place, the other items, the most alike first, then the most popular; -1: unknown."""
        if -1 in places:
            yield -1, self.popular
        known = np.asarray([place for place in places if place >= 0], dtype=np.int64)
        rank = np.empty(len(self.popular), dtype=np.int64)
        rank[self.popular] = np.arange(len(rank))
        step = max(1, _BLOCK_CELLS // max(1, len(self.catalogue)))
        for start in range(0, len(known), step):
            block = known[start : start + step]
            for place, scores in zip(block.tolist(), self.likeness(block), strict=True):
                order = np.lexsort((rank, -scores))
                yield place, order[order != place]

    def likeness(self, block: Ints) -> Floats:
        """Return the likeness of items (places in the catalogue) to all items, 0 where there is none."""
        total = np.zeros((len(block), len(self.catalogue)))
        if self.like.follow:
            near = _dense(self.near[block]) + _dense(self.back[block])
            total += self.like.follow * _share(near / self.counts**self.like.follow_discount)
        if self.like.share:
            common = _dense(self.users_of[block] @ self.had)
            common[common < self.like.minimum] = 0
            common[np.arange(len(block)), block] = 0
            total += self.like.share * _share(common / self.counts**self.like.share_discount)
        if self.like.describe and self.terms.shape[1]:
            terms = _dense(self.terms[block] @ self.terms.T)
            terms[np.arange(len(block)), block] = 0
            total += self.like.describe * _share(terms)
        return total


def _dense(table: Any) -> Floats:
    dense: Floats = table.toarray() if sparse.issparse(table) else np.asarray(table)
    return dense.astype(np.float64)


def _share(table: Floats) -> Floats:
    highest = table.max(axis=1, keepdims=True)
    return table / np.where(highest > 0, highest, 1)
