"""The embedded AWS that another process keeps up on this machine: is it there, and how do clients reach it?"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Literal

from cli.errors import CommandError
from embedded_aws import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 4566
"""Where `pipelines serve` and `pipelines up` listen, if they are told no other port."""

_FAULTS = "personalize-faults"
"""A door that no other program has beside the API of AWS (emulator/docs/personalize.md)."""

_PATIENCE = 5.0
"""Seconds in which it answers, also while it trains."""


def endpoint(port: int) -> str:
    """Return the address of an embedded AWS on a port of this machine."""
    return f"http://localhost:{port}"


def listener(port: int) -> Literal["nothing", "embedded", "other"]:
    """Return what listens on a port of this machine: an embedded AWS, another program, or nothing."""
    # A proxy of the environment does not see this machine's own ports.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint(port)}/{_FAULTS}", timeout=_PATIENCE) as answer:
            document = json.load(answer)
    except urllib.error.URLError as error:
        return "nothing" if isinstance(error.reason, ConnectionRefusedError) else "other"
    except (OSError, HTTPException, ValueError):
        return "other"
    return "embedded" if isinstance(document, dict) and {"armed", "fired"} <= document.keys() else "other"


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
    with environment.reached(endpoint(port)):
        yield
