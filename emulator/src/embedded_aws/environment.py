"""The environment in which programs outside reach an embedded AWS; importing it costs nothing, as of this package."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION: Final = "us-east-1"
ACCOUNT_ID: Final = "123456789012"
"""The account of whoever calls: moto's `DEFAULT_ACCOUNT_ID`."""

OWN_KEY: Final = "embedded"
"""Access key of the administrator, whom nothing is denied: this AWS itself, and who it is served to."""


def variables(endpoint_url: str) -> dict[str, str]:
    """Return the variables with which the AWS CLI, boto3, Polars and `npx cdk` reach the AWS at an endpoint."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": OWN_KEY,
        "AWS_SECRET_ACCESS_KEY": OWN_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": ACCOUNT_ID,
        "CDK_DEFAULT_REGION": REGION,
    }


@contextmanager
def reached(endpoint_url: str) -> Iterator[None]:
    """Let every client of this process and of its children reach the AWS at an endpoint; afterwards as before."""
    given = variables(endpoint_url)
    # A profile of the caller would win over the keys, and a token of the caller's would go with them.
    hidden = {"AWS_PROFILE", "AWS_SESSION_TOKEN", *given}
    before = {name: os.environ.pop(name) for name in hidden if name in os.environ}
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            os.environ.pop(name, None)
        os.environ.update(before)
