"""A run's leavings in a bucket, and the call that makes its page."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from definition.contract.report import Report
from lambdas.report.handler import handler
from tests.functions.handlers import Context
from tests.history import MAPPING
from tests.manifests import RUN, manifest

if TYPE_CHECKING:
    from tests.functions.handlers import Bucket

PAGE = f"runs/{RUN}/report.html"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:shop-dev:none"
REQUEST: dict[str, Any] = {
    "step": "page",
    "run": RUN,
    "pipeline": "shop",
    "stage": "dev",
    "execution": EXECUTION,
    "status": "SUCCEEDED",
    "started": "2026-11-22T03:00:00.000Z",
    "redrives": 0,
    "mappings": {"interactions": MAPPING},
    "jobs": [{"solution": "for-you", "job": "top", "kind": "inference", "line": "user"}],
}


def leave(bucket: Bucket, interactions: list[tuple[str, str, int]], offers: list[tuple[str, str]]) -> dict[str, Any]:
    """Put what a run leaves that imported some interactions (user, item, time) and offers items to users, in order.

    Returns:
        Its manifest.
    """
    document = json.loads(json.dumps(manifest()).replace("s3://b/", f"s3://{bucket.name}/"))
    document["execution"] = EXECUTION
    (dataset,) = document["datasets"]
    for name, place in (("per_user", 0), ("per_item", 1)):
        dataset["interactions"][name]["count"] = len({row[place] for row in interactions})
    (job,) = document["solutions"][0]["batch_inference"]
    job["published"] |= {"rows": len(offers), "keys": len({user for user, _ in offers})}
    rows = pl.DataFrame(interactions, schema=["USER_ID", "ITEM_ID", "TIMESTAMP"], orient="row")
    bucket.put(f"transformed/{RUN}/interactions/part.csv", rows.with_columns(EVENT_TYPE=pl.lit("click")).write_csv())
    ranks: dict[str, int] = {}
    lines = []
    for user, item in offers:
        ranks[user] = ranks.get(user, 0) + 1
        lines.append((user, ranks[user], item, 0.5))
    body = io.BytesIO()
    schema = {"user_id": pl.String, "rank": pl.Int32, "item_id": pl.String, "score": pl.Float64}
    pl.DataFrame(lines, schema=schema, orient="row").write_parquet(body)
    bucket.put(f"curated/for-you/top/run={RUN}/part-00000.parquet", body.getvalue())
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(document))
    return dict(document)


def called(bucket: Bucket, **changed: Any) -> dict[str, Any]:
    """Call the function for the page of the run; return what it answers."""
    return handler({**REQUEST, "bucket": bucket.name, **changed}, Context())


def page(bucket: Bucket) -> str:
    """Return the page."""
    return bucket.read(PAGE).decode()


def inside(text: str) -> Report:
    """Return the document inside of a page."""
    (found,) = re.findall(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)
    return Report.model_validate_json(found)


def report(bucket: Bucket, **changed: Any) -> Report:
    """Call the function; return the document inside of the page that it made."""
    called(bucket, **changed)
    return inside(page(bucket))
