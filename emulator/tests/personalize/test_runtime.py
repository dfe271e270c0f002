"""Requests in real time: recommendations, rankings and actions, with promotions and metadata."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.cinema import (
    ACTIONS,
    EVENT_FIELDS,
    NOW,
    PRICES,
    Cinema,
    category,
    open_cinema,
)
from emulator.tests.personalize.support import Account, avro, code, csv, held, message, two_groups


@pytest.fixture(scope="module")
def cinema(aws: EmbeddedAWS) -> Cinema:
    """Give the tests the cinema."""
    return open_cinema(aws)


def test_a_user_gets_items_of_the_own_group(cinema: Cinema) -> None:
    """25 distinct items by default, those of the user's group first, with falling scores."""
    items = cinema.recommend(userId="a1")
    scores = [item["score"] for item in items if "score" in item]

    assert 25 == len({item["itemId"] for item in items})
    assert {"A"} == {item["itemId"][0] for item in items[:20]}
    assert sorted(scores, reverse=True) == scores


def test_num_results_decides_how_many(cinema: Cinema) -> None:
    """From none to 500; a catalogue of 60 has no more."""
    assert [0, 3, 60] == [len(cinema.ids(userId="a1", numResults=number)) for number in (0, 3, 500)]
    assert "numResults must be at most 500, not 501" == cinema.refusal(userId="a1", numResults=501)


@pytest.mark.parametrize(
    ("recipe", "request_", "problem"),
    [
        ("aws-user-personalization-v2", {}, "Required fields for the provided recipe are userId"),
        ("aws-similar-items", {"userId": "a1"}, "Required fields for the provided recipe are itemId"),
        ("aws-personalized-ranking-v2", {"userId": "a1"}, "does not answer GetRecommendations"),
        ("aws-popularity-count", {"recommenderArn": "arn:aws:personalize:us-east-1:1:recommender/x"}, "not both"),
        ("aws-popularity-count", {"context": {"WEATHER": "rain"}, "userId": "a1"}, "WEATHER is no metadata field"),
        ("aws-popularity-count", {"filterValues": {"A": "1"}, "userId": "a1"}, "filterValues need a filter"),
        ("aws-popularity-count", {"userId": "x" * 257}, "Member must have length less than or equal to 256"),
    ],
)
def test_requests_must_fit_the_recipe(cinema: Cinema, recipe: str, request_: dict[str, Any], problem: str) -> None:
    """What is missing, too much or unknown is an InvalidInputException."""
    assert problem in cinema.refusal(recipe, **request_)


def test_a_request_names_what_answers(cinema: Cinema) -> None:
    """Neither a campaign nor a recommender is wrong input; one that is not there is not found, with status 404."""
    with pytest.raises(ClientError) as neither:
        cinema.runtime.get_recommendations(userId="a1")
    with pytest.raises(ClientError) as missing:
        cinema.runtime.get_recommendations(userId="a1", campaignArn="arn:aws:personalize:us-east-1:1:campaign/none")

    assert "InvalidInputException" == code(neither)
    assert "ResourceNotFoundException" == code(missing)
    assert 404 == missing.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_context_of_a_known_field_is_accepted(cinema: Cinema) -> None:
    """Names ignore case; the values have no effect."""
    assert cinema.ids(userId="a1") == cinema.ids(userId="a1", context={"device": "tv"})


def test_promoted_items_have_their_share(cinema: Cinema) -> None:
    """Every third item is dear; the promotion's filter is for those alone, the request's for the others."""
    dear, cheap = (cinema.filter(f"INCLUDE ItemID WHERE Items.PRICE {sign} 20") for sign in (">=", "<"))
    promotion = {"name": "dear", "percentPromotedItems": 30, "filterArn": dear}
    request = {"userId": "a1", "numResults": 9, "promotions": [promotion]}
    items = cinema.recommend(**request, filterArn=cheap)
    promoted = [item for item in items if item.get("promotionName") == "dear"]
    others = [item["itemId"] for item in items if "promotionName" not in item]

    assert cinema.ids(userId="a1", filterArn=dear, numResults=3) == [item["itemId"] for item in promoted]
    assert cinema.ids(userId="a1", filterArn=cheap, numResults=6) == others
    assert {"Promoted item"} == {item["reason"][0] for item in promoted}
    assert items == cinema.recommend(**request, filterArn=cheap)


