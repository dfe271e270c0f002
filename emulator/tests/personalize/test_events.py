"""Records that come one by one: what is kept of them, as exports and requests show it, and what is refused."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.shop import FIELDS, NOON, Shop
from emulator.tests.personalize.support import Account, code, held, message


@pytest.fixture(scope="module")
def shop(aws: EmbeddedAWS) -> Shop:
    """Give the tests of this module a shop together."""
    return Shop(Account(aws))


def test_an_event_becomes_a_row(shop: Shop) -> None:
    """What an event says itself, and its properties in camel case, fill the schema's columns."""
    shop.put(
        "all",
        "s-all",
        {
            "eventValue": 4.5,
            "impression": ["i1", "i2"],
            "recommendationId": "r1",
            "properties": json.dumps({"deviceKind": "tv|phone", "basket": 3}),
        },
    )

    assert ["all,i1,1772366400,click,4.5,i1|i2,tv|phone,3"] == shop.rows("Interactions", "all")


def test_properties_may_hold_what_events_hold_themselves(shop: Shop) -> None:
    """Old programs put the item and the value there; what the event says itself comes first."""
    shop.put("old", "s-old", {"properties": json.dumps({"itemId": "i9", "eventValue": 2})})
    shop.events.put_events(
        trackingId=shop.tracking_id,
        userId="old",
        sessionId="s-old",
        eventList=[{"eventType": "click", "sentAt": NOON, "properties": json.dumps({"itemId": "i9"})}],
    )

    assert ["old,i1,1772366400,click,2.0,,,", "old,i9,1772366400,click,,,,"] == shop.rows("Interactions", "old")


def test_a_repeated_event_id_is_ignored(shop: Shop) -> None:
    """The first event with an ID counts, also within one call."""
    shop.put("twice", "s", {"eventId": "e1", "itemId": "a"}, {"eventId": "e1", "itemId": "b"})
    shop.put("twice", "s", {"eventId": "e1", "itemId": "c"}, {"eventId": "e2", "itemId": "d"})

    assert ["a", "d"] == [row.split(",")[1] for row in shop.rows("Interactions", "twice")]


def test_an_event_without_an_item_leaves_no_row(shop: Shop) -> None:
    """It is accepted, as by the service."""
    shop.events.put_events(
        trackingId=shop.tracking_id, userId="idle", sessionId="s", eventList=[{"eventType": "search", "sentAt": NOON}]
    )

    assert [] == shop.rows("Interactions", "idle")


def test_a_session_belongs_to_the_user_who_logs_in(shop: Shop) -> None:
    """Events before the login are nobody's until an event of the session has a user; then they are that user's."""
    shop.put(None, "visit", {"itemId": "seen"})
    before = shop.rows("Interactions", "visit")
    shop.put("member", "visit", {"itemId": "bought"})
    shop.put("member", "visit", {"itemId": "later"})
    shop.put("guest", "visit", {"itemId": "other"})

    assert [] == before == shop.rows("Interactions", "visit")
    assert ["other"] == [row.split(",")[1] for row in shop.rows("Interactions", "guest")]
    assert ["seen", "bought", "later"] == [row.split(",")[1] for row in shop.rows("Interactions", "member")]


def test_a_sessions_events_go_to_one_user(shop: Shop) -> None:
    """Whoever logs in next in the same session gets what came since, not what the user before got."""
    shop.put(None, "lobby", {"itemId": "mine"})
    shop.put("one", "lobby", {})
    shop.put(None, "lobby", {"itemId": "between"})
    shop.put("two", "lobby", {})

    assert ["mine", "i1"] == [row.split(",")[1] for row in shop.rows("Interactions", "one")]
    assert ["between", "i1"] == [row.split(",")[1] for row in shop.rows("Interactions", "two")]


def test_deleted_users_do_not_come_back_with_their_sessions(shop: Shop) -> None:
    """Nobody gets their events any more, those of their session included that were nobody's yet."""
    shop.put(None, "den", {"itemId": "old"})
    shop.put("gone", "den", {})
    shop.put(None, "den", {"itemId": "last"})
    shop.put(None, "alias", {"itemId": "named"})
    job = shop.account.personalize.create_data_deletion_job(
        jobName="forget",
        datasetGroupArn=shop.group,
        dataSource={"dataLocation": shop.account.put("forget/users.csv", 'USER_ID\n"gone"\nalias\n')},
        roleArn=shop.account.role,
    )
    done = shop.account.wait(job["dataDeletionJobArn"], {"COMPLETED", "FAILED"})
    for user, session in (("gone", "den"), ("next", "den"), ("next", "alias")):
        shop.put(user, session, {"itemId": f"new-{session}"})

    assert ("COMPLETED", 4) == (done["status"], done["numDeleted"])
    assert ["new-den"] == [row.split(",")[1] for row in shop.rows("Interactions", "gone")]
    assert ["new-den", "new-alias"] == [row.split(",")[1] for row in shop.rows("Interactions", "next")]


