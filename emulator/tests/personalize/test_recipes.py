"""The contract that every recipe keeps, on data whose right answer is known."""

import numpy as np
import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from embedded_aws.personalize.exceptions import ResourceNotFoundException
from embedded_aws.personalize.recipes import (
    RECIPES,
    Recipe,
    describe_algorithm,
    describe_feature_transformation,
    describe_recipe,
    find_recipe,
)
from embedded_aws.personalize.recipes.base import Asks, Exploration, Settings
from emulator.tests.personalize.recipe_data import ask, fitted, recipe, small, training_data
from emulator.tests.personalize.support import two_groups

MODELS = [found for found in RECIPES.values() if not found.segments]
EVERY_MODEL = pytest.mark.parametrize("found", MODELS, ids=lambda found: found.name)
EVERY_SEGMENTER = pytest.mark.parametrize(
    "found", [found for found in RECIPES.values() if found.segments], ids=lambda found: found.name
)
USERS = ["a0", "b7", "nobody", "a0", ""]
ITEMS = ["A1", "B2", "A3", "unheard of", "A5"]


def size(found: Recipe) -> int:
    """Return how many IDs a whole answer about a known item has on the small data."""
    if found.asks is Asks.ACTIONS:
        return 4
    return 23 if found.asks in {Asks.ITEM, Asks.USER_AND_ITEM} else 24


@EVERY_MODEL
def test_an_answer_has_the_wanted_number_of_distinct_ids(found: Recipe) -> None:
    """Known and unknown users and items get k distinct IDs of the catalogue; a ranking returns the whole list."""
    model = fitted(found.name)
    answers = ask(model, small(), USERS, ITEMS, k=3)

    assert len(answers) == len(USERS)
    for answer in answers:
        assert len(answer.ids) == len(set(answer.ids)) == (24 if found.asks is Asks.RANKING else 3)
        assert set(answer.ids) <= set(model.catalogue)


@EVERY_MODEL
def test_a_small_catalogue_is_returned_whole(found: Recipe) -> None:
    """Asked for more than there is, a recipe returns everything once; related items leave out the item itself."""
    answer = ask(fitted(found.name), small(), ["a0"], k=500)[0]

    assert len(answer.ids) == len(set(answer.ids)) == size(found)


@EVERY_MODEL
@pytest.mark.parametrize("settings", [Settings(), Settings(Exploration(0.5, 1000), 0.5, 0.5)])
def test_nothing_is_answered_that_is_not_allowed(found: Recipe, settings: Settings) -> None:
    """Answers keep within their row of the mask, fill it up, and are empty where nothing is allowed."""
    model = fitted(found.name)
    rng = np.random.default_rng(4)
    allowed = rng.random((len(USERS), len(model.catalogue))) < 0.5
    allowed[1] = False
    answers = ask(model, small(), USERS, ITEMS, k=100, allowed=allowed, settings=settings)
    for answer, row, item in zip(answers, allowed, ITEMS, strict=True):
        may = {model.catalogue[place] for place in np.flatnonzero(row)}
        if found.asks in {Asks.ITEM, Asks.USER_AND_ITEM}:
            may -= {item}
        assert set(answer.ids) == may


@EVERY_MODEL
def test_scores_fall_and_sum_to_one_at_most(found: Recipe) -> None:
    """Recipes with scores give one per ID, None for an ID without; the others give none."""
    for answer in ask(fitted(found.name), small(), USERS, ITEMS, k=100):
        if not found.scored:
            assert answer.scores is None
            continue
        assert answer.scores is not None
        assert len(answer.scores) == len(answer.ids)
        scores = [score for score in answer.scores if score is not None]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) >= 0
        if found.asks is Asks.ACTIONS:
            assert max(scores) <= 1
        else:
            assert min(scores) > 0
            assert sum(scores) <= 1 + 1e-6


@EVERY_MODEL
def test_the_same_data_give_the_same_answers(found: Recipe) -> None:
    """Two fits of the same events, given in another order of users, agree to the last digit."""
    rows = two_groups(users=20, items=12, events=10)
    other = found.fit(training_data(sorted(rows, key=lambda row: (row[0][::-1], row[2]))), {})
    settings = Settings(Exploration(), 0.5, 0.5)

    assert ask(fitted(found.name), small(), USERS, ITEMS, settings=settings) == ask(
        other, small(), USERS, ITEMS, settings=settings
    )


@EVERY_MODEL
def test_refitting_forgets_the_old_data(found: Recipe) -> None:
    """A model refitted to other events knows only their items, or actions."""
    rows = [(user, f"new-{item}", time) for user, item, time in two_groups(9, users=20, items=12, events=10)]
    data = training_data(rows)
    model = fitted(found.name).refit(data)
    answer = ask(model, data, ["a0"], ["new-A1"])[0]

    assert set(answer.ids) <= set(model.catalogue)
    assert found.asks is Asks.ACTIONS or all(item.startswith("new-") for item in answer.ids)


@EVERY_MODEL
def test_without_questions_there_are_no_answers(found: Recipe) -> None:
    """No rows, no answers."""
    assert ask(fitted(found.name), small(), []) == []


