"""The scorers behind the personal recipes, held against their formulas, and the choice of their weights."""

import numpy as np
import pytest

from local.personalize.recipes.blend import Blend, choose
from local.personalize.recipes.components import ease, neighbours, repeats, transitions
from local.personalize.recipes.interactions import Interactions


def random_events(users: int, items: int, events: int) -> Interactions:
    """Return events without any structure."""
    rng = np.random.default_rng(5)
    chosen = rng.integers(items, size=users * events)
    return Interactions.of(
        [f"u{user}" for user in range(users) for _ in range(events)],
        [f"i{item}" for item in chosen],
        list(range(users * events)),
    )


@pytest.mark.parametrize("users", [60, 2600])
def test_ease_is_the_closed_form(users: int) -> None:
    """With few users or many, by either inverse, the scores are those of Steck's formula."""
    interactions = random_events(users, 40, 6)
    counts = interactions.matrix().toarray()
    inverse = np.linalg.inv(counts.T @ counts + 200 * np.eye(counts.shape[1]))
    weights = np.eye(counts.shape[1]) - inverse / np.diag(inverse)
    histories = interactions.of_users(["u1", "u2", "nobody"])

    scores = ease(interactions, 1.0, 1.0)(histories)
    assert scores == pytest.approx(histories.matrix().toarray() @ weights, abs=1e-4)


def test_recent_events_weigh_more() -> None:
    """A repeat weighs a tenth of the one after it when the decay is 0.1."""
    interactions = Interactions.of(["u", "u", "u"], ["old", "new", "newest"], [1, 2, 3])
    scores = repeats(interactions, 0.1)(interactions)[0]

    found = {item: float(score) for item, score in zip(interactions.item_ids, scores, strict=True)}
    assert found == pytest.approx({"old": 0.01, "new": 0.1, "newest": 1.0})


def test_transitions_know_the_direction() -> None:
    """What came after scores higher than nothing, what only came before does not."""
    interactions = Interactions.of(["u", "u", "v", "v"], ["a", "b", "a", "b"], [1, 2, 1, 2])
    after_a = transitions(interactions, 0.9)(Interactions.of(["w"], ["a"], [1], catalogue=["b"]))[0]
    after_b = transitions(interactions, 0.9)(Interactions.of(["w"], ["b"], [1], catalogue=["a"]))[0]

    assert after_a[1] > 0
    assert after_b[0] == 0


def test_an_item_has_a_hundred_neighbours_at_most() -> None:
    """However many items share a user with an item, only the nearest hundred count."""
    items = ["hub"] + [f"i{number:03d}" for number in range(150)]
    interactions = Interactions.of(["u"] * 151, items, list(range(151)))
    scores = neighbours(interactions, 0.9)(Interactions.of(["w"], ["hub"], [1], catalogue=items))

    assert np.count_nonzero(scores) == 100


def test_a_misleading_scorer_does_not_win() -> None:
    """Added up with equal weights, a wrong scorer hides the right one; the chosen weights let it win."""
    answers = np.eye(15, 20, dtype=np.bool_)
    had = np.zeros(answers.shape, dtype=np.bool_)
    right = np.where(answers, 0.4, 0.01)
    wrong = np.where(answers, 0.0, np.linspace(0.5, 1.0, 20))
    equal = Blend((1.0, 1.0)).add_up([right, wrong], had)
    chosen = choose([right, wrong], had, answers).add_up([right, wrong], had)

    assert (equal.argmax(axis=1) != np.arange(15)).all()
    assert (chosen.argmax(axis=1) == np.arange(15)).all()


def test_a_blend_multiplies_what_was_seen() -> None:
    """The factor on seen items touches those, and no others."""
    total = Blend((2.0, 0.0), 0.25).add_up([np.array([[1.0, 1.0]]), np.array([[9.0, 9.0]])], np.array([[True, False]]))

    assert total.tolist() == [[0.5, 2.0]]
