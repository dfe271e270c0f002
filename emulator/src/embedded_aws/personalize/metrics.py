"""The offline metrics of GetSolutionMetrics, by the documented hold-outs.

Rules: Developer Guide, working-with-training-metrics: 90 % of the users train; of each other user, the oldest
90 % of the events are the input and the newest 10 % the answers. For USER_SEGMENTATION, the oldest 80 % of each
user's events train and the newest 20 % are the answers. What the guide names without a literal key (trends, actions,
semantic similarity) has keys of our choice.
"""

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import polars as pl

from embedded_aws.personalize.recipes.base import (
    Answer,
    Asks,
    Metadata,
    Model,
    Questions,
    Recipe,
    Segmenter,
    Settings,
    TrainingData,
)
from embedded_aws.personalize.recipes.interactions import Floats, Interactions
from embedded_aws.personalize.recipes.semantic_similarity import percentiles

if TYPE_CHECKING:
    from embedded_aws.personalize.recipes.next_best_action import NextBestAction
    from embedded_aws.personalize.recipes.semantic_similarity import SemanticSimilarity

DEPTHS: Final = (5, 10, 25)
HELD_OUT_USERS: Final = 0.1
HELD_OUT_EVENTS: Final = 0.1
HELD_OUT_SEGMENT_EVENTS: Final = 0.2
GAIN_AT_25: Final = "normalized_discounted_cumulative_gain_at_25"

_NDCG: Final = "normalized_discounted_cumulative_gain_at_{}"
_WEIGHTED_NDCG: Final = "normalized_discounted_cumulative_gain_with_event_weights_at_{}"
_MOST_RESULTS: Final = 500
_MOST_QUERIES: Final = 200
_MOST_SEGMENTS: Final = 1000
_SEGMENT: Final = 0.01
_LIKELY: Final = 0.5

Fitted = Model | Segmenter
_Metric = Callable[[Sequence[str], Mapping[str, float], int], float]


def measure(
    recipe: Recipe,
    data: TrainingData,
    parameters: Mapping[str, str],
    *,
    weighted: bool = False,
    rewards: Floats | None = None,
) -> tuple[Fitted, dict[str, float]]:
    """Fit a recipe to the part of the data that trains; return that model, and the metrics on the rest.

    Args:
        recipe: whose type decides about hold-out and metrics.
        data: everything.
        parameters: hyperparameters as given.
        weighted: whether the weights of events make metrics of their own.
        rewards: per item of the catalogue, the value that the solution optimizes, if it does.
    """
    if recipe.segments:
        return _measure_segments(recipe, data, parameters)
    if recipe.asks is Asks.ACTIONS:
        return _measure_actions(recipe, data, parameters)
    if "trend" in recipe.name:
        return _measure_trends(recipe, data, parameters)
    if recipe.needs == ("ITEMS",):
        return _measure_likeness(recipe, data, parameters)
    training, inputs, answers = hold_out(data.interactions)
    model = cast("Model", recipe.fit(part(data, training), parameters))
    return model, evaluate(recipe, model, inputs, answers, weighted=weighted, rewards=rewards)