def test_promotions_give_what_there_is(cinema: Cinema) -> None:
    """Two items are all that the promotion lets through; no item is there twice."""
    found = cinema.filter("INCLUDE ItemID WHERE Items.PRICE = $PRICE")
    promotion = {"name": "p", "percentPromotedItems": 100, "filterArn": found, "filterValues": {"PRICE": "2"}}
    items = cinema.recommend(userId="a1", numResults=60, promotions=[promotion])

    assert {"A2", "B2"} == {item["itemId"] for item in items if "promotionName" in item}
    assert 60 == len(items) == len({item["itemId"] for item in items})


@pytest.mark.parametrize("missing", ["filterArn", "percentPromotedItems"])
def test_promotions_need_a_filter_and_a_share(cinema: Cinema, missing: str) -> None:
    """The model lets either be left out; without it there is nothing to promote."""
    promotion = {"name": "p", "percentPromotedItems": 10, "filterArn": cinema.group}
    del promotion[missing]

    assert f"promotions: {missing} is missing" == cinema.refusal(userId="a1", promotions=[promotion])


def test_metadata_comes_with_the_items(cinema: Cinema) -> None:
    """As text under the names that were asked for, null left out, and at most 50 items at a time."""
    request = {"itemId": "B1", "metadataColumns": {"ITEMS": ["PRICE", "title", "SEQUEL"]}}
    found = {
        item["itemId"]: item["metadata"] for item in cinema.recommend("aws-similar-items", numResults=50, **request)
    }

    assert {"PRICE": "2.0", "title": "Film B2"} == found["B2"]
    assert "numResults must be at most 50, not 51" == cinema.refusal("aws-similar-items", numResults=51, **request)


def test_items_change_at_once(cinema: Cinema) -> None:
    """A record of PutItems is what metadata and filters see from then on."""
    sequels = cinema.filter('INCLUDE ItemID WHERE Items.SEQUEL IN ("yes")')
    properties = {"price": PRICES["B28"], "categoryL1": category("B28"), "title": "Again", "sequel": "yes"}
    before = cinema.ids(userId="a1", filterArn=sequels)
    cinema.events.put_items(
        datasetArn=cinema.dataset("ITEMS"), items=[{"itemId": "B28", "properties": json.dumps(properties)}]
    )
    after = cinema.recommend(userId="a1", filterArn=sequels, metadataColumns={"ITEMS": ["TITLE"]})

    assert [] == before
    assert [("B28", {"TITLE": "Again"})] == [(item["itemId"], item["metadata"]) for item in after]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"USERS": ["AGE"]}, "metadataColumns: the key must be ITEMS, not USERS"),
        ({"ITEMS": ["COLOUR"]}, "metadataColumns: the items dataset has no column COLOUR"),
        ({"ITEMS": ["PRICE"] * 11}, "metadataColumns: there can be at most 10 columns"),
    ],
)
def test_metadata_columns_must_be_there(cinema: Cinema, columns: dict[str, list[str]], problem: str) -> None:
    """At most ten columns of the items dataset."""
    assert problem == cinema.refusal("aws-similar-items", itemId="B1", metadataColumns=columns)


