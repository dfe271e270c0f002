"""The offline metrics of GetSolutionMetrics, by the documented hold-out.

Rules: Developer Guide, working-with-training-metrics: 90 % of the users train; of each other user, the oldest
90 % of the events are the input and the newest 10 % the answers.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np

from local.personalize.recipes.base import Model, Recommendations
from local.personalize.recipes.interactions import Interactions

_Metric = Callable[[Sequence[str], AbstractSet[str], int], float]

DEPTHS: Final = (5, 10, 25)
HELD_OUT_USERS: Final = 0.1
HELD_OUT_EVENTS: Final = 0.1


def hold_out(interactions: Interactions) -> tuple[Interactions, Interactions, Interactions]:
    """Return what trains, and the inputs and the answers of the other users.

    Held out is the tenth of the users (at least one) that comes first by the CRC-32 of their IDs, among those
    with two events or more: the others could not have both an input and an answer.
    """
    able = interactions.users_with(2)
    chosen = sorted(able, key=lambda user: (zlib.crc32(user.encode()), user))
    chosen = sorted(chosen[: max(1, round(HELD_OUT_USERS * len(interactions.user_ids)))])
    held = set(chosen)
    out = np.asarray([user in held for user in interactions.user_ids], dtype=np.bool_)
    training = interactions.where(~out[interactions.users]).without_idle_users()
    inputs, answers = interactions.of_users(chosen).split_newest(HELD_OUT_EVENTS)
    return training, inputs, answers


def evaluate(model: Model, inputs: Interactions, answers: Interactions) -> dict[str, float]:
    """Return the metrics of a model that learned from neither `inputs` nor `answers` (the same users).

    Coverage is the share of the catalogue's items that were recommended to anybody, 25 to each.
    """
    lists = model.recommend(inputs, max(DEPTHS))
    items = np.asarray(answers.item_ids, dtype=object)
    wanted = [set(items[answers.items[answers.users == user]]) for user in range(len(inputs.user_ids))]
    recommended = {item for answer in lists for item in answer.items}
    metrics = {
        "coverage": len(recommended) / len(answers.item_ids),
        f"mean_reciprocal_rank_at_{max(DEPTHS)}": _mean(_reciprocal_rank, lists, wanted, max(DEPTHS)),
    }
    for depth in DEPTHS:
        name = f"normalized_discounted_cumulative_gain_at_{depth}"
        metrics[name] = _mean(_discounted_gain, lists, wanted, depth)
    for depth in DEPTHS:
        metrics[f"precision_at_{depth}"] = _mean(_precision, lists, wanted, depth)
    return {name: round(value, 6) for name, value in metrics.items()}


def _mean(metric: _Metric, lists: Sequence[Recommendations], wanted: Sequence[AbstractSet[str]], depth: int) -> float:
    values = [metric(answer.items[:depth], want, depth) for answer, want in zip(lists, wanted, strict=True)]
    return sum(values) / len(values)


def _reciprocal_rank(items: Sequence[str], wanted: AbstractSet[str], _depth: int) -> float:
    return next((1 / rank for rank, item in enumerate(items, start=1) if item in wanted), 0.0)


def _discounted_gain(items: Sequence[str], wanted: AbstractSet[str], depth: int) -> float:
    gain = sum(1 / math.log(1 + rank) for rank, item in enumerate(items, start=1) if item in wanted)
    return gain / sum(1 / math.log(1 + rank) for rank in range(1, min(len(wanted), depth) + 1))


def _precision(items: Sequence[str], wanted: AbstractSet[str], depth: int) -> float:
    return sum(item in wanted for item in items) / depth
