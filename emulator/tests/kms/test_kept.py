"""Log groups, functions' environments and tables under keys of KMS."""

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.iam.support import Role, refused
from emulator.tests.kms.support import ROOT, Key, admitting
from emulator.tests.support import unique

LOGS = "logs.us-east-1.amazonaws.com"
USES = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey")
NOT_ALLOWED = "The specified KMS key does not exist or is not allowed to be used with Arn"


def of_group(name: str) -> dict[str, Any]:
    """Return the condition that one log group meets."""
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:{name}"
    return {"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn}}}


def test_a_log_group_takes_a_key_that_admits_cloudwatch_logs(aws: EmbeddedAWS) -> None:
    """When it is made and later; for this group, in this region, with every action, and only where the key is there."""
    logs, name = aws.client("logs"), unique("group")
    key = Key(aws, ROOT, admitting(LOGS, *USES, **of_group(f"{name}*")))
    logs.create_log_group(logGroupName=name, kmsKeyId=key.arn)
    logs.create_log_group(logGroupName=f"{name}-2")
    logs.associate_kms_key(logGroupName=f"{name}-2", kmsKeyId=key.arn)

    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert [key.arn, key.arn] == [each["kmsKeyId"] for each in groups]
    for statements in ((), (admitting(LOGS, *USES[1:]),), (admitting("logs.eu-west-1.amazonaws.com", *USES),)):
        other = Key(aws, ROOT, *statements).arn
        code, message = refused(logs.create_log_group, logGroupName=unique("group"), kmsKeyId=other)
        assert ("AccessDeniedException", True) == (code, NOT_ALLOWED in message)
    assert NOT_ALLOWED in refused(logs.create_log_group, logGroupName=unique("group"), kmsKeyId=key.arn)[1]
    assert NOT_ALLOWED in refused(logs.associate_kms_key, logGroupName=name, kmsKeyId=f"{key.arn[:-1]}x")[1]
    key.disable()
    assert NOT_ALLOWED in refused(logs.create_log_group, logGroupName=f"{name}-3", kmsKeyId=key.arn)[1]
    logs.disassociate_kms_key(logGroupName=name)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]


def function(aws: EmbeddedAWS, role: str, key: str) -> str:
    """Make a function that tells its environment; return its name."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", "import os\ndef handler(event, context):\n    return os.environ['WORD']\n")
    name = unique("function")
    aws.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"WORD": "secret"}},
        KMSKeyArn=key,
    )
    return name


def test_a_function_decrypts_its_environment(aws: EmbeddedAWS) -> None:
    """In its own role, at each invocation; without the grant, or with a disabled key, the invocation is refused."""
    key = Key(aws)
    trusted = {"Service": "lambda.amazonaws.com"}
    decrypts = Role(aws, key.may("Decrypt"), principal=trusted)
    name = function(aws, decrypts.arn, key.arn)
    client = aws.client("lambda")
    assert "secret" == json.load(client.invoke(FunctionName=name)["Payload"])

    decrypts.may(key.may("Encrypt"))
    with pytest.raises(ClientError, match=r"KMSAccessDeniedException.*not authorized to perform: kms:Decrypt"):
        client.invoke(FunctionName=name)
    decrypts.may(key.may("Decrypt"))
    key.disable()
    with pytest.raises(ClientError, match=r"KMSDisabledException.*is disabled"):
        client.invoke(FunctionName=name)


def test_who_makes_a_function_may_use_its_key(aws: EmbeddedAWS) -> None:
    """A caller who may not make a grant of the key is refused, and a key that is not there refuses everybody."""
    key = Key(aws)
    runs = Role(aws, principal={"Service": "lambda.amazonaws.com"})
    makes = [{"Action": ["lambda:CreateFunction", "iam:PassRole"], "Resource": "*"}, key.may("Encrypt", "Decrypt")]
    arguments = {"Role": runs.arn, "Runtime": "python3.13", "Handler": "main.handler", "Code": {"ZipFile": b""}}
    client = Role(aws, *makes).client("lambda")

    message = refused(client.create_function, FunctionName=unique("function"), KMSKeyArn=key.arn, **arguments)[1]
    assert "not authorized to perform: kms:CreateGrant" in message
    missing = f"{key.arn[:-1]}x"
    code, _ = refused(aws.client("lambda").create_function, FunctionName="f", KMSKeyArn=missing, **arguments)
    assert "KMSNotFoundException" == code


def test_items_of_an_encrypted_table_are_decrypted_for_who_asks(aws: EmbeddedAWS) -> None:
    """Readers and writers decrypt the table's key through DynamoDB, under the context of this table."""
    key, name, client = Key(aws), unique("table"), aws.client("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key.arn},
    )
    items = {"Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": "*"}
    through = {
        "kms:ViaService": "dynamodb.us-east-1.amazonaws.com",
        "kms:EncryptionContext:aws:dynamodb:tableName": name,
    }
    may, other = ({"StringEquals": {**through, "kms:EncryptionContext:aws:dynamodb:subscriberId": account}}
                  for account in (ACCOUNT_ID, "210987654321"))  # fmt: skip
    item = {"id": {"S": "1"}}
    Role(aws, items, key.may("Decrypt", Condition=may)).client("dynamodb").put_item(TableName=name, Item=item)

    for role in (Role(aws, items), Role(aws, items, key.may("Decrypt", Condition=other))):
        code, message = refused(role.client("dynamodb").get_item, TableName=name, Key=item)
        assert ("AccessDeniedException", True) == (code, "not authorized to perform: kms:Decrypt" in message)
    key.disable()
    calls: list[tuple[Any, dict[str, Any]]] = [
        (client.get_item, {"TableName": name, "Key": item}),
        (client.batch_get_item, {"RequestItems": {name: {"Keys": [item]}}}),
        (client.batch_write_item, {"RequestItems": {name: [{"PutRequest": {"Item": item}}]}}),
        (client.transact_get_items, {"TransactItems": [{"Get": {"TableName": name, "Key": item}}]}),
        (client.transact_write_items, {"TransactItems": [{"Put": {"TableName": name, "Item": item}}]}),
    ]
    for call, arguments in calls:
        assert "is disabled" in refused(call, **arguments)[1]