def test_a_refused_call_takes_no_event_ids(shop: Shop) -> None:
    """The same events can come again once they are right."""
    with pytest.raises(ClientError):
        shop.put("again", "s", {"eventId": "again"}, {"properties": json.dumps({"eventValue": 10**400})})
    shop.put("again", "s", {"eventId": "again"})

    assert 1 == len(shop.rows("Interactions", "again"))


def test_an_empty_text_is_a_missing_value(shop: Shop) -> None:
    """As in a CSV file: it fills no column that needs a value."""
    shop.put("blank", "s", {"properties": '{"deviceKind": ""}'})
    with pytest.raises(ClientError) as caught:
        shop.events.put_actions(
            datasetArn=shop.arn("Actions"), actions=[{"actionId": "a", "properties": '{"kind": ""}'}]
        )

    assert ["blank,i1,1772366400,click,,,,"] == shop.rows("Interactions", "blank")
    assert "The value of KIND is missing, and the schema does not let it be null" == message(caught)


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"properties": "[]"}, "properties must be a JSON object"),
        ({"properties": "{"}, "properties must be a JSON object"),
        ({"properties": '{"basket": NaN}'}, "NaN is no JSON number"),
        ({"properties": '{"basket": [[]]}'}, "properties: basket must be of type int, not an array"),
        ({"properties": '{"colour": "red"}'}, "properties: colour is no field of the schema"),
        ({"properties": '{"deviceKind": 3}'}, "properties: deviceKind must be of type string, not 3"),
        ({"properties": '{"basket": "3"}'}, 'properties: basket must be of type int, not "3"'),
        ({"properties": '{"basket": true}'}, "properties: basket must be of type int, not true"),
        ({"properties": '{"basket": 1.5}'}, "properties: basket must be of type int, not 1.5"),
        ({"properties": '{"basket": 3000000000}'}, "properties: basket must be of type int"),
        ({"properties": json.dumps({"deviceKind": "x" * 1001})}, "properties: deviceKind is longer than 1000"),
        ({"properties": json.dumps({"deviceKind": "x" * 1025})}, "Member must have length less than or equal to 1024"),
    ],
)
def test_wrong_events_are_refused(shop: Shop, event: dict[str, Any], problem: str) -> None:
    """The error says what is wrong, and none of the call's events is kept."""
    with pytest.raises(ClientError) as caught:
        shop.put("wrong", "s", {"itemId": "fine"}, event)

    assert "InvalidInputException" == code(caught)
    assert 400 == caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert problem in message(caught)
    assert [] == shop.rows("Interactions", "wrong")


def test_tracker_and_dataset_must_be_there_and_active(shop: Shop) -> None:
    """PutEvents has no other error for that than InvalidInputException."""
    other = shop.account.group("other")

    def refusal(tracking_id: str) -> str:
        event = {"eventType": "click", "sentAt": NOON}
        with pytest.raises(ClientError) as caught:
            shop.events.put_events(trackingId=tracking_id, sessionId="s", eventList=[event])
        assert "InvalidInputException" == code(caught)
        return message(caught)

    with held(shop.account, "EventTracker"):
        created = shop.account.personalize.create_event_tracker(name="other", datasetGroupArn=other)
        pending = refusal(created["trackingId"])
    shop.account.active(created["eventTrackerArn"])

    missing = refusal(created["trackingId"])
    schema = json.dumps({"type": "record", "name": "Interactions", "fields": FIELDS["Interactions"]})
    schema_arn = shop.account.personalize.create_schema(name="other", schema=schema)["schemaArn"]
    with held(shop.account, "Dataset"):
        shop.account.personalize.create_dataset(
            name="other", schemaArn=schema_arn, datasetGroupArn=other, datasetType="Interactions"
        )
        young = refusal(created["trackingId"])

    assert "There is no active event tracker with the trackingId unknown" == refusal("unknown")
    assert f"There is no active event tracker with the trackingId {created['trackingId']}" == pending
    assert f"The dataset group {other} has no active dataset of type INTERACTIONS" == missing == young


