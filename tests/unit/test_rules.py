"""Rules of datasets, columns and batch jobs: what the service or the transform could not use is told in the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from definition.load import parse
from definition.plan import names
from definition.plan.mappings import dataset_mapping
from definition.problems import SpecError
from definition.service.limits import MAX_SCHEMA_LENGTH
from tests.documents import parsed, shop

if TYPE_CHECKING:
    from definition.service.dataset_types import DatasetName

COLUMNS = "datasets.interactions.columns"
ITEMS: dict[str, Any] = {
    "source": {"path": "items/"},
    "columns": {"ITEM_ID": "item", "GENRES": {"from": "genres", "type": "categorical"}},
}
USERS: dict[str, Any] = {
    "source": {"path": "users/"},
    "columns": {"USER_ID": "user", "AGE": {"from": "age", "type": "int"}},
}
AFFINITY = {"name": "ads", "recipe": "aws-item-affinity", "batch_segment": [{"name": "top"}]}


def told(**changes: Any) -> dict[str, str]:
    """Return what is wrong with the changed shop, by place."""
    with pytest.raises(SpecError) as caught:
        parsed(**changes)
    return {problem.place: f"{problem.what}. {problem.remedy}" for problem in caught.value.problems}


def of_dataset(name: str, section: dict[str, Any], **changes: Any) -> dict[str, str]:
    """Return what is wrong with the shop that has a further dataset."""
    return told(**{f"datasets__{name}": section}, **changes)


def items(**columns: Any) -> dict[str, Any]:
    """Return the items section with more columns."""
    return {**ITEMS, "columns": ITEMS["columns"] | columns}


def of_column(name: str, form: Any) -> dict[str, str]:
    """Return what is wrong with the shop whose interactions have a further column."""
    return told(**{f"datasets__interactions__columns__{name}": form})


@pytest.mark.parametrize(
    ("name", "form", "place", "text"),
    [
        ("DEVICE", "device", "DEVICE", "add a type: string, categorical"),
        ("USERID", {"from": "a", "type": "string"}, "USERID", "is USER_ID to Personalize, which ignores underscores"),
        ("2ND", {"from": "a", "type": "string"}, "2ND", "cannot be a field's name"),
        ("ON", {"from": "a", "type": "text"}, "ON.type", "'string', 'categorical'"),
        ("ABOUT", {"from": "a", "type": "textual"}, "ABOUT.type", "only items have textual fields"),
        ("EVENT_VALUE", {"from": "a", "type": "float"}, "EVENT_VALUE.type", "its own type"),
        ("EVENT_TYPE", {"from": "a", "nullable": True}, "EVENT_TYPE.nullable", "Remove nullable"),
        ("EVENT_VALUE", {"from": "a", "expression": "b"}, "EVENT_VALUE", "one of from, expression and value"),
        ("EVENT_VALUE", {"expression": "sqrt(a)"}, "EVENT_VALUE.expression", "FLOOR, CEIL, ROUND"),
        ("EVENT_TYPE", {"expression": "a + 1"}, "EVENT_TYPE.expression", "takes text"),
        ("EVENT_VALUE", {"expression": "1 + 1"}, "EVENT_VALUE.expression", "a constant with value"),
        ("EVENT_VALUE", {"expression": "a + 1", "map": {"1": 2}}, "EVENT_VALUE.map", "CASE WHEN"),
        ("EVENT_TYPE", {"from": "a", "split": ","}, "EVENT_TYPE.split", "takes one value"),
        ("DAY", {"from": "a", "type": "int", "format": "iso8601"}, "DAY", "are of type long"),
        ("AGE", {"value": 1.5, "type": "int"}, "AGE.value", "not a whole number"),
        ("AGE", {"value": 3_000_000_000, "type": "int"}, "AGE.value", "beyond what AGE can hold"),
        ("ID", {"value": 2**53 + 1, "type": "long"}, "ID.value", "beyond what ID can hold"),
        ("EVENT_VALUE", {"value": 1.0e39}, "EVENT_VALUE.value", "beyond what EVENT_VALUE can hold"),
        ("EVENT_VALUE", {"value": True}, "EVENT_VALUE.value", "neither text nor a number"),
        ("EVENT_TYPE", {"value": ""}, "EVENT_TYPE.value", "is empty"),
        (
            "EVENT_TYPE",
            {"from": "a", "map": {"NULL": None, "a": "b"}},
            "EVENT_TYPE.map.NULL",
            "must not be null. Give a",
        ),
        ("AGE", {"from": "a", "map": {"NULL": None}, "type": "int", "nullable": False}, "AGE.map.NULL", "must not be"),
        (
            "ITEM_ID",
            {"expression": "CASE WHEN a = 'x' THEN NULL ELSE a END"},
            "ITEM_ID.expression",
            "THEN NULL: ITEM_ID",
        ),
        (
            "EVENT_TYPE",
            {"expression": "CASE WHEN a = 'x' THEN a ELSE CASE WHEN b = 'y' THEN NULL ELSE b END END"},
            "EVENT_TYPE.expression",
            "filter such rows with keep",
        ),
        (
            "EVENT_TYPE",
            {"expression": "CASE WHEN a = 'x' THEN NULL END"},
            "EVENT_TYPE.expression",
            "gives nothing but NULL",
        ),
    ],
)
def test_each_mistake_in_a_column_names_its_place_and_remedy(name: str, form: Any, place: str, text: str) -> None:
    """What a column cannot be is found at its key."""
    assert text in of_column(name, form)[f"{COLUMNS}.{place}"]


@pytest.mark.parametrize(
    ("section", "place", "text"),
    [
        ({**ITEMS, "columns": {"ITEM_ID": "item"}}, "columns", "need a metadata column"),
        ({**ITEMS, "columns": {"ITEM_ID": "i", "T": {"from": "t", "type": "string"}}}, "columns", "Add one of type"),
        ({**ITEMS, "columns": {"GENRES": {"from": "g", "type": "categorical"}}}, "columns", "ITEM_ID is missing"),
        (items(A={"from": "a", "type": "textual"}, B={"from": "b", "type": "textual"}), "columns", "only one may be"),
        (items(CREATION_TIMESTAMP="at"), "columns.CREATION_TIMESTAMP", "either unit or format"),
        ({**ITEMS, "duplicates": {"keep": "first", "by": ["SKU"]}}, "duplicates.by[0]", "Use some of ITEM_ID, GENRES"),
        ({**ITEMS, "duplicates": "newest"}, "duplicates", "latest"),
        ({**ITEMS, "keep": "GENRES = 'x'"}, "keep", "name the raw column"),
        ({**ITEMS, "events": []}, "events", "unknown key"),
        (items(**{f"C{n}": {"from": "c", "type": "int"} for n in range(100)}), "columns", "more than the 100"),
        (
            items(**{"C" * 200 + str(n): {"from": "c", "type": "int"} for n in range(50)}),
            "columns",
            str(MAX_SCHEMA_LENGTH),
        ),
    ],
)
def test_each_mistake_in_a_dataset_names_its_place_and_remedy(section: dict[str, Any], place: str, text: str) -> None:
    """Columns that must not, or must, be there together are told."""
    assert text in of_dataset("items", section)[f"datasets.items.{place}"]


@pytest.mark.parametrize(
    "more", [{}, {"EVENT_TYPE": {"value": "buy"}}, {"EVENT_TYPE": {"expression": "LOWER(EVENT_TYPE)"}}]
)
def test_raw_columns_may_be_called_like_fields(more: dict[str, Any]) -> None:
    """A table that is in Personalize's own form can be filtered by its columns."""
    columns = {name: name for name in ("USER_ID", "ITEM_ID")} | {"TIMESTAMP": {"from": "TIMESTAMP", "unit": "s"}}
    keep = "USER_ID <> 'x'" + (" AND EVENT_TYPE = 'purchase'" if more else "")

    parsed(datasets__interactions={"source": {"path": "a"}, "columns": columns | more, "keep": keep})