def test_a_ranking_has_the_whole_list(cinema: Cinema) -> None:
    """The user's own group comes first; an unknown item comes last, without a score; a filter shortens the list."""
    campaign = cinema.campaigns["aws-personalized-ranking-v2"]
    listed = ["unknown", "B3", "A3", "B4", "A4"]
    cheap = cinema.filter("INCLUDE ItemID WHERE Items.PRICE < 4")

    def rank(**more: Any) -> list[dict[str, Any]]:
        answer = cinema.runtime.get_personalized_ranking(
            **{"campaignArn": campaign, "userId": "a1", "inputList": listed, **more}
        )
        return list(answer["personalizedRanking"])

    ranked = rank()

    assert [{"A3", "A4"}, {"B3", "B4"}, {"unknown"}] == [
        {item["itemId"] for item in ranked[start:end]} for start, end in ((0, 2), (2, 4), (4, 5))
    ]
    assert "score" not in ranked[-1]
    assert {"A3", "B3"} == {item["itemId"] for item in rank(filterArn=cheap)}


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ([], "inputList must hold from 1 to 500 items, not 0"),
        ([f"i{number}" for number in range(501)], "inputList must hold from 1 to 500 items, not 501"),
        (["A1", "A1"], "inputList must not hold an item twice"),
    ],
)
def test_lists_to_rank_have_limits(cinema: Cinema, listed: list[str], problem: str) -> None:
    """From one to 500 different items."""
    campaign = cinema.campaigns["aws-personalized-ranking-v2"]
    with pytest.raises(ClientError) as caught:
        cinema.runtime.get_personalized_ranking(campaignArn=campaign, userId="a1", inputList=listed)

    assert problem == message(caught)


def test_actions_are_recommended(cinema: Cinema) -> None:
    """Five by default, at most 100, each once; filters are on actions and on what the user did with them."""
    campaign = cinema.campaigns["aws-next-best-action"]
    taken = cinema.filter('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("taken")')
    cheap = cinema.filter("INCLUDE ActionID WHERE Actions.COST < 2")

    def actions(**more: Any) -> list[str]:
        answer = cinema.runtime.get_action_recommendations(**{"campaignArn": campaign, "userId": "a1", **more})
        return [action["actionId"] for action in answer["actionList"]]

    with pytest.raises(ClientError) as caught:
        actions(numResults=101)

    assert 5 == len(actions())
    assert sorted(ACTIONS) == sorted(actions(numResults=100))
    assert sorted(set(ACTIONS) - {"letter"}) == sorted(actions(numResults=100, filterArn=taken))
    assert {"letter", "call"} == set(actions(filterArn=cheap))
    assert "numResults must be at most 100, not 101" == message(caught)


def test_operations_are_for_their_recipes(cinema: Cinema) -> None:
    """A campaign of another recipe does not answer, nor does one that is not named."""
    popular = cinema.campaigns["aws-popularity-count"]
    with pytest.raises(ClientError) as ranking:
        cinema.runtime.get_personalized_ranking(campaignArn=popular, userId="a1", inputList=["A1"])
    with pytest.raises(ClientError) as actions:
        cinema.runtime.get_action_recommendations(campaignArn=popular, userId="a1")
    with pytest.raises(ClientError) as unnamed:
        cinema.runtime.get_action_recommendations(userId="a1")

    assert message(ranking).endswith("aws-popularity-count does not answer GetPersonalizedRanking")
    assert message(actions).endswith("aws-popularity-count does not answer GetActionRecommendations")
    assert "InvalidInputException" == code(unnamed)


