"""Metrics, held against plain loops over lists that are known."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from embedded_aws.personalize.metrics import evaluate, hold_out, measure, part
from embedded_aws.personalize.recipes import RECIPES, Recipe
from embedded_aws.personalize.recipes.base import Answer, Asks, Metadata, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.interactions import Interactions
from emulator.tests.personalize.recipe_data import interactions, recipe, small, training_data
from emulator.tests.personalize.support import two_groups

LISTS = {
    "u1": ["a", "b", "c", "d", "e", "f"],
    "u2": ["f", "e", "d", "c", "b", "a"],
    "u3": ["b", "a", "c", "e", "d", "f"],
}
WANTED = {"u1": {"b": 0.5, "f": 1.0}, "u2": {"a": 1.0}, "u3": {"c": 0.25, "b": 1.0}}


class Told:
    """A model that answers what it was told, and remembers what it was asked."""

    catalogue = ("a", "b", "c", "d", "e", "f", "g", "h")

    def __init__(self) -> None:
        self.asked: list[Questions] = []

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return the list of each user."""
        del settings
        self.asked.append(questions)
        return [Answer(LISTS[user][:k]) for user in questions.histories.user_ids]

    def refit(self, data: TrainingData) -> "Told":
        """Return itself."""
        del data
        return self


def events(wanted: dict[str, dict[str, float]]) -> Interactions:
    """Return one event per user and item, with weights."""
    rows = [(user, item, weight) for user, items in wanted.items() for item, weight in items.items()]
    users, items, weights = zip(*rows, strict=True)
    return Interactions.of(users, items, range(len(rows)), Told.catalogue, weights)


def gain(items: Sequence[str], wanted: dict[str, float], depth: int) -> float:
    """Return NDCG by the guide's words."""
    got = 0.0
    for position in range(min(depth, len(items))):
        if items[position] in wanted:
            got += wanted[items[position]] / math.log(2 + position)
    best = 0.0
    for position, weight in enumerate(sorted(wanted.values())[::-1]):
        if position < depth:
            best += weight / math.log(2 + position)
    return got / best


def test_metrics_of_known_lists() -> None:
    """Coverage, reciprocal rank, gain with and without the events' weights, and precision, by hand and by loops."""
    metrics = evaluate(recipe("aws-popularity-count"), Told(), events(WANTED), events(WANTED), weighted=True)
    flat = {user: dict.fromkeys(items, 1.0) for user, items in WANTED.items()}
    expected = {
        "coverage": 6 / 8,
        "mean_reciprocal_rank_at_25": (1 / 2 + 1 / 6 + 1) / 3,
        "precision_at_5": (1 + 0 + 2) / 15,
        "precision_at_10": (2 + 1 + 2) / 30,
        "precision_at_25": (2 + 1 + 2) / 75,
    }
    for depth in (5, 10, 25):
        for name, wanted in (("", flat), ("_with_event_weights", WANTED)):
            gains = [gain(LISTS[user], wanted[user], depth) for user in LISTS]
            expected[f"normalized_discounted_cumulative_gain{name}_at_{depth}"] = sum(gains) / 3

    assert expected == pytest.approx(metrics, abs=1e-6)


def test_rewards_are_the_share_of_the_most_rewarding_recommendations() -> None:
    """With six recommendations all rewards are within the first 25; with thirty, five are not."""
    items = [f"i{number:02d}" for number in range(30)]

    class Everything(Told):
        catalogue = tuple(items)

        def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
            del settings
            return [Answer(items[:k]) for _ in questions.histories.user_ids]

    wanted = Interactions.of(["u1", "u1", "u2", "u3"], ["i00", "i29", "i29", "i01"], range(4), items)
    rewards = np.arange(30, dtype=np.float64)
    found = evaluate(recipe("aws-user-personalization"), Everything(), wanted, wanted, rewards=rewards)
    plain = evaluate(recipe("aws-user-personalization"), Told(), events(WANTED), events(WANTED))

    assert (1 + 1 + 0) / 3 == pytest.approx(found["average_rewards_at_k"], abs=1e-6)
    assert "average_rewards_at_k" not in plain


def test_related_items_are_asked_about_the_last_item() -> None:
    """The query of a user is the newest item of the inputs."""
    model = Told()
    inputs = Interactions.of(["u1", "u1", "u2", "u3"], ["a", "b", "c", "d"], [2, 1, 3, 4], Told.catalogue)
    evaluate(recipe("aws-sims"), model, inputs, events(WANTED))

    assert ["a", "c", "d"] == list(model.asked[0].item_ids)


