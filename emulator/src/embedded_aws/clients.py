"""Clients of this AWS for its own services, which call each other as AWS's do: as themselves or in a role's session."""

from functools import cache, lru_cache
from threading import Lock
from typing import Any, Final

import boto3
from botocore.config import Config
from moto.settings import moto_server_port

from embedded_aws.environment import OWN_KEY

_READ_TIMEOUT: Final = 1000  # longer than the longest Lambda invocation, 900 s
_lock = Lock()  # making clients is not safe between threads, using them is


def client(service: str, region: str = "us-east-1", session: Any = None) -> Any:
    """Return the boto3 client of a service on the running embedded AWS.

    It shows every error at once and leaves it to the service to check the arguments.

    Args:
        service: as boto3 calls it.
        region: the region.
        session: a role's, in which to call; left out: as the administrator.
    """
    keys = (session.access_key_id, session.session_token) if session is not None else (OWN_KEY, None)
    with _lock:
        return _client(service, region, moto_server_port(), *keys)


def outside(service: str, **arguments: Any) -> Any:
    """Return a boto3 client as somebody outside makes it; arguments are those of `boto3.Session.client`."""
    with _lock:
        return _models().client(service, **arguments)


@cache
def _models() -> Any:
    """Return the session that has read the services' models: each new one reads them again, for a tenth of a second."""
    return boto3.Session()


@lru_cache(maxsize=512)
def _client(service: str, region: str, port: str, access_key: str, token: str | None) -> Any:
    return _models().client(
        service,
        region_name=region,
        endpoint_url=f"http://localhost:{port}",
        aws_access_key_id=access_key,
        aws_secret_access_key=OWN_KEY,  # moto takes any
        aws_session_token=token,
        config=Config(
            parameter_validation=False,
            read_timeout=_READ_TIMEOUT,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=50,
        ),
    )
