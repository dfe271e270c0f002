"""What the tests of recipes learn from and ask: two groups of users who never meet, with texts, actions, questions."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import polars as pl

from embedded_aws.personalize.recipes import RECIPES
from embedded_aws.personalize.recipes.base import Answer, Metadata, Model, Questions, Recipe, Settings, TrainingData
from embedded_aws.personalize.recipes.interactions import Interactions, Mask
from embedded_aws.personalize.schemas import Field
from emulator.tests.personalize.support import two_groups

Rows = Sequence[tuple[str, str, int]]

ARN = "arn:aws:personalize:::recipe/{}"
TEXTS = {"A": "a comedy of errors about love and letters", "B": "the dark thriller of a murder in the harbour"}
ITEM_FIELDS = (
    Field("ITEM_ID", frozenset({"string"})),
    Field("STORY", frozenset({"string"}), textual=True),
    Field("GENRE", frozenset({"string"}), categorical=True),
)


def recipe(name: str) -> Recipe:
    """Return the recipe of that name."""
    return RECIPES[ARN.format(name)]


def interactions(rows: Rows, catalogue: Iterable[str] = ()) -> Interactions:
    """Return rows of user, item and time as interactions."""
    users, items, times = zip(*rows, strict=True) if rows else ((), (), ())
    return Interactions.of(users, items, times, catalogue)


def training_data(rows: Rows, catalogue: Iterable[str] = ()) -> TrainingData:
    """Return interactions with items that have the text of their group, and with actions.

    Users of group A take the action `join` and never `quit`, users of group B the other way round; both were asked
    sixty times for each. Nobody was asked for the action `rare` more than ten times.
    """
    events = interactions(rows, catalogue)
    items = pl.DataFrame(
        {
            "ITEM_ID": list(events.item_ids),
            "STORY": [TEXTS.get(item[0], "something else") + " " + item for item in events.item_ids],
            "GENRE": [f"{item[0]}|all" for item in events.item_ids],
        }
    )
    users = pl.DataFrame({"USER_ID": list(events.user_ids)})
    asked = [
        (f"{group}{number % 20}", action, 1_700_000_000 + number, float(taken))
        for group, liked in (("a", "join"), ("b", "quit"))
        for number in range(60)
        for action, taken in (("join", liked == "join"), ("quit", liked == "quit"))
    ]
    asked += [("a1", "rare", 1_700_000_000 + number, 1.0) for number in range(10)]
    who, what, when, taken = zip(*asked, strict=True)
    done = Interactions.of(who, what, when, ["never"], taken)
    actions = Metadata(pl.DataFrame({"ACTION_ID": list(done.item_ids), "VALUE": [1, 2, 3, 4]}))
    return TrainingData(events, Metadata(items, ITEM_FIELDS), Metadata(users), actions, done)


@cache
def small() -> TrainingData:
    """Return two groups of twenty users and twelve items each."""
    return training_data(two_groups(users=20, items=12, events=10))


@cache
def fitted(name: str) -> Any:
    """Return the model of a recipe on the small data."""
    return recipe(name).fit(small(), {})


def ask(
    model: Model,
    data: TrainingData,
    users: Sequence[str],
    items: Sequence[str] = (),
    *,
    k: int = 10,
    allowed: Mask | None = None,
    settings: Settings | None = None,
    lists: Sequence[Sequence[str]] | None = None,
) -> list[Answer]:
    """Ask a model about users, items and lists; where only users are given, about A1 and the whole catalogue."""
    questions = Questions(
        data.interactions.of_users(users),
        list(items) or ["A1"] * len(users),
        lists if lists is not None else [data.interactions.item_ids] * len(users),
        allowed,
    )
    return model.answer(questions, k, settings or Settings())
