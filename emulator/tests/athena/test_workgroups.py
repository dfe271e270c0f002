"""Workgroups through the API and from templates."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.athena.support import Lake
from emulator.tests.cloudformation.support import Stack
from emulator.tests.support import unique


def group(name: str, bucket: str, cutoff: Any = "20000000", **properties: Any) -> dict[str, Any]:
    """Return a workgroup for a template."""
    configuration = {
        "EnforceWorkGroupConfiguration": "true",
        "BytesScannedCutoffPerQuery": cutoff,
        "PublishCloudWatchMetricsEnabled": False,
        "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
        "ResultConfiguration": {
            "OutputLocation": f"s3://{bucket}/results/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        },
    }
    settings = {"Name": name, "State": "ENABLED", "WorkGroupConfiguration": configuration, **properties}
    return {"G": {"Type": "AWS::Athena::WorkGroup", "Properties": settings}}


def test_a_workgroup_from_a_template(lake: Lake, aws: EmbeddedAWS) -> None:
    """It is made, runs a query, changes in place, keeps its tags, and goes with its queries if it says so."""
    name, stack = unique("group"), Stack(aws)
    tags = [{"Key": "stage", "Value": "dev"}]
    outputs = {"Outputs": {"Name": {"Value": {"Ref": "G"}}}}
    assert stack.create(group(name, lake.bucket, Tags=tags, RecursiveDeleteOption=True), **outputs) == "CREATE_COMPLETE"
    assert stack.outputs() == {"Name": name}
    found = lake.athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert found["State"] == "ENABLED"
    assert found["Configuration"]["BytesScannedCutoffPerQuery"] == 20_000_000
    assert found["Configuration"]["EnforceWorkGroupConfiguration"] is True
    arn = f"arn:aws:athena:us-east-1:123456789012:workgroup/{name}"
    assert lake.athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    assert lake.run("SELECT 1", WorkGroup=name)["Status"]["State"] == "SUCCEEDED"
    changed = group(name, lake.bucket, 30000000, State="DISABLED", RecursiveDeleteOption=True, Tags=tags)
    assert stack.update(changed) == "UPDATE_COMPLETE"
    after = lake.athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (after["CreationTime"], after["State"]) == (found["CreationTime"], "DISABLED")
    assert after["Configuration"]["BytesScannedCutoffPerQuery"] == 30_000_000
    with pytest.raises(ClientError, match=f"WorkGroup {name} is disabled."):
        lake.start("SELECT 1", WorkGroup=name)
    assert stack.delete() == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match=f"WorkGroup {name} is not found."):
        lake.athena.get_work_group(WorkGroup=name)


def test_a_workgroup_with_queries_stays(lake: Lake, aws: EmbeddedAWS) -> None:
    """Without RecursiveDeleteOption its deletion fails as long as it has queries."""
    name, stack = unique("group"), Stack(aws)
    stack.create(group(name, lake.bucket))
    lake.run("SELECT 1", WorkGroup=name)

    assert stack.delete() == "DELETE_FAILED"
    assert "is not empty" in stack.reason("G", "DELETE_FAILED")
    lake.athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    assert stack.delete() == "DELETE_COMPLETE"


def test_another_name_is_another_workgroup(lake: Lake, aws: EmbeddedAWS) -> None:
    """The old one goes."""
    first, second, stack = unique("group"), unique("group"), Stack(aws)
    stack.create(group(first, lake.bucket))
    assert stack.update(group(second, lake.bucket)) == "UPDATE_COMPLETE"

    names = {each["Name"] for each in lake.athena.list_work_groups()["WorkGroups"]}
    assert (first in names, second in names) == (False, True)
    assert stack.delete() == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"BytesScannedCutoffPerQuery": 10_000_000, "ExecutionRole": "arn:aws:iam::1:role/x"}, "ExecutionRole"),
        ({"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}}, "PySpark engine version 3"),
        ({"RequesterPaysEnabled": True}, "RequesterPaysEnabled"),
        ({"ResultConfiguration": {"OutputLocation": "http://x"}}, "outputLocation is not a valid S3 path."),
        ({"ManagedQueryResultsConfiguration": {"Enabled": True}}, "ManagedQueryResultsConfiguration"),
    ],
)
def test_wrong_and_other_configurations(aws: EmbeddedAWS, configuration: dict[str, Any], words: str) -> None:
    """They are refused with what is wrong or not emulated."""
    with pytest.raises(ClientError, match=words):
        aws.client("athena").create_work_group(Name=unique("group"), Configuration=configuration)


def test_names_are_taken_once(lake: Lake) -> None:
    """A second workgroup of the name is refused, the primary one stays."""
    with pytest.raises(ClientError, match="is already created"):
        lake.athena.create_work_group(Name=lake.workgroup)
    with pytest.raises(ClientError, match="cannot be deleted"):
        lake.athena.delete_work_group(WorkGroup="primary")


def test_updates_change_what_they_name(lake: Lake) -> None:
    """What an update leaves out stays, and the cutoff can be removed."""
    name = unique("group")
    configuration = {"BytesScannedCutoffPerQuery": 10_000_000, "EnforceWorkGroupConfiguration": False}
    lake.athena.create_work_group(Name=name, Configuration=configuration)
    updates = {"RemoveBytesScannedCutoffPerQuery": True, "PublishCloudWatchMetricsEnabled": False}
    lake.athena.update_work_group(WorkGroup=name, ConfigurationUpdates=updates, Description="d")

    found = lake.athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert "BytesScannedCutoffPerQuery" not in found["Configuration"]
    assert (found["Description"], found["Configuration"]["EnforceWorkGroupConfiguration"]) == ("d", False)


def test_databases_are_those_of_glue(lake: Lake) -> None:
    """GetDatabase and ListDatabases know what the Data Catalog has."""
    found = lake.athena.get_database(CatalogName="AwsDataCatalog", DatabaseName=lake.database)["Database"]
    assert found["Name"] == lake.database
    names = [each["Name"] for each in lake.athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]]
    assert lake.database in names
