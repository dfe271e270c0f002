"""Personalized-Ranking, v1 and v2: the preferences of users, for the items of a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from embedded_aws.personalize.recipes.base import Answer, Model, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.components import Scores
from embedded_aws.personalize.recipes.interactions import Ints, Mask
from embedded_aws.personalize.recipes.preferences import Preferences, Style, learn
from embedded_aws.personalize.recipes.user_personalization import falling


def fit_first(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit v1; 1 % of the users, those with the longest histories, do not count."""
    return fit_second(data, {"max_user_history_length_percentile": "0.99", **parameters})


def fit_second(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit v2."""
    return PersonalizedRanking(learn(data, Style.of(parameters)))


@dataclass(frozen=True)
class PersonalizedRanking:
    """The fitted recipe (see `Model`).

    Scores sum to 1 over the list. Items without events, and what the catalogue does not know, come last, in the
    order in which they were given, without a score (Developer Guide, native-recipe-search).
    """

    preferences: Preferences

    @property
    def catalogue(self) -> Sequence[str]:
        """The IDs of the items, sorted."""
        return self.preferences.catalogue

    @cached_property
    def _places(self) -> dict[str, int]:
        """The places of the items that have events."""
        had = self.preferences.interactions.counts > 0
        return {item: place for place, item in enumerate(self.catalogue) if had[place]}

    @cached_property
    def _unscored(self) -> dict[str, int]:
        return {item: place for place, item in enumerate(self.catalogue) if item not in self._places}

    def refit(self, data: TrainingData) -> Model:
        """Return the model of other data with the same blend."""
        return PersonalizedRanking(self.preferences.refit(data.interactions))

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return each list in the user's order, whatever `k` (see `Model`)."""
        del k, settings
        answers = []
        for start, histories in self.preferences.blocks(questions.histories):
            ranked, _ = self.preferences.ranked(histories)
            for row, scores in enumerate(ranked):
                allowed = None if questions.allowed is None else questions.allowed[start + row]
                answers.append(self._answer(questions.lists[start + row], scores, allowed))
        return answers

    def _answer(self, items: Sequence[str], scores: Scores, allowed: Mask | None) -> Answer:
        whole = items is self.catalogue
        distinct = items if whole else list(dict.fromkeys(items))
        places = self._known if whole else self._placed(distinct)
        if allowed is not None:
            places = places[allowed[places]]
        order = places[np.argsort(-scores[places], kind="stable")]
        last = [item for item in distinct if item not in self._places and self._may(item, allowed)]
        shares = scores[order].astype(np.float64)
        numbers: list[float | None] = [*falling(shares / max(float(shares.sum()), 1e-30))] if len(order) else []
        return Answer([*(self.catalogue[place] for place in order), *last], numbers + [None] * len(last))

    @cached_property
    def _known(self) -> Ints:
        """The places of the items that have events, for lists of the whole catalogue, as metrics ask for them."""
        return self._placed(self.catalogue)

    def _placed(self, items: Sequence[str]) -> Ints:
        return np.asarray([self._places[item] for item in items if item in self._places], dtype=np.int64)

    def _may(self, item: str, allowed: Mask | None) -> bool:
        return allowed is None or item not in self._unscored or bool(allowed[self._unscored[item]])
