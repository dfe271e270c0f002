"""DynamoDB: what CloudFormation makes of a table, faults on demand, and who may call."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack
from emulator.tests.iam.support import Role
from emulator.tests.support import unique


def table(name: str, **properties: Any) -> dict[str, Any]:
    """Return a table with a key of text."""
    given = {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        **properties,
    }
    return {"T": {"Type": "AWS::DynamoDB::Table", "Properties": given}}


@pytest.fixture
def stack(aws: EmbeddedAWS) -> Stack:
    """A stack of its own."""
    return Stack(aws)


@pytest.fixture
def door(aws: EmbeddedAWS) -> Iterator[str]:
    """The address of the door, with nothing armed before and after."""
    url = f"{aws.endpoint_url}/dynamodb-faults"
    requests.delete(url, timeout=10)
    yield url
    requests.delete(url, timeout=10)


def put(client: Any, name: str, key: str) -> str:
    """Put an item; return the error, or an empty text."""
    try:
        client.put_item(TableName=name, Item={"id": {"S": key}})
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_table_is_updated_in_place(aws: EmbeddedAWS, stack: Stack) -> None:
    """Recovery and tags change and come back, items stay, and the table goes with its stack."""
    client, name = aws.client("dynamodb"), unique("table")
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}}
    tags = [{"Key": "a", "Value": "b"}]
    assert stack.create(table(name, **recovery)) == "CREATE_COMPLETE"
    assert put(client, name, "k") == ""
    described = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    told = described["PointInTimeRecoveryDescription"]
    assert (told["PointInTimeRecoveryStatus"], told["RecoveryPeriodInDays"]) == ("ENABLED", 7)
    before = client.describe_table(TableName=name)["Table"]
    assert stack.update(table(name, Tags=tags)) == "UPDATE_COMPLETE"

    described = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert client.list_tags_of_resource(ResourceArn=before["TableArn"])["Tags"] == tags
    assert client.describe_table(TableName=name)["Table"]["TableId"] == before["TableId"]
    assert client.get_item(TableName=name, Key={"id": {"S": "k"}})["Item"] == {"id": {"S": "k"}}
    assert stack.delete() == "DELETE_COMPLETE"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_table(TableName=name)


def test_another_key_needs_another_name(stack: Stack) -> None:
    """A table with the name of the template cannot be replaced, as CloudFormation says, and stays as it was."""
    name = unique("table")
    assert stack.create(table(name)) == "CREATE_COMPLETE"
    other = {
        "AttributeDefinitions": [{"AttributeName": "other", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}],
    }
    assert stack.update(table(name, **other)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in stack.reason("T", "UPDATE_FAILED")
    assert stack.update(table(unique("table"), **other)) == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"KinesisStreamSpecification": {"StreamArn": "arn"}}, "is emulated without KinesisStreamSpecification"),
        ({"ContributorInsightsSpecification": {"Enabled": True}}, "without ContributorInsightsSpecification"),
    ],
)
def test_what_is_not_emulated_is_named(stack: Stack, properties: dict[str, Any], told: str) -> None:
    """A property that nothing would come of fails the stack."""
    assert stack.create(table(unique("table"), **properties)) == "ROLLBACK_COMPLETE"
    assert told in stack.reason("T", "CREATE_FAILED")


def test_an_update_that_is_not_emulated_is_named(stack: Stack) -> None:
    """What cannot be changed here is refused by its name, and the stack goes back."""
    name = unique("table")
    assert stack.create(table(name)) == "CREATE_COMPLETE"
    stream = {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}
    assert stack.update(table(name, **stream)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "An update of StreamSpecification of AWS::DynamoDB::Table is not emulated" in stack.reason(
        "T", "UPDATE_FAILED"
    )


def test_another_table_of_the_name_has_another_id(aws: EmbeddedAWS) -> None:
    """What was deleted and made anew is told from what was there."""
    client, name, ids = aws.client("dynamodb"), unique("table"), []
    properties = table(name)["T"]["Properties"]
    for _ in range(2):
        client.create_table(**properties)
        ids += [client.describe_table(TableName=name)["Table"]["TableId"] for _ in range(2)]
        client.delete_table(TableName=name)

    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_calls_are_throttled_as_often_as_wanted(aws: EmbeddedAWS, door: str) -> None:
    """Every second write of one table fails and has no effect; others and reads go on."""
    client, names = aws.client("dynamodb"), [unique("table"), unique("table")]
    for name in names:
        client.create_table(**table(name)["T"]["Properties"])
    fault = {"operation": "PutItem", "table": names[0], "every": 2, "times": 2}
    assert requests.post(door, json=fault, timeout=10).status_code == 200

    found = [put(client, names[0], str(number)) for number in range(6)]
    throttled = "ProvisionedThroughputExceededException"
    assert found == ["", throttled, "", throttled, "", ""]
    assert {item["id"]["S"] for item in client.scan(TableName=names[0])["Items"]} == {"0", "2", "4", "5"}
    assert put(client, names[1], "k") == ""
    assert requests.get(door, timeout=10).json() == {"armed": [], "fired": 2}


def test_some_calls_pass_first(aws: EmbeddedAWS, door: str) -> None:
    """The third write and those after it fail with the error that is named, until the door is closed."""
    client, name = aws.client("dynamodb"), unique("table")
    client.create_table(**table(name)["T"]["Properties"])
    fault = {"operation": "PutItem", "table": name, "error": "ThrottlingException", "after": 2, "times": 9}
    requests.post(door, json=fault, timeout=10)

    assert [put(client, name, str(number)) for number in range(4)] == ["", "", *["ThrottlingException"] * 2]
    assert requests.get(door, timeout=10).json()["armed"][0]["times"] == 7
    requests.delete(door, timeout=10)
    assert put(client, name, "k") == ""


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"operation": "WriteItem"}, "WriteItem is not an operation of Amazon DynamoDB"),
        ({"operation": "PutItem", "every": 0}, "every must be a whole number from 1"),
        ({"operation": "PutItem", "after": -1}, "after must be a whole number from 0"),
        ({"operation": "PutItem", "table": 7}, "table must be a text"),
        ({"operation": "PutItem", "seen": 1}, "a fault is a JSON object"),
        ([], "a fault is a JSON object"),
    ],
)
def test_a_wrong_fault_is_refused(door: str, wish: Any, told: str) -> None:
    """What cannot be armed is told, and nothing is."""
    answer = requests.post(door, json=wish, timeout=10)

    assert answer.status_code == 400
    assert told in answer.json()["message"]
    assert requests.get(door, timeout=10).json() == {"armed": [], "fired": 0}


def test_a_role_may_what_it_may_on_its_table(aws: EmbeddedAWS) -> None:
    """Each call asks for its own action on the table, and a fault of another table is no matter of theirs."""
    names = [unique("table"), unique("table")]
    for name in names:
        aws.client("dynamodb").create_table(**table(name)["T"]["Properties"])
    arn = f"arn:aws:dynamodb:us-east-1:*:table/{names[0]}"
    client = Role(aws, {"Action": ["dynamodb:DescribeTable", "dynamodb:Scan"], "Resource": arn}).client("dynamodb")

    query = {"KeyConditionExpression": "id = :k", "ExpressionAttributeValues": {":k": {"S": "k"}}}

    assert client.describe_table(TableName=names[0])["Table"]["TableName"] == names[0]
    assert client.scan(TableName=names[0])["Count"] == 0
    for call, name, more in (
        (client.scan, names[1], {}),
        (client.describe_table, names[1], {}),
        (client.put_item, names[0], {"Item": {"id": {"S": "k"}}}),
        (client.delete_item, names[0], {"Key": {"id": {"S": "k"}}}),
        (client.query, names[0], query),
    ):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            call(TableName=name, **more)
