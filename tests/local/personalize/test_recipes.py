"""The contract that every recipe keeps, on data whose right answer is known."""

from collections.abc import Mapping

import numpy as np
import pytest

from local.personalize.metrics import evaluate, hold_out
from local.personalize.recipes import RECIPES, Recipe
from local.personalize.recipes.base import Exploration, Model
from local.personalize.recipes.interactions import Interactions
from tests.local.personalize.support import two_groups

EVERY_RECIPE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
PERSONAL = pytest.mark.parametrize(
    "recipe", [recipe for recipe in RECIPES.values() if "personal" in recipe.name], ids=lambda recipe: recipe.name
)


def learned(
    recipe: Recipe, rows: list[tuple[str, str, int]], parameters: Mapping[str, str] | None = None
) -> tuple[Model, Interactions]:
    """Fit a recipe."""
    users, items, times = zip(*rows, strict=True)
    interactions = Interactions.of(users, items, times)
    return recipe.fit(interactions, parameters or {}), interactions


def chains(seed: int = 3, users: int = 150, items: int = 60, events: int = 20) -> list[tuple[str, str, int]]:
    """Return events of users who mostly go round a ring of items, each at the speed of their own taste.

    A third of the events are popular items that everybody has now and then.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        place, step = int(rng.integers(items)), 1 + user % 3
        for time in range(events):
            popular = rng.random() < 0.33
            item = f"hit{int(rng.integers(5))}" if popular else f"i{place}"
            rows.append((f"u{user}", item, 1_700_000_000 + 3600 * time))
            place = place if popular else (place + step) % items
    return rows


@EVERY_RECIPE
def test_everyone_gets_the_wanted_number_of_distinct_items(recipe: Recipe) -> None:
    """Known users, a user with one event and an unknown one all get k distinct items."""
    model, interactions = learned(recipe, [*two_groups(), ("once", "A1", 5)])
    for answer in model.recommend(interactions.of_users(["a0", "b7", "once", "nobody"]), 25):
        assert len(answer.items) == len(set(answer.items)) == 25


@EVERY_RECIPE
def test_a_small_catalogue_is_returned_whole(recipe: Recipe) -> None:
    """Asked for more items than there are, a recipe returns each of them once."""
    model, interactions = learned(recipe, two_groups(items=6))
    catalogue = {f"{group}{place}" for group in "AB" for place in range(6)}
    for answer in model.recommend(interactions.of_users(["a0", "nobody"]), 100):
        assert len(answer.items) == 12
        assert set(answer.items) == catalogue


@EVERY_RECIPE
def test_the_same_data_give_the_same_answers(recipe: Recipe) -> None:
    """Two fits of the same events, given in another order of users, agree to the last digit."""
    rows = two_groups()
    one, interactions = learned(recipe, rows)
    other, _ = learned(recipe, sorted(rows, key=lambda row: (row[0][::-1], row[2])))
    users = interactions.of_users(["a0", "b1", "nobody"])

    assert one.recommend(users, 20, Exploration()) == other.recommend(users, 20, Exploration())


@EVERY_RECIPE
def test_an_unknown_user_gets_the_popular_items(recipe: Recipe) -> None:
    """Without a history the items come by their number of events."""
    popular = [(f"a{user}", f"A{item}", user) for item in (3, 4, 5) for user in range(160 - 20 * item)]
    model, interactions = learned(recipe, [*two_groups(), *popular, *popular])
    answer = model.recommend(interactions.of_users(["nobody"]), 3)[0]

    assert answer.items == ["A3", "A4", "A5"]


@EVERY_RECIPE
def test_refitting_forgets_the_old_data(recipe: Recipe) -> None:
    """A model refitted to other events knows only their items."""
    model, _ = learned(recipe, two_groups())
    users, items, times = zip(*[(user, f"new-{item}", time) for user, item, time in two_groups(9)], strict=True)
    other = Interactions.of(users, items, times)

    answer = model.refit(other).recommend(other.of_users(["a0"]), 10)[0]
    assert all(item.startswith("new-") for item in answer.items)


@PERSONAL
@pytest.mark.parametrize("exploration", [None, Exploration(0.3, 30)])
def test_groups_that_never_meet_are_never_mixed(recipe: Recipe, exploration: Exploration | None) -> None:
    """Group B is more popular by far, yet the users of A get items of A, however indirectly connected."""
    rows = [*two_groups(), *((f"fan{user}", f"B{user % 30}", user) for user in range(3000))]
    model, interactions = learned(recipe, rows)
    users = [f"a{user}" for user in range(40)]
    for answer in model.recommend(interactions.of_users(users), 25, exploration):
        assert {item[0] for item in answer.items} == {"A"}


@PERSONAL
def test_what_is_only_indirectly_connected_comes_before_strangers(recipe: Recipe) -> None:
    """On a long chain of users who share one item with the next, all 25 places go to the chain."""
    chain = [(f"c{user}", f"C{user + step}", step) for user in range(40) for step in (0, 1)]
    strangers = [(f"d{user}", f"D{item}", item) for user in range(40) for item in range(30)]
    model, interactions = learned(recipe, [*chain, *strangers])
    answer = model.recommend(interactions.of_users(["c0"]), 45)[0]

    assert {item[0] for item in answer.items[:41]} == {"C"}
    assert {item[0] for item in answer.items[41:]} == {"D"}
    assert answer.scores == sorted(answer.scores or [], reverse=True)


@PERSONAL
def test_what_follows_is_recommended(recipe: Recipe) -> None:
    """A user who goes round a ring in steps of one is shown the next places on it, not the hits."""
    model, interactions = learned(recipe, chains())
    history = [("new", f"i{place}", place) for place in (10, 11, 12, 13)]
    users, items, times = zip(*[*chains(), *history], strict=True)
    more = Interactions.of(users, items, times)
    answer = model.recommend(more.of_users(["new"]), 5)[0]

    assert more.item_ids == interactions.item_ids
    assert {"i14", "i15"} <= set(answer.items)


@PERSONAL
def test_personal_recipes_beat_popularity_clearly(recipe: Recipe) -> None:
    """On sequences with a structure, NDCG at 10 is at least twice that of popularity."""
    training, inputs, answers = hold_out(learned(recipe, chains())[1])
    popularity = RECIPES["arn:aws:personalize:::recipe/aws-popularity-count"]
    metric = "normalized_discounted_cumulative_gain_at_10"
    personal = evaluate(recipe.fit(training, {}), inputs, answers)[metric]
    popular = evaluate(popularity.fit(training, {}), inputs, answers)[metric]

    assert personal > 2 * popular


@PERSONAL
def test_what_is_bought_again_comes_again(recipe: Recipe) -> None:
    """Where people repeat themselves, the validation finds out, and their own items come first."""
    rng = np.random.default_rng(1)
    rows = [
        (f"u{user}", f"i{user % 50}-{int(rng.integers(3))}", 1000 * event) for user in range(100) for event in range(15)
    ]
    model, interactions = learned(recipe, rows)
    own = set(np.asarray(interactions.item_ids)[interactions.of_users(["u7"]).items])

    assert set(model.recommend(interactions.of_users(["u7"]), 3)[0].items) == own


@PERSONAL
def test_what_was_seen_once_gives_way_where_nobody_repeats(recipe: Recipe) -> None:
    """Where nobody has anything twice, as with films, what the user had already does not come first."""
    rng = np.random.default_rng(2)
    rows = [
        (f"u{user}", f"i{(user * 7 + int(place)) % 90}", 100 * event)
        for user in range(120)
        for event, place in enumerate(rng.choice(30, 12, replace=False))
    ]
    model, interactions = learned(recipe, rows)
    own = set(np.asarray(interactions.item_ids)[interactions.of_users(["u7"]).items])

    assert not own & set(model.recommend(interactions.of_users(["u7"]), 8)[0].items)


@PERSONAL
@pytest.mark.parametrize("exploration", [None, Exploration()])
def test_scores_are_positive_falling_shares(recipe: Recipe, exploration: Exploration | None) -> None:
    """Scores of the whole catalogue are positive, never rise, and sum to one at most."""
    model, interactions = learned(recipe, two_groups())
    for answer in model.recommend(interactions.of_users(["a0", "nobody"]), 100, exploration):
        assert answer.scores is not None
        assert len(answer.scores) == len(answer.items)
        assert min(answer.scores) > 0
        assert answer.scores == sorted(answer.scores, reverse=True)
        assert sum(answer.scores) <= 1


def test_popularity_has_no_scores_and_counts_events() -> None:
    """Popularity-Count ranks by events, equal counts by ID, and gives no scores."""
    recipe = RECIPES["arn:aws:personalize:::recipe/aws-popularity-count"]
    rows = [("u1", "b", 1), ("u2", "b", 2), ("u1", "c", 3), ("u3", "a", 4), ("u3", "b", 5), ("u3", "c", 6)]
    model, interactions = learned(recipe, rows)
    answer = model.recommend(interactions.of_users(["u3"]), 3)[0]

    assert answer.items == ["b", "c", "a"]
    assert answer.scores is None


def test_exploration_changes_the_tail_of_the_list_only() -> None:
    """With a weight of 0.3, seven of 25 places go to new or rare items; without weight nothing changes."""
    recipe = RECIPES["arn:aws:personalize:::recipe/aws-user-personalization"]
    old = chains(items=200, users=300)
    newest = max(time for _, _, time in old)
    new = [(f"u{user}", f"new{user % 20}", newest + 40 * 86400) for user in range(100)]
    model, interactions = learned(recipe, [*old, *new])
    users = interactions.of_users(["u1"])
    plain = model.recommend(users, 25)[0].items
    explored = model.recommend(users, 25, Exploration(0.3, 30))[0].items

    assert model.recommend(users, 25, Exploration(0, 30))[0].items == plain
    assert explored[:18] == plain[:18]
    assert explored[18:] != plain[18:]
    assert all(
        item.startswith("new") or list(interactions.counts)[interactions.item_ids.index(item)] <= 5
        for item in set(explored) - set(plain)
    )


def test_items_without_events_are_explored_by_those_who_have_nothing_else() -> None:
    """An item of the catalogue that nobody has had yet gets a place when there is exploration."""
    recipe = RECIPES["arn:aws:personalize:::recipe/aws-user-personalization"]
    users, items, times = zip(*chains(items=10), strict=True)
    interactions = Interactions.of(users, items, [time * 1000 for time in times], catalogue=["cold"])
    model = recipe.fit(interactions, {})
    one = interactions.of_users(["u1"])

    assert "cold" not in model.recommend(one, 10)[0].items
    assert "cold" in model.recommend(one, 10, Exploration(0.3, 1))[0].items


def test_recency_can_be_switched_off() -> None:
    """Without recency bias the latest turn of a history weighs no more than the older ones."""
    recipe = RECIPES["arn:aws:personalize:::recipe/aws-user-personalization-v2"]
    rows = two_groups(events=30)
    users = [f"a{user}" for user in range(40)]
    biased, interactions = learned(recipe, rows)
    plain, _ = learned(recipe, rows, {"apply_recency_bias": "false"})
    histories = interactions.of_users(users)

    assert plain.recommend(histories, 10) != biased.recommend(histories, 10)