def test_keys_of_a_map_are_texts_as_they_are_spelled() -> None:
    """YAML's numbers and flags are raw texts there: 007 stays 007, and true is what JSON spells so."""
    constant, mapped = '"EVENT_TYPE": {"value": "click"}', '"EVENT_TYPE": {from: k, map: {007: a, 1.50: b, true: d}}'
    columns = parse(json.dumps(shop()).replace(constant, mapped)).datasets.interactions.columns

    assert {"007": "a", "1.50": "b", "true": "d"} == columns["EVENT_TYPE"].map


def test_numbers_that_are_none_are_no_constants() -> None:
    """Infinity and NaN cannot travel as JSON, and no field takes them."""
    constant, mapped = '"EVENT_TYPE": {"value": "click"}', '"EVENT_VALUE": {from: k, map: {a: .inf, b: .nan}}'
    with pytest.raises(SpecError) as caught:
        parse(json.dumps(shop()).replace(constant, mapped))

    assert [f"{COLUMNS}.EVENT_VALUE.map.{key}" for key in "ab"] == [found.place for found in caught.value.problems]


@pytest.mark.slow
def test_long_conditions_and_lists_end_at_what_can_travel() -> None:
    """A thousand terms of OR are one level; what would not fit into the state machine is told with the remedy."""
    terms = " OR ".join(f"u = 'x{number}'" for number in range(1000))
    assert "Shorten value maps and conditions" in told(datasets__interactions__keep=terms)["datasets"]
    few = " OR ".join(f"u = 'x{number}'" for number in range(300))
    compiled = dataset_mapping(parsed(datasets__interactions__keep=few), "interactions")
    assert compiled == type(compiled).model_validate_json(compiled.model_dump_json())

    ids = [f"{number:0256}" for number in range(1000)]
    assert "{file: ids.csv" in told(solutions__0__batch_inference__0__users=ids)["solutions"]


