"""Requests of Personalize Events that no SDK would send: they answer as requests, never with status 500."""

import json

import pytest
import requests

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.shop import Shop
from emulator.tests.personalize.support import Account


@pytest.fixture(scope="module")
def shop(aws: EmbeddedAWS) -> Shop:
    """Give the tests of this module a shop together."""
    return Shop(Account(aws))


def test_timestamps_are_numbers_or_iso_texts(shop: Shop) -> None:
    """Programs without an SDK send either."""
    for sent in (1772366400, 1772366400.5, "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00"):
        event = {"eventType": "click", "sentAt": sent, "itemId": f"i-{sent}"}
        body = {"trackingId": shop.tracking_id, "userId": "raw", "sessionId": "s", "eventList": [event]}
        assert requests.codes.ok == shop.post("/events", json.dumps(body)).status_code

    assert {"1772366400"} == {row.split(",")[2] for row in shop.rows("Interactions", "raw")}


def test_requests_must_be_what_the_model_says(shop: Shop) -> None:
    """A text that is no time, a request that is no object or no JSON at all are refused with status 400."""
    event = {"eventType": "click", "sentAt": "yesterday", "itemId": "i1"}
    body = {"trackingId": shop.tracking_id, "userId": "raw", "sessionId": "s", "eventList": [event]}
    answers = [shop.post("/events", text) for text in (json.dumps(body), "[]", "{")]

    assert [400] * 3 == [answer.status_code for answer in answers]
    assert ["InvalidInputException", "SerializationException", "SerializationException"] == [
        answer.headers["x-amzn-ErrorType"] for answer in answers
    ]
    assert "yesterday is not a timestamp" == answers[0].json()["message"]


_DEEP = "[" * 20_000


@pytest.mark.parametrize(
    ("member", "error", "problem"),
    [
        ('"sentAt": 1e30', "InvalidInputException", "1e+30 is not a timestamp"),
        ('"sentAt": NaN', "SerializationException", "NaN is no JSON number"),
        ('"sentAt": 1e999', "SerializationException", "1e999 is too large for a number"),
        ('"eventValue": NaN', "SerializationException", "NaN is no JSON number"),
        (f'"eventValue": 1{"0" * 400}', "InvalidInputException", "eventValue is too large for a float"),
        (r'"properties": "{\"eventValue\": 1e999}"', "InvalidInputException", "1e999 is too large for a number"),
        (f'"properties": "{{\\"eventValue\\": 1{"0" * 400}}}"', "InvalidInputException", "eventValue must be of type"),
        (r'"properties": "{\"deviceKind\": \"\\ud800\"}"', "InvalidInputException", "half of a surrogate pair"),
        (r'"itemId": "\ud800"', "SerializationException", "half of a surrogate pair"),
        ('"itemId": "é"', "SerializationException", "codec can't decode"),
        (f'"more": {_DEEP}', "SerializationException", "it is nested too deeply"),
    ],
)
def test_what_no_dataset_can_hold_is_refused(shop: Shop, member: str, error: str, problem: str) -> None:
    """Numbers without a value, halves of characters and bottomless nesting are the request's fault, status 400."""
    body = (
        f'{{"trackingId": "{shop.tracking_id}", "userId": "odd", "sessionId": "s", '
        f'"eventList": [{{"eventType": "click", "sentAt": 1, "itemId": "i1", {member}}}]}}'
    )
    answer = shop.post("/events", body.encode("latin-1"))

    assert (400, error) == (answer.status_code, answer.headers["x-amzn-ErrorType"])
    assert problem in answer.json()["message"]


def test_members_beyond_the_model_do_not_count(shop: Shop) -> None:
    """A request may hold what the service does not know: it is left alone, or too deep to be read."""
    body = '"userId": "deep", "sessionId": "s", "eventList": [{"eventType": "click", "sentAt": 1, "itemId": "i1"}]'
    answers = [
        shop.post("/events", f'{{"trackingId": "{shop.tracking_id}", {body}, "more": {"[" * depth}{"]" * depth}}}')
        for depth in (10, 7000)
    ]

    assert requests.codes.ok == answers[0].status_code
    assert answers[1].status_code in {requests.codes.ok, requests.codes.bad_request}


def test_the_address_alone_names_the_operation(shop: Shop) -> None:
    """A text that looks like another operation's name changes nothing; an address is for one method."""
    shop.put("url", "s", {"properties": json.dumps({"deviceKind": "?a=1&Action=PutUsers&b=2"})})
    wrong = requests.put(f"{shop.events.meta.endpoint_url}/events", headers=shop.signed, timeout=30)

    assert ["url,i1,1772366400,click,,,?a=1&Action=PutUsers&b=2,"] == shop.rows("Interactions", "url")
    assert (404, "Unknown operation PUT /events") == (wrong.status_code, wrong.json()["message"])
