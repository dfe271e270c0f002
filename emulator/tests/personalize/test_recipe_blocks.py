"""Answers do not depend on how many are asked for, nor on how many are computed together."""

import numpy as np
import pytest

from embedded_aws.personalize.recipes import user_segmentation
from embedded_aws.personalize.recipes.base import Questions, Settings
from emulator.tests.personalize.recipe_data import fitted, interactions, recipe, training_data


@pytest.mark.parametrize("name", ["aws-user-personalization-v2", "aws-hrnn", "aws-popularity-count"])
def test_a_longer_list_begins_as_the_shorter_one(name: str) -> None:
    """However many items are equally popular, five answers are the first five of ten, and none are no error."""
    events = [
        (f"u{user}", f"i{(7 * user + step) % 60:02d}", 1000 * step + user) for user in range(60) for step in range(5)
    ]
    data = training_data(events)
    model = recipe(name).fit(data, {})
    questions = Questions(interactions(events).of_users(["nobody"]))
    lists = [model.answer(questions, k, Settings())[0].ids for k in (0, 5, 10)]  # type: ignore[union-attr]

    assert lists[0] == []
    assert len(lists[1]) == 5
    assert lists[1] == lists[2][:5]


def test_segments_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users scored in many blocks, and groups answered in many, give the segments of one."""
    model = fitted("aws-item-affinity")
    groups = [np.asarray([place]) for place in range(12)]
    at_once = [answer.ids for answer in model.segment(groups, 7)]
    monkeypatch.setattr(user_segmentation, "BLOCK_CELLS", 70)
    in_parts = [answer.ids for answer in model.segment(groups, 7)]

    assert at_once == in_parts
