"""Where the data gate and the quality gate lead, and what the second one finds, on reports and metrics made for it."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.states.run import definition
from tests.documents import parsed
from tests.stacks.evaluation import evaluate

METRICS = {"precision_at_5": 0.02, "coverage": 0.5}


@pytest.mark.parametrize(
    ("report", "fresh", "mode", "following"),
    [
        ({"refusals": []}, True, "run", "Forget imports"),
        ({"refusals": []}, False, "run", "Forget imports"),
        ({"refusals": []}, False, "skip", "Begin solutions"),
        ({"refusals": ["too few"]}, True, "run", "Data refused"),
        ({"refusals": ["too few"]}, True, "skip", "Data refused"),
        ({"refusals": ["too few"]}, False, "run", "Describe transform"),
        ({}, False, "run", "Describe transform"),
    ],
)
def test_the_data_gate_imports_what_is_not_refused(
    report: dict[str, Any], *, fresh: bool, mode: str, following: str
) -> None:
    """Refused data ends the run, but for what stopped an earlier attempt, or tells nothing: it is looked at again."""
    gate = definition(parsed(), "dev", spec_hash="0")["States"]["Data gate"]
    variables = {"report": report, "fresh": fresh, "importMode": mode}
    taken = [rule["Next"] for rule in gate["Choices"] if evaluate(rule["Condition"], **variables) is True]

    assert following == (taken[0] if taken else gate["Default"])


def test_every_refusal_is_told() -> None:
    """The failure of a run whose data is refused joins what the transform found."""
    assign = definition(parsed(), "dev", spec_hash="0")["States"]["Data refused"]["Assign"]["failure"]

    assert "a; b" == evaluate(assign["reason"], report={"refusals": ["a", "b"]})


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
