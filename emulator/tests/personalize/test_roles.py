"""Who may hand the service a role."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.tests.personalize.support import Account, code, csv, message, two_groups

SERVICE = {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}


def a_user(account: Account, statements: list[dict[str, Any]]) -> dict[str, str]:
    """Create a user with an inline policy; return the credentials."""
    account.iam.create_user(UserName="analyst")
    policy = {"Version": "2012-10-17", "Statement": statements}
    account.iam.put_user_policy(UserName="analyst", PolicyName="own", PolicyDocument=json.dumps(policy))
    key = account.iam.create_access_key(UserName="analyst")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def an_assumed_role(account: Account, statements: list[dict[str, Any]]) -> dict[str, str]:
    """Assume a role with an inline policy; return the credentials."""
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
    arn = account.create_role("orchestrator", trust)
    policy = {"Version": "2012-10-17", "Statement": statements}
    account.iam.put_role_policy(RoleName="orchestrator", PolicyName="own", PolicyDocument=json.dumps(policy))
    found = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="nightly")["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


EVERYTHING = {"Effect": "Allow", "Action": "personalize:*", "Resource": "*"}


def passes(account: Account, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a statement that allows to pass the role."""
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": account.role}
    return statement if condition is None else {**statement, "Condition": condition}


def start_import(account: Account, credentials: dict[str, str]) -> str:
    """Create an import job with these credentials; return its status."""
    dataset = account.dataset(account.group())
    url = account.put("one.csv", csv(two_groups()))
    client = boto3.client(
        "personalize",
        endpoint_url=account.personalize.meta.endpoint_url,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        **credentials,
    )
    client.meta.events.register("before-sign", account.name_account)
    created = client.create_dataset_import_job(
        jobName="import", datasetArn=dataset, dataSource={"dataLocation": url}, roleArn=account.role
    )
    return str(account.settle(created["datasetImportJobArn"])["status"])


@pytest.mark.parametrize("identity", [a_user, an_assumed_role])
def test_a_caller_needs_to_be_allowed_to_pass_the_role(
    account: Account, identity: Callable[[Account, list[dict[str, Any]]], dict[str, str]]
) -> None:
    """Without iam:PassRole the call is refused by the caller's ARN and the role's."""
    with pytest.raises(ClientError) as caught:
        start_import(account, identity(account, [EVERYTHING]))

    assert code(caught) == "InvalidInputException"
    assert f"is not authorized to perform: iam:PassRole on resource: {account.role}" in message(caught)


@pytest.mark.parametrize("identity", [a_user, an_assumed_role])
def test_a_caller_who_may_pass_the_role_to_the_service_imports(
    account: Account, identity: Callable[[Account, list[dict[str, Any]]], dict[str, str]]
) -> None:
    """iam:PassRole on the role, for this service only, is enough."""
    assert start_import(account, identity(account, [EVERYTHING, passes(account, SERVICE)])) == "ACTIVE"


def test_passing_the_role_to_another_service_is_not_enough(account: Account) -> None:
    """A condition on another service does not help."""
    elsewhere = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    with pytest.raises(ClientError) as caught:
        start_import(account, a_user(account, [EVERYTHING, passes(account, elsewhere)]))

    assert code(caught) == "InvalidInputException"
