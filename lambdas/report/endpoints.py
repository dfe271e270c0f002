"""Whether this is AWS: the embedded one measures time on some machine, and has no host name for each bucket."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


def is_aws(client: Any) -> bool:
    """Return whether a client speaks to AWS."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
