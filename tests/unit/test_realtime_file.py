"""Filters, campaigns, recommenders, event tracker and metric attribution in pipeline files."""

from __future__ import annotations

from typing import Any

import pytest

from spec.filters import all_filters
from spec.problems import SpecError
from tests.documents import parsed

JOB = "solutions__0__batch_inference__0"
BATCH = "solutions[0].batch_inference[0]"
ITEMS = {
    "source": {"path": "items/"},
    "columns": {"ITEM_ID": "sku", "GENRE": {"from": "genre", "type": "categorical"}},
}
BOUGHT = {"name": "not-bought", "expression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'}
GENRE = {"name": "of-genre", "expression": "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"}
AUDIENCE = {"name": "us", "expression": 'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click")'}


def problems(**changes: Any) -> dict[str, str]:
    """Return what is wrong with a changed document, by place."""
    with pytest.raises(SpecError) as caught:
        parsed(**changes)
    return {problem.place: f"{problem.what}. {problem.remedy}" for problem in caught.value.problems}


def with_expression(expression: str) -> dict[str, Any]:
    """Return the change that declares one filter."""
    return {"filters": [{"name": "f", "expression": expression}]}


def with_job(**keys: Any) -> dict[str, Any]:
    """Return the change that declares filters and gives keys to the first batch job."""
    return {
        "filters": [BOUGHT, GENRE, AUDIENCE],
        "datasets__items": ITEMS,
        JOB: {"name": "top", **keys},
    }


@pytest.mark.parametrize(
    ("changes", "place", "told"),
    [
        (with_expression("WHERE Items.GENRE = 1"), "filters[0].expression", "Write INCLUDE or EXCLUDE"),
        (with_expression("EXCLUDE ItemID WHERE Items.PRICE < 5"), "filters[0].expression", "Add datasets.items"),
        (with_expression("EXCLUDE ItemID WHERE Interactions.COLOUR IN ('a')"), "filters[0].expression", "EVENT_TYPE"),
        (with_expression("EXCLUDE ItemID WHERE Films.GENRE IN ('a')"), "filters[0].expression", "names no dataset"),
        (with_expression("INCLUDE ItemID WHERE " + "x" * 2500), "filters[0].expression", "2500"),
        ({"filters": [BOUGHT, BOUGHT]}, "filters[1].name", "used twice"),
        ({"filters": [{**BOUGHT, "name": "f" * 45}]}, "filters[0].name", "63 characters"),
        ({"filters": [{**BOUGHT, "name": f"f{n}"} for n in range(31)]}, "filters", "at most 30"),
        (with_job(filter="bought"), f"{BATCH}.filter", "use one of: not-bought, of-genre"),
        (with_job(filter="of-genre"), f"{BATCH}.filter", "Add filter_values: {GENRE: …}"),
        (with_job(filter="us"), f"{BATCH}.filter", "batch_inference finds no UserID"),
        (with_job(filter_values={"GENRE": "a"}), f"{BATCH}.filter_values", "Add filter: <name>"),
        (
            with_job(filter="of-genre", filter_values={"GENRE": "a", "YEAR": 1}),
            f"{BATCH}.filter_values.YEAR",
            "It has: GENRE",
        ),
        (with_job(filter="of-genre", filter_values={"GENRE": ['"']}), f"{BATCH}.filter_values.GENRE", "a quote"),
        (
            with_job(filter="of-genre", filter_values={"GENRE": ["x" * 2500]}),
            f"{BATCH}.filter_values",
            "longer than 2500",
        ),
    ],
)
def test_a_mistake_in_a_filter_is_told_with_its_remedy(changes: dict[str, Any], place: str, told: str) -> None:
    """What a filter refers to and what a job gives it are checked before anything is made."""
    assert told in problems(**changes)[place]


def test_fields_in_texts_and_of_events_are_no_mistake() -> None:
    """A text that looks like a field is a text, and columns that only events have are columns; case means nothing."""
    expression = 'EXCLUDE ItemID WHERE interactions.event_value IN ("Films.GENRE", "$none")'
    events = [{"when": "price > 0", "columns": {"EVENT_VALUE": "price"}}]

    assert parsed(filters=[{"name": "f", "expression": expression}], datasets__interactions__events=events).filters


def test_values_of_a_job_make_a_filter_of_their_own() -> None:
    """Batch jobs get their values by a filter that holds them; what several jobs share is made once."""
    job = {"filter": "of-genre", "filter_values": {"GENRE": ["Crime", "Noir"]}}
    jobs = [{"name": "a", **job}, {"name": "b", **job}, {"name": "c", "filter": "not-bought"}]
    pipeline = parsed(filters=[BOUGHT, GENRE], datasets__items=ITEMS, solutions__0__batch_inference=jobs)

    assert [
        ("not-bought", BOUGHT["expression"]),
        ("of-genre", "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"),
        ("of-genre", 'INCLUDE ItemID WHERE Items.GENRE IN ("Crime", "Noir")'),
    ] == list(all_filters(pipeline))


def test_numbers_are_put_in_without_quotes() -> None:
    """A number stays a number: fields that hold some are compared with nothing else."""
    cheap = {"name": "cheap", "expression": "INCLUDE ItemID WHERE Items.PRICE <= $MOST"}
    items = {"source": {"path": "items/"}, "columns": {"ITEM_ID": "sku", "PRICE": {"from": "p", "type": "float"}}}
    job = {"name": "a", "filter": "cheap", "filter_values": {"MOST": 9.5}}
    pipeline = parsed(filters=[cheap], datasets__items=items, solutions__0__batch_inference=[job])

    assert ("cheap", "INCLUDE ItemID WHERE Items.PRICE <= 9.5") in set(all_filters(pipeline))
