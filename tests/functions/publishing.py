"""One job's output and the call that publishes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambdas.publish.handler import handler
from tests.functions.handlers import Context

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket


def line(user: str, items: list[str], **more: Any) -> str:
    """Return a line of Personalize's output."""
    return json.dumps({"input": {"userId": user}, "output": {"recommendedItems": items, **more}, "error": None})


def called(bucket: Bucket, run: str, **asked: Any) -> dict[str, Any]:
    """Call the publish function for the job a/top of a run; return what it answers."""
    request = {
        "bucket": bucket.name,
        "run": run,
        "solution": "a",
        "job": "top",
        "kind": "inference",
        "line": "user",
        "max_errors": 0.5,
    }
    return handler(request | asked, Context())
