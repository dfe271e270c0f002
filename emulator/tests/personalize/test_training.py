"""Training: filters, minimums, and metrics by the documented hold-out."""

import json
import math
import zlib
from typing import Any

import pytest

from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, csv, two_groups

FIELDS: list[dict[str, Any]] = [
    *INTERACTION_FIELDS,
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
]
HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"


def top(account: Account, solution: str, number: int) -> list[str]:
    """Train a popularity solution; return its first items."""
    version = account.active(account.start_training(solution))
    name = solution.rpartition("/")[2]
    source = account.put(f"{name}/in/users.json", '{"userId":"anybody"}\n')
    job = account.start_batch(version, source, f"s3://{account.bucket}/{name}/", name, numResults=number)
    account.active(job)
    return list(account.answers(f"{name}/users.json.out")[0]["output"]["recommendedItems"])


def test_event_type_and_threshold_select_what_is_learned(account: Account) -> None:
    """Views are the most, purchases the valuable ones: each solution sees only what it selects."""
    base = [(*row, "view", 1.0) for row in two_groups()] + [(*row, "buy", 3.0) for row in two_groups()]
    rows = [
        *base,
        *((f"u{n}", "seen", n, "view", 2.0) for n in range(300)),
        *((f"u{n}", "cheap", n, "Buy", "") for n in range(200)),
        *((f"u{n}", "dear", n, "buy", 3.0) for n in range(100)),
    ]
    group = account.imported(csv(rows, HEADER), FIELDS)
    everything = account.solution(group, name="everything")
    bought = account.solution(group, name="bought", eventType="buy")
    valuable = account.solution(group, name="valuable", solutionConfig={"eventValueThreshold": "3"})

    assert top(account, everything, 3) == ["seen", "cheap", "dear"]
    assert top(account, bought, 2) == ["cheap", "dear"]
    assert top(account, valuable, 1) == ["dear"]


def test_too_little_data_fails_the_training(account: Account) -> None:
    """The service's minimums, counted after filtering, end the version as failed with a reason."""
    rows = [(*row, "view", 1.0) for row in two_groups()]
    solution = account.solution(account.imported(csv(rows, HEADER), FIELDS), eventType="buy")
    version = account.settle(account.start_training(solution))
    reason = "0 interactions are left after filtering by event type and value; training needs at least 1000"

    assert "CREATE FAILED" == version["status"]
    assert reason == version["failureReason"]
    assert "trainingHours" not in version


def test_selecting_by_a_column_that_is_not_there_fails_the_training(account: Account) -> None:
    """A solution cannot filter by event type when the interactions have none."""
    solution = account.solution(account.imported(csv(two_groups())), eventType="buy")

    assert "no such column" in account.settle(account.start_training(solution))["failureReason"]


def test_metrics_are_those_of_the_documented_hold_out(account: Account) -> None:
    """Popularity's metrics equal an independent computation on the tenth of the users that is held out."""
    rows = [*two_groups(), *((f"u{n}", "hit", 1_800_000_000 + n) for n in range(60)), ("b3", "hit", 1_800_000_000)]
    version = account.active(account.start_training(account.solution(account.imported(csv(rows)))))
    metrics = account.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]

    assert metrics == pytest.approx(_popularity_metrics(rows), abs=1e-6)
    assert metrics["normalized_discounted_cumulative_gain_at_25"] > 0


def _popularity_metrics(rows: list[tuple[str, str, int]]) -> dict[str, float]:
    histories: dict[str, list[str]] = {}
    for user, item, _ in sorted(rows, key=lambda row: row[2]):
        histories.setdefault(user, []).append(item)
    able = sorted((zlib.crc32(user.encode()), user) for user in histories if len(histories[user]) > 1)
    held_out = {user for _, user in able[: round(len(histories) / 10)]}
    counts: dict[str, int] = {item: 0 for _, item, _ in rows}
    for user, items in histories.items():
        for item in items:
            counts[item] += user not in held_out
    ranking = sorted(counts, key=lambda item: (-counts[item], item))[:25]
    answers = [histories[user][-math.ceil(len(histories[user]) / 10) :] for user in held_out]
    hits = [[item in set(answer) for item in ranking] for answer in answers]
    metrics = {"coverage": 25 / len(counts)}
    metrics["mean_reciprocal_rank_at_25"] = sum(1 / (1 + hit.index(True)) if any(hit) else 0 for hit in hits) / len(
        hits
    )
    for depth in (5, 10, 25):
        gains = []
        for hit, answer in zip(hits, answers, strict=True):
            weights = [1 / math.log(1 + position) for position in range(1, depth + 1)]
            gained = sum(weight for weight, found in zip(weights, hit, strict=False) if found)
            gains.append(gained / sum(weights[: len(set(answer))]))
        metrics[f"normalized_discounted_cumulative_gain_at_{depth}"] = sum(gains) / len(gains)
        metrics[f"precision_at_{depth}"] = sum(sum(hit[:depth]) for hit in hits) / depth / len(hits)
    return metrics


def test_items_without_events_join_the_catalogue(account: Account) -> None:
    """An item that only the items dataset knows counts as one that can be recommended."""
    group = account.imported(csv(two_groups(items=10)))
    fields = [{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"}]
    url = account.put("items.csv", "ITEM_ID,PRICE\nunseen,2.5\n")
    account.active(account.start_import(account.dataset(group, fields, "Items"), url, "items"))
    version = account.active(account.start_training(account.solution(group)))
    source = account.put("in/users.json", json.dumps({"userId": "a1"}))
    account.active(account.start_batch(version, source, f"s3://{account.bucket}/out/", numResults=100))

    items = account.answers("out/users.json.out")[0]["output"]["recommendedItems"]
    assert len(items) == 21
    assert items[-1] == "unseen"
