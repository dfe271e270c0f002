"""Pipeline files for tests: one that is right, and ways to change it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from definition.load import parse
from embedded_aws import clock

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

_SHOP: dict[str, Any] = {
    "name": "shop",
    "description": "Items for every user",
    "schedule": {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Lisbon"},
    "datasets": {
        "interactions": {
            "source": {"path": "events/", "format": "csv"},
            "columns": {
                "USER_ID": "user",
                "ITEM_ID": "item",
                "TIMESTAMP": {"from": "at", "unit": "s"},
                "EVENT_TYPE": {"value": "click"},
            },
        }
    },
    "solutions": [
        {
            "name": "for-you",
            "recipe": "aws-user-personalization-v2",
            "batch_inference": [{"name": "top", "users": "all", "num_results": 25}],
        }
    ],
}


def shop(**changes: Any) -> dict[str, Any]:
    """Return the right document; ``a__0__b=value`` changes ``a[0].b``, and ``...`` removes the key."""
    document = copy.deepcopy(_SHOP)
    for place, value in changes.items():
        *parents, last = place.split("__")
        node: Any = document
        for part in parents:
            node = node[int(part)] if part.isdigit() else node[part]
        if value is ...:
            del node[last]
        else:
            # A copy, for a later change may go into it.
            node[int(last) if last.isdigit() else last] = copy.deepcopy(value)
    return document


def popular(num_results: int = 10, **more: Any) -> dict[str, Any]:
    """Return a solution that trains at once, and offers everybody the same."""
    jobs = [{"name": "top", "num_results": num_results}]
    return {"name": "popular", "recipe": "aws-popularity-count", "batch_inference": jobs, **more}


BEST_OF: dict[str, Any] = {
    "best_of": ["aws-user-personalization-v2", "aws-popularity-count"],
    "by": "normalized_discounted_cumulative_gain_at_10",
}
"""A recipe: the best of two that offer items to users."""

LIVE: dict[str, Any] = {
    "domain": "ECOMMERCE",
    "datasets__interactions__columns__EVENT_TYPE": {"value": "Purchase"},
    "filters": [{"name": "not-bought", "expression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'}],
    "solutions__0__campaign": {"min_provisioned_tps": 2},
    "recommenders": [
        {"name": "best-sellers", "recipe": "aws-ecomm-popular-items-by-purchases"},
        {"name": "together", "recipe": "aws-ecomm-frequently-bought-together", "min_requests_per_second": 2},
    ],
    "event_tracker": True,
    "metric_attribution": {
        "metrics": [{"name": "sales", "event_type": "Purchase", "expression": "SAMPLECOUNT()"}],
        "report": "sales",
    },
}
"""Changes to a shop that answers in real time, with everything that belongs to that."""

KEY_ELSEWHERE = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_BUCKETS: dict[str, Any] = {
    "datasets__interactions__source": {"path": "s3://company-data/events/", "kms_key": KEY_ELSEWHERE},
    "datasets__interactions__lookups": {
        "orders": {"source": {"path": "s3://erp-data/orders-*.csv"}, "key": "id", "on": "order"}
    },
    "datasets__interactions__columns__USER_ID": "orders.customer",
}
"""Changes to a shop whose data lies in two other buckets, one of them encrypted with a key."""

QUERIED: dict[str, Any] = {
    "datasets__interactions__source": {
        "table": "sales.lines",
        "partitions": "day >= '2026-01-01'",
        "locations": ["s3://company-data/lines/"],
        "kms_key": KEY_ELSEWHERE,
    },
    "datasets__interactions__lookups": {
        "orders": {
            "source": {
                "query": "SELECT order_id, customer FROM sales.orders;",
                "locations": ["s3://erp-data/orders/"],
            },
            "key": "order_id",
        }
    },
    "datasets__interactions__columns__USER_ID": "orders.customer",
}
"""Changes to a shop whose data Athena reads: a table, and a query of another bucket beside it."""

RECOMMENDERS_ONLY: dict[str, Any] = {
    **{key: LIVE[key] for key in ("domain", "datasets__interactions__columns__EVENT_TYPE", "recommenders")},
    "solutions": ...,
    "schedule": ...,
}
"""Changes to a shop that trains and scores nothing itself."""


def rarely() -> dict[str, Any]:
    """Return a change: a schedule that is due in five to six months, which only a test that skips them sees.

    Embedded nights are short: a nightly run would come between a test's own.
    """
    return {"schedule": {"expression": f"cron(0 3 1 {(clock.now().month + 5) % 12 + 1} ? *)", "timezone": "UTC"}}


def parsed(**changes: Any) -> Pipeline:
    """Return the changed document as a pipeline; JSON is YAML."""
    return parse(json.dumps(shop(**changes), ensure_ascii=False))
