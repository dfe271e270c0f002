"""Next-Best-Action: propensities of actions, and when there are any."""

import pytest

from embedded_aws.personalize.recipes.base import TrainingData
from embedded_aws.personalize.recipes.interactions import Interactions
from emulator.tests.personalize.recipe_data import ask, fitted, recipe, small

DAY = 86400


def test_actions_have_no_score_until_fifty_took_and_fifty_did_not() -> None:
    """Actions join and quit have sixty of each and a score by the user's kind; rare and never have none."""
    model = fitted("aws-next-best-action")
    of_a, of_b, stranger = ask(model, small(), ["a3", "b3", "nobody"])
    scores = [dict(zip(answer.ids, answer.scores or [], strict=True)) for answer in (of_a, of_b, stranger)]

    assert 1 >= scores[0]["join"] > 0.8
    assert 0 < scores[0]["quit"] < 0.2
    assert 1 >= scores[1]["quit"] > 0.8
    assert 0 < scores[1]["join"] < 0.2
    assert 0.5 == pytest.approx(scores[2]["join"], abs=0.1)
    assert [{"rare": 0.0, "never": 0.0}] * 3 == [{name: found[name] for name in ("rare", "never")} for found in scores]


def test_of_equal_actions_the_one_of_greater_value_comes_first() -> None:
    """Without scores, rare (4) comes before never (2)."""
    assert ["rare", "never"] == ask(fitted("aws-next-best-action"), small(), ["a3"])[0].ids[2:]


def test_actions_of_long_ago_do_not_count() -> None:
    """Sixty of each, but more than six weeks before the latest action interaction: no score."""
    data = small()
    done = data.action_interactions
    assert done is not None
    users = [done.user_ids[place] for place in done.users.tolist()]
    actions = [done.item_ids[place] for place in done.items.tolist()]
    late = int(done.times.max()) + 50 * DAY
    weights = [] if done.weights is None else done.weights.tolist()
    later = Interactions.of(
        [*users, "a1"], [*actions, "rare"], [*done.times.tolist(), late], done.item_ids, [*weights, 1.0]
    )
    model = recipe("aws-next-best-action").fit(
        TrainingData(data.interactions, data.items, data.users, data.actions, later), {}
    )

    assert {0.0} == set(ask(model, data, ["a3"])[0].scores or [])
