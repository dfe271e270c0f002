"""What a changed schema changes in the templates."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.documents import parsed
from tests.synthesis import templates_of

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

ITEMS: dict[str, Any] = {
    "source": {"path": "items/"},
    "columns": {"ITEM_ID": "sku", "KIND": {"from": "kind", "type": "categorical"}},
}
PRICE = {"from": "price", "type": "float"}


def synthesized(pipeline: Pipeline) -> dict[str, Any]:
    """Return the templates of a pipeline's Personalize and workflow stacks as one text each, with the resources."""
    made = templates_of(pipeline)
    return {part: made[part].to_json() for part in ("personalize", "workflow")}


def of_type(templates: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of the Personalize stack's resources of a type."""
    resources = templates["personalize"]["Resources"].values()
    return [resource["Properties"] for resource in resources if resource["Type"] == kind]


def group_name(templates: dict[str, Any]) -> str:
    """Return the name of the dataset group."""
    (group,) = of_type(templates, "AWS::Personalize::DatasetGroup")
    return str(group["Name"])


def solutions(templates: dict[str, Any]) -> list[str]:
    """Return the names of the solutions that the state machine makes."""
    (machine,) = [
        resource["Properties"]["DefinitionString"]
        for resource in templates["workflow"]["Resources"].values()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
        and resource["Properties"]["StateMachineName"] == "shop-dev"
    ]
    definition = json.loads(machine)
    return [plan["resource"] for plan in definition["States"]["Begin run"]["Assign"]["known"]]


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    """The templates of the shop with items."""
    return synthesized(parsed(datasets__items=deepcopy(ITEMS)))


@pytest.mark.parametrize(
    ("changes", "same_group"),
    [
        ({"datasets__items__columns__PRICE": PRICE}, True),
        ({"datasets__interactions__columns__EVENT_VALUE": {"value": 1}}, False),
        ({"generation": 2}, False),
        ({"encryption": {"kms_key": "create"}}, False),
    ],
)
def test_another_schema_is_another_solution(
    before: dict[str, Any], changes: dict[str, Any], *, same_group: bool
) -> None:
    """Only interactions, the generation and the key begin a new dataset group; what is trained is new in any case."""
    after = synthesized(parsed(datasets__items=deepcopy(ITEMS), **changes))

    assert same_group == (group_name(before) == group_name(after))
    assert not set(solutions(before)) & set(solutions(after))
    assert all(name.startswith("shop-dev--for-you-") for name in solutions(after))


def test_generation_one_is_the_default(before: dict[str, Any]) -> None:
    """Saying it changes no name and no digest."""
    assert before == synthesized(parsed(datasets__items=deepcopy(ITEMS), generation=1))


def test_another_stack_imports_nothing_that_a_new_group_changes(before: dict[str, Any]) -> None:
    """CloudFormation refuses to change what another stack imports: no ARN of group or datasets is exported."""
    exported = [output["Value"] for output in before["personalize"]["Outputs"].values() if "Export" in output]
    kinds = {
        before["personalize"]["Resources"][value["Fn::GetAtt"][0]]["Type"]
        for value in exported
        if "Fn::GetAtt" in value
    }

    assert {"AWS::IAM::Role"} == kinds
    assert f":dataset/{group_name(before)}/ITEMS" in json.dumps(before["workflow"])


def test_items_and_users_can_be_updated(before: dict[str, Any]) -> None:
    """Their datasets are resources of our own, with all that the function must know, and stay where the group stays."""
    (items,) = of_type(before, "Custom::PersonalizeDataset")
    (after,) = of_type(
        synthesized(parsed(datasets__items=deepcopy(ITEMS), datasets__items__columns__PRICE=PRICE)),
        "Custom::PersonalizeDataset",
    )

    changed = {key for key in items if items[key] != after[key]}
    assert {"Schema", "SchemaName"} == changed
    assert {"Name", "DatasetGroupArn", "DatasetType", "Generation", "ServiceToken"} == items.keys() - changed
    assert ["ITEM_ID", "KIND"] == [field["name"] for field in json.loads(items["Schema"])["fields"]]
    assert ("Items", {"Fn::GetAtt": ["DatasetGroup", "DatasetGroupArn"]}) == (
        items["DatasetType"],
        items["DatasetGroupArn"],
    )


def test_interactions_alone_need_no_function() -> None:
    """Nothing is deployed for datasets that the file does not have."""
    assert [] == of_type(synthesized(parsed()), "Custom::PersonalizeDataset")


def test_the_function_may_touch_its_datasets_only(before: dict[str, Any]) -> None:
    """Each action is granted on items, users and their schemas under this pipeline's prefix, and on nothing else.

    Users are none in the file: those of a former file must be deletable.
    """
    granted: dict[str, str] = {}
    policies = {
        name: each for name, each in before["personalize"]["Resources"].items() if each["Type"] == "AWS::IAM::Policy"
    }
    for policy in (each["Properties"] for name, each in policies.items() if name.startswith("Datasets")):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions, text = statement["Action"], json.dumps(statement["Resource"])
            granted |= dict.fromkeys([actions] if isinstance(actions, str) else actions, text)
    datasets = [":dataset/shop-dev--*/ITEMS", ":dataset/shop-dev--*/USERS"]
    schemas = [":schema/shop-dev--items-*", ":schema/shop-dev--users-*"]
    resources = {
        "CreateDataset": [*datasets, *schemas, f":dataset-group/{group_name(before)}"],
        "UpdateDataset": [*datasets, *schemas],
        **dict.fromkeys(("DescribeDataset", "DeleteDataset"), datasets),
        **dict.fromkeys(("CreateSchema", "DescribeSchema", "DeleteSchema"), schemas),
    }

    for action, expected in resources.items():
        found = granted[f"personalize:{action}"]
        assert len(expected) == found.count(":personalize:"), action
        assert all(each in found for each in expected), action
    assert json.dumps({"Ref": "AWS::StackId"}) == granted["cloudformation:DescribeStacks"]