def hold_out(interactions: Interactions) -> tuple[Interactions, Interactions, Interactions]:
    """Return what trains, and the inputs and the answers of the other users.

    Held out is the tenth of the users (at least one) that comes first by the CRC-32 of their IDs, among those
    with two events or more: the others could not have both an input and an answer. At most half of these are held
    out, so that there is something left to learn from.
    """
    able = interactions.users_with(2)
    chosen = sorted(able, key=lambda user: (zlib.crc32(user.encode()), user))
    wanted = min(round(HELD_OUT_USERS * len(interactions.user_ids)), len(able) // 2)
    chosen = sorted(chosen[: max(1, wanted)])
    held = set(chosen)
    out = np.asarray([user in held for user in interactions.user_ids], dtype=np.bool_)
    training = interactions.where(~out[interactions.users])
    inputs, answers = interactions.of_users(chosen).split_newest(HELD_OUT_EVENTS)
    return training, inputs, answers


def part(data: TrainingData, interactions: Interactions) -> TrainingData:
    """Return the same data with only some of its interactions, and the users that have any of these."""
    rows = data.users.rows[np.unique(interactions.users)]
    users = Metadata(rows, data.users.fields)
    return replace(data, interactions=interactions.without_idle_users(), users=users)


def evaluate(
    recipe: Recipe,
    model: Model,
    inputs: Interactions,
    answers: Interactions,
    *,
    weighted: bool = False,
    rewards: Floats | None = None,
) -> dict[str, float]:
    """Return the metrics of a model that learned from neither `inputs` nor `answers` (the same users).

    Coverage is the share of the catalogue's items that were recommended to anybody, 25 to each.
    """
    asked = max(DEPTHS) if rewards is None else _MOST_RESULTS
    found = model.answer(queries(recipe, inputs), asked, Settings())
    lists = [answer.ids[: max(DEPTHS)] for answer in found]
    wanted = _wanted(answers)
    recommended = {item for items in lists for item in items}
    metrics = {
        "coverage": len(recommended) / len(answers.item_ids),
        f"mean_reciprocal_rank_at_{max(DEPTHS)}": _mean(_reciprocal_rank, lists, wanted, max(DEPTHS)),
    }
    flat = [dict.fromkeys(weights, 1.0) for weights in wanted]
    for depth in DEPTHS:
        metrics[_NDCG.format(depth)] = _mean(_discounted_gain, lists, flat, depth)
    for depth in DEPTHS:
        metrics[f"precision_at_{depth}"] = _mean(_precision, lists, flat, depth)
    if weighted:
        metrics |= {_WEIGHTED_NDCG.format(depth): _mean(_discounted_gain, lists, wanted, depth) for depth in DEPTHS}
    if rewards is not None:
        values = dict(zip(answers.item_ids, rewards.tolist(), strict=True))
        metrics["average_rewards_at_k"] = _average_rewards(found, wanted, values)
    return _rounded(metrics)


def queries(recipe: Recipe, inputs: Interactions) -> Questions:
    """Return what a recipe is asked about users with these histories: related items about the last item."""
    last = np.cumsum(inputs.lengths) - 1
    items = [inputs.item_ids[place] for place in inputs.items[last]]
    lists = [inputs.item_ids] * len(items) if recipe.asks is Asks.RANKING else []
    return Questions(inputs, items, lists)


def _wanted(answers: Interactions) -> list[dict[str, float]]:
    """Return, per user, the answers with the largest of the weights of their events."""
    wanted: list[dict[str, float]] = [{} for _ in answers.user_ids]
    weights = np.ones(len(answers)) if answers.weights is None else answers.weights
    for user, item, weight in zip(answers.users.tolist(), answers.items.tolist(), weights.tolist(), strict=True):
        name = answers.item_ids[item]
        wanted[user][name] = max(weight, wanted[user].get(name, 0.0))
    return wanted


def _mean(metric: _Metric, lists: Sequence[Sequence[str]], wanted: Sequence[Mapping[str, float]], depth: int) -> float:
    values = [metric(items[:depth], want, depth) for items, want in zip(lists, wanted, strict=True)]
    return sum(values) / len(values)


def _reciprocal_rank(items: Sequence[str], wanted: Mapping[str, float], _depth: int) -> float:
    return next((1 / rank for rank, item in enumerate(items, start=1) if item in wanted), 0.0)


def _discounted_gain(items: Sequence[str], wanted: Mapping[str, float], depth: int) -> float:
    gain = sum(wanted[item] / math.log(1 + rank) for rank, item in enumerate(items, start=1) if item in wanted)
    best = sorted(wanted.values(), reverse=True)[:depth]
    ideal = sum(weight / math.log(1 + rank) for rank, weight in enumerate(best, start=1))
    return gain / ideal if ideal else 0.0


def _precision(items: Sequence[str], wanted: Mapping[str, float], depth: int) -> float:
    return sum(item in wanted for item in items) / depth


def _average_rewards(
    found: Sequence[Answer], wanted: Sequence[Mapping[str, float]], values: Mapping[str, float]
) -> float:
    """Return the mean share of the rewards of recommended answers that the 25 most rewarding recommendations bring.

    Rule: Developer Guide, optimizing-solution-for-objective. Users without any reward do not count.
    """
    shares = []
    for answer, want in zip(found, wanted, strict=True):
        most = sorted(answer.ids, key=lambda item: -values[item])[: max(DEPTHS)]
        total = sum(values[item] for item in answer.ids if item in want)
        if total > 0:
            shares.append(sum(values[item] for item in most if item in want) / total)
    return sum(shares) / len(shares) if shares else 0.0


def _measure_segments(
    recipe: Recipe, data: TrainingData, parameters: Mapping[str, str]
) -> tuple[Fitted, dict[str, float]]:
    """Coverage is the share of users in any segment; hits and recall are means over the items with answers."""
    training, answers = data.interactions.split_newest(HELD_OUT_SEGMENT_EVENTS)
    model = cast("Segmenter", recipe.fit(part(data, training), parameters))
    items = np.unique(answers.items)
    items = items[:: -(-len(items) // _MOST_SEGMENTS)]
    depth = math.ceil(_SEGMENT * len(model.user_ids))
    segments = model.segment([np.asarray([item]) for item in items], depth)
    hits, recalls = [], []
    for item, segment in zip(items, segments, strict=True):
        wanted = {answers.user_ids[user] for user in answers.users[answers.items == item].tolist()}
        hits.append(len(wanted & set(segment.ids)))
        recalls.append(hits[-1] / len(wanted))
    covered = {user for segment in segments for user in segment.ids}
    metrics = {
        "coverage": len(covered) / len(model.user_ids),
        "hits_at_1_percent": float(np.mean(hits)),
        "recall_at_1_percent": float(np.mean(recalls)),
    }
    return model, _rounded(metrics)


def _measure_trends(
    recipe: Recipe, data: TrainingData, parameters: Mapping[str, str]
) -> tuple[Fitted, dict[str, float]]:
    """The newest tenth of all events is held back: how many of the 25 items that grew the most were foretold."""
    times = data.interactions.times
    cut = int(np.quantile(times, 1 - HELD_OUT_EVENTS))
    latest = int(times.max())
    model = cast("Model", recipe.fit(part(data, data.interactions.where(times <= cut)), parameters))
    after, before = times > cut, (times <= cut) & (times > 2 * cut - latest)
    growth = data.interactions.where(after).counts - data.interactions.where(before).counts
    risen = [place for place in np.argsort(-growth, kind="stable")[: max(DEPTHS)] if growth[place] > 0]
    wanted = {data.interactions.item_ids[place] for place in risen}
    nobody = data.interactions.of_users([""])
    foretold = model.answer(Questions(nobody), max(DEPTHS), Settings())[0].ids
    share = len(wanted & set(foretold)) / len(wanted) if wanted else 0.0
    return model, _rounded({"trend_prediction_accuracy": share})


def _measure_likeness(
    recipe: Recipe, data: TrainingData, parameters: Mapping[str, str]
) -> tuple[Fitted, dict[str, float]]:
    """Nothing is held out: how popular, how new (percentiles) and how like the item its 25 related items are."""
    model = cast("SemanticSimilarity", recipe.fit(data, parameters))
    asked = range(0, len(model.catalogue), max(1, len(model.catalogue) // _MOST_QUERIES))
    items = [model.catalogue[place] for place in asked]
    nobody = data.interactions.of_users([""] * len(items))
    found = model.answer(Questions(nobody, items), max(DEPTHS), Settings())
    place_of = {item: place for place, item in enumerate(model.catalogue)}
    related = [np.asarray([place_of[item] for item in answer.ids], dtype=np.int64) for answer in found]
    everything = np.concatenate([np.zeros(0, dtype=np.int64), *related])
    alike = [model.similar(place)[places] for place, places in zip(asked, related, strict=True)]
    metrics = {
        "item_popularity": _average(percentiles(data.interactions.counts)[everything]),
        "item_freshness": _average(model.freshness[everything]),
        "item_similarity": _average(np.concatenate([np.zeros(0), *alike])),
    }
    return model, _rounded(metrics)


def _measure_actions(
    recipe: Recipe, data: TrainingData, parameters: Mapping[str, str]
) -> tuple[Fitted, dict[str, float]]:
    """The newest tenth of the action interactions of a tenth of the users is held back.

    Precision and recall are those of propensities above a half; the area under the ROC curve is by Mann and Whitney.
    """
    done = data.action_interactions
    assert done is not None
    if not done.users_with(2):
        return recipe.fit(data, parameters), {"precision": 0.0, "recall": 0.0, "area_under_curve": 0.0}
    training, inputs, answers = hold_out(done)
    kept = _together(training, inputs)
    model = cast("NextBestAction", recipe.fit(replace(data, action_interactions=kept), parameters))
    scores = {user: model.propensities(user) for user in answers.user_ids}
    events = zip(answers.users.tolist(), answers.items.tolist(), strict=True)
    found = np.asarray([scores[answers.user_ids[user]][action] for user, action in events])
    taken = np.ones(len(answers)) if answers.weights is None else answers.weights
    yes, likely = taken > 0, found > _LIKELY
    metrics = {
        "precision": _average(yes[likely]),
        "recall": _average(likely[yes]),
        "area_under_curve": _area(found, yes),
    }
    return model, _rounded(metrics)


def _together(one: Interactions, other: Interactions) -> Interactions:
    """Return the events of both, of the same catalogue."""
    parts = (one, other)
    users = [part.user_ids[place] for part in parts for place in part.users.tolist()]
    items = [part.item_ids[place] for part in parts for place in part.items.tolist()]
    times = np.concatenate([part.times for part in parts])
    weights = np.concatenate([np.ones(len(part)) if part.weights is None else part.weights for part in parts])
    return Interactions.of(users, items, times, one.item_ids, weights)


def _area(scores: Floats, yes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if not positives or not negatives:
        return 0.0
    above = float(pl.Series(scores).rank().to_numpy()[yes].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def _average(values: np.ndarray[tuple[int], np.dtype[np.float64 | np.bool_]]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _rounded(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in metrics.items()}
