"""Clients of this AWS for its own services, which call each other as AWS's do."""

from functools import lru_cache
from threading import Lock
from typing import Any, Final

import boto3
from botocore.config import Config
from moto.settings import moto_server_port

_READ_TIMEOUT: Final = 1000  # longer than the longest Lambda invocation, 900 s
_lock = Lock()


def client(service: str, region: str = "us-east-1") -> Any:
    """Return the boto3 client of a service on the running embedded AWS.

    It shows every error at once and leaves it to the service to check the arguments.
    """
    with _lock:  # making clients is not safe between threads, using them is
        return _client(service, region, moto_server_port())


@lru_cache
def _client(service: str, region: str, port: str) -> Any:
    return boto3.Session().client(
        service,
        region_name=region,
        endpoint_url=f"http://localhost:{port}",
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",  # noqa: S106  # moto takes any
        config=Config(
            parameter_validation=False,
            read_timeout=_READ_TIMEOUT,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=50,
        ),
    )
