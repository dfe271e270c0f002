"""Batch jobs of every kind of recipe: the lines they take, the lines they write, and the quotas of their files."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import Account, code, message
from emulator.tests.personalize.world import World


@pytest.fixture(scope="module")
def world(aws: EmbeddedAWS) -> World:
    """Give an account in which even users touch even items, action films, and odd ones odd items, comedies."""
    return World(Account(aws))


def infer(world: World, recipe: str, records: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    """Run a batch inference job; return its lines."""
    account, name = world.account, world.name()
    source = account.put(f"{name}/in.json", "".join(f"{json.dumps(record)}\n" for record in records))
    job = account.start_batch(world.version_of(recipe), source, world.place(f"{name}/out/"), name, **more)
    account.active(job)
    return account.answers(f"{name}/out/in.json.out")


def segment(world: World, recipe: str, records: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Run a batch segment job; return its description, with its lines as `lines` if it is ACTIVE."""
    account, name = world.account, world.name()
    created = account.personalize.create_batch_segment_job(
        jobName=name,
        solutionVersionArn=world.version_of(recipe),
        jobInput={
            "s3DataSource": {"path": account.put(f"{name}/in.json", "".join(f"{json.dumps(one)}\n" for one in records))}
        },
        jobOutput={"s3DataDestination": {"path": world.place(f"{name}/out/")}},
        roleArn=account.role,
        **more,
    )
    described = account.settle(created["batchSegmentJobArn"])
    lines = account.answers(f"{name}/out/in.json.out") if described["status"] == "ACTIVE" else []
    return {**described, "lines": lines}


def make_filter(world: World, expression: str) -> str:
    """Create a filter."""
    created = world.account.personalize.create_filter(
        name=world.name(), datasetGroupArn=world.group, filterExpression=expression
    )
    return world.account.active(created["filterArn"])


@pytest.mark.parametrize("recipe", ["aws-similar-items", "aws-sims", "aws-semantic-similarity"])
def test_related_items(world: World, recipe: str) -> None:
    """Neighbours are of the item's own kind, without scores and without itself; an unknown item gets popular ones."""
    known, unknown = infer(world, recipe, [{"itemId": "i4"}, {"itemId": "never seen"}], numResults=5)

    assert known["input"] == {"itemId": "i4"}
    assert set(known["output"]) == {"recommendedItems"}
    assert {int(item[1:]) % 2 for item in known["output"]["recommendedItems"]} == {0}
    assert "i4" not in known["output"]["recommendedItems"]
    assert len(unknown["output"]["recommendedItems"]) == 5
    assert unknown["error"] is None


@pytest.mark.parametrize("recipe", ["aws-personalized-ranking", "aws-personalized-ranking-v2"])
def test_rankings(world: World, recipe: str) -> None:
    """The whole list comes back, the user's own kind first and unknown items last, without a score."""
    asked = {"userId": "u2", "itemList": ["i1", "what", "i2", "i3", "i4"]}
    (line,) = infer(world, recipe, [asked])
    ranked, scores = line["output"]["recommendedItems"], line["output"]["scores"]

    assert line["input"] == asked
    assert sorted(ranked) == sorted(asked["itemList"])
    assert set(ranked[:2]) == {"i2", "i4"}
    assert ranked[-1] == "what"
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)


def test_a_filter_with_values_of_each_line(world: World) -> None:
    """Each record gives its own values; one without them is that line's error, and the others are answered."""
    chosen = make_filter(world, "INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($GENRES)")
    lines = infer(
        world,
        "aws-user-personalization-v2",
        [
            {"userId": "u2", "filterValues": {"GENRES": '"comedy"'}},
            {"userId": "u2", "filterValues": {"GENRES": '"comedy","action"'}},
            {"userId": "u2"},
        ],
        filterArn=chosen,
        numResults=20,
    )
    kinds = [{int(item[1:]) % 2 for item in line["output"]["recommendedItems"]} for line in lines]

    assert kinds == [{1}, {0, 1}, set()]
    assert [line["error"] is None for line in lines] == [True, True, False]
    assert "GENRES" in lines[2]["error"]


