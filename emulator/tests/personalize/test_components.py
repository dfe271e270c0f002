"""The scorers behind the personal recipes, held against their formulas, and the choice of their weights."""

import numpy as np
import pytest
from scipy import sparse

from embedded_aws.personalize.recipes.blend import Blend, choose, comparable
from embedded_aws.personalize.recipes.components import (
    ease,
    leading_axes,
    pairs_in_order,
    popularity,
    repeats,
    spectral,
    transitions,
    trend,
)
from embedded_aws.personalize.recipes.interactions import Interactions


def random_events(users: int, items: int, events: int) -> Interactions:
    """Return events without any structure."""
    rng = np.random.default_rng(5)
    chosen = rng.integers(items, size=users * events)
    return Interactions.of(
        [f"u{user}" for user in range(users) for _ in range(events)],
        [f"i{item:05d}" for item in chosen],
        list(range(users * events)),
    )


@pytest.mark.parametrize(("users", "items"), [(30, 40), (60, 40), (2600, 40)])
def test_ease_is_the_closed_form_on_levelled_counts(users: int, items: int) -> None:
    """With few users or many, by either inverse, the scores are those of Steck's formula."""
    interactions = random_events(users, items, 6)
    counts = interactions.matrix().toarray()
    by_item = counts.sum(axis=0) ** -0.25
    levelled = counts * by_item * (counts.sum(axis=1) ** -0.25)[:, None]
    gram = levelled.T @ levelled
    ridge = 6 * (np.diag(gram) @ counts.sum(axis=0)) / counts.sum()
    inverse = np.linalg.inv(gram + ridge * np.eye(len(gram)))
    weights = np.eye(len(gram)) - inverse / np.diag(inverse)
    histories = interactions.of_users(["u1", "u2", "nobody"])

    scores = ease(interactions, 1.0)(histories)
    assert scores == pytest.approx((histories.matrix().toarray() * by_item) @ weights, abs=1e-4)


def test_ease_leaves_rare_items_out_of_large_catalogues() -> None:
    """Beyond 2,500 users the most popular items take part, here ten of forty; the others score 0."""
    interactions = random_events(2600, 40, 3)
    scores = ease(interactions, 1.0, most_items=10)(interactions.block(0, 200))
    popular = np.argsort(-interactions.counts, kind="stable")[:10]

    assert set(popular.tolist()) == set(np.flatnonzero(scores.any(axis=0)).tolist())


def test_spectral_scores_are_the_projection_on_the_leading_singular_vectors() -> None:
    """A history's scores lie in the space of the first five singular vectors of the levelled counts."""
    interactions = random_events(50, 20, 8)
    counts = interactions.matrix().toarray()
    by_item = counts.sum(axis=0) ** -0.25
    levelled = counts * by_item * (counts.sum(axis=1) ** -0.25)[:, None]
    axes = np.linalg.svd(levelled)[2][:5]
    expected = (counts * by_item) @ axes.T @ axes / by_item

    assert spectral(interactions, 1.0, 1.0, 5)(interactions) == pytest.approx(expected, abs=0.02)


def test_leading_axes_stop_where_there_is_nothing_more() -> None:
    """A table of rank two has two axes, however many are wanted; an empty one has none."""
    table = sparse.csr_array(np.outer([1.0, 2, 3], [1, 0, 1, 0]) + np.outer([0, 1, 0], [0, 5, 0, 0]))

    assert 2 == len(leading_axes(table, 3))
    assert 0 == len(leading_axes(sparse.csr_array((3, 4)), 3))


def test_recent_events_weigh_more() -> None:
    """A repeat weighs a tenth of the one after it when the decay is 0.1."""
    interactions = Interactions.of(["u", "u", "u"], ["old", "new", "newest"], [1, 2, 3])
    scores = repeats(interactions, 0.1)(interactions)[0]

    found = {item: float(score) for item, score in zip(interactions.item_ids, scores, strict=True)}
    assert found == pytest.approx({"old": 0.01, "new": 0.1, "newest": 1.0})


def test_weights_of_events_multiply() -> None:
    """An event of half the weight counts half in counts, repeats and trends, and a pair by the product of both."""
    interactions = Interactions.of(["u", "u"], ["a", "b"], [5, 5], weights=[1.0, 0.5])

    assert [1.0, 0.5] == interactions.counts.tolist()
    assert [[1.0, 0.5]] == repeats(interactions, 1.0)(interactions).tolist()
    assert [[1.0, 0.5]] == trend(interactions)(interactions).tolist()
    assert [[1.0, 0.5]] == popularity(interactions)(interactions).tolist()
    assert 0.5 == pairs_in_order(interactions)[0, 1]