def test_events_agree_about_types() -> None:
    """One column of one dataset is not a number in one event and a text in another."""
    events = [
        {"when": "a = 1", "columns": {"X": {"from": "x", "type": "int"}}},
        {"when": "a = 2", "columns": {"X": {"from": "x", "type": "string"}}},
    ]

    assert "another type" in told(datasets__interactions__events=events)["datasets.interactions.events[1].columns.X"]


def test_booleans_are_refused_with_what_to_write() -> None:
    """Personalize's schemas take them, and nothing that it does looks at them: the mistake says so."""
    place = "datasets.interactions.columns.MEMBER"
    said = told(datasets__interactions__columns__MEMBER={"from": "member", "type": "boolean"})[f"{place}.type"]

    assert "neither trains on booleans nor filters by them. Write categorical" in said


@pytest.mark.parametrize(
    ("domain", "section", "missing"),
    [
        ("ECOMMERCE", items(), ["PRICE", "CATEGORY_L1"]),
        ("VIDEO_ON_DEMAND", items(), ["CREATION_TIMESTAMP"]),
    ],
)
def test_a_domain_asks_for_its_fields(domain: str, section: dict[str, Any], missing: list[str]) -> None:
    """Required fields of a domain are told, and an EVENT_TYPE is required in its interactions."""
    found = of_dataset("items", section, domain=domain, datasets__interactions__columns__EVENT_TYPE=...)

    assert any(f"{name} is missing" in found["datasets.items.columns"] for name in missing)
    assert "EVENT_TYPE is missing" in found["datasets.interactions.columns"]


