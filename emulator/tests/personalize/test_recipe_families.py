"""What each family of recipes is for, on data that was made to show it."""

import numpy as np
import polars as pl
import pytest

from embedded_aws.personalize.metrics import evaluate, hold_out, part
from embedded_aws.personalize.recipes import RECIPES, Recipe
from embedded_aws.personalize.recipes.base import Asks, Exploration, Metadata, Questions, Settings, TrainingData
from embedded_aws.personalize.recipes.interactions import Interactions
from embedded_aws.personalize.schemas import Field
from emulator.tests.personalize.recipe_data import Rows, ask, fitted, interactions, recipe, small, training_data
from emulator.tests.personalize.support import two_groups

NDCG = "normalized_discounted_cumulative_gain_at_10"
V1, V2 = "aws-user-personalization", "aws-user-personalization-v2"
PERSONAL = pytest.mark.parametrize("name", [V1, V2])
RELATED = pytest.mark.parametrize(
    "found",
    [found for found in RECIPES.values() if found.recipe_type == "RELATED_ITEMS" and found.needs != ("ITEMS",)],
    ids=lambda found: found.name,
)
DAY = 86400
EVERY_ITEM = {"min_item_interaction_count_percentile": "0.0", "max_item_interaction_count_percentile": "1.0"}


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


def recommended(name: str, rows: Rows, user: str, k: int, settings: Settings | None = None) -> list[str]:
    """Return what a recipe recommends to a user after learning from the rows."""
    data = training_data(rows)
    return ask(recipe(name).fit(data, {}), data, [user], k=k, settings=settings)[0].ids


@pytest.mark.parametrize(
    ("name", "settings"), [(V1, Settings()), (V1, Settings(Exploration(0.3, 30))), (V2, Settings())]
)
def test_groups_that_never_meet_are_never_mixed(name: str, settings: Settings) -> None:
    """Group B is more popular by far, yet the users of A get items of A, however indirectly connected."""
    data = training_data([*two_groups(), *((f"fan{user}", f"B{user % 30}", user) for user in range(3000))])
    model = recipe(name).fit(data, {})
    for answer in ask(model, data, [f"a{user}" for user in range(40)], k=25, settings=settings):
        assert {item[0] for item in answer.ids} == {"A"}


@PERSONAL
def test_what_is_only_indirectly_connected_comes_before_strangers(name: str) -> None:
    """On a long chain of users who share one item with the next, the chain's items come before all others."""
    chain = [(f"c{user}", f"C{user + step}", step) for user in range(40) for step in (0, 1)]
    strangers = [(f"d{user}", f"D{item}", item) for user in range(40) for item in range(30)]
    items = recommended(name, [*chain, *strangers], "c0", 19)

    assert {item[0] for item in items} == {"C"}


@PERSONAL
def test_what_follows_is_recommended(name: str) -> None:
    """A user who goes round a ring in steps of one is shown the next places on it, not the hits."""
    data = training_data(chains())
    history = interactions([*chains(), *(("new", f"i{place}", place) for place in (10, 11, 12, 13))])
    asked = TrainingData(history, data.items, data.users)
    answer = ask(recipe(name).fit(data, {}), asked, ["new"], k=5)[0]

    assert {"i14", "i15"} <= set(answer.ids)


@PERSONAL
def test_personal_recipes_beat_popularity_clearly(name: str) -> None:
    """On sequences with a structure, NDCG at 10 is at least twice that of popularity."""
    data = training_data(chains())
    training, inputs, answers = hold_out(data.interactions)
    found, popularity = recipe(name), recipe("aws-popularity-count")
    personal = evaluate(found, found.fit(part(data, training), {}), inputs, answers)[NDCG]  # type: ignore[arg-type]
    popular = evaluate(popularity, popularity.fit(part(data, training), {}), inputs, answers)[NDCG]  # type: ignore[arg-type]

    assert personal > 2 * popular


