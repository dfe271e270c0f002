"""User-Personalization, v1, v2 and the legacy recipes: the preferences of users, with new items mixed in.

v1 explores as the campaign or job says (`Exploration`), HRNN-Coldstart as its hyperparameters say. v2 explores by
itself, a twentieth of the places, and says so in the reasons; it scores the 500 best items of a user, and what else a
filter leaves has no score (Developer Guide, recommendations).
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from local.personalize.recipes.base import Answer, Exploration, Model, Questions, Settings, TrainingData
from local.personalize.recipes.components import Scores
from local.personalize.recipes.interactions import Floats, Ints, Mask
from local.personalize.recipes.novelty import Novelty, novelty
from local.personalize.recipes.preferences import Preferences, Style, learn

_POPULAR_SHARE: Final = 0.01
_COLD_EVENTS: Final = 5
_FAR: Final = -100.0
_SCORED: Final = 500
_ONE_IN: Final = 20
_EXPLORATION: Final = "Exploration"


def fit_first(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit v1, or a legacy recipe; 1 % of the users, those with the longest histories, do not count."""
    style = Style.of({"max_user_history_length_percentile": "0.99", **parameters})
    return UserPersonalization(learn(data, style), novelty(data), None)


def fit_cold_start(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit HRNN-Coldstart: new items are those with few events, first seen shortly before the latest event."""
    style = Style.of({"max_user_history_length_percentile": "0.99", **parameters})
    days = float(parameters.get("cold_start_max_duration", "5.0"))
    events = float(parameters.get("cold_start_max_interactions", "15"))
    return UserPersonalization(learn(data, style), novelty(data), Exploration(age_cut_off=days), events)


def fit_second(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit v2."""
    return UserPersonalizationV2(learn(data, Style.of(parameters)), novelty(data), None)


@dataclass(frozen=True)
class Scored:
    """One user's scores of the catalogue: what to sort by, and the user's own; `allowed` is None for everything."""

    user: str
    ranked: Scores
    personal: Scores
    allowed: Mask | None

    @property
    def able(self) -> int:
        """How many items may be in the answer."""
        return len(self.ranked) if self.allowed is None else int(self.allowed.sum())


@dataclass(frozen=True)
class UserPersonalization:
    """The fitted v1 (see `Model`); `exploration` holds when the question does not bring one."""

    preferences: Preferences
    novelty: Novelty
    exploration: Exploration | None
    cold_events: float = _COLD_EVENTS

    @property
    def catalogue(self) -> Sequence[str]:
        """The IDs of the items, sorted."""
        return self.preferences.catalogue

    def refit(self, data: TrainingData) -> Model:
        """Return the model of other data with the same blend."""
        preferences = self.preferences.refit(data.interactions)
        return type(self)(preferences, novelty(data), self.exploration, self.cold_events)

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the best items of each user (see `Model`)."""
        exploration = settings.exploration or self.exploration
        answers = []
        for start, histories in self.preferences.blocks(questions.histories):
            ranked, personal = self.preferences.ranked(histories)
            for row, user in enumerate(histories.user_ids):
                allowed = None if questions.allowed is None else questions.allowed[start + row]
                answers.append(self._answer(Scored(user, ranked[row], personal[row], allowed), k, exploration))
        return answers

    def _answer(self, scored: Scored, k: int, exploration: Exploration | None) -> Answer:
        if exploration is None:
            best = top(scored.ranked, k, scored.allowed)
        else:
            size = min(k, scored.able)
            order = top(scored.ranked, len(scored.ranked), scored.allowed)
            places = int(exploration.weight * size)
            best, _ = self._explored(
                scored, order[:size], order[size:], places, self.novelty.either(exploration, self.cold_events)
            )
        return Answer([self.catalogue[place] for place in best], [*falling(self._shares(best, scored.personal))])

    def _shares(self, best: Ints, personal: Scores) -> Floats:
        """Return scores that sum to 1 at most over the whole catalogue: a little of it is for what is only popular."""
        own = float(personal.sum())
        shares = self.preferences.popularity[best] * (_POPULAR_SHARE if own > 0 else 1 - _POPULAR_SHARE)
        if own > 0:
            mine = personal[best] * ((1 - 2 * _POPULAR_SHARE) / own)
            shares = np.where(personal[best] > 0, mine, shares)
        return shares

    def _explored(self, scored: Scored, best: Ints, rest: Ints, places: int, new: Mask) -> tuple[Ints, Ints]:
        """Return a list whose last `places` went to new items, and those items.

        They are drawn by their scores, always the same for the same user: from those with a score of the
        user's own, then from the catalogue's items without any event, which belong to nobody yet. What is left of
        the places stays with the best.
        """
        personal = scored.personal
        luck = np.random.default_rng(zlib.crc32(scored.user.encode())).gumbel(size=len(personal))
        reach = np.where(personal > 0, np.log(np.maximum(personal, 1e-12)), _FAR) + luck
        kept = best[: len(best) - places]
        others = np.concatenate([best[len(kept) :], rest])
        able = others[new[others] & ((personal[others] > 0) | (self.novelty.events[others] == 0))]
        drawn = able[np.argsort(-reach[able], kind="stable")[:places]]
        chosen = drawn[np.argsort(-personal[drawn], kind="stable")]
        filled = others[~np.isin(others, chosen)][: places - len(chosen)]
        return np.concatenate([kept, filled, chosen]), chosen


@dataclass(frozen=True)
class UserPersonalizationV2(UserPersonalization):
    """The fitted v2 (see `Model`)."""

    @cached_property
    def _new(self) -> Mask:
        return self.novelty.both(Exploration(), self.cold_events)

    def _answer(self, scored: Scored, k: int, exploration: Exploration | None) -> Answer:
        del exploration
        ranked, size = scored.ranked, min(k, scored.able)
        values = scored.personal if scored.personal.max(initial=0) > 0 else self.preferences.popularity
        known = top(ranked, _SCORED, None)
        best = known[:size] if scored.allowed is None and size <= _SCORED else top(ranked, size, scored.allowed)
        known = known[values[known] > 0]
        new = known[:0]
        if size >= _ONE_IN and self._new.any():
            rest = np.flatnonzero(self._new if scored.allowed is None else self._new & scored.allowed)
            best, new = self._explored(scored, best, rest[~np.isin(rest, best)], size // _ONE_IN, self._new)
        has_score = np.zeros(len(ranked), dtype=np.bool_)
        has_score[known] = True
        has_score[new] = False
        own = has_score[best]
        shares = falling(np.where(own, values[best] / max(float(values[known].sum()), 1e-30), np.inf))
        scores = [share if mine else None for share, mine in zip(shares, own.tolist(), strict=True)]
        reasons: list[list[str]] = [[] for _ in range(size - len(new))] + [[_EXPLORATION] for _ in new]
        return Answer([self.catalogue[place] for place in best.tolist()], scores, reasons)


def top(scores: Scores, k: int, allowed: Mask | None) -> Ints:
    """Return the places of the `k` largest scores among those allowed, the largest first, equal ones by place."""
    places = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
    values = scores if allowed is None else scores[places]
    if k < len(places):
        best = np.sort(np.argpartition(values, len(places) - k)[len(places) - k :]) if k > 0 else places[:0]
        places, values = places[best], values[best]
    order: Ints = places[np.argsort(-values, kind="stable")]
    return order


def falling(shares: Floats) -> list[float]:
    """Return scores that never rise, with the seven digits that the service shows."""
    return [float(f"{share:.7g}") for share in np.minimum.accumulate(shares)]