def test_a_filter_by_what_the_user_did(world: World) -> None:
    """Items with a purchase of the user are left out, of the other users' not."""
    unbought = make_filter(world, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")')
    first, second = infer(
        world,
        "aws-user-personalization-v2",
        [{"userId": "u2"}, {"userId": "nobody"}],
        filterArn=unbought,
        numResults=20,
    )
    bought = {f"i{(2 * step + 14) % 20}" for step in range(26, 30)}

    assert not bought & set(first["output"]["recommendedItems"])
    assert bought <= set(second["output"]["recommendedItems"])


def test_segments_of_items(world: World) -> None:
    """An item's segment is made of those who touch its kind; an item that was not there is that line's error."""
    found = segment(world, "aws-item-affinity", [{"itemId": "i3"}, {"itemId": "none"}], numResults=10)["lines"]

    assert len(set(found[0]["output"]["usersList"])) == 10
    assert {int(user[1:]) % 2 for user in found[0]["output"]["usersList"]} == {1}
    assert (found[0]["input"], found[0]["error"]) == ({"itemId": "i3"}, None)
    assert found[1]["output"] == {"usersList": []}
    assert "none" in found[1]["error"]


def test_segments_of_attributes(world: World) -> None:
    """Attributes select items; expressions that select none, or cannot be read, are their line's error."""
    asked = [
        'ITEMS.CATEGORY_L1 = "comedy"',
        'ITEMS.CATEGORY_L1 = "comedy" AND ITEMS.PRICE = 1.5',
        "ITEMS.CATEGORY_L1 >",
    ]
    records = [{"itemAttributes": one} for one in asked]
    lines = segment(world, "aws-item-attribute-affinity", records, numResults=10)["lines"]

    assert {int(user[1:]) % 2 for user in lines[0]["output"]["usersList"]} == {1}
    assert [line["error"] is None for line in lines] == [True, False, False]
    assert [line["input"] for line in lines] == records


def test_a_filter_of_users(world: World) -> None:
    """A segment is made of the users whom the filter lets through."""
    nobody = make_filter(world, 'INCLUDE UserID WHERE Users.GENDER IN ("x")')
    everybody = make_filter(world, "INCLUDE UserID WHERE Users.GENDER IN ($G)")
    none = segment(world, "aws-item-affinity", [{"itemId": "i3"}], filterArn=nobody)["lines"][0]
    some = segment(
        world, "aws-item-affinity", [{"itemId": "i3", "filterValues": {"G": '"f"'}}], filterArn=everybody, numResults=7
    )["lines"][0]

    assert none["output"]["usersList"] == []
    assert len(some["output"]["usersList"]) == 7


@pytest.mark.parametrize(
    ("recipe", "record", "most"),
    [
        ("aws-item-affinity", {"itemId": "i1"}, 500),
        ("aws-item-attribute-affinity", {"itemAttributes": 'ITEMS.CATEGORY_L1 = "comedy"'}, 10),
    ],
)
def test_a_file_of_segments_has_a_quota_of_queries(
    world: World, recipe: str, record: dict[str, Any], most: int
) -> None:
    """As many queries as the quota are answered, one more fails the job."""
    fits = segment(world, recipe, [record] * most, numResults=1)
    fails = segment(world, recipe, [record] * (most + 1), numResults=1)

    assert len(fits["lines"]) == most
    assert fails["status"] == "CREATE FAILED"
    assert f"at most {most}" in fails["failureReason"]


def test_themes(world: World) -> None:
    """The theme is what the items have in common, and each item has a relevance between 0 and 1."""
    (line,) = infer(
        world,
        "aws-similar-items",
        [{"itemId": "i4"}],
        numResults=4,
        batchInferenceJobMode="THEME_GENERATION",
        themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "TITLE"}},
    )
    output = line["output"]

    assert "action" in output["theme"].lower()
    assert "comedy" not in output["theme"].lower()
    assert len(output["recommendedItems"]) == len(output["itemsThemeRelevanceScores"]) == 4
    assert all(0 <= score <= 1 for score in output["itemsThemeRelevanceScores"])


def test_themes_keep_to_the_filter(world: World) -> None:
    """A job with themes leaves out what its filter does, and a line with values that it has not is an error."""
    no_action = make_filter(world, 'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("action")')
    themed, wrong = infer(
        world,
        "aws-similar-items",
        [{"itemId": "i4"}, {"itemId": "i4", "filterValues": {"G": '"x"'}}],
        filterArn=no_action,
        numResults=4,
        batchInferenceJobMode="THEME_GENERATION",
        themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "TITLE"}},
    )

    assert {int(item[1:]) % 2 for item in themed["output"]["recommendedItems"]} == {1}
    assert "comedy" in themed["output"]["theme"].lower()
    assert "G" in wrong["error"]


@pytest.mark.parametrize(
    ("recipe", "more", "complaint"),
    [
        ("aws-trending-now", {}, "cannot be used with batch inference jobs"),
        ("aws-next-best-action", {}, "cannot be used with batch inference jobs"),
        ("aws-item-affinity", {}, "cannot be used with batch inference jobs"),
        ("aws-sims", {"batchInferenceJobMode": "THEME_GENERATION"}, "cannot be used with THEME_GENERATION"),
        ("aws-similar-items", {"batchInferenceJobMode": "THEME_GENERATION"}, "needs themeGenerationConfig"),
        (
            "aws-similar-items",
            {"themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "TITLE"}}},
            "needs batchInferenceJobMode",
        ),
        (
            "aws-similar-items",
            {
                "batchInferenceJobMode": "THEME_GENERATION",
                "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "NAME"}},
            },
            "the column NAME",
        ),
    ],
)
def test_what_a_recipe_cannot_do_in_batch_is_refused(
    world: World, recipe: str, more: dict[str, Any], complaint: str
) -> None:
    """The call is refused before anything is read."""
    with pytest.raises(ClientError) as caught:
        infer(world, recipe, [{"userId": "u1"}], **more)

    assert code(caught) == "InvalidInputException"
    assert complaint in message(caught)


def test_a_filter_of_another_kind_is_refused(world: World) -> None:
    """A filter of users cannot be used for items, nor one of items for users."""
    users = make_filter(world, 'INCLUDE UserID WHERE Users.GENDER IN ("f")')
    items = make_filter(world, 'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("comedy")')
    with pytest.raises(ClientError) as for_items:
        infer(world, "aws-sims", [{"itemId": "i1"}], filterArn=users)
    with pytest.raises(ClientError) as for_users:
        segment(world, "aws-item-affinity", [{"itemId": "i1"}], filterArn=items)

    assert code(for_items) == code(for_users) == "InvalidInputException"