@pytest.fixture(scope="module")
def store(aws: EmbeddedAWS) -> tuple[Account, str]:
    """Give an account with a recommender of a shop, where everybody views and sometimes buys."""
    account = Account(aws)
    group = account.active(
        account.personalize.create_dataset_group(name="store", domain="ECOMMERCE")["datasetGroupArn"]
    )
    schema = account.personalize.create_schema(name="events", domain="ECOMMERCE", schema=avro(EVENT_FIELDS))
    dataset = account.active(
        account.personalize.create_dataset(
            name="events", schemaArn=schema["schemaArn"], datasetGroupArn=group, datasetType="Interactions"
        )["datasetArn"]
    )
    rows = [(*row, "Purchase" if row[1] == "A0" else "View", "tv") for row in two_groups()]
    url = account.put("events.csv", csv(rows, ",".join(field["name"] for field in EVENT_FIELDS)))
    account.active(account.start_import(dataset, url))
    created = account.personalize.create_recommender(
        name="for-you",
        datasetGroupArn=group,
        recipeArn="arn:aws:personalize:::recipe/aws-ecomm-recommended-for-you",
    )
    return account, account.active(created["recommenderArn"])


def test_a_use_case_leaves_out_what_was_bought(store: tuple[Account, str]) -> None:
    """Who bought A0 is not offered it, others are; and a purchase counts at once, in any case."""
    account, recommender = store
    group = account.describe(recommender)["datasetGroupArn"]
    buyers = {user for user, item, _ in two_groups() if item == "A0"}
    runtime = account.client("personalize-runtime")
    tracker = account.personalize.create_event_tracker(name="tracker", datasetGroupArn=group)
    account.active(tracker["eventTrackerArn"])

    def offered(user: str) -> set[str]:
        answer = runtime.get_recommendations(recommenderArn=recommender, userId=user, numResults=100)
        return {item["itemId"] for item in answer["itemList"]}

    before = offered("b1")
    account.client("personalize-events").put_events(
        trackingId=tracker["trackingId"],
        userId="b1",
        sessionId="s",
        eventList=[{"eventType": "purchase", "sentAt": NOW, "itemId": "B9"}],
    )

    assert "A0" not in offered(min(buyers))
    assert {"A0", "B9"} <= before
    assert before - {"B9"} == offered("b1")


def test_a_campaign_answers_within_what_it_is_for(store: tuple[Account, str]) -> None:
    """Not before it is ACTIVE, without metadata unless that was enabled, promotions for their recipes only."""
    account, recommender = store
    group = account.describe(recommender)["datasetGroupArn"]
    version = account.active(account.start_training(account.solution(group, "aws-hrnn")))
    runtime = account.client("personalize-runtime")

    def refusal(**more: Any) -> str:
        with pytest.raises(ClientError) as caught:
            runtime.get_recommendations(campaignArn=campaign, userId="a1", **more)
        assert "InvalidInputException" == code(caught)
        return message(caught)

    with held(account, "Campaign"):
        campaign = account.personalize.create_campaign(name="legacy", solutionVersionArn=version)["campaignArn"]
        pending = refusal()
    account.active(campaign)
    promotion = {"name": "p", "percentPromotedItems": 10, "filterArn": group}

    assert f"Campaign {campaign} is CREATE PENDING, not ACTIVE" == pending
    assert 25 == len(runtime.get_recommendations(campaignArn=campaign, userId="a1")["itemList"])
    assert refusal(promotions=[promotion]).endswith("aws-hrnn does not take promotions")
    assert "metadataColumns: metadata is not enabled for this campaign or recommender" == refusal(
        metadataColumns={"ITEMS": ["PRICE"]}
    )


def test_a_recommender_must_be_active(store: tuple[Account, str]) -> None:
    """One that is stopped does not answer, one that is started again does."""
    account, recommender = store
    runtime = account.client("personalize-runtime")
    account.personalize.stop_recommender(recommenderArn=recommender)
    account.wait(recommender, {"INACTIVE"})
    with pytest.raises(ClientError) as caught:
        runtime.get_recommendations(recommenderArn=recommender, userId="b1")
    account.personalize.start_recommender(recommenderArn=recommender)
    account.active(recommender)

    assert "InvalidInputException" == code(caught)
    assert f"Recommender {recommender} is INACTIVE, not ACTIVE" == message(caught)
    assert runtime.get_recommendations(recommenderArn=recommender, userId="b1")["itemList"]
