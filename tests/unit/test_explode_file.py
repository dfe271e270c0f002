"""Rules of lists that are exploded: what cannot be is told in the file, with its place and how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import parsed
from tests.unit.test_rules import COLUMNS, ITEMS, USERS, of_dataset, told

SESSIONS = {"USER_ID": "user", "ITEM_ID": "events.aid", "TIMESTAMP": {"from": "events.ts", "unit": "s"}}
JSON_SOURCE = {"path": "a/", "format": "jsonl"}


@pytest.mark.parametrize(
    ("explode", "place", "text"),
    [
        ("visits", "explode", "no column is taken from an element of visits. Take one from visits or visits.…"),
        (["events", "visits"], "explode", "a row has one list that is exploded. Name it: explode: items"),
        (
            {"from": "events", "split": ";"},
            "explode",
            "no column is taken from an element of events. Take one from events",
        ),
        ({"from": "events", "split": ";", "fields": ["aid", "ts"]}, "explode", "between is missing"),
        ({"from": "events", "split": ";", "between": "-"}, "explode", "fields is missing"),
        ({"from": "events", "fields": ["aid", "ts"], "between": "-"}, "explode.fields", "Add split"),
        ({"from": "events", "split": ";", "fields": ["ts", "aid", "ts"], "between": "-"}, "explode.fields[2]", "twice"),
        ({"from": "events", "split": ";", "fields": ["ts", "aid"], "between": ";"}, "explode.between", "between the"),
        ({"from": "events", "split": ";", "fields": ["ts"], "between": "-"}, "explode.fields", "Give at least"),
        ("events[*]", "explode", "Remove [*]"),
        ({}, "explode.from", "is missing"),
        ({"from": "events", "by": ";"}, "explode.by", "Known here: from, split, fields, between"),
    ],
)
def test_each_mistake_in_explode_names_its_place_and_remedy(explode: Any, place: str, text: str) -> None:
    """A list that nothing is taken from, two lists, and parts without what cuts them are refused."""
    found = told(
        datasets__interactions__source={**JSON_SOURCE, "explode": explode}, datasets__interactions__columns=SESSIONS
    )

    assert text in found[f"datasets.interactions.source.{place}"]


def test_lists_of_csv_need_to_be_cut() -> None:
    """CSV has no lists: the remedy is what cuts the text."""
    found = told(
        datasets__interactions__source={"path": "a/", "explode": "events"}, datasets__interactions__columns=SESSIONS
    )

    assert "Write {from: events, split: …}" in found["datasets.interactions.source.explode"]


@pytest.mark.parametrize(("dataset", "section"), [("items", ITEMS), ("users", USERS)])
def test_elements_must_give_the_id_of_items_and_users(dataset: str, section: dict[str, Any]) -> None:
    """A list whose elements are all the same item, or the same user, is refused; a list of them is not."""
    key = f"{dataset[:-1].upper()}_ID"
    source, seen = {**JSON_SOURCE, "explode": "seen"}, {"from": "seen.kind", "type": "categorical"}
    of_row = {"source": source, "columns": section["columns"] | {"SEEN": seen}}
    of_element = {"source": source, "columns": section["columns"] | {"SEEN": seen, key: "seen.id"}}

    assert f"{key} is the same for all elements" in of_dataset(dataset, of_row)[f"datasets.{dataset}.source.explode"]
    parsed(**{f"datasets__{dataset}": of_element})


@pytest.mark.parametrize(
    ("column", "text"), [("ITEM_ID", "takes one value"), ("IMPRESSION", "'shown[*].id' is no part of an element")]
)
def test_columns_of_all_elements_take_several_values(column: str, text: str) -> None:
    """`[*]` gives several values, of parts that there are."""
    explode = {"from": "shown", "split": " ", "fields": ["news", "label"], "between": "-"}
    columns = {**SESSIONS, "ITEM_ID": "shown.news", "TIMESTAMP": {"from": "at", "unit": "s"}, column: "shown[*].id"}
    columns |= {"USER_ID": "shown.label"}
    found = told(
        datasets__interactions__source={"path": "a/", "explode": explode}, datasets__interactions__columns=columns
    )

    assert text in found[f"{COLUMNS}.{column}"]
