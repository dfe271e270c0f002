"""What people read when a call to AWS fails."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from cli.account import explained, said, session

DENIED = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: sns:Publish on resource: x"


def answer(code: str, message: str) -> ClientError:
    """Return an error of a service."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Publish")


@pytest.mark.parametrize(
    ("error", "told", "remedy"),
    [
        (NoRegionError(), "no AWS region is set", "AWS_REGION"),
        (NoCredentialsError(), "there are no AWS credentials", "aws sso login"),
        (ProfileNotFound(profile="mine"), "The config profile (mine) could not be found", "AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="http://x"), "AWS cannot be reached", "network"),
        (ConnectTimeoutError(endpoint_url="http://x"), "AWS cannot be reached", "network"),
        (answer("ExpiredToken", "It has expired"), "ExpiredToken: It has expired", "Sign in again"),
        (answer("AccessDenied", DENIED), "AccessDenied", "Let your credentials do sns:Publish"),
        (answer("AccessDenied", "Access Denied"), "AccessDenied", "Let your credentials do Publish"),
        (answer("Throttling", "Slow"), "Throttling: Slow", "permissions"),
    ],
)
def test_each_error_has_its_remedy(
    error: BotoCoreError | ClientError, told: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What AWS or boto3 says stays, and what to do follows from what it was."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    found = explained(error)

    assert told in str(found)
    assert remedy in found.remedy


def test_an_endpoint_of_ones_own_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where AWS_ENDPOINT_URL says where to go, it is what to look at first."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")

    assert "make serve" in explained(EndpointConnectionError(endpoint_url="http://localhost:4566")).remedy


def test_pages_and_long_texts_are_told_in_a_line() -> None:
    """An answer that is HTML says nothing, and line breaks become spaces."""
    assert "404" == said(answer("404", "<!doctype html>\n<title>404</title>"))
    assert "A: b c" == said(answer("A", "b\n  c"))
    assert len(said(answer("A", "b" * 1000))) <= 300


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ({}, None),
    ],
)
def test_the_region_comes_from_either_variable(
    variables: dict[str, str], region: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_REGION comes first, as for the AWS CLI and the CDK."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert region == session().region_name
