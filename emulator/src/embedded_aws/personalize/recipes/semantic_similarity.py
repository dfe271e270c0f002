"""Semantic-Similarity: items whose text is like that of an item, by TF-IDF and cosine.

The service uses a language model; words in common are what stands for it here. The ranking influences of a campaign
or job mix in how popular and how new an item is, as the data of the training had it (Developer Guide,
native-recipe-semantic-similarity).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from embedded_aws.personalize.recipes.base import Answer, Model, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.features import describe
from embedded_aws.personalize.recipes.interactions import Floats, Ints
from embedded_aws.personalize.recipes.novelty import ages
from embedded_aws.personalize.recipes.popularity import by_popularity, first

_TEXT_SHARE: Final = 0.9


def fit(data: TrainingData, _parameters: Mapping[str, str]) -> Model:
    """Describe every item."""
    return SemanticSimilarity(
        data.interactions.item_ids,
        describe(data.items, categorical=False),
        describe(data.items, textual=False),
        percentiles(data.interactions.counts),
        1 - percentiles(ages(data)),
        by_popularity(data.interactions),
    )


@dataclass(frozen=True)
class SemanticSimilarity:
    """The fitted recipe (see `Model`).

    `texts` and `categories` are items by terms, rows of length 1; `popularity` and `freshness` lie between 0 and 1.
    """

    catalogue: Sequence[str]
    texts: Any
    categories: Any
    popularity: Floats
    freshness: Floats
    popular: Ints

    def refit(self, data: TrainingData) -> Model:
        """Return the model of other data."""
        return fit(data, {})

    def similar(self, place: int) -> Floats:
        """Return the likeness of every item to one, from 0 to 1: nine tenths by text, a tenth by categories."""
        text = (self.texts @ self.texts[[place]].T).toarray().ravel()
        category = (self.categories @ self.categories[[place]].T).toarray().ravel()
        likeness: Floats = (_TEXT_SHARE * text + (1 - _TEXT_SHARE) * category).astype(np.float64)
        return likeness

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the items most like each item, popular ones to an unknown item (see `Model`)."""
        places = {item: place for place, item in enumerate(self.catalogue)}
        answers = []
        for row, item in enumerate(questions.item_ids):
            allowed = None if questions.allowed is None else questions.allowed[row]
            order = self.popular if item not in places else self._ordered(places[item], settings)
            answers.append(Answer([self.catalogue[place] for place in first(order, k, allowed)]))
        return answers

    def _ordered(self, place: int, settings: Settings) -> Ints:
        scores = self.similar(place) + settings.popularity * self.popularity + settings.freshness * self.freshness
        order = np.lexsort((-self.popularity, -scores)).astype(np.int64)
        others: Ints = order[order != place]
        return others


def percentiles(values: Floats) -> Floats:
    """Return the share of values that are smaller, plus half of those that are equal."""
    ordered = np.sort(values)
    below, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    shares: Floats = (below + upto) / (2 * max(len(values), 1))
    return shares
