"""The rules for Avro schemas (Developer Guide, custom-datasets-and-schemas)."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, avro

_ITEM: list[dict[str, Any]] = [{"name": "ITEM_ID", "type": "string"}]
_GENRES = {"name": "GENRES", "type": ["null", "string"], "categorical": True}
_TEXT = {"name": "STORY", "type": ["string", "null"], "textual": True}


def _with(field: dict[str, Any]) -> str:
    return avro([*INTERACTION_FIELDS, field])


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ("{", "it is not JSON"),
        (json.dumps({"type": "array"}), 'it must be an object with "type": "record"'),
        (avro(INTERACTION_FIELDS, "Events"), "the record's name must be one of Interactions, Users, Items"),
        (avro([]), "fields must be a list of at least one field"),
        (avro(INTERACTION_FIELDS[:2]), "required field TIMESTAMP is missing"),
        (
            avro([*INTERACTION_FIELDS[:2], {"name": "TIMESTAMP", "type": "int"}]),
            "required field TIMESTAMP must have type long",
        ),
        (_with({"name": "TAGS", "type": {"type": "array", "items": "string"}}), "field TAGS has type"),
        (_with({"name": "MIXED", "type": ["int", "string"]}), "field MIXED must have one type"),
        (_with({"name": "NOTHING", "type": "null"}), "field NOTHING must have one type"),
        (
            _with({"name": "EVENT_VALUE", "type": "string"}),
            "reserved field EVENT_VALUE must have type float or null",
        ),
        (
            _with({"name": "EVENT_TYPE", "type": ["string", "null"]}),
            "reserved field EVENT_TYPE must have type string",
        ),
        (
            _with({"name": "EVENT_TYPE", "type": "string", "categorical": True}),
            "field EVENT_TYPE is reserved and cannot be categorical",
        ),
        (_with({"name": "USERID", "type": "string"}), "fields USER_ID and USERID are the same name"),
        (_with({"name": "Item_Id", "type": "string"}), "fields ITEM_ID and Item_Id are the same name"),
        (_with({"name": "A-1", "type": "string"}), "the field name 'A-1' is not a letter or underscore, then"),
        (_with({"name": "1A", "type": "string"}), "the field name '1A' is not"),
        (_with({"name": "GRÖSSE", "type": "string"}), "the field name 'GRÖSSE' is not"),
        (_with({"name": "A\n", "type": "string"}), "the field name 'A\\n' is not"),
        (_with({"name": "A", "type": [["string"]]}), "field A has type [['string']]"),
        (json.dumps({"type": "record", "name": ["Items"], "fields": []}), "the record's name must be one of"),
        ("[" * 20_000, "it is nested too deeply"),
        (_with({"name": "STORY", "type": "string", "textual": True}), "only Items can have textual fields"),
        (
            _with({"name": "AGE", "type": "int", "categorical": True}),
            "field AGE is categorical or textual, so it must be a string",
        ),
        (
            avro([*INTERACTION_FIELDS, *({"name": f"M{n}", "type": "int"} for n in range(6))]),
            "Interactions can have at most 5 metadata fields",
        ),
        (avro(_ITEM, "Items"), "Items needs a metadata field"),
        (avro([*_ITEM, {"name": "COLOUR", "type": "string"}], "Items"), "Items needs a metadata field"),
        (avro([*_ITEM, _TEXT, {**_TEXT, "name": "TITLE"}], "Items"), "at most one field can be textual"),
    ],
)
def test_a_schema_against_the_rules_is_refused(shared: Account, document: str, rule: str) -> None:
    """Each broken rule is an InvalidInputException that names the rule and the field."""
    with pytest.raises(ClientError) as caught:
        shared.personalize.create_schema(name="wrong", schema=document)

    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidInputException"
    assert rule in error["Message"]


@pytest.mark.parametrize(
    ("fields", "record"),
    [
        (
            [
                *INTERACTION_FIELDS,
                {"name": "EVENT_TYPE", "type": "string"},
                {"name": "EVENT_VALUE", "type": ["float", "null"]},
                {"name": "DEVICE", "type": ["string", "null"], "categorical": True},
            ],
            "Interactions",
        ),
        ([*_ITEM, _GENRES, _TEXT, {"name": "CREATION_TIMESTAMP", "type": "long"}], "Items"),
        ([{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}], "Users"),
        (INTERACTION_FIELDS, "interactions"),
    ],
)
def test_a_documented_schema_comes_back_as_it_was(account: Account, fields: list[dict[str, Any]], record: str) -> None:
    """The layouts of the guide are accepted, and DescribeSchema returns the very text."""
    document = avro(fields, record)
    arn = account.personalize.create_schema(name="right", schema=document)["schemaArn"]

    assert account.personalize.describe_schema(schemaArn=arn)["schema"]["schema"] == document


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [("Items", "the dataset's type is ITEMS"), ("Books", "datasetType must be one of INTERACTIONS")],
)
def test_a_dataset_type_and_its_schema_must_fit(account: Account, kind: str, complaint: str) -> None:
    """An interactions schema cannot serve an items dataset, and unknown types are refused."""
    schema = account.personalize.create_schema(name="s", schema=avro(INTERACTION_FIELDS))["schemaArn"]
    group = account.group()
    with pytest.raises(ClientError) as caught:
        account.personalize.create_dataset(name="d", schemaArn=schema, datasetGroupArn=group, datasetType=kind)

    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    assert complaint in caught.value.response["Error"]["Message"]


def test_a_domain_asks_for_more(account: Account) -> None:
    """An ECOMMERCE schema needs EVENT_TYPE, and fits only a group of the same domain."""
    with pytest.raises(ClientError) as missing:
        account.personalize.create_schema(name="shop", schema=avro(INTERACTION_FIELDS), domain="ECOMMERCE")
    schema = account.personalize.create_schema(
        name="shop", schema=_with({"name": "EVENT_TYPE", "type": "string"}), domain="ECOMMERCE"
    )["schemaArn"]
    group = account.group()
    with pytest.raises(ClientError) as other:
        account.personalize.create_dataset(
            name="d", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
        )

    assert "required field EVENT_TYPE is missing" in str(missing.value)
    assert "same domain" in str(other.value)