@PERSONAL
def test_what_is_bought_again_comes_again(name: str) -> None:
    """Where people repeat themselves, the validation finds out, and their own items come first."""
    rng = np.random.default_rng(1)
    rows = [
        (f"u{user}", f"i{user % 50}-{int(rng.integers(3))}", 1000 * event) for user in range(100) for event in range(15)
    ]
    own = {item for user, item, _ in rows if user == "u7"}

    assert set(recommended(name, rows, "u7", len(own))) == own


@PERSONAL
def test_what_was_seen_once_gives_way_where_nobody_repeats(name: str) -> None:
    """Where nobody has anything twice, as with films, what the user had already does not come first."""
    rng = np.random.default_rng(2)
    rows = [
        (f"u{user}", f"i{(user * 7 + int(place)) % 90}", 100 * event)
        for user in range(120)
        for event, place in enumerate(rng.choice(30, 12, replace=False))
    ]
    own = {item for user, item, _ in rows if user == "u7"}

    assert not own & set(recommended(name, rows, "u7", 8))


def test_exploration_changes_the_tail_of_the_list_only() -> None:
    """With a weight of 0.3, seven of 25 places go to new or rare items; without weight nothing changes."""
    old = chains(items=200, users=300)
    newest = max(time for _, _, time in old)
    data = training_data([*old, *((f"u{user}", f"new{user % 20}", newest + 40 * DAY) for user in range(100))])
    model = recipe(V1).fit(data, {})
    plain, unweighted, explored = (
        ask(model, data, ["u1"], k=25, settings=Settings(exploration))[0].ids
        for exploration in (None, Exploration(0, 30), Exploration(0.3, 30))
    )
    counts = dict(zip(data.interactions.item_ids, data.interactions.counts, strict=True))

    assert plain == unweighted
    assert plain[:18] == explored[:18]
    assert plain[18:] != explored[18:]
    assert all(item.startswith("new") or counts[item] <= 5 for item in set(explored) - set(plain))


def test_items_without_events_are_explored_by_those_who_have_nothing_else() -> None:
    """v1 gives an item that nobody has had yet a place when there is exploration; v2 does so by itself and says so."""
    data = training_data([(user, item, time * 1000) for user, item, time in chains(items=20)], catalogue=["cold"])
    first, second, cold_start = (recipe(name).fit(data, {}) for name in (V1, V2, "aws-hrnn-coldstart"))
    answer = ask(second, data, ["u1"], k=20)[0]

    assert "cold" not in ask(first, data, ["u1"], k=10)[0].ids
    assert "cold" in ask(first, data, ["u1"], k=10, settings=Settings(Exploration(0.3, 1)))[0].ids
    assert "cold" in ask(cold_start, data, ["u1"], k=10)[0].ids
    assert ("cold", None, ["Exploration"]) == (answer.ids[-1], (answer.scores or [])[-1], (answer.reasons or [])[-1])
    assert [[]] * 19 == (answer.reasons or [])[:-1]


def test_an_old_item_without_events_is_not_explored() -> None:
    """CREATION_TIMESTAMP decides how new an item is that nobody has had yet."""
    data = training_data(chains(items=20), catalogue=["cold"])
    rows = data.items.rows.with_columns(pl.lit(1_600_000_000).alias("CREATION_TIMESTAMP"))
    old = TrainingData(data.interactions, Metadata(rows, data.items.fields), data.users)

    assert "cold" not in ask(recipe(V2).fit(old, {}), old, ["u1"], k=20)[0].ids


def test_a_filtered_list_is_filled_up_with_popular_items_without_a_score() -> None:
    """What v2 does not score for a user of A, the items of B, comes last, by popularity."""
    rows = [*two_groups(users=20, items=12, events=10), *((f"b{user}", "B7", 5) for user in range(20))]
    data = training_data(rows)
    model = recipe(V2).fit(data, {})
    allowed = np.asarray([[item[0] == "B" or item == "A1" for item in model.catalogue]])
    answer = ask(model, data, ["a0"], k=3, allowed=allowed)[0]

    assert ["A1", "B7"] == answer.ids[:2]
    assert [True, False, False] == [score is not None for score in answer.scores or []]