PERSONAL = pytest.mark.parametrize(
    "found", [found for found in MODELS if found.asks is Asks.USER and found.scored], ids=lambda found: found.name
)


@PERSONAL
def test_unknown_users_get_the_popular_items(found: Recipe) -> None:
    """Without a history the items come by their number of events."""
    popular = [(f"a{user % 30}", f"A{item}", user) for item in (3, 4, 5) for user in range(160 - 20 * item)]
    data = training_data([*two_groups(users=20, items=12, events=10), *popular])
    answer = ask(found.fit(data, {}), data, ["nobody"], k=3)[0]

    assert answer.ids == ["A3", "A4", "A5"]


@EVERY_SEGMENTER
def test_segments_find_the_users_of_the_group(found: Recipe) -> None:
    """The users of group A come before those of group B for an item of A, and for several, and all come in the end."""
    model = fitted(found.name)
    places = [model.catalogue.index(item) for item in ("A1", "A2", "B3")]
    segments = model.segment([np.asarray(places[:1]), np.asarray(places[:2]), np.asarray(places[2:])], 20)
    everybody = model.segment([np.asarray(places[:1])], 100)[0]

    assert [{user[0] for user in segment.ids} for segment in segments] == [{"a"}, {"a"}, {"b"}]
    assert sorted(model.user_ids) == sorted(everybody.ids)
    assert everybody.scores is None


@EVERY_SEGMENTER
def test_segments_keep_to_the_allowed_users(found: Recipe) -> None:
    """Only allowed users are in a segment, and none when nobody is allowed."""
    model = fitted(found.name)
    allowed = np.asarray([user in {"a3", "b4"} for user in model.user_ids])
    groups = [np.asarray([model.catalogue.index("A1")])]

    assert model.segment(groups, 10, allowed)[0].ids == ["a3", "b4"]
    assert model.segment(groups, 10, np.zeros(len(allowed), dtype=np.bool_))[0].ids == []
    assert model.segment([], 10) == []


@EVERY_SEGMENTER
def test_segments_are_deterministic_and_refit(found: Recipe) -> None:
    """Two fits agree; a refit knows the new users."""
    model, other = fitted(found.name), found.fit(small(), {})
    groups = [np.asarray([place]) for place in range(5)]
    rows = [(f"new-{user}", item, time) for user, item, time in two_groups(users=20, items=12, events=10)]

    assert model.segment(groups, 7) == other.segment(groups, 7)
    assert all(user.startswith("new-") for user in model.refit(training_data(rows)).segment(groups, 7)[0].ids)


def test_all_documented_recipes_are_there() -> None:
    """Fifteen recipes for solutions, five use cases for each domain, by the ARNs of the guide."""
    domains = [found.domain for found in RECIPES.values()]

    assert (15, 5, 5) == (domains.count(None), domains.count("ECOMMERCE"), domains.count("VIDEO_ON_DEMAND"))
    assert recipe("aws-sims") is find_recipe("arn:aws:personalize:::recipe/aws-sims")
    with pytest.raises(ResourceNotFoundException):
        find_recipe("arn:aws:personalize:::recipe/aws-nothing")


@pytest.mark.parametrize("found", RECIPES.values(), ids=lambda found: found.name)
def test_every_default_is_in_its_range(found: Recipe) -> None:
    """A solution may state each hyperparameter's default."""
    for parameters in found.parameters.values():
        for name, parameter in parameters.items():
            parameter.check(name, parameter.default)


@pytest.mark.parametrize("found", RECIPES.values(), ids=lambda found: found.name)
def test_descriptions_have_the_shapes_of_the_service_model(found: Recipe) -> None:
    """The service model in botocore accepts each recipe, its algorithm and its feature transformation."""
    model = get_session().get_service_model("personalize")
    described = describe_recipe(found)
    for shape, description in (
        ("Recipe", described),
        ("Algorithm", describe_algorithm(described["algorithmArn"])),
        ("FeatureTransformation", describe_feature_transformation(described["featureTransformationArn"])),
    ):
        known = {name: value for name, value in description.items() if name != "domain"}
        report = ParamValidator().validate(known, model.shape_for(shape))
        assert "" == report.generate_report()
    for describe in (describe_algorithm, describe_feature_transformation):
        with pytest.raises(ResourceNotFoundException):
            describe("arn:aws:personalize:::algorithm/nothing")


def test_an_algorithm_shows_what_can_be_tuned() -> None:
    """SIMS has a whole number and a continuous one that HPO may choose, with ranges and defaults."""
    described = describe_algorithm("arn:aws:personalize:::algorithm/aws-sims")
    ranges = described["defaultHyperParameterRanges"]

    assert {"popularity_discount_factor": "0.5", "min_cointeraction_count": "3"} == described["defaultHyperParameters"]
    assert [{"name": "min_cointeraction_count", "minValue": 0, "maxValue": 10, "isTunable": True}] == ranges[
        "integerHyperParameterRanges"
    ]
    assert [{"name": "popularity_discount_factor", "minValue": 0.0, "maxValue": 1.0, "isTunable": True}] == ranges[
        "continuousHyperParameterRanges"
    ]
