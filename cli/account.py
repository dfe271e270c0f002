"""The AWS of the environment: where calls go, and what people read when one of them fails."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.view import View

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"})
"""Codes with which services refuse what the caller may not do."""

_INVALID = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes with which services refuse who calls, whatever is called."""

_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_LONGEST = 300
_HERE = "For the embedded AWS run the export lines that it printed; `pipelines ask` takes --local instead"
UNREACHABLE = (BotoConnectionError, HTTPClientError)
NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)


def session() -> boto3.Session:
    """Return a session in the region of AWS_REGION, else of AWS_DEFAULT_REGION, else of the profile.

    boto3 reads AWS_DEFAULT_REGION only; the AWS CLI, the CDK and every other SDK read AWS_REGION first.

    Raises:
        ProfileNotFound: AWS_PROFILE names a profile that there is not.
    """
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def said(error: Exception) -> str:
    """Return what a service answered in one line: the error's code and the first words of its message."""
    if not isinstance(error, ClientError):
        return " ".join(str(error).split())[:_LONGEST]
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    # A server that does not know an address answers with a page.
    readable = "" if message.lstrip().startswith("<") else " ".join(message.split())
    return f"{code}: {readable}"[:_LONGEST].removesuffix(": ")


def denied_action(error: ClientError) -> str | None:
    """Return the action that a refused call needs, as the service names it; None if it names none."""
    found = _ACTION.search(str(error))
    return found[1] if found else None


def explained(error: BotoCoreError | ClientError) -> CommandError:
    """Return a failed call as an error that says how to mend it."""
    if isinstance(error, NoRegionError):
        return CommandError(
            "no AWS region is set",
            remedy=f"Set AWS_REGION, or a region in the profile of AWS_PROFILE. {_HERE}",
        )
    if isinstance(error, NO_CREDENTIALS):
        return CommandError(
            f"there are no AWS credentials: {said(error)}",
            remedy="Sign in (`aws sso login`, `aws configure`), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret"
            f". {_HERE}",
        )
    if isinstance(error, UNREACHABLE):
        return CommandError(f"AWS cannot be reached: {said(error)}", remedy=_reach())
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _INVALID:
            return CommandError(said(error), remedy="Sign in again: these credentials are wrong or no longer valid")
        if code in DENIED:
            action = denied_action(error) or error.operation_name
            return CommandError(said(error), remedy=f"Let your credentials do {action}, or take others by AWS_PROFILE")
    return CommandError(said(error), remedy="Check AWS_PROFILE, AWS_REGION and your permissions")


@contextmanager
def told(view: View) -> Iterator[None]:
    """Let what stops a command be read as an error with its remedy, and end with exit code 1."""
    try:
        yield
    except CommandError as error:
        view.error(error)
        raise typer.Exit(1) from error
    except (BotoCoreError, ClientError) as error:
        view.error(explained(error))
        raise typer.Exit(1) from error


def _reach() -> str:
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        return f"AWS_ENDPOINT_URL is {endpoint}: start what listens there (`make serve`), or unset it"
    return "Check the network, its proxy, and whether AWS_REGION names a region that has the service"