@pytest.mark.parametrize(
    ("name", "word"), [(V2, "apply_recency_bias"), (V1, "recency_mask"), ("aws-hrnn", "recency_mask")]
)
def test_recency_can_be_switched_off(name: str, word: str) -> None:
    """Without recency the order of a history's events does not matter, with it the last ones decide."""
    data = training_data(two_groups())
    turned = interactions([(user, item, -time) for user, item, time in two_groups()])
    asked = TrainingData(turned, data.items, data.users)
    biased, plain = (recipe(name).fit(data, {word: value}) for value in ("true", "false"))

    assert ask(plain, data, ["a1", "a2"]) == ask(plain, asked, ["a1", "a2"])
    assert ask(biased, data, ["a1", "a2"]) != ask(biased, asked, ["a1", "a2"])


def test_the_longest_histories_do_not_count_for_v1() -> None:
    """A robot that has everything is above the 99th percentile: what only it connects stays apart in the scores."""
    robot = [("robot", f"{group}{item}", 5 + item) for group in "AB" for item in range(30)] * 4
    data = training_data([*two_groups(users=60), *robot])
    allowed = np.asarray([[item[0] == "B" for item in data.interactions.item_ids]])
    with_robot = recipe(V1).fit(data, {"max_user_history_length_percentile": "1.0"})
    without = recipe(V1).fit(data, {})

    assert ask(with_robot, data, ["a1"], allowed=allowed) != ask(without, data, ["a1"], allowed=allowed)


@pytest.mark.parametrize("name", ["aws-personalized-ranking", "aws-personalized-ranking-v2"])
def test_a_ranking_is_a_permutation_with_the_unscored_last(name: str) -> None:
    """Items of the user's group come first, what has no events or is unknown last, in order and without a score."""
    data = training_data(two_groups(users=20, items=12, events=10), catalogue=["cold"])
    model = recipe(name).fit(data, {})
    answer = ask(model, data, ["a0"], lists=[["what", "B1", "cold", "A1", "B2", "A2", "A1"]])[0]
    scores = answer.scores or []

    assert {"A1", "A2"} == set(answer.ids[:2])
    assert {"B1", "B2"} == set(answer.ids[2:4])
    assert ["what", "cold"] == answer.ids[4:]
    assert [None, None] == scores[4:]
    assert 1 == pytest.approx(sum(score or 0 for score in scores))


@RELATED
def test_related_items_are_those_of_the_same_users(found: Recipe) -> None:
    """The nearest items of A1 are of group A, without A1 itself."""
    ids = ask(fitted(found.name), small(), ["nobody"], ["A1"], k=8)[0].ids

    assert {item[0] for item in ids} == {"A"}
    assert "A1" not in ids


@RELATED
def test_an_unknown_item_has_the_popular_items(found: Recipe) -> None:
    """What is asked about an item that nobody knows is answered by popularity."""
    popular = [(f"a{user % 20}", "B5", user * DAY) for user in range(90)]
    data = training_data([*two_groups(users=20, items=12, events=10), *popular])

    assert "B5" == ask(found.fit(data, {}), data, ["nobody"], ["unheard of"], k=1)[0].ids[0]


def pairs(first: str, second: str, users: range, gap: int = 0) -> list[tuple[str, str, int]]:
    """Return events of users who had one thing and, `gap` seconds later, the other."""
    return [(f"u{user}", item, 100 * DAY + after) for user in users for item, after in ((first, 0), (second, gap))]