@pytest.mark.parametrize(
    ("domain", "dataset", "columns", "marks"),
    [
        ("ECOMMERCE", "items", {"PRICE": "p", "CATEGORY_L1": "c", "PRODUCT_DESCRIPTION": "d"},
         {"PRICE": ("float", {}), "CATEGORY_L1": ("string", {"categorical": True}),
          "PRODUCT_DESCRIPTION": (["string", "null"], {"textual": True})}),
        ("VIDEO_ON_DEMAND", "users", {"SUBSCRIPTION_MODEL": "s"},
         {"SUBSCRIPTION_MODEL": (["string", "null"], {"categorical": True})}),
        (None, "items",
         {"SIZE": {"from": "s", "type": "double", "nullable": False}, "NOTE": {"from": "n", "type": "string"}},
         {"SIZE": ("double", {}), "NOTE": (["string", "null"], {})}),
    ],
)  # fmt: skip
def test_the_schema_says_what_the_columns_are(
    domain: str | None, dataset: DatasetName, columns: dict[str, Any], marks: dict[str, Any]
) -> None:
    """Types, nulls and marks of the Avro schema are those of the service's tables."""
    key = "ITEM_ID" if dataset == "items" else "USER_ID"
    section = {"source": {"path": "x/"}, "columns": {key: "id", **columns}}
    pipeline = parsed(**{f"datasets__{dataset}": section}, **({"domain": domain} if domain else {}))
    schema = json.loads(names.schema_document(pipeline, dataset))

    assert {"items": "Items", "users": "Users"}[dataset] == schema["name"]
    assert [{"name": key, "type": "string"}] + [
        {"name": name, "type": kind, **more} for name, (kind, more) in marks.items()
    ] == schema["fields"]


def test_events_need_the_same_columns_and_no_duplicates() -> None:
    """Records of one dataset have one schema, and rows that give several cannot be told apart."""
    events = [
        {"when": "a = 1", "columns": {"EVENT_VALUE": {"value": 1}}},
        {"when": "a = 2", "columns": {"IMPRESSION": "shown"}},
    ]
    found = told(datasets__interactions__events=events, datasets__interactions__duplicates="latest")

    assert "EVENT_VALUE, IMPRESSION" in found["datasets.interactions.events[1].columns"]
    assert "several events" in found["datasets.interactions.duplicates"]


def test_items_are_told_apart_unless_the_file_says_otherwise() -> None:
    """The latest record of an item stays by default; interactions are all kept."""
    pipeline = parsed(datasets__items=ITEMS)
    everything = parsed(datasets__items={**ITEMS, "duplicates": "all"})

    same = dataset_mapping(pipeline, "items").duplicates
    assert same is not None
    assert ("latest", ["ITEM_ID"]) == (same.keep, same.by)
    assert dataset_mapping(everything, "items").duplicates is None
    assert dataset_mapping(pipeline, "interactions").duplicates is None


