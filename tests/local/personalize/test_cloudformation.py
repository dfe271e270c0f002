"""The resource types, deployed as stacks."""

import json
from typing import Any

from tests.local.personalize.support import INTERACTION_FIELDS, Account, avro, csv, two_groups


def template(schema: str = "films-schema", group: str = "films") -> dict[str, Any]:
    """Return a stack of a schema, a dataset group and a dataset."""
    return {
        "Resources": {
            "Interactions": {
                "Type": "AWS::Personalize::Dataset",
                "Properties": {
                    "Name": "films-interactions",
                    "DatasetType": "Interactions",
                    "DatasetGroupArn": {"Fn::GetAtt": ["Group", "DatasetGroupArn"]},
                    "SchemaArn": {"Fn::GetAtt": ["Schema", "SchemaArn"]},
                },
            },
            "Group": {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": group}},
            "Schema": {
                "Type": "AWS::Personalize::Schema",
                "Properties": {"Name": schema, "Schema": avro(INTERACTION_FIELDS)},
            },
        },
        "Outputs": {
            "Dataset": {"Value": {"Fn::GetAtt": ["Interactions", "DatasetArn"]}},
            "Group": {"Value": {"Ref": "Group"}},
        },
    }


def deploy(account: Account, body: dict[str, Any]) -> dict[str, str]:
    """Create the stack; return its outputs."""
    client = account.client("cloudformation")
    client.create_stack(StackName="films", TemplateBody=json.dumps(body))
    stack = client.describe_stacks(StackName="films")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_stack_is_ready_when_it_is_complete(account: Account) -> None:
    """The dataset waits for its group, everything is ACTIVE, and Ref and GetAtt give ARNs."""
    outputs = deploy(account, template())

    assert outputs["Group"] == f"arn:aws:personalize:us-east-1:{account.id}:dataset-group/films"
    assert account.describe(outputs["Dataset"])["status"] == "ACTIVE"


def test_tags_of_a_template_reach_the_resource(account: Account) -> None:
    """The tags of a dataset group are those that ListTagsForResource tells."""
    body = template()
    body["Resources"]["Group"]["Properties"]["Tags"] = [{"Key": "team", "Value": "films"}]
    group = deploy(account, body)["Group"]

    tags = account.personalize.list_tags_for_resource(resourceArn=group)["tags"]
    assert tags == [{"tagKey": "team", "tagValue": "films"}]


def test_deleting_a_stack_leaves_nothing(account: Account) -> None:
    """All three resources are gone when the deletion is over, in whatever order they were declared."""
    deploy(account, template())
    account.client("cloudformation").delete_stack(StackName="films")

    assert account.personalize.list_schemas()["schemas"] == []
    assert account.personalize.list_datasets()["datasets"] == []
    assert account.personalize.list_dataset_groups()["datasetGroups"] == []


def test_a_group_with_solutions_is_not_deleted(account: Account) -> None:
    """A solution made outside the stack keeps the group, and the error names it."""
    group = deploy(account, template())["Group"]
    dataset = account.personalize.list_datasets()["datasets"][0]["datasetArn"]
    account.active(account.start_import(dataset, account.put("one.csv", csv(two_groups()))))
    solution = account.solution(group)
    client = account.client("cloudformation")
    client.delete_stack(StackName="films")
    events = client.describe_stack_events(StackName="films")["StackEvents"]

    assert client.describe_stacks(StackName="films")["Stacks"][0]["StackStatus"] == "DELETE_FAILED"
    assert account.describe(group)["status"] == "ACTIVE"
    assert solution in " ".join(event.get("ResourceStatusReason", "") for event in events)


def update(account: Account, body: dict[str, Any]) -> tuple[str, str]:
    """Update the stack; return its status and the reasons in its events."""
    client = account.client("cloudformation")
    client.update_stack(StackName="films", TemplateBody=json.dumps(body))
    events = client.describe_stack_events(StackName="films")["StackEvents"]
    status = client.describe_stacks(StackName="films")["Stacks"][0]["StackStatus"]
    return status, " ".join(event.get("ResourceStatusReason", "") for event in events)


def test_new_names_replace_everything(account: Account) -> None:
    """Schema, group and dataset under new names are made first; then the old ones go, in the right order."""
    deploy(account, template())
    status, _ = update(account, template("films-schema-2", "films-2"))
    datasets = account.personalize.list_datasets()["datasets"]

    assert status == "UPDATE_COMPLETE"
    assert [dataset["datasetArn"].rpartition(":")[2] for dataset in datasets] == ["dataset/films-2/INTERACTIONS"]
    assert [schema["name"] for schema in account.personalize.list_schemas()["schemas"]] == ["films-schema-2"]
    assert [group["name"] for group in account.personalize.list_dataset_groups()["datasetGroups"]] == ["films-2"]


def test_a_dataset_cannot_be_replaced_within_its_group(account: Account) -> None:
    """Another schema for the same group's dataset cannot be deployed: its ARN is taken; the stack rolls back."""
    deploy(account, template())
    status, reasons = update(account, template("films-schema-2"))

    arn = f"arn:aws:personalize:us-east-1:{account.id}:dataset/films/INTERACTIONS"
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Another resource with Arn {arn} already exists." in reasons
    assert account.describe(arn)["schemaArn"].endswith("schema/films-schema")


def test_the_import_job_property_is_not_emulated(account: Account) -> None:
    """A dataset with a DatasetImportJob fails its stack instead of being created without data."""
    body = template()
    body["Resources"]["Interactions"]["Properties"]["DatasetImportJob"] = {"JobName": "first"}
    client = account.client("cloudformation")
    client.create_stack(StackName="films", TemplateBody=json.dumps(body))
    events = client.describe_stack_events(StackName="films")["StackEvents"]

    reasons = " ".join(event.get("ResourceStatusReason", "") for event in events)
    assert "Property DatasetImportJob of AWS::Personalize::Dataset is not emulated" in reasons
