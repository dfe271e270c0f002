"""That the recommendations are learnt: film ratings, a held-out split, and metrics computed here."""

from __future__ import annotations

import csv as csv_file
import math
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from definition.paths import ROOT
from tests.documents import shop
from tests.pipeline.data import csv
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS

HELD_OUT = 5
"""Newest likes of each user that the models never see."""


def split() -> tuple[list[str], dict[str, set[str]]]:
    """Return rows ``user,item,at`` of all but the newest likes of each user, and those newest ones."""
    likes: dict[str, list[tuple[int, str]]] = defaultdict(list)
    with (ROOT / "samples" / "movielens" / "ratings" / "ratings.csv").open() as file:
        for row in csv_file.DictReader(file):
            if float(row["rating"]) >= 3.5:
                likes[row["userId"]].append((int(row["timestamp"]), row["movieId"]))
    rows, held_out = [], {}
    for user, events in likes.items():
        events.sort()
        known = events[:-HELD_OUT] if len(events) >= 4 * HELD_OUT else events
        held_out[user] = {item for _, item in events[len(known) :]}
        rows += [f"{user},{item},{at}" for at, item in known]
    return rows, {user: items for user, items in held_out.items() if items}


def ndcg_at_10(recommended: list[str], relevant: set[str]) -> float:
    """Return normalized discounted cumulative gain: gain 1/log2(1 + position), over the best possible."""
    gain = sum(1 / math.log2(1 + place) for place, item in enumerate(recommended[:10], 1) if item in relevant)
    return gain / sum(1 / math.log2(1 + place) for place in range(1, min(10, len(relevant)) + 1))


@pytest.fixture(scope="module")
def scores(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Mean NDCG@10 of each recipe over the held-out likes, through the whole pipeline.

    Known items are passed over, for both alike: a film is rarely liked twice.
    """
    recipes = {"v2": "aws-user-personalization-v2", "popular": "aws-popularity-count"}
    solutions = [
        {"name": name, "recipe": recipe, "batch_inference": [{"name": "top", "num_results": 500}]}
        for name, recipe in recipes.items()
    ]
    rig = Rig.deploy(aws, shop(name="films", solutions=solutions, schedule=...), tmp_path_factory.mktemp("films"))
    rows, held_out = split()
    rig.put_raw("events/train.csv", csv(rows))
    run = rig.run()
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    known = defaultdict(set)
    for row in rows:
        user, item, _ = row.split(",")
        known[user].add(item)
    means = {}
    for name in recipes:
        lists = {
            line["input"]["userId"]: line["output"]["recommendedItems"]
            for line in rig.lines(f"batch/{run.id}/{name}/top/output/users-00000.json.out")
        }
        gains = [
            ndcg_at_10([item for item in lists[user] if item not in known[user]], relevant)
            for user, relevant in held_out.items()
        ]
        means[name] = sum(gains) / len(gains)
    return means


def test_personalization_beats_popularity_clearly(scores: dict[str, float]) -> None:
    """On likes that no model saw, the personalizing recipe ranks at least half as well again as popularity."""
    assert scores["popular"] > 0
    assert scores["v2"] > 1.5 * scores["popular"], scores
