"""Rules of look-ups: what cannot be is told in the file, with its place and how to mend it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from definition.load import parse
from definition.plan.mappings import dataset_mapping
from definition.problems import SpecError
from tests.corpus.looked_up import COLUMNS, LOOKUP, OF_LINES
from tests.documents import parsed, shop
from tests.unit.test_rules import told


@pytest.mark.parametrize(
    ("change", "place", "text"),
    [
        ({"key": ...}, "orders.key", "is missing"),
        ({"key": ["shop", "order_id"]}, "orders.key", "a look-up has one key, and it is one column. Name it"),
        ({"on": ["shop", "order_id"]}, "orders.on", "one column"),
        (
            {"source": {"path": "orders/", "explode": "items"}},
            "orders.source.explode",
            "no list takes apart",
        ),
        ({"source": {"path": "orders/", "format": "jsonl", "delimiter": ";"}}, "orders.source.delimiter", "for jsonl"),
        ({"duplicates": "all"}, "orders.duplicates", "first"),
        ({"missing": "null"}, "orders.missing", "empty"),
        ({"on": "orders.id"}, "orders.on", "is a column of the look-up orders, but the key must stand in the rows"),
        ({"by": "x"}, "orders.by", "Known here: source, key, on, duplicates, missing"),
    ],
)
def test_each_mistake_in_a_lookup_names_its_place_and_remedy(change: dict[str, Any], place: str, text: str) -> None:
    """A key of several columns, a list to explode, a key from another look-up, and unknown words are refused."""
    lookup = {key: value for key, value in (LOOKUP | change).items() if value is not ...}
    found = told(datasets__interactions=OF_LINES | {"lookups": {"orders": lookup}})

    assert text in found[f"datasets.interactions.lookups.{place}"]


def test_a_lookup_that_nothing_reads_is_refused() -> None:
    """Neither columns, those of events among them, nor conditions read it; any of them is enough."""
    columns = {"USER_ID": "user", "ITEM_ID": "product", "TIMESTAMP": {"from": "at", "unit": "s"}}
    dataset = OF_LINES | {"columns": columns}
    found = told(datasets__interactions=dataset)
    assert "nothing reads orders. Take a column from orders.<column>" in found["datasets.interactions.lookups.orders"]

    parsed(datasets__interactions=dataset | {"keep": "orders.status = 'paid'"})
    event = {"when": "a = 1", "columns": {"EVENT_TYPE": "orders.kind"}}
    parsed(datasets__interactions=dataset | {"events": [event]})
    event = {"when": "orders.a = 1", "columns": {"EVENT_TYPE": {"value": "a"}}}
    parsed(datasets__interactions=dataset | {"events": [event]})


@pytest.mark.parametrize("column", ["orders.", {"expression": 'UPPER("orders.")'}])
def test_a_lookup_without_a_column_is_refused(column: Any) -> None:
    """What is read of a look-up has a name."""
    found = told(datasets__interactions=OF_LINES | {"columns": COLUMNS | {"ITEM_ID": column}})

    assert "orders. names no column of it" in found["datasets.interactions.lookups.orders"]


@pytest.mark.parametrize(
    ("rows", "orders", "text"),
    [
        ("data/", "data/orders.csv", "data/orders.csv lies within data/, so its rows would be taken for rows of the"),
        ("data/", "data/orders/", "data/orders/ lies within data/"),
        ("data/", "data/orders-*.csv", "data/orders-*.csv lies within data/"),
        ("s3://all/", "s3://all/orders/", "s3://all/orders/ lies within s3://all/"),
        ("data/lines.csv", "data/", "data/lines.csv lies within data/, so the rows of the dataset would be looked up"),
        ("data/lines-*.csv", "data/orders.csv", None),
        ("data/", "data/_orders/a.csv", None),
        ("data/", "database/", None),
        ("data/", "s3://data/orders/", None),
        ("data/", "data/", None),
    ],
)
def test_rows_and_lookups_lie_apart(rows: str, orders: str, text: str | None) -> None:
    """A folder takes all that lies in it; only who looks itself up names the same folder twice."""
    lookup = LOOKUP | {"source": {"path": orders}}
    dataset = OF_LINES | {"source": {"path": rows}, "lookups": {"orders": lookup}}
    place = "datasets.interactions.lookups.orders.source.path"
    if text is None:
        parsed(datasets__interactions=dataset)
    else:
        assert text in told(datasets__interactions=dataset)[place]


@pytest.mark.parametrize(
    ("explode", "lookup", "place", "text"),
    [
        ("orders", {}, "", "orders.<column> would mean the elements of orders as well. Give the look-up another name"),
        ("orders.lines", {}, "", "orders.<column> would mean the elements of orders.lines as well"),
        ("items", {"on": "items.order"}, ".on", "items.order belongs to the elements of items"),
        ("items", {"key": "items"}, ".key", "items belongs to the elements of items"),
    ],
)
def test_a_name_means_one_thing_beside_a_list(explode: str, lookup: dict[str, Any], place: str, text: str) -> None:
    """A look-up has another name than the list, and a key of the row."""
    source = {"path": "lines/", "format": "jsonl", "explode": explode}
    columns = COLUMNS | {"ITEM_ID": f"{explode}.sku"}
    dataset = {"source": source, "lookups": {"orders": LOOKUP | lookup}, "columns": columns}

    assert text in told(datasets__interactions=dataset)[f"datasets.interactions.lookups.orders{place}"]


@pytest.mark.parametrize("name", ["my.orders", "orders-2", "2", ""])
def test_a_name_with_a_dot_is_refused(name: str) -> None:
    """What comes before the first dot is the look-up."""
    found = told(datasets__interactions=OF_LINES | {"lookups": {"orders": LOOKUP, name: LOOKUP}})

    assert any("cannot name a look-up" in text and "se letters, digits" in text for text in found.values())


def test_a_mistake_has_its_line() -> None:
    """The line of the file in which the key stands."""
    document = shop(datasets__interactions=OF_LINES | {"lookups": {"orders": LOOKUP | {"on": "orders.id"}}})
    text = json.dumps(document, indent=1)
    line = next(at for at, each in enumerate(text.splitlines(), 1) if '"on"' in each)

    with pytest.raises(SpecError) as caught:
        parse(text)
    assert [(line, "datasets.interactions.lookups.orders.on")] == [
        (problem.line, problem.place) for problem in caught.value.problems
    ]


def test_columns_of_a_lookup_are_read_there_and_nowhere_else() -> None:
    """The rows give their own columns and the key, the look-up its key and what is read of it, lists among that."""
    genres = {"GENRES": {"from": "orders.about.genres", "type": "categorical"}}
    dataset = OF_LINES | {"columns": COLUMNS | genres, "keep": "orders.status = 'paid' AND quantity > 0"}
    mapping = dataset_mapping(parsed(datasets__interactions=dataset), "interactions")

    assert ["product", "quantity", "order_id"] == mapping.raw_columns()
    assert ["order_id", "customer", "at", "about.genres", "status"] == mapping.lookups[0].raw_columns()
    assert (["about.genres"], []) == (mapping.lookups[0].lists, mapping.lists)


def test_files_without_lookups_keep_their_mapping() -> None:
    """Nothing of look-ups is in it, so that data of before is not imported again."""
    mapping = dataset_mapping(parsed(), "interactions")

    assert "lookups" not in mapping.model_dump_json()
