"""The operations of Personalize Events: records that come one by one, each with an effect at once.

Rules: API reference of the service (PutEvents, PutActionInteractions, PutItems, PutUsers, PutActions); Developer
Guide, putevents-example and importing-items. Keys of `properties` are the schema's columns in camel case. An event
without an item says nothing that any recipe could learn from: it is not kept, but it can link a session with a
user. What an event itself may hold (value, impression, …) and the schema has no column for is left out.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import polars as pl

from embedded_aws import clock
from embedded_aws.personalize import strict_json
from embedded_aws.personalize.datasets import schema_of
from embedded_aws.personalize.exceptions import InvalidInputException, ResourceNotFoundException
from embedded_aws.personalize.kinds import DATASET, EVENT_TRACKER, Status
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.schemas import Field, Schema
from embedded_aws.personalize.sessions import Sessions, sessions_of

Params = dict[str, Any]
Record = dict[str, Any]

_TEXT_LENGTH: Final = 1000
_TEXTUAL_LENGTH: Final = 20_000
_ACTION_EVENTS: Final = frozenset({"taken", "nottaken", "viewed"})
_LARGEST: Final = {"int": 2**31 - 1, "long": 2**63 - 1}
_NESTED: Final[dict[type, str]] = {dict: "an object", list: "an array"}


def _put_events(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    with backend.lock:
        trackers = backend.all(EVENT_TRACKER, trackingId=params["trackingId"])
        if not trackers or trackers[0].status != Status.ACTIVE:
            raise InvalidInputException(f"There is no active event tracker with the trackingId {params['trackingId']}")
        group = trackers[0].members["datasetGroupArn"]
        datasets = backend.all(DATASET, datasetGroupArn=group, datasetType="INTERACTIONS")
        if not datasets or datasets[0].status != Status.ACTIVE:
            raise InvalidInputException(f"The dataset group {group} has no active dataset of type INTERACTIONS")
        dataset, schema, sessions = datasets[0], schema_of(backend, datasets[0]), sessions_of(datasets[0])
        owner: str = params["userId"] if "userId" in params else params["sessionId"]
        event_ids = [event.get("eventId") for event in params["eventList"]]
        found = [_event(event, schema, owner) for event in params["eventList"]]
        fresh = zip(found, sessions.fresh(event_ids), strict=True)
        rows = _frame([row for row, new in fresh if new and row is not None], schema)
        _keep(dataset, rows, sessions, params["sessionId"], params.get("userId"))
        sessions.remember(event_ids)
    return {}


def _put_action_interactions(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    with backend.lock:
        datasets = backend.all(DATASET, datasetType="ACTION_INTERACTIONS", trackingId=params["trackingId"])
        if not datasets:
            raise ResourceNotFoundException(params["trackingId"])
        dataset = backend.find_active(DATASET, datasets[0].arn)
        schema, sessions = schema_of(backend, dataset), sessions_of(dataset)
        given = params["actionInteractions"]
        event_ids = [one.get("eventId") for one in given]
        frames = [_frame([_action_event(one, schema)], schema) for one in given]
        for one, rows, new in zip(given, frames, sessions.fresh(event_ids), strict=True):
            _keep(dataset, rows if new else rows.clear(), sessions, one["sessionId"], one.get("userId"))
        sessions.remember(event_ids)
    return {}


def _keep(dataset: Resource, rows: pl.DataFrame, sessions: Sessions, session_id: str, user_id: str | None) -> None:
    """Take in events under their user, with what the session brought before; or aside, while nobody is known."""
    now = clock.now()
    if user_id is None:
        if rows.height:
            sessions.keep(session_id, now, rows)
        return
    for frame in (*sessions.link(session_id, user_id), rows):
        if frame.height:
            dataset.result.stream(now, frame)


def _event(event: Mapping[str, Any], schema: Schema, owner: str) -> Record | None:
    """Return an event as a row of the interactions dataset; None for one without an item."""
    own = {
        "USER_ID": owner,
        "ITEM_ID": event.get("itemId"),
        "TIMESTAMP": _epoch(event["sentAt"]),
        "EVENT_TYPE": event["eventType"],
        "EVENT_VALUE": _value(event.get("eventValue")),
        "IMPRESSION": "|".join(event["impression"]) if event.get("impression") else None,
        "RECOMMENDATION_ID": event.get("recommendationId"),
        "EVENT_ATTRIBUTION_SOURCE": event.get("metricAttribution", {}).get("eventAttributionSource"),
    }
    row = _row(own, event.get("properties"), schema)
    if row.get("ITEM_ID") is None:
        return None
    _check_complete(row, schema)
    return row


def _action_event(event: Mapping[str, Any], schema: Schema) -> Record:
    if event["eventType"].lower().translate(str.maketrans("", "", " _-")) not in _ACTION_EVENTS:
        raise InvalidInputException(f"eventType must be Taken, Not taken or Viewed, not {event['eventType']}")
    own = {
        "USER_ID": event.get("userId", event["sessionId"]),
        "ACTION_ID": event["actionId"],
        "TIMESTAMP": _epoch(event["timestamp"]),
        "EVENT_TYPE": event["eventType"],
        "IMPRESSION": "|".join(event["impression"]) if event.get("impression") else None,
        "RECOMMENDATION_ID": event.get("recommendationId"),
    }
    row = _row(own, event.get("properties"), schema)
    _check_complete(row, schema)
    return row


def _put_records(member: str, backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    """Take in items, users or actions: `member` is their ID's name in the API, "itemId" for items."""
    name = member.removesuffix("Id")
    with backend.lock:
        dataset = backend.find_active(DATASET, params["datasetArn"])
        found = dataset.members["datasetType"]
        if found != f"{name.upper()}S":
            raise InvalidInputException(f"The dataset is of type {found}, not {name.upper()}S")
        schema = schema_of(backend, dataset)
        rows = [_row({f"{name.upper()}_ID": one[member]}, one.get("properties"), schema) for one in params[f"{name}s"]]
        for row in rows:
            _check_complete(row, schema)
        dataset.result.stream(clock.now(), _frame(rows, schema))
    return {}


