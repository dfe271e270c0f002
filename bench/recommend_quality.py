"""How good the recipes are on MovieLens 100K, beside published figures and popularity."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from rich.table import Table

from bench.recommend_data import movielens, newest_of_some, random_quarter, training_data
from embedded_aws.personalize.metrics import evaluate, measure
from embedded_aws.personalize.recipes import RECIPES
from embedded_aws.personalize.recipes.base import Questions, Settings
from embedded_aws.personalize.recipes.preferences import marks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from embedded_aws.personalize.recipes import Recipe
    from embedded_aws.personalize.recipes.base import Answer, Model, TrainingData
    from embedded_aws.personalize.recipes.interactions import Interactions

SEEDS = 3
PARTS = 10
NEWEST = (
    "popularity-count",
    "user-personalization-v2",
    "user-personalization",
    "personalized-ranking-v2",
    "similar-items",
    "sims",
)
NDCG = "normalized_discounted_cumulative_gain_at_10"
PUBLISHED = {
    "BiVAE": 0.475,
    "BPR": 0.442,
    "LightGCN": 0.420,
    "NCF": 0.396,
    "SAR": 0.382,
    "SVD": 0.096,
    "ALS (Spark)": 0.044,
}
"""NDCG at 10 in the benchmark table of the repository recommenders-team/recommenders, same protocol, seed 42."""


def tables(folder: Path) -> list[Table]:
    """Return the tables of quality for a folder with u.data of MovieLens 100K."""
    data = movielens(folder)
    return [_random(data), _newest(data), _segments(data)]


def recipe(name: str) -> Recipe:
    """Return the recipe of that name."""
    return RECIPES[f"arn:aws:personalize:::recipe/aws-{name}"]


def _random(data: Interactions) -> Table:
    table = Table(title="MovieLens 100K, random 75/25 per user, top 10, seen removed: NDCG at 10")
    for column in ("algorithm", "NDCG", "fit s", "answer s"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    rows = {
        "User-Personalization-v2, apply_recency_bias false": (recipe("user-personalization-v2"), "false"),
        "User-Personalization-v2 as it is (the split is no order in time)": (recipe("user-personalization-v2"), "true"),
        "Popularity-Count": (recipe("popularity-count"), None),
    }
    for name, (found, recency) in rows.items():
        parameters = {} if recency is None else {"apply_recency_bias": recency}
        figures = [_random_once(data, found, parameters, seed) for seed in range(SEEDS)]
        gain, fit, answer = (np.mean(values) for values in zip(*figures, strict=True))
        table.add_row(f"{name}, mean of {SEEDS} seeds", f"{gain:.4f}", f"{fit:.2f}", f"{answer:.2f}")
    for name, gain in PUBLISHED.items():
        table.add_row(f"{name}, as published by the recommenders benchmark", f"{gain:.3f}", "", "")
    return table


def _random_once(
    data: Interactions, found: Recipe, parameters: dict[str, str], seed: int
) -> tuple[float, float, float]:
    training, answers = random_quarter(data, seed)
    started = time.perf_counter()
    model = found.fit(training_data(training), parameters)
    fitted = time.perf_counter()
    lists = model.answer(Questions(training, allowed=~marks(training)), 10, Settings())  # type: ignore[union-attr]
    answered = time.perf_counter()
    wanted = marks(answers)
    place = {item: number for number, item in enumerate(data.item_ids)}
    gains = [_gain([place[item] for item in one.ids], row) for one, row in zip(lists, wanted, strict=True) if row.any()]
    return float(np.mean(gains)), fitted - started, answered - fitted


def _gain(items: list[int], wanted: np.ndarray) -> float:
    """Return NDCG with logarithms to base 2 and an ideal of at most ten, as that benchmark computes it."""
    discounts = 1 / np.log2(np.arange(2, 12))
    return float(wanted[items] @ discounts[: len(items)] / discounts[: min(int(wanted.sum()), 10)].sum())


def _newest(data: Interactions) -> Table:
    table = Table(
        title=f"MovieLens 100K, newest 10 % of the events of 10 % of the users, mean of {PARTS} disjoint tenths"
    )
    for column in ("recipe", "NDCG at 10", "seen removed", "MRR at 25", "coverage", "fit s"):
        table.add_column(column, justify="left" if column == "recipe" else "right")
    splits = [newest_of_some(data, part, PARTS) for part in range(PARTS)]
    for name in NEWEST:
        figures = [_newest_once(recipe(name), *split) for split in splits]
        *means, seconds = np.mean(figures, axis=0)
        table.add_row(name, *(f"{value:.4f}" for value in means), f"{seconds:.2f}")
    return table


def _newest_once(
    found: Recipe, training: Interactions, inputs: Interactions, answers: Interactions
) -> tuple[float, float, float, float, float]:
    started = time.perf_counter()
    model = cast("Model", found.fit(training_data(training), {}))
    seconds = time.perf_counter() - started
    metrics = evaluate(found, model, inputs, answers)
    unseen = evaluate(found, Unseen(model), inputs, answers)
    values = metrics[NDCG], unseen[NDCG], metrics["mean_reciprocal_rank_at_25"], metrics["coverage"]
    return *values, seconds


@dataclass(frozen=True)
class Unseen:
    """A model that leaves out what the users of the questions had."""

    model: Model

    @property
    def catalogue(self) -> Sequence[str]:
        """The model's catalogue."""
        return self.model.catalogue

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the model's answers to the same questions."""
        return self.model.answer(replace(questions, allowed=~marks(questions.histories)), k, settings)

    def refit(self, data: TrainingData) -> Model:
        """Return the model of other data, with the same exception."""
        return Unseen(self.model.refit(data))


def _segments(data: Interactions) -> Table:
    table = Table(title="MovieLens 100K, newest 20 % of each user's events: segments of 1 % of the users")
    for column in ("recipe", "recall", "hits", "coverage"):
        table.add_column(column, justify="left" if column == "recipe" else "right")
    _, metrics = measure(recipe("item-affinity"), training_data(data), {})
    found = [metrics[key] for key in ("recall_at_1_percent", "hits_at_1_percent", "coverage")]
    table.add_row("aws-item-affinity", *(f"{value:.4f}" for value in found))
    table.add_row("the most active users who did not have the item", *(f"{value:.4f}" for value in _active(data)))
    return table


def _active(data: Interactions) -> tuple[float, float, float]:
    training, answers = data.split_newest(0.2)
    had, wanted = marks(training), marks(answers)
    depth = -(-len(data.user_ids) // 100)
    order = np.argsort(-training.lengths, kind="stable")
    hits, recalls, covered = [], [], set()
    for item in np.flatnonzero(wanted.any(axis=0)):
        segment = order[~had[order, item]][:depth]
        covered |= set(segment.tolist())
        hits.append(wanted[segment, item].sum())
        recalls.append(hits[-1] / wanted[:, item].sum())
    return float(np.mean(recalls)), float(np.mean(hits)), len(covered) / len(data.user_ids)