def test_a_tenth_of_the_users_is_held_out() -> None:
    """The first by CRC-32 of those with two events are held out; their oldest nine tenths are the inputs."""
    rows = [*two_groups(users=30, items=10, events=12), *((f"once{n}", "A1", n) for n in range(40))]
    able = sorted({user for user, _, _ in rows if "once" not in user}, key=lambda user: zlib.crc32(user.encode()))
    everything = interactions(rows)
    training, inputs, answers = hold_out(everything)
    held = sorted(able[:10])

    assert held == list(inputs.user_ids) == list(answers.user_ids)
    assert [10] * 10 == inputs.lengths.tolist()
    assert [2] * 10 == answers.lengths.tolist()
    assert all(
        answers.times[answers.users == user].min() > inputs.times[inputs.users == user].max() for user in range(10)
    )
    trains = {everything.user_ids[place] for place in training.users.tolist()}
    assert {user for user, _, _ in rows} - set(held) == trains


def test_a_part_of_the_data_has_the_users_that_are_left() -> None:
    """Metadata of users follow the users of the remaining events."""
    data = small()
    kept = part(data, data.interactions.where(data.interactions.users == 3))

    assert [data.interactions.user_ids[3]] == list(kept.interactions.user_ids)
    assert list(kept.interactions.user_ids) == kept.users.rows.get_column("USER_ID").to_list()


@pytest.mark.parametrize("found", RECIPES.values(), ids=lambda found: found.name)
def test_every_recipe_has_the_metrics_of_its_kind(found: Recipe) -> None:
    """Names by the kind of recipe; each value is finite, and all but hits are from 0 to 1."""
    _, metrics = measure(found, small(), {})
    names = {
        Asks.SEGMENT_OF_ITEM: {"coverage", "hits_at_1_percent", "recall_at_1_percent"},
        Asks.SEGMENT_OF_ATTRIBUTES: {"coverage", "hits_at_1_percent", "recall_at_1_percent"},
        Asks.ACTIONS: {"precision", "recall", "area_under_curve"},
        Asks.NOTHING: {"trend_prediction_accuracy"},
    }
    if found.name == "aws-semantic-similarity":
        assert {"item_popularity", "item_freshness", "item_similarity"} == set(metrics)
    elif found.asks in names:
        assert names[found.asks] == set(metrics)
    else:
        assert {"coverage", "mean_reciprocal_rank_at_25"} <= set(metrics)
        assert 8 == len(metrics)
    assert all(0 <= value <= (1 if "hits" not in name else 99) for name, value in metrics.items())


def test_segment_metrics_are_those_of_a_loop() -> None:
    """Hits and recall of one in a hundred users, for items that the newest fifth of the events holds."""
    data = training_data(two_groups(users=60, items=12, events=10))
    found = recipe("aws-item-affinity")
    model, metrics = measure(found, data, {})
    histories: dict[str, list[str]] = {}
    for user, item, _ in sorted(two_groups(users=60, items=12, events=10), key=lambda row: row[2]):
        histories.setdefault(user, []).append(item)
    wanted: dict[str, set[str]] = {}
    for user, items in histories.items():
        for item in items[8:]:
            wanted.setdefault(item, set()).add(user)
    hits, recalls, covered = [], [], set()
    for item, users in sorted(wanted.items()):
        segment = model.segment([np.asarray([model.catalogue.index(item)])], 2)[0].ids  # type: ignore[union-attr]
        covered |= set(segment)
        hits.append(len(set(segment) & users))
        recalls.append(hits[-1] / len(users))

    assert {
        "coverage": len(covered) / 120,
        "hits_at_1_percent": sum(hits) / len(hits),
        "recall_at_1_percent": sum(recalls) / len(recalls),
    } == pytest.approx(metrics, abs=1e-6)


def test_actions_are_told_apart() -> None:
    """Where each group takes one action and never the other, precision, recall and the area are near 1."""
    asked = [
        (f"{group}{number}", action, 10 * number + place, float(action == liked))
        for group, liked in (("a", "join"), ("b", "quit"))
        for number in range(60)
        for place, action in enumerate(["join", "quit"] if number % 2 else ["quit", "join"])
    ]
    who, what, when, taken = zip(*asked, strict=True)
    data = replace(
        training_data(two_groups(users=60, items=12, events=10)),
        action_interactions=Interactions.of(who, what, when, [], taken),
        actions=Metadata(pl.DataFrame({"ACTION_ID": ["join", "quit"]})),
    )
    _, metrics = measure(recipe("aws-next-best-action"), data, {})

    assert metrics["precision"] > 0.9
    assert metrics["recall"] > 0.9
    assert metrics["area_under_curve"] > 0.9


def test_a_trend_that_goes_on_is_foretold() -> None:
    """One item rises before the cut and after it, all others are steady."""
    rows = [(f"u{n}", f"i{n % 40}", 1_700_000_000 + 60 * n) for n in range(4000)]
    rows += [(f"v{n}", "riser", 1_700_000_000 + 60 * 3400 + 10 * n) for n in range(3600)]
    _, metrics = measure(recipe("aws-trending-now"), training_data(rows), {})

    assert metrics["trend_prediction_accuracy"] > 0
