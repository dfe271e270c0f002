"""A manifest as a run writes it."""

from __future__ import annotations

import copy
from typing import Any

RUN = "20261122T030000-1ebdeb"
PUBLISHED: dict[str, Any] = {
    "lines": 200,
    "errors": 1,
    "first_error": "no output",
    "results": 90,
    "rows": 4975,
    "location": f"s3://b/curated/for-you/top/run={RUN}/",
    "rejects": f"s3://b/rejects/{RUN}/for-you/top.jsonl",
    "exports": {"csv": "s3://b/exports/for-you/top/csv/run=20261122T030000-1ebdeb/"},
    "keys": 199,
    "changes": {
        "since": "20261121T030000-aaaaaa",
        "location": f"s3://b/curated/for-you/top/changes/run={RUN}/",
        "added": 3,
        "removed": 2,
        "moved": 1,
    },
}
"""What the publish function reports of a job."""

_SPREAD = {"count": 200, "once": 10, "median": 4.0, "mean": 5.5, "p90": 9.0, "most": 40}
DATASET: dict[str, Any] = {
    "dataset": "interactions",
    "object_count": 1,
    "object_bytes": 9000,
    "objects": [{"key": "raw/events/a.csv", "size": 9000, "etag": "e"}],
    "rows_in": 1200,
    "rows_out": 1100,
    "rows_filtered": 60,
    "rows_duplicate": 0,
    "rows_rejected": 40,
    "records": 1100,
    "reasons": [{"reason": "fewer than 2 fields", "rows": 40}],
    "empty": {},
    "interactions": {
        "per_user": _SPREAD,
        "per_item": _SPREAD,
        "users_with_two": 190,
        "users_scored": 200,
        "first_timestamp": 1_700_000_000,
        "last_timestamp": 1_700_003_000,
        "after_start": 0,
        "event_types": [{"name": "click", "rows": 1100}],
        "event_type_count": 1,
        "unknown_items": None,
        "unknown_item_rows": None,
    },
    "location": f"s3://b/transformed/{RUN}/interactions/",
    "rejects": f"s3://b/rejects/{RUN}/",
    "imports": {
        "mode": "FULL",
        "reason": "Personalize holds no import of this dataset that a run has completed",
        "records": 1100,
        "location": f"s3://b/transformed/{RUN}/interactions/",
    },
}
REPORT: dict[str, Any] = {
    "engine": "lambda",
    "fingerprint": "0123456789abcdef",
    "unchanged_since": None,
    "datasets": [DATASET],
    "batch_inputs": [{"prefix": f"batch/{RUN}/for-you/top/input/", "lines": 200, "files": 1}],
    "warnings": ["all within an hour"],
}
"""What the transform reports."""

USAGE: dict[str, Any] = {
    "region": "us-east-1",
    "usd": "0.25",
    "rows_imported": 1100,
    "training_hours": 0.5,
    "lines_scored": 200,
    "segment_lines": 0,
    "parts": [
        {"part": "for-you/top", "quantity": "200", "unit": "requests", "usd": "0.25", "reckoned": "200 users"},
        {"part": "transform", "quantity": None, "unit": "DPU-hour", "usd": None, "reckoned": "not known"},
    ],
    "unknown": [],
}
"""What the report function reckons of a run."""

DELIVERY: dict[str, Any] = {
    "solution": "for-you",
    "job": "top",
    "table": "shop-dev--for-you-top",
    "status": "SUCCEEDED",
    "since": "20261121T030000-aaaaaa",
    "lists": 199,
    "written": 11,
    "removed": 5,
    "unchanged": 188,
    "refused": 0,
    "units": 16,
}
"""What a run says of a delivery to DynamoDB."""

_MANIFEST: dict[str, Any] = {
    "version": 1,
    "run": RUN,
    "pipeline": "shop",
    "stage": "dev",
    "spec_hash": "0",
    "execution": "arn:execution",
    "status": "SUCCEEDED",
    "started": "2026-11-22T03:00:00.000Z",
    "finished": "2026-11-22T04:00:00.000Z",
    **REPORT,
    "datasets": [{**DATASET, "import_job_arn": "arn:import"}],
    "solutions": [
        {
            "name": "for-you",
            "recipe": "arn:aws:personalize:::recipe/aws-user-personalization-v2",
            "status": "SUCCEEDED",
            "arn": "arn:solution",
            "version_arn": "arn:solution/1",
            "training_hours": 0.5,
            "metrics": {"coverage": 0.5},
            "quality": {"misses": ["coverage is 0.5, below its floor of 0.9"], "kept_version": False},
            "campaign": None,
            "batch_inference": [
                {
                    "name": "top",
                    "kind": "inference",
                    "status": "SUCCEEDED",
                    "arn": "arn:job",
                    "output": f"s3://b/batch/{RUN}/for-you/top/output/",
                    "published": PUBLISHED,
                }
            ],
            "batch_segment": [],
        }
    ],
    "usage": USAGE,
    "recommenders": [
        {
            "name": "best-sellers",
            "recipe": "arn:recipe/popular",
            "arn": "arn:recommender",
            "status": "ACTIVE",
            "metrics": {"coverage": 0.25},
        }
    ],
}


def manifest() -> dict[str, Any]:
    """Return a manifest of its own."""
    return copy.deepcopy(_MANIFEST)
