"""What the data gate and the quality gate find, on reports and metrics made for it."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.states.run import definition
from tests.documents import parsed
from tests.stacks.evaluation import evaluate

EVENT_TYPES = (
    "10 event types and 1 optional columns are more than the 10 that Personalize allows together: "
    "map EVENT_TYPE to fewer"
)
METRICS = {"precision_at_5": 0.02, "coverage": 0.5}


def data_gate(rejected: int = 0, **interactions: Any) -> list[str]:
    """Return what the data gate finds in a report that is right but for rejected rows and facts of the interactions."""
    facts = {"users_with_two": 100, "per_user": {"count": 200}, "event_type_count": 1} | interactions
    records = facts.pop("records", 5000)
    lines = facts.pop("lines", 200)
    dataset = {
        "dataset": "interactions",
        "rows_in": 5000,
        "rows_rejected": rejected,
        "records": records,
        "rejects": "s3://b/rejects/r/",
        "reasons": [{"reason": "USER_ID is empty", "rows": rejected}],
        "interactions": facts,
    }
    report = {"datasets": [dataset], "batch_inputs": [{"prefix": "batch/r/for-you/top/input/", "lines": lines}]}
    gate = definition(parsed(), "dev", spec_hash="0")["States"]["Data gate"]["Assign"]["gate"]
    return list(evaluate(gate, report=report))


def test_good_data_passes() -> None:
    """Nothing is found where every minimum of the service is met."""
    assert [] == data_gate()


def test_too_many_rejected_rows_are_told_with_their_place() -> None:
    """A share above max_rejected is found, with the most frequent reason, and the folder where the rows are."""
    told = (
        "251 of 5000 rows of interactions (5 %) were rejected, more than the 5 % of max_rejected; most frequent "
        "reason: USER_ID is empty (251 rows); see the objects interactions*.jsonl in s3://b/rejects/r/"
    )

    assert [told] == data_gate(rejected=251)
    assert [] == data_gate(rejected=250)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"records": 999}, "999 interactions remain of 5000 rows, but Personalize needs 1000"),
        ({"users_with_two": 24}, "24 users have two interactions or more, but Personalize needs 25"),
        (
            {"users_with_two": 30, "per_user": {"count": 3001}},
            "fewer than 1 % of the users have two interactions or more",
        ),
        (
            {"event_type_count": 10},
            EVENT_TYPES,
        ),
        ({"lines": 0}, "nobody and nothing is selected for batch/r/for-you/top/input/"),
    ],
)
def test_what_the_service_would_refuse_is_found(facts: dict[str, Any], told: str) -> None:
    """Each minimum of the service, one below it, is found and told with both numbers."""
    assert [told] == data_gate(**facts)


@pytest.mark.parametrize(
    "facts",
    [
        {"records": 1000},
        {"users_with_two": 25},
        {"users_with_two": 30, "per_user": {"count": 3000}},
        {"event_type_count": 9},
    ],
)
def test_minimums_themselves_are_enough(facts: dict[str, Any]) -> None:
    """Exactly what the service asks for passes."""
    assert [] == data_gate(**facts)


def misses(quality: dict[str, Any], metrics: dict[str, float], published: dict[str, Any]) -> list[str]:
    """Return what the quality gate finds."""
    states = definition(parsed(), "dev", spec_hash="0")["States"]["Solutions"]["ItemProcessor"]["States"]
    plan = {"quality": {"floors": {}, "max_drop": {}, "on_miss": "fail"} | quality}
    expression = states["Quality gate"]["Assign"]["misses"]
    return list(evaluate(expression, plan=plan, training={"metrics": metrics}, published=published))


@pytest.mark.parametrize(
    ("quality", "published", "told"),
    [
        ({}, {}, []),
        ({"floors": {"precision_at_5": 0.02}}, {}, []),
        ({"floors": {"precision_at_5": 0.03}}, {}, ["precision_at_5 is 0.02, below its floor of 0.03"]),
        ({"floors": {"recall_at_1_percent": 0.1}}, {}, ["recall_at_1_percent was not reported"]),
        ({"max_drop": {"coverage": 0.5}}, {}, []),
        ({"max_drop": {"coverage": 0.5}}, {"run": "r0", "metrics": {"coverage": 1.0}}, []),
        ({"max_drop": {"coverage": 0.5}}, {"run": "r0", "metrics": {}}, []),
        (
            {"max_drop": {"coverage": 0.4}},
            {"run": "r0", "metrics": {"coverage": 1.0}},
            ["coverage is 0.5, more than 40 % below the 1 of run r0"],
        ),
        (
            {"floors": {"coverage": 0.9, "precision_at_5": 0.1}, "max_drop": {"coverage": 0}},
            {"run": "r0", "metrics": {"coverage": 0.51}},
            [
                "coverage is 0.5, below its floor of 0.9",
                "precision_at_5 is 0.02, below its floor of 0.1",
                "coverage is 0.5, more than 0 % below the 0.51 of run r0",
            ],
        ),
    ],
)
def test_the_quality_gate_tells_every_miss(quality: dict[str, Any], published: dict[str, Any], told: list[str]) -> None:
    """Floors, drops and metrics that are missing are told with both numbers; without a version before, none dropped."""
    assert told == misses(quality, METRICS, published)


@pytest.mark.parametrize(
    ("on_miss", "found", "published", "following"),
    [
        ("fail", [], {}, "Begin batch jobs"),
        ("fail", ["m"], {"version_arn": "v"}, "Quality missed"),
        ("warn", ["m"], {}, "Begin batch jobs"),
        ("previous", ["m"], {"version_arn": "v"}, "Keep published version"),
        ("previous", ["m"], {}, "Quality missed"),
        ("previous", [], {"version_arn": "v"}, "Begin batch jobs"),
        ("previous", ["m"], {"version_arn": "v", "solution_arn": "removed"}, "Quality missed"),
    ],
)
def test_the_file_decides_about_a_miss(
    on_miss: str, found: list[str], published: dict[str, str], following: str
) -> None:
    """A miss fails, goes on, or falls back to the version before, where there is one that was not removed for room."""
    states = definition(parsed(), "dev", spec_hash="0")["States"]["Solutions"]["ItemProcessor"]["States"]
    choice = states["Is it good enough?"]
    plan = {"quality": {"on_miss": on_miss}}
    variables = {"plan": plan, "misses": found, "published": published, "room": {"deleted": ["removed"]}}
    taken = [rule["Next"] for rule in choice["Choices"] if evaluate(rule["Condition"], **variables) is True]

    assert following == [*taken, choice["Default"]][0]
