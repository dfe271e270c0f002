"""Next-Best-Action: how likely a user is to take each action.

Rule: Developer Guide, native-recipe-next-best-action: the score of an action, its propensity, is 0.0 until it has 50
TAKEN and 50 other interactions within the six weeks before the latest one. Here the propensity of a user is the
action's smoothed rate, moved by a ridge regression over what the user did: the leading singular vectors of the users'
item interactions, and the other actions they took. Interactions fade by half with every `action_optimization_period`.
Of equal scores the action with the greater VALUE comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import linalg

from embedded_aws.personalize.recipes.base import Answer, Model, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.components import leading_axes, level
from embedded_aws.personalize.recipes.interactions import Floats, Interactions, Mask

_DAY: Final = 86400
_WEEKS: Final = 6 * 7 * _DAY
_LEAST: Final = 50
_RANK: Final = 12
_RIDGE: Final = 10.0
_PRIOR: Final = 10.0


def fit(data: TrainingData, parameters: Mapping[str, str]) -> Model:
    """Learn the propensities of the actions that have enough interactions.

    Raises:
        ValueError: the data holds no actions.
    """
    if data.actions is None or data.action_interactions is None:
        raise ValueError("Next-Best-Action needs actions")
    period = float(parameters.get("action_optimization_period", "14")) * _DAY
    done = data.action_interactions
    profiles = _profiles(data.interactions)
    return NextBestAction(
        catalogue=done.item_ids,
        parameters=dict(parameters),
        users={user: place for place, user in enumerate(data.interactions.user_ids)},
        profiles=profiles,
        taken=_rates(done),
        weights=_regressed(done, profiles, data.interactions.user_ids, period),
        values=_values(data),
    )


@dataclass(frozen=True, kw_only=True)
class NextBestAction:
    """The fitted recipe (see `Model`).

    `profiles` is users of item interactions by features; `taken` holds, by user, the mean outcome per action (0 where
    unknown); `weights` is actions by features, then actions, then 1, rows of NaN for actions without a score.
    """

    catalogue: Sequence[str]
    parameters: Mapping[str, str]
    users: Mapping[str, int]
    profiles: Floats
    taken: Mapping[str, Floats]
    weights: Floats
    values: Floats

    def refit(self, data: TrainingData) -> Model:
        """Return the model of other data."""
        return fit(data, self.parameters)

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the actions each user will most likely take, with their propensities (see `Model`)."""
        del settings
        answers = []
        for row, user in enumerate(questions.histories.user_ids):
            scores = self.propensities(user)
            order = np.lexsort((-self.values, -scores))
            allowed = None if questions.allowed is None else questions.allowed[row]
            best = (order if allowed is None else order[allowed[order]])[:k]
            numbers: list[float | None] = [float(f"{scores[place]:.7g}") for place in best]
            answers.append(Answer([self.catalogue[place] for place in best], numbers))
        return answers

    def propensities(self, user: str) -> Floats:
        """Return the score of every action from 0 to 1; 0 where there is too little to go by."""
        profile = self.profiles[self.users[user]] if user in self.users else np.zeros(self.profiles.shape[1])
        taken = self.taken.get(user, np.zeros(len(self.catalogue)))
        features = np.concatenate([profile, taken, [1.0]])
        scores: Floats = np.nan_to_num(np.clip(self.weights @ features, 0.01, 1.0), nan=0.0)
        return scores


def _profiles(interactions: Interactions) -> Floats:
    """Return users by features: their part in the leading singular vectors of the levelled counts, scaled to 1."""
    levelled, _ = level(interactions.matrix().astype(np.float32))
    profiles: Floats = (levelled @ leading_axes(levelled, _RANK).T).astype(np.float64)
    return profiles / max(float(np.abs(profiles).max(initial=0)), 1e-12)


def _rates(done: Interactions) -> dict[str, Floats]:
    """Return, by user, the mean outcome of each action, less a half, 0 where the user was never asked."""
    table = _outcomes(done)
    return {user: table[place] for place, user in enumerate(done.user_ids)}


def _outcomes(done: Interactions) -> Floats:
    shape = (len(done.user_ids), len(done.item_ids))
    taken, shown = np.zeros(shape), np.zeros(shape)
    np.add.at(taken, (done.users, done.items), _taken(done))
    np.add.at(shown, (done.users, done.items), 1)
    return np.where(shown > 0, taken / np.maximum(shown, 1) - 0.5, 0)


def _taken(done: Interactions) -> Floats:
    return np.ones(len(done)) if done.weights is None else done.weights


def _values(data: TrainingData) -> Floats:
    rows = data.actions.rows if data.actions is not None else pl.DataFrame()
    if "VALUE" not in rows.columns:
        return np.zeros(rows.height)
    return rows.get_column("VALUE").cast(pl.Float64).fill_null(0.0).to_numpy()


def scored(done: Interactions) -> Mask:
    """Return the actions with 50 TAKEN and 50 other interactions in the six weeks up to the latest interaction."""
    recent = done.times >= int(done.times.max(initial=0)) - _WEEKS
    taken = _taken(done) > 0
    size = len(done.item_ids)
    yes = np.bincount(done.items[recent & taken], minlength=size)
    no = np.bincount(done.items[recent & ~taken], minlength=size)
    mask: Mask = (yes >= _LEAST) & (no >= _LEAST)
    return mask


def _regressed(done: Interactions, profiles: Floats, user_ids: Sequence[str], period: float) -> Floats:
    """Return the weights of each action's linear model, NaN for actions without a score."""
    known = {user: place for place, user in enumerate(user_ids)}
    padded = np.vstack([profiles, np.zeros((1, profiles.shape[1]))])
    places = np.asarray([known.get(user, -1) for user in done.user_ids], dtype=np.int64)
    outcomes = _outcomes(done)
    size = len(done.item_ids)
    weights = np.full((size, profiles.shape[1] + size + 1), np.nan)
    latest = int(done.times.max(initial=0))
    for action in np.flatnonzero(scored(done)):
        events = np.flatnonzero(done.items == action)
        users = done.users[events]
        others = outcomes[users]
        others[:, action] = 0  # what is to be predicted
        features = np.hstack([padded[places[users]], others, np.ones((len(events), 1))])
        fading = 0.5 ** ((latest - done.times[events]) / period)
        weights[action] = _ridge(features, _taken(done)[events], fading)
    return weights


def _ridge(features: Floats, outcomes: Floats, fading: Floats) -> Floats:
    """Return the weights of a ridge regression around the smoothed mean; the last feature is constant."""
    mean = (fading @ outcomes + _PRIOR / 2) / (fading.sum() + _PRIOR)
    slopes = features[:, :-1]
    gram = (slopes * fading[:, None]).T @ slopes + _RIDGE * np.eye(slopes.shape[1])
    found = linalg.solve(gram, (slopes * fading[:, None]).T @ (outcomes - mean), assume_a="pos")
    weights: Floats = np.append(found, mean)
    return weights
