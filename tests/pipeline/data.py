"""Raw data with a known answer: two groups of users who like disjoint item sets."""

from __future__ import annotations

import json
import random
from typing import Any

HEADER = "user,item,at"
START = 1_700_000_000


def planted(*, users: int = 60, events: int = 30, items: int = 40) -> list[str]:
    """Return rows ``user,item,at``: users a… touch items A… only, users b… items B… only.

    Args:
        users: users of both groups together.
        events: interactions of each user.
        items: items of each group.
    """
    dice = random.Random(7)
    rows = []
    for number in range(users):
        group = "ab"[number % 2]
        for event in range(events):
            item = f"{group.upper()}{dice.randrange(items):02}"
            rows.append(f"{group}{number},{item},{START + 3600 * event + number}")
    return rows


def csv(rows: list[str]) -> str:
    """Return rows under the header, as a file."""
    return "\n".join([HEADER, *rows]) + "\n"


def orders(rows: list[str]) -> list[str]:
    """Return the order of each row as a line of JSON: the row's number as ``id``, customer and time."""
    parts = [row.split(",") for row in rows]
    return [json.dumps({"id": number, "customer": user, "at": at}) for number, (user, _, at) in enumerate(parts)]


def with_orders(bucket: str) -> dict[str, Any]:
    """Return interactions of another bucket: lines ``id,product`` in folders of a day, beside ``orders``."""
    return {
        "source": {"path": f"s3://{bucket}/shop/lines/"},
        "lookups": {
            "orders": {"source": {"path": f"s3://{bucket}/erp/orders-*.jsonl", "format": "jsonl"}, "key": "id"}
        },
        "columns": {
            "USER_ID": "orders.customer",
            "ITEM_ID": "product",
            "TIMESTAMP": {"from": "orders.at", "unit": "s"},
            "EVENT_TYPE": "day",
        },
    }


def broken(rows: list[str], count: int) -> list[str]:
    """Return the rows with ``count`` broken ones spread among them, of four kinds in turn."""
    kinds = (",A01,1700000000", "a0,A01,yesterday", "a0,A01", "a0,A01,1700000000,more")
    whole = list(rows)
    for number in range(count):
        whole.insert(number * len(rows) // max(count, 1), kinds[number % len(kinds)])
    return whole


def scattered(*, users: int = 60, events: int = 30, items: int = 400) -> list[str]:
    """Return rows of the same users in which nothing can be learnt: every item is as likely as any other."""
    dice = random.Random(3)
    return [
        f"{'ab'[number % 2]}{number},Z{dice.randrange(items):03},{START + 3600 * event + number}"
        for number in range(users)
        for event in range(events)
    ]


def fashion(*, users: int = 60, events: int = 30, items: int = 60) -> list[str]:
    """Return rows of users who all take what is popular, and differ in nothing: item n is 1 / n^1.2 as likely."""
    dice = random.Random(5)
    chances = [1 / (number + 1) ** 1.2 for number in range(items)]
    return [
        f"u{number},I{dice.choices(range(items), chances)[0]:02},{START + 3600 * event + number}"
        for number in range(users)
        for event in range(events)
    ]
