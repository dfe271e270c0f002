"""User-Personalization-v2 as the local service calls it: choose weights, learn, answer every user."""

from __future__ import annotations

import itertools
import sys
import time

from bench.recommend_data import synthetic, training_data
from embedded_aws.personalize.recipes import RECIPES
from embedded_aws.personalize.recipes.base import Questions, Settings


def main(events: int, users: int, items: int) -> None:
    """Print the seconds of fitting with the choice of weights, of fitting again without it, and of answering."""
    data = training_data(synthetic(events, users, items))
    times = [time.perf_counter()]
    model = RECIPES["arn:aws:personalize:::recipe/aws-user-personalization-v2"].fit(data, {})
    times.append(time.perf_counter())
    model = model.refit(data)
    times.append(time.perf_counter())
    answers = model.answer(Questions(data.interactions), 25, Settings())  # type: ignore[union-attr]
    times.append(time.perf_counter())
    assert len(answers) == len(data.interactions.user_ids)
    weights = ",".join(map(str, model.preferences.blend.weights))  # type: ignore[union-attr]
    print(*(later - earlier for earlier, later in itertools.pairwise(times)), weights)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