def test_items_users_and_actions_become_rows(shop: Shop) -> None:
    """Properties fill the columns, long texts are cut; a second record of the same ID replaces the first."""
    properties = {"priceLevel": 2, "genres": "drama|crime", "onSale": True, "story": "x" * 20_001}
    shop.events.put_items(
        datasetArn=shop.arn("Items"),
        items=[{"itemId": "new", "properties": json.dumps({"priceLevel": 1.5, "genres": None})}],
    )
    shop.events.put_items(datasetArn=shop.arn("Items"), items=[{"itemId": "new", "properties": json.dumps(properties)}])
    shop.events.put_users(datasetArn=shop.arn("Users"), users=[{"userId": "u7"}])
    shop.events.put_actions(
        datasetArn=shop.arn("Actions"), actions=[{"actionId": "a7", "properties": json.dumps({"KIND": "letter"})}]
    )

    assert [f"new,2.0,drama|crime,true,{'x' * 20_000}"] == shop.rows("Items", "new")
    assert ["u7,"] == shop.rows("Users", "u7")
    assert ["a7,letter"] == shop.rows("Actions", "a7")


def test_a_column_that_must_not_be_null_needs_a_value(shop: Shop) -> None:
    """An item without its price is refused, and so is null for it."""
    problems = []
    for item in ({"itemId": "bare"}, {"itemId": "bare", "properties": '{"priceLevel": null}'}):
        with pytest.raises(ClientError) as caught:
            shop.events.put_items(datasetArn=shop.arn("Items"), items=[item])
        problems.append(message(caught))

    assert [
        "The value of PRICE_LEVEL is missing, and the schema does not let it be null",
        "properties: priceLevel must be of type float, not null",
    ] == problems


def test_properties_have_a_bottom(shop: Shop) -> None:
    """Nesting that no reader follows is refused."""
    with pytest.raises(ClientError) as caught:
        shop.events.put_items(datasetArn=shop.arn("Items"), items=[{"itemId": "deep", "properties": "[" * 20_000}])

    assert "InvalidInputException" == code(caught)
    assert "properties must be a JSON object: it is nested too deeply" == message(caught)


def test_records_go_to_a_dataset_of_their_type(shop: Shop) -> None:
    """Users cannot be put among the items; a dataset that is not there is not found, with status 404."""
    with pytest.raises(ClientError) as wrong:
        shop.events.put_users(datasetArn=shop.arn("Items"), users=[{"userId": "u"}])
    with pytest.raises(ClientError) as missing:
        shop.events.put_users(datasetArn=shop.arn("Nothing"), users=[{"userId": "u"}])

    assert ("InvalidInputException", "The dataset is of type ITEMS, not USERS") == (code(wrong), message(wrong))
    assert "ResourceNotFoundException" == code(missing)
    assert 404 == missing.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_dataset_that_is_not_active_yet_is_in_use(account: Account) -> None:
    """The status of that error is 409."""
    group = account.group()
    schema = json.dumps({"type": "record", "name": "Users", "fields": FIELDS["Users"]})
    schema_arn = account.personalize.create_schema(name="users", schema=schema)["schemaArn"]
    with held(account, "Dataset"):
        dataset = account.personalize.create_dataset(
            name="users", schemaArn=schema_arn, datasetGroupArn=group, datasetType="Users"
        )["datasetArn"]
        with pytest.raises(ClientError) as caught:
            account.client("personalize-events").put_users(datasetArn=dataset, users=[{"userId": "u"}])

    assert "ResourceInUseException" == code(caught)
    assert 409 == caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_action_interactions_become_rows(shop: Shop) -> None:
    """They go to the dataset with the tracking ID; sessions belong to users there, too; three types are known."""
    described = shop.account.personalize.describe_dataset(datasetArn=shop.arn("Action_Interactions"))["dataset"]
    one = {"actionId": "a1", "sessionId": "s1", "timestamp": NOON, "eventType": "VIEWED", "eventId": "x1"}
    two = {**one, "eventId": "x2", "userId": "doer", "actionId": "a2", "eventType": "Not taken"}

    def put(*interactions: dict[str, Any], tracking_id: str = described["trackingId"]) -> None:
        shop.events.put_action_interactions(trackingId=tracking_id, actionInteractions=list(interactions))

    put(one, two)
    put(two)
    with pytest.raises(ClientError) as wrong:
        put({**one, "eventType": "click"})
    with pytest.raises(ClientError) as missing:
        put(one, tracking_id="unknown")

    assert ["doer,a1,1772366400,VIEWED", "doer,a2,1772366400,Not taken"] == shop.rows("Action_Interactions", "doer")
    assert "eventType must be Taken, Not taken or Viewed, not click" == message(wrong)
    assert "ResourceNotFoundException" == code(missing)


def test_faults_reach_these_services(shop: Shop) -> None:
    """A call can be throttled on demand."""
    shop.account.fault(operation="PutUsers", error="ThrottlingException", message="Rate exceeded")
    with pytest.raises(ClientError) as caught:
        shop.events.put_users(datasetArn=shop.arn("Users"), users=[{"userId": "u"}])

    assert "ThrottlingException" == code(caught)