def job(recipe: str, kind: str = "batch_inference", **options: Any) -> dict[str, Any]:
    """Return the changes that make the shop's solution one of a recipe with one job."""
    solution = {"name": "s", "recipe": recipe, kind: [{"name": "j", **options}]}
    return {"solutions": [solution], "datasets__items": ITEMS}


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        ({"solutions": [{"name": "s", "recipe": "aws-sims"}]}, "solutions[0]", "has no batch_inference"),
        ({"solutions": [{**AFFINITY, "batch_segment": []}]}, "solutions[0]", "has no batch_segment"),
        (job("aws-item-affinity"), "solutions[0].batch_inference[0]", "Use batch_segment"),
        (job("aws-sims", "batch_segment"), "solutions[0].batch_segment[0]", "Use batch_inference"),
        (job("aws-sims", users="all"), "solutions[0].batch_inference[0].users", "its input is items"),
        (job("aws-popularity-count", items=["a"]), "solutions[0].batch_inference[0].items", "its input is users"),
        (job("aws-popularity-count", users=5), "solutions[0].batch_inference[0].users", "Who gets recommendations"),
        (job("aws-popularity-count", users={"active": "a day"}), "solutions[0].batch_inference[0].users.active", "2d"),
        (job("aws-popularity-count", users={"file": "a"}), "solutions[0].batch_inference[0].users.column", "missing"),
        (job("aws-popularity-count", users={"fil": "a"}), "solutions[0].batch_inference[0].users.fil", "mean file"),
        (job("aws-personalized-ranking-v2"), "solutions[0].batch_inference[0]", "the items to rank"),
        (job("aws-item-attribute-affinity", "batch_segment"), "solutions[0].batch_segment[0]", "needs queries"),
        (job("aws-item-attribute-affinity", "batch_segment", attributes=["GENRES = 'a'"]),
         "solutions[0].batch_segment[0].attributes[0]", "= and AND"),
        (job("aws-item-attribute-affinity", "batch_segment", attributes=["ITEMS.YEAR = 1999"]),
         "solutions[0].batch_segment[0].attributes[0]", "Use some of ITEM_ID, GENRES"),
        ({**job("aws-item-attribute-affinity", "batch_segment", attributes=['ITEMS.ABOUT = "x"']),
          "datasets__items": items(ABOUT={"from": "a", "type": "textual"})},
         "solutions[0].batch_segment[0].attributes[0]", "no query can name"),
        ({"solutions": [{**AFFINITY, "recipe": "aws-item-attribute-affinity"}]},
         "solutions[0].recipe", "Add datasets.items"),
        (job("aws-item-affinity", "batch_segment", num_results=6_000_000),
         "solutions[0].batch_segment[0].num_results", "5000000"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_job_names_its_place_and_remedy(changes: dict[str, Any], place: str, text: str) -> None:
    """A job that its recipe does not offer, or that selects what it cannot, is told with what it can."""
    assert text in told(**changes)[place]


def test_jobs_of_both_kinds_share_their_names() -> None:
    """A segment job and an inference job of one name would write to one folder."""
    solutions = [
        {**shop()["solutions"][0], "name": "a-b", "batch_inference": [{"name": "c"}]},
        {**AFFINITY, "name": "a", "batch_segment": [{"name": "b-c"}]},
    ]

    assert "that of a-b/c" in told(solutions=solutions)["solutions[1].batch_segment[0].name"]


@pytest.mark.parametrize(
    ("dataset", "duplicates", "text"),
    [
        ("items", {"order_by": "UPDATED"}, "'UPDATED' is no column of the dataset. Use some of ITEM_ID, GENRES"),
        ("items", {"keep": "first", "order_by": "GENRES"}, "has no meaning for keep: first. Write keep: latest"),
        ("items", {"keep": "all", "order_by": "GENRES"}, "has no meaning for keep: all"),
        ("items", {"order_by": "ITEM_ID"}, "ITEM_ID is the same in records that are the same. Name another column"),
        ("interactions", {"order_by": "EVENT_TYPE"}, "interactions are ordered by TIMESTAMP. Remove it"),
    ],
)
def test_each_mistake_in_the_order_of_duplicates_is_told(dataset: str, duplicates: dict[str, Any], text: str) -> None:
    """Records are ordered by another column of items and users that is there, and only where the latest stays."""
    sections = {"datasets__items": ITEMS} | {f"datasets__{dataset}__duplicates": duplicates}

    assert text in told(**sections)[f"datasets.{dataset}.duplicates.order_by"]


def test_what_is_ordered_by_a_column_is_imported_in_full() -> None:
    """An older record in a new object would replace a newer one that Personalize holds."""
    section = {**ITEMS, "import_mode": "incremental", "duplicates": {"order_by": "GENRES"}}

    assert "be it older by order_by" in of_dataset("items", section)["datasets.items.import_mode"]


def test_nulls_are_keys_and_values_of_maps() -> None:
    """Every spelling of null is a raw text of its own, and gives no value where the field may be empty."""
    text = json.dumps(shop(datasets__interactions__columns__EVENT_VALUE={"from": "a", "map": "here"}))
    pipeline = parse(text.replace('"here"', "{NULL: null, null: null, ~: 4, NaN: null, 'None': null, 007: 7}"))
    column = next(each for each in dataset_mapping(pipeline, "interactions").records[0].columns if each.values)

    assert {"NULL": None, "null": None, "~": 4, "NaN": None, "None": None, "007": 7} == column.values
    assert column.nullable
