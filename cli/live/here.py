"""The embedded AWS that another process keeps up on this machine: is it there, and how do clients reach it?"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Literal

from cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 4566
"""Where `pipelines serve` and `pipelines up` listen, if they are told no other port."""

_FAULTS = "personalize-faults"
"""A door that no other program has beside the API of AWS (emulator/docs/personalize.md)."""

_PATIENCE = 5.0
"""Seconds in which it answers, also while it trains."""

_KEY = "embedded"
_REGION, _ACCOUNT = "us-east-1", "123456789012"


def listener(port: int) -> Literal["nothing", "embedded", "other"]:
    """Return what listens on a port of this machine: an embedded AWS, another program, or nothing."""
    # A proxy of the environment does not see this machine's own ports.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://localhost:{port}/{_FAULTS}", timeout=_PATIENCE) as answer:
            document = json.load(answer)
    except urllib.error.URLError as error:
        return "nothing" if isinstance(error.reason, ConnectionRefusedError) else "other"
    except (OSError, HTTPException, ValueError):
        return "other"
    return "embedded" if isinstance(document, dict) and {"armed", "fired"} <= document.keys() else "other"


def environment(port: int) -> dict[str, str]:
    """Return the variables with which the AWS CLI, boto3, Polars and the CDK reach an embedded AWS, as it prints them.

    They are spelled here since importing the embedded AWS takes seconds; a test holds them against its own.
    """
    return {
        "AWS_ENDPOINT_URL": f"http://localhost:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": _KEY,
        "AWS_SECRET_ACCESS_KEY": _KEY,
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": _ACCOUNT,
        "CDK_DEFAULT_REGION": _REGION,
    }


@contextmanager
def reached(port: int) -> Iterator[None]:
    """Let every client of this process and of its children reach the embedded AWS on a port; afterwards as before.

    Raises:
        CommandError: no embedded AWS listens there.
    """
    if (found := listener(port)) != "embedded":
        told = "nothing listens" if found == "nothing" else "another program listens"
        raise CommandError(
            f"{told} on port {port} of this machine, where an embedded AWS should be",
            remedy="Start one in another terminal: make up PIPELINE=…; or name its port: --port",
        )
    variables = environment(port)
    # A profile of the caller would win over the keys, and a token of the caller's would go with them.
    hidden = {"AWS_PROFILE", "AWS_SESSION_TOKEN", *variables}
    before = {name: os.environ.pop(name) for name in hidden if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(before)