def test_too_few_common_users_do_not_count() -> None:
    """Two users had x and rare: SIMS needs three by default, and takes two when it is told to."""
    rows = [*pairs("x", "rare", range(2)), *pairs("y", "z", range(10, 50)), *pairs("x", "y", range(50, 54))]
    data = training_data(rows)
    unlimited = {**EVERY_ITEM, "popularity_discount_factor": "1.0"}
    strict = recipe("aws-sims").fit(data, unlimited)
    lenient = recipe("aws-sims").fit(data, {**unlimited, "min_cointeraction_count": "2"})

    assert ["y", "z", "rare"] == ask(strict, data, ["nobody"], ["x"])[0].ids
    assert ["rare", "y", "z"] == ask(lenient, data, ["nobody"], ["x"])[0].ids


@pytest.mark.parametrize(("factor", "expected"), [("0.0", "hit"), ("1.0", "kin")])
def test_the_discount_decides_between_popular_and_kindred(factor: str, expected: str) -> None:
    """Everybody has hit; only those who have x have kin."""
    rows = [
        *pairs("x", "kin", range(6)),
        *pairs("x", "hit", range(7)),
        *((f"v{user}", "hit", 100 * DAY) for user in range(200)),
    ]
    data = training_data(rows)
    parameters = {**EVERY_ITEM, "popularity_discount_factor": factor}

    assert expected == ask(recipe("aws-sims").fit(data, parameters), data, ["nobody"], ["x"])[0].ids[0]


def test_baskets_decide_what_is_bought_together() -> None:
    """More users have x and late, but weeks apart; those who buy x and now do so at once."""
    rows = [*pairs("x", "late", range(20), 30 * DAY), *pairs("x", "now", range(20, 32))]
    data = training_data(rows)
    together = recipe("aws-ecomm-frequently-bought-together").fit(data, {})
    viewed = recipe("aws-ecomm-customers-who-viewed-x-also-viewed").fit(data, {})

    assert "now" == ask(together, data, ["nobody"], ["x"])[0].ids[0]
    assert "late" == ask(viewed, data, ["nobody"], ["x"])[0].ids[0]


def test_similar_items_reach_cold_items_by_their_texts() -> None:
    """An item that nobody had is like those with its words."""
    data = training_data(two_groups(users=20, items=12, events=10), catalogue=["A-cold", "B-cold"])
    model = recipe("aws-similar-items").fit(data, {})

    assert {"A"} == {item[0] for item in ask(model, data, ["nobody"], ["A-cold"], k=12)[0].ids}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("aws-popularity-count", "b"), ("aws-ecomm-popular-items-by-views", "b"), ("aws-vod-most-popular", "c")],
)
def test_popularity_counts_events_or_users(name: str, expected: str) -> None:
    """One user had b four times, three users had c; equal numbers come by ID."""
    rows = [("u1", "b", time) for time in range(4)] + [(f"u{user}", "c", 9) for user in (1, 2, 3)] + [("u1", "a", 5)]
    data = training_data(rows, catalogue=["z", "y"])
    ids = ask(recipe(name).fit(data, {}), data, ["u3"])[0].ids

    assert expected == ids[0]
    assert ["y", "z"] == ids[3:]


@pytest.mark.parametrize(("frequency", "expected"), [("30 minutes", "minute"), ("1 day", "day")])
def test_what_rises_within_the_frequency_trends(frequency: str, expected: str) -> None:
    """The most popular item is steady; one rose in the last minutes, another, by more, over the last day."""
    end = 1_700_000_000
    rows = [(f"u{n}", "steady", end - 60 * n) for n in range(3000)]
    rows += [(f"v{n}", "minute", end - 10 * n) for n in range(100)]
    rows += [(f"w{n}", "day", end - 120 * n) for n in range(700)]
    data = training_data(rows)
    model = recipe("aws-trending-now").fit(data, {"trend_discovery_frequency": frequency})

    assert expected == ask(model, data, ["nobody"])[0].ids[0]