def _row(own: Mapping[str, Any], properties: str | None, schema: Schema) -> Record:
    """Return what a record says per column: what it holds itself, and its properties.

    Raises:
        InvalidInputException: the properties are no JSON object, name no column, or have values of a wrong type.
    """
    columns = {_plain(field.name): field for field in schema.fields}
    row: Record = {}
    for name, value in _object(properties).items():
        field = columns.get(_plain(name))
        if field is None:
            raise InvalidInputException(f"properties: {name} is no field of the schema: {', '.join(schema.names)}")
        row[field.name] = _checked(field, name, value)
    return {**row, **{name: value for name, value in own.items() if value is not None and name in schema.names}}


def _object(properties: str | None) -> dict[str, Any]:
    if properties is None:
        return {}
    try:
        found = strict_json.loads(properties)
    except ValueError as error:
        raise InvalidInputException(f"properties must be a JSON object: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInputException("properties must be a JSON object")
    return found


def _plain(name: str) -> str:
    """Return a column's name or its camel case alike: PRICE_LEVEL and priceLevel are one."""
    return name.replace("_", "").lower()


def _checked(field: Field, name: str, value: Any) -> Any:
    # An empty text in a CSV file is a missing value; an export must bring back what came here.
    if (value is None and field.nullable) or (value == "" and field.kind == "string"):
        return None
    if field.kind == "string":
        fits = isinstance(value, str)
        if fits and field.textual:
            return value[:_TEXTUAL_LENGTH]
        if fits and len(value) > _TEXT_LENGTH:
            raise InvalidInputException(f"properties: {name} is longer than {_TEXT_LENGTH}")
    elif field.kind == "boolean":
        fits = isinstance(value, bool)
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits = whole and abs(value) <= _LARGEST[field.kind] if field.kind in _LARGEST else _is_float(value)
    if not fits:
        shown = _NESTED.get(type(value)) or json.dumps(value)[:80]
        raise InvalidInputException(f"properties: {name} must be of type {field.kind}, not {shown}")
    return value


def _is_float(value: Any) -> bool:
    """Return whether a value is a number that a double can be near to."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _value(value: float | None) -> float | None:
    if value is not None and not _is_float(value):
        raise InvalidInputException("eventValue is too large for a float")
    return value


def _check_complete(row: Record, schema: Schema) -> None:
    for field in schema.fields:
        if row.get(field.name) is None and not field.nullable:
            raise InvalidInputException(f"The value of {field.name} is missing, and the schema does not let it be null")


def _frame(rows: list[Record], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(
        [[row.get(field.name) for field in schema.fields] for row in rows],
        schema={field.name: field.dtype for field in schema.fields},
        orient="row",
    )


def _epoch(moment: float | str) -> int:
    """Return a timestamp of the API, a number or ISO 8601, in whole seconds.

    Raises:
        InvalidInputException: it is neither, or too large for a long.
    """
    if not isinstance(moment, str):
        if not abs(moment) <= _LARGEST["long"]:
            raise InvalidInputException(f"{json.dumps(moment)[:80]} is not a timestamp")
        return int(moment)
    try:
        found = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidInputException(f"{moment} is not a timestamp") from error
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


OPERATIONS: Mapping[str, Callable[[PersonalizeBackend, Params], dict[str, Any]]] = {
    "PutEvents": _put_events,
    "PutActionInteractions": _put_action_interactions,
    "PutItems": partial(_put_records, "itemId"),
    "PutUsers": partial(_put_records, "userId"),
    "PutActions": partial(_put_records, "actionId"),
}
