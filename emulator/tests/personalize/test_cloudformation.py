"""The resource types, deployed as stacks."""

import json
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from moto.cloudformation.parsing import get_model_map

from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, avro, csv, two_groups


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


def test_an_import_job_runs_with_its_dataset_and_again_when_it_changes(account: Account) -> None:
    """The stack is complete when the data is there; another job in the template imports again, in place."""
    url = account.put("one.csv", csv(two_groups()))
    body = template()
    properties = body["Resources"]["Interactions"]["Properties"]
    jobs = {}
    for name in ("first", "second"):
        properties["DatasetImportJob"] = {
            "JobName": name,
            "DataSource": {"DataLocation": url},
            "RoleArn": account.role,
        }
        if name == "first":
            dataset = deploy(account, body)["Dataset"]
        else:
            assert update(account, body)[0] == "UPDATE_COMPLETE"
        found = account.personalize.list_dataset_import_jobs(datasetArn=dataset)["datasetImportJobs"]
        jobs[name] = [(job["jobName"], job["status"]) for job in found]

    assert jobs == {"first": [("first", "ACTIVE")], "second": [("first", "ACTIVE"), ("second", "ACTIVE")]}


def test_a_failed_import_fails_the_stack_with_the_reason(account: Account) -> None:
    """What the job's failureReason says is the reason of the failed resource."""
    body = template()
    body["Resources"]["Interactions"]["Properties"]["DatasetImportJob"] = {
        "JobName": "first",
        "DataSource": {"DataLocation": account.put("one.csv", "USER_ID\nu\n")},
        "RoleArn": account.role,
    }
    client = account.client("cloudformation")
    client.create_stack(StackName="films", TemplateBody=json.dumps(body))
    events = client.describe_stack_events(StackName="films")["StackEvents"]

    assert "the header is USER_ID" in " ".join(event.get("ResourceStatusReason", "") for event in events)


def test_a_property_that_a_type_lacks_fails_the_stack(account: Account) -> None:
    """A solution cannot be told not to train by itself: the type has no such property."""
    body = {
        "Resources": {
            "Best": {
                "Type": "AWS::Personalize::Solution",
                "Properties": {"Name": "best", "DatasetGroupArn": "arn", "PerformAutoTraining": False},
            }
        }
    }
    client = account.client("cloudformation")
    client.create_stack(StackName="films", TemplateBody=json.dumps(body))
    events = client.describe_stack_events(StackName="films")["StackEvents"]

    reasons = " ".join(event.get("ResourceStatusReason", "") for event in events)
    assert "extraneous key [PerformAutoTraining] is not permitted" in reasons


def served(group: str, version: str, tps: int = 1, tag: str = "a") -> dict[str, Any]:
    """Return a stack of what a dataset group with a trained solution can have beside it."""
    tags = [{"TagKey": "team", "TagValue": tag}]
    return {
        "Resources": {
            "Live": {
                "Type": "AWS::Personalize::Campaign",
                "Properties": {
                    "Name": "live",
                    "SolutionVersionArn": version,
                    "MinProvisionedTPS": tps,
                    "CampaignConfig": {"EnableMetadataWithRecommendations": True},
                    "Tags": tags,
                },
            },
            "Fresh": {
                "Type": "AWS::Personalize::Filter",
                "Properties": {
                    "Name": "fresh",
                    "DatasetGroupArn": group,
                    "FilterExpression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
                    "Tags": tags,
                },
            },
            "Tracker": {
                "Type": "AWS::Personalize::EventTracker",
                "Properties": {"Name": "tracker", "DatasetGroupArn": group, "Tags": tags},
            },
            "Sales": {
                "Type": "AWS::Personalize::MetricAttribution",
                "Properties": {
                    "Name": "sales",
                    "DatasetGroupArn": group,
                    "Metrics": [{"EventType": "buy", "MetricName": "bought", "Expression": "SAMPLECOUNT()"}],
                    "MetricsOutputConfig": {"RoleArn": f"arn:aws:iam::123456789012:role/metrics-{tag}"},
                },
            },
        },
        "Outputs": {
            name: {"Value": {"Fn::GetAtt": [resource, attribute]}}
            for name, resource, attribute in (
                ("Campaign", "Live", "CampaignArn"),
                ("Status", "Live", "Status"),
                ("Filter", "Fresh", "FilterArn"),
                ("Tracker", "Tracker", "EventTrackerArn"),
                ("TrackingId", "Tracker", "TrackingId"),
                ("Attribution", "Sales", "MetricAttributionArn"),
            )
        },
    }


EVENT_FIELDS = [*INTERACTION_FIELDS, {"name": "EVENT_TYPE", "type": "string"}]


