"""What is told before a dataset is given another schema."""

from __future__ import annotations

import json

import pytest

from lambdas.dataset.schemas import refused_changes

ID = {"name": "ITEM_ID", "type": "string"}
KIND = {"name": "KIND", "type": ["string", "null"], "categorical": True}
PRICE = {"name": "PRICE", "type": ["float", "null"]}


def schema(*fields: dict[str, object]) -> str:
    """Return a schema document of items."""
    return json.dumps({"type": "record", "name": "Items", "fields": fields, "version": "1.0"})


@pytest.mark.parametrize(
    "after",
    [
        (ID, KIND),
        (ID, KIND, PRICE),
        (KIND, PRICE, ID),
        (ID, KIND | {"type": ["null", "string"]}),
        (ID | {"categorical": False}, KIND | {"categorical": "true"}),
    ],
)
def test_what_the_service_takes_is_no_problem(after: tuple[dict[str, object], ...]) -> None:
    """Nullable fields may come, in any place; the spelling of what stays does not matter."""
    assert [] == refused_changes(schema(ID, KIND), schema(*after))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ((ID,), "field KIND is no longer there"),
        ((ID, KIND | {"type": "string"}), "field KIND was categorical string or null and is now categorical string"),
        (
            (ID, {"name": "KIND", "type": ["string", "null"]}),
            "field KIND was categorical string or null and is now string or null",
        ),
        ((ID, KIND, PRICE | {"type": "float"}), "field PRICE is new and not nullable"),
    ],
)
def test_what_the_service_refuses_is_named(after: tuple[dict[str, object], ...], told: str) -> None:
    """A field that goes, changes, or comes without being nullable."""
    assert [told] == refused_changes(schema(ID, KIND), schema(*after))


def test_every_problem_is_told_at_once() -> None:
    """Nobody needs three deployments to learn of three mistakes."""
    after = schema(ID | {"type": "long"}, PRICE | {"type": "float"})

    assert ["ITEM_ID", "KIND", "PRICE"] == [told.split()[1] for told in refused_changes(schema(ID, KIND), after)]
