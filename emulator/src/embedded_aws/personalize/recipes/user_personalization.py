"""User-Personalization, v1, v2 and the legacy recipes: the preferences of users, with new items mixed in.

v1 explores as the campaign or job says (`Exploration`), HRNN-Coldstart as its hyperparameters say. v2 explores by
itself, a twentieth of the places, and says so in the reasons; it scores the 500 best items of a user, and what else a
filter leaves has no score (Developer Guide, recommendations).
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from embedded_aws.personalize.recipes.base import Answer, Exploration, Model, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.components import Scores
from embedded_aws.personalize.recipes.interactions import Floats, Ints, Mask
from embedded_aws.personalize.recipes.novelty import Novelty, novelty
from embedded_aws.personalize.recipes.preferences import Preferences, Style, learn

_POPULAR_SHARE: Final = 0.01
_COLD_EVENTS: Final = 5
_FAR: Final = -100.0
_SCORED: Final = 500
_DIGITS: Final = 7
_LEAST: Final = 1e-15
_ONE_IN: Final = 20
_EXPLORATION: Final = "Exploration"


def fit_first(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit v1; 1 % of the users, those with the longest histories, do not count."""
    style = Style.of({"max_user_history_length_percentile": "0.99", **parameters})
    return UserPersonalization(learn(data, style), novelty(data), None)


def fit_legacy(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Fit HRNN or HRNN-Metadata: v1 with fewer hidden dimensions."""
    return fit_first(data, {"hidden_dimension": "43", **parameters})


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
        kept = best[: len(best) - places]
        others = np.concatenate([best[len(kept) :], rest])
        able = others[new[others] & ((personal[others] > 0) | (self.novelty.events[others] == 0))]
        luck = np.random.default_rng(zlib.crc32(scored.user.encode())).gumbel(size=len(able))
        reach = np.where(personal[able] > 0, np.log(np.maximum(personal[able], 1e-12)), _FAR) + luck
        drawn = able[np.argsort(-reach, kind="stable")[:places]]
        chosen = drawn[np.argsort(-personal[drawn], kind="stable")]
        filled = others[~np.isin(others, chosen)][: places - len(chosen)]
        return np.concatenate([kept, filled, chosen]), chosen


@dataclass(frozen=True)
class UserPersonalizationV2(UserPersonalization):
    """The fitted v2 (see `Model`)."""

    @cached_property
    def _new(self) -> Mask:
        return self.novelty.both(Exploration(), self.cold_events)

    @cached_property
    def _candidates(self) -> Ints:
        return np.flatnonzero(self._new)

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the best items of each user (see `Model`); without conditions many users at a time."""
        size = min(k, len(self.catalogue))
        if questions.allowed is not None or k > _SCORED or (size >= _ONE_IN and self._new.any()):
            return super().answer(questions, k, settings)
        answers = []
        for _, histories in self.preferences.blocks(questions.histories):
            answers += self._together(*self.preferences.ranked(histories), size)
        return answers

    def _together(self, ranked: Scores, personal: Scores, size: int) -> list[Answer]:
        """Return the answers of users by items scores: as `_answer`, for those who need no exception."""
        known = leading(ranked, _SCORED)
        own = personal.max(axis=1, keepdims=True, initial=0) > 0
        values = np.where(own, np.take_along_axis(personal, known, 1), self.preferences.popularity[known])
        places = top(np.take_along_axis(ranked, known, 1), size, None)
        best, mine = np.take_along_axis(known, places, 1), np.take_along_axis(values, places, 1)
        total = np.maximum(values.sum(axis=1, keepdims=True, dtype=np.float64), 1e-30)
        shares = falling(np.where(mine > 0, mine / total, np.inf))
        catalogue = self.catalogue
        # One list for all of them: nobody changes it, and millions of empty ones cost more than the scores.
        unexplored: list[list[str]] = [[]] * size
        return [
            Answer(
                [catalogue[place] for place in row],
                [share if has else None for share, has in zip(given, scored, strict=True)],
                unexplored,
            )
            for row, given, scored in zip(best.tolist(), shares, (mine > 0).tolist(), strict=True)
        ]

    def _answer(self, scored: Scored, k: int, exploration: Exploration | None) -> Answer:
        del exploration
        ranked, size = scored.ranked, min(k, scored.able)
        values = scored.personal if scored.personal.max(initial=0) > 0 else self.preferences.popularity
        known = leading(ranked, _SCORED)
        if scored.allowed is None and size <= _SCORED:
            best = known[top(ranked[known], size, None)]
        else:
            best = top(ranked, size, scored.allowed)
        known = known[values[known] > 0]
        new = known[:0]
        if size >= _ONE_IN and self._new.any():
            rest = self._candidates if scored.allowed is None else self._candidates[scored.allowed[self._candidates]]
            best, new = self._explored(scored, best, rest[~np.isin(rest, best)], size // _ONE_IN, self._new)
        own = values[best] > 0
        if size > _SCORED or scored.allowed is not None:
            own &= np.isin(best, known)
        own[size - len(new) :] = False
        shares = falling(np.where(own, values[best] / max(float(values[known].sum(dtype=np.float64)), 1e-30), np.inf))
        scores = [share if mine else None for share, mine in zip(shares, own.tolist(), strict=True)]
        reasons: list[list[str]] = [[] for _ in range(size - len(new))] + [[_EXPLORATION] for _ in new]
        catalogue = self.catalogue
        return Answer([catalogue[place] for place in best.tolist()], scores, reasons)


def top(scores: Scores, k: int, allowed: Mask | None) -> Ints:
    """Return the places of the `k` largest scores among those allowed, the largest first, equal ones by place.

    Without a mask `scores` may have rows, each with places of its own.
    """
    if allowed is not None:
        places = np.flatnonzero(allowed)
        found: Ints = places[top(scores[places], k, None)]
        return found
    best = leading(scores, k)
    order = np.argsort(-np.take_along_axis(scores, best, -1), axis=-1, kind="stable")
    return np.take_along_axis(best, order, -1)


def leading(scores: Scores, k: int) -> Ints:
    """Return the places of the `k` largest scores, of each row if there are rows, in order of place."""
    rest = scores.shape[-1] - k
    if k <= 0:
        return np.zeros((*scores.shape[:-1], 0), dtype=np.int64)
    if rest <= 0:
        return np.broadcast_to(np.arange(scores.shape[-1]), scores.shape)
    best = np.sort(np.argpartition(scores, rest, axis=-1)[..., rest:], axis=-1)
    chosen = np.take_along_axis(scores, best, -1)
    least = chosen.min(axis=-1, keepdims=True)
    cut = np.count_nonzero(scores == least, axis=-1) > np.count_nonzero(chosen == least, axis=-1)
    for row in np.argwhere(cut):
        # A partition takes any of equal scores: the first ones are wanted, so that a longer list begins the same.
        best[tuple(row)] = np.sort(np.argsort(-scores[tuple(row)], kind="stable")[:k])
    return best


def falling(shares: Floats) -> list[Any]:
    """Return scores that never rise (in each row, if there are rows), with the seven digits that the service shows."""
    fallen = np.minimum.accumulate(np.asarray(shares, dtype=np.float64), axis=-1)
    kept = np.isfinite(fallen) & (fallen > _LEAST)
    # A power of ten of at most 22 is exact, so that the quotient is the double that is nearest to the seven digits.
    scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(np.where(kept, fallen, 1.0))))
    rounded: list[Any] = np.where(kept, np.round(np.where(kept, fallen, 1.0) * scale) / scale, fallen).tolist()
    return rounded