def text_data() -> TrainingData:
    """Return items with texts on two topics, of which one has no events, with ages and popularity."""
    texts = {
        "cat1": "the cat sat on the mat and purred",
        "cat2": "a cat that purred on its mat",
        "cat3": "purring cats: a mat for every cat",
        "car1": "fast engines and loud cars on the road",
        "car2": "the road belongs to cars with engines",
        "none": None,
    }
    rows = [(f"u{n}", "car1", 10_000 * DAY + n) for n in range(50)] + [("u1", "cat3", 10_010 * DAY)]
    events = Interactions.of(*zip(*rows, strict=True), list(texts))
    fields = (Field("ITEM_ID", frozenset({"string"})), Field("STORY", frozenset({"string", "null"}), textual=True))
    items = pl.DataFrame(
        {
            "ITEM_ID": list(events.item_ids),
            "STORY": pl.Series([texts[item] for item in events.item_ids], dtype=pl.String),
            "CREATION_TIMESTAMP": [DAY * (10_000 if item != "cat3" else 10_009) for item in events.item_ids],
        }
    )
    return TrainingData(events, Metadata(items, fields), Metadata(pl.DataFrame({"USER_ID": list(events.user_ids)})))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [(Settings(), "cat2"), (Settings(popularity=1.0), "car1"), (Settings(freshness=1.0), "cat3")],
)
def test_semantic_similarity_finds_the_topic_unless_influenced(settings: Settings, expected: str) -> None:
    """cat1 is nearest to cat2 by its words; the influences put the popular or the new item first."""
    data = text_data()

    assert (
        expected
        == ask(recipe("aws-semantic-similarity").fit(data, {}), data, [""], ["cat1"], settings=settings)[0].ids[0]
    )


@pytest.mark.parametrize("column", [{"textual": True}, {"item_name": True}], ids=["text", "title"])
def test_semantic_similarity_needs_no_interactions(column: dict[str, bool]) -> None:
    """Items alone are enough, by their texts or their titles; without spaces, pairs of characters are compared."""
    events = Interactions.of([], [], [], ["x1", "x2", "y1", "y2"])
    fields = (Field("TEXT", frozenset({"string"}), **column),)
    texts = ["東京の天気予報", "料理の作り方", "東京の天気", "簡単な料理の作り方"]
    rows = pl.DataFrame({"ITEM_ID": list(events.item_ids), "TEXT": texts})
    data = TrainingData(events, Metadata(rows, fields), Metadata(pl.DataFrame({"USER_ID": []})))
    model = recipe("aws-semantic-similarity").fit(data, {})

    assert ["y1", "y2"] == [ask(model, data, [""], [item], k=1)[0].ids[0] for item in ("x1", "x2")]


@pytest.mark.parametrize("name", [found.name for found in RECIPES.values() if found.asks is Asks.SEGMENT_OF_ITEM])
def test_segments_bring_back_those_who_buy_again(name: str) -> None:
    """Where people repeat themselves, the users of an item come first for it."""
    rng = np.random.default_rng(1)
    rows = [
        (f"u{user}", f"i{user % 25}-{int(rng.integers(3))}", 1000 * event) for user in range(100) for event in range(15)
    ]
    data = training_data(rows)
    model = recipe(name).fit(data, {})
    item = "i7-0"
    segment = model.segment([np.asarray([model.catalogue.index(item)])], 4)[0]  # type: ignore[union-attr]

    assert {"u7", "u32", "u57", "u82"} == set(segment.ids)


def test_a_newcomer_gets_what_is_popular_and_not_what_is_in_fashion() -> None:
    """Where a chain connects everything, trends count for users with a history only."""
    events = [(f"u{user}", f"i{(user + step) % 12}", 1000 * step + user) for user in range(40) for step in range(6)]
    events += [(f"u{user}", "old", user) for user in range(40)]
    events += [(f"u{user}", "new", 9000 + user) for user in range(20)]
    model = recipe("aws-user-personalization-v2").fit(training_data(events), {})
    answer = model.answer(Questions(interactions(events).of_users(["nobody"])), 3, Settings())[0]  # type: ignore[union-attr]

    assert answer.ids[0] == "old"