def test_what_serves_can_be_deployed_updated_and_deleted(account: Account) -> None:
    """Campaign, filter, tracker and attribution: tags, capacity and output change in place; deletion leaves nothing."""
    rows = [(*row, "buy") for row in two_groups()]
    group = account.imported(csv(rows, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"), EVENT_FIELDS)
    version = account.active(account.start_training(account.solution(group)))
    before = deploy(account, served(group, version))
    status, reasons = update(account, served(group, version, 4, "b"))
    assert status == "UPDATE_COMPLETE", reasons
    tags = [
        account.personalize.list_tags_for_resource(resourceArn=before[name])["tags"]
        for name in ("Campaign", "Filter", "Tracker")
    ]
    campaign = account.describe(before["Campaign"])
    attribution = account.describe(before["Attribution"])
    assert account.describe(before["Tracker"])["trackingId"] == before["TrackingId"]
    account.client("cloudformation").delete_stack(StackName="films")

    assert before["Status"] == "ACTIVE"
    assert tags == [[{"tagKey": "team", "tagValue": "b"}]] * 3
    assert (campaign["minProvisionedTPS"], campaign["solutionVersionArn"]) == (4, version)
    assert attribution["metricsOutputConfig"]["roleArn"].endswith("metrics-b")
    assert account.personalize.list_campaigns()["campaigns"] == []
    assert account.personalize.list_filters()["Filters"] == []
    assert account.personalize.list_event_trackers()["eventTrackers"] == []
    assert account.personalize.list_metric_attributions()["metricAttributions"] == []


def test_a_solution_of_a_stack_trains_by_itself(account: Account) -> None:
    """The type cannot switch automatic training off, so the solution has the service's default."""
    group = account.imported(csv(two_groups()))
    body = {
        "Resources": {
            "Best": {
                "Type": "AWS::Personalize::Solution",
                "Properties": {
                    "Name": "best",
                    "DatasetGroupArn": group,
                    "RecipeArn": "arn:aws:personalize:::recipe/aws-sims",
                    "SolutionConfig": {"AlgorithmHyperParameters": {"popularity_discount_factor": "0.2"}},
                },
            }
        },
        "Outputs": {"Solution": {"Value": {"Fn::GetAtt": ["Best", "SolutionArn"]}}},
    }
    solution = account.describe(deploy(account, body)["Solution"])

    assert solution["performAutoTraining"] is True
    assert solution["solutionConfig"] == {"algorithmHyperParameters": {"popularity_discount_factor": "0.2"}}


SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
TYPES = [
    f"AWS::Personalize::{kind}"
    for kind in (
        "Campaign",
        "Dataset",
        "DatasetGroup",
        "EventTracker",
        "Filter",
        "MetricAttribution",
        "Schema",
        "Solution",
    )
]


@pytest.mark.parametrize("name", TYPES)
def test_properties_are_those_of_the_resource_schema(name: str) -> None:
    """What can be set, what replaces and which attributes there are is what CloudFormation's own schema says."""
    found = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())[name]
    schema = json.loads((SCHEMAS / "resources" / f"{found}.json").read_text())
    model = next(
        one for one in get_model_map().values() if one.__name__ == name.rpartition(":")[2] and hasattr(one, "in_place")
    )
    read_only, create_only = (
        {path.removeprefix("/properties/") for path in schema.get(f"{kind}OnlyProperties", [])}
        for kind in ("read", "create")
    )
    settable = schema["properties"].keys() - read_only

    assert model.properties | model.in_place == settable - ({"Tags"} if name.endswith("Schema") else set())
    assert model.in_place == settable - create_only
    assert {attribute for attribute in schema["properties"] if model.has_cfn_attr(attribute)} == read_only


def test_what_never_becomes_active_fails_the_stack(account: Account) -> None:
    """An import that ends as anything but ACTIVE is a failure of the stack, not a wait without end."""
    account.fault(job="DatasetImportJob", outcome="CREATE STOPPED", reason="an operator stopped it")
    body = template()
    body["Resources"]["Interactions"]["Properties"]["DatasetImportJob"] = {
        "JobName": "first",
        "DataSource": {"DataLocation": account.put("one.csv", csv(two_groups()))},
        "RoleArn": account.role,
    }
    client = account.client("cloudformation")
    client.create_stack(StackName="films", TemplateBody=json.dumps(body))
    events = client.describe_stack_events(StackName="films")["StackEvents"]

    reasons = " ".join(event.get("ResourceStatusReason", "") for event in events)
    assert "is CREATE STOPPED: an operator stopped it" in reasons
