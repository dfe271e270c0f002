"""Roles with a few permissions, and clients that call in their sessions."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import unique

ACCOUNT = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}


def document(*statements: Mapping[str, Any]) -> str:
    """Return a policy of these statements, which allow unless they say otherwise."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


class Role:
    """A role that the account may assume, with one inline policy."""

    def __init__(
        self, aws: EmbeddedAWS, *statements: Mapping[str, Any], principal: Any = None, **settings: Any
    ) -> None:
        self.aws = aws
        self.name = unique("role")
        trust = document({"Principal": principal or ACCOUNT, "Action": "sts:AssumeRole"})
        created = aws.client("iam").create_role(RoleName=self.name, AssumeRolePolicyDocument=trust, **settings)
        self.arn: str = created["Role"]["Arn"]
        if statements:
            self.may(*statements)

    def may(self, *statements: Mapping[str, Any]) -> None:
        """Replace the policy."""
        self.aws.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="own", PolicyDocument=document(*statements)
        )

    def keys(self, **session: Any) -> dict[str, str]:
        """Return the credentials of a new session of the role."""
        assumed = self.aws.client("sts").assume_role(RoleArn=self.arn, RoleSessionName="nightly", **session)
        credentials: dict[str, str] = assumed["Credentials"]
        return credentials

    def client(self, service: str, signed_by: str | None = None, **session: Any) -> Any:
        """Return a client of a service in a new session of the role; `signed_by` is a version of signatures."""
        keys = self.keys(**session)
        return boto3.Session().client(
            service,
            endpoint_url=self.aws.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, signature_version=signed_by),
        )


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    """Make a call that must be refused; return code and message of the error."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


def passes(call: Any, **arguments: Any) -> bool:
    """Make a call; say whether its caller was allowed it, whatever else came of it."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] not in {"AccessDenied", "403"}
    return True
