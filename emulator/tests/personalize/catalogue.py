"""A small catalogue with its users and events, for the tests of filters: every value is meant to be read."""

import polars as pl

from embedded_aws.personalize.filters import View
from embedded_aws.personalize.filters.matching import newest_events
from embedded_aws.personalize.filters.tree import Target
from embedded_aws.personalize.schemas import Schema, parse_schema
from emulator.tests.personalize.support import INTERACTION_FIELDS, avro

TEXT = {"type": ["string", "null"], "categorical": True}
ITEM_FIELDS = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "GENRE", **TEXT},
    {"name": "TITLE", "type": ["null", "string"]},
    {"name": "PRICE", "type": ["float", "null"]},
    {"name": "CREATION_TIMESTAMP", "type": "long"},
    {"name": "DESCRIPTION", "type": ["string", "null"], "textual": True},
    {"name": "ADULT", "type": ["boolean", "null"]},
]
USER_FIELDS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "AGE", "type": ["int", "null"]},
    {"name": "MEMBERSHIP", **TEXT},
]
EVENT_FIELDS = [
    *INTERACTION_FIELDS,
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
    {"name": "DEVICE", **TEXT},
]
ACTION_FIELDS = [
    {"name": "ACTION_ID", "type": "string"},
    {"name": "VALUE", "type": ["long", "null"]},
    {"name": "CATEGORY", **TEXT},
]
ACTION_EVENT_FIELDS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ACTION_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"},
]


def schema(fields: list[dict[str, object]], record: str) -> Schema:
    """Return the schema of these fields."""
    return parse_schema(avro(fields, record), None)


SCHEMAS = {
    "ITEMS": schema(ITEM_FIELDS, "Items"),
    "USERS": schema(USER_FIELDS, "Users"),
    "INTERACTIONS": schema(EVENT_FIELDS, "Interactions"),
    "ACTIONS": schema(ACTION_FIELDS, "Actions"),
    "ACTION_INTERACTIONS": schema(ACTION_EVENT_FIELDS, "ActionInteractions"),
}

ITEMS = ["cheap", "dear", "old", "bare", "unknown"]
ITEM_ROWS = pl.DataFrame(
    [
        ("cheap", "comedy|drama", "Up", 5.0, 300, "a", True),
        ("dear", "drama", "Down", 50.0, 200, "b", False),
        ("old", "horror", "Comedy", 20.0, 100, "c", None),
        ("bare", None, None, None, 250, None, None),
        ("unknown", None, None, None, None, None, None),
    ],
    schema=SCHEMAS["ITEMS"].empty.schema,
    orient="row",
)
USER_ROWS = pl.DataFrame(
    [("ann", 17, "basic"), ("bob", 30, "premium|beta"), ("cid", None, None)],
    schema=SCHEMAS["USERS"].empty.schema,
    orient="row",
)
EVENT_ROWS = pl.DataFrame(
    [
        ("ann", "cheap", 1, "Click", None, "phone"),
        ("ann", "dear", 2, "click", 5.0, "tv"),
        ("ann", "old", 3, "watch", 4.0, "phone"),
        ("bob", "old", 4, "watch", 1.0, "tv"),
        ("cid", "gone", 5, "click", 9.0, "tv"),
    ],
    schema=SCHEMAS["INTERACTIONS"].empty.schema,
    orient="row",
)
VIEW = View(ITEMS, Target.ITEM, SCHEMAS, ITEM_ROWS, USER_ROWS, newest_events(EVENT_ROWS))
USERS_VIEW = View(["ann", "bob", "cid"], Target.USER, SCHEMAS, USER_ROWS, None, newest_events(EVENT_ROWS))