def test_transitions_know_the_direction() -> None:
    """What came after scores higher than nothing, what only came before does not."""
    interactions = Interactions.of(["u", "u", "v", "v"], ["a", "b", "a", "b"], [1, 2, 1, 2])
    after_a = transitions(interactions, 0.9)(Interactions.of(["w"], ["a"], [1], catalogue=["b"]))[0]
    after_b = transitions(interactions, 0.9)(Interactions.of(["w"], ["b"], [1], catalogue=["a"]))[0]

    assert after_a[1] > 0
    assert after_b[0] == 0


def test_large_catalogues_have_the_same_transitions() -> None:
    """Beyond 4,000 items pairs are counted in sparse tables; the counts are those of a loop."""
    rng = np.random.default_rng(3)
    items = [f"i{int(item)}" for item in rng.integers(5000, size=300)] + [f"i{number}" for number in range(5000)]
    users = [f"u{place // 10}" for place in range(len(items))]
    interactions = Interactions.of(users, items, range(len(items)))
    expected: dict[tuple[int, int], float] = {}
    for user in set(interactions.users.tolist()):
        history = interactions.items[interactions.users == user].tolist()
        for place, first in enumerate(history):
            for distance, second in enumerate(history[place + 1 : place + 4]):
                expected[first, second] = expected.get((first, second), 0) + 0.85**distance

    found = pairs_in_order(interactions, 3).todok()
    assert expected == pytest.approx({(int(row), int(column)): float(value) for (row, column), value in found.items()})


def test_a_trend_is_what_was_popular_lately() -> None:
    """Counts halve with every twentieth of the time that the data spans."""
    interactions = Interactions.of(["u", "u", "v"], ["old", "new", "newer"], [0, 950, 1000])

    assert [1.0, 0.5, 0.5**20] == pytest.approx(sorted(trend(interactions)(interactions)[0].tolist(), reverse=True))


def test_a_misleading_scorer_does_not_win() -> None:
    """Added up with equal weights, a wrong scorer hides the right one; the chosen weights let it win."""
    answers = np.eye(15, 20, dtype=np.bool_)
    had = np.zeros(answers.shape, dtype=np.bool_)
    right = np.where(answers, 0.4, 0.01).astype(np.float32)
    wrong = np.where(answers, 0.0, np.linspace(0.5, 1.0, 20)).astype(np.float32)
    equal = Blend((1.0, 1.0)).add_up([right, wrong], had)
    chosen = choose([right, wrong], had, answers).add_up([right, wrong], had)

    assert (equal.argmax(axis=1) != np.arange(15)).all()
    assert (chosen.argmax(axis=1) == np.arange(15)).all()


def test_a_blend_multiplies_what_was_seen() -> None:
    """The factor on seen items touches those, and no others."""
    tables = [np.asarray([[1.0, 1.0]], dtype=np.float32), np.asarray([[9.0, 9.0]], dtype=np.float32)]

    assert [[0.5, 2.0]] == Blend((2.0, 0.0), 0.25).add_up(tables, np.array([[True, False]])).tolist()


def test_comparable_scores_have_one_as_their_largest() -> None:
    """Each row is divided by its largest score; a row without any stays as it is."""
    assert [[0.5, 1.0], [0.0, 0.0]] == comparable(np.asarray([[2.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()


def test_splits_take_their_share_of_every_user() -> None:
    """A tenth, rounded up, of the users with two events or more: the newest ones, or random ones."""
    users = ["a"] * 20 + ["b"] * 2 + ["c"]
    interactions = Interactions.of(users, [f"i{place}" for place in range(23)], range(23))
    older, newest = interactions.split_newest(0.1)
    kept, drawn = interactions.split_random(0.1)

    assert [18, 19, 21] == newest.times.tolist()
    assert [2, 1, 0] == drawn.lengths.tolist()
    assert drawn.times.tolist() == interactions.split_random(0.1)[1].times.tolist()
    assert sorted([*kept.times, *drawn.times]) == sorted([*older.times, *newest.times]) == list(range(23))
