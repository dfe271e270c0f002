"""A start where raw data arrives: which objects start one, and what the state machine does then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stacks.states.run import definition
from tests.documents import parsed
from tests.stacks.evaluation import evaluate
from tests.synthesis import templates_of


@pytest.mark.parametrize(
    ("arrival", "matched"),
    [
        ("events/_SUCCESS", "raw/events/_SUCCESS"),
        ("events/", {"prefix": "raw/events/"}),
        ("events/*/_SUCCESS", {"wildcard": "raw/events/*/_SUCCESS"}),
        ("events/day=*/", {"wildcard": "raw/events/day=*/*"}),
    ],
)
def test_the_rule_takes_these_objects_of_the_bucket(arrival: str, matched: Any) -> None:
    """An object by its key, those below a prefix, or a pattern; the machine is given the key."""
    made = templates_of(parsed(trigger={"arrival": arrival}))
    rules = made["workflow"].find_resources("AWS::Events::Rule").values()
    (rule,) = [each["Properties"] for each in rules if each["Properties"]["EventPattern"]["source"] == ["aws.s3"]]
    detail, (target,) = rule["EventPattern"]["detail"], rule["Targets"]

    assert [matched] == detail["object"]["key"]
    assert "shop-dev-storage:" in json.dumps(detail["bucket"])
    assert ["Object Created"] == rule["EventPattern"]["detail-type"]
    assert {"detail-object-key": "$.detail.object.key"} == target["InputTransformer"]["InputPathsMap"]
    assert '{"arrival":<detail-object-key>}' == target["InputTransformer"]["InputTemplate"]
    assert "DeadLetterConfig" in target
    made["storage"].has_resource_properties(
        "AWS::S3::Bucket",
        {"NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}},
    )
    dead = [each["Properties"] for each in made["workflow"].find_resources("AWS::CloudWatch::Alarm").values()]
    assert "shop-dev--dead-letters/arrival" in [each["AlarmName"] for each in dead]


def test_without_a_trigger_nobody_listens() -> None:
    """The bucket tells nothing, no rule is on it, and the machine knows no arrival."""
    made = templates_of(parsed())
    rules = made["workflow"].find_resources("AWS::Events::Rule").values()

    assert [] == [each for each in rules if each["Properties"]["EventPattern"]["source"] == ["aws.s3"]]
    assert "NotificationConfiguration" not in json.dumps(made["storage"].to_json())
    assert "arrival" not in json.dumps(definition(parsed(), "dev", spec_hash="0")).lower()


@pytest.mark.parametrize(
    ("arrived", "newest", "latest", "way"),
    [
        (False, "SUCCEEDED", None, ["Claim run"]),
        (False, "RUNNING", None, ["Notify skipped"]),
        (True, "SUCCEEDED", "me", ["Note arrival", "Is it the last?", "Claim run"]),
        (True, "SUCCEEDED", "other", ["Note arrival", "Is it the last?", "Left to a later arrival"]),
        (True, "RUNNING", "me", ["Note arrival", "Is it the last?", "Wait for active run"]),
        (True, "PENDING_REDRIVE", "me", ["Note arrival", "Is it the last?", "Wait for active run"]),
    ],
)
def test_the_last_arrival_runs_for_all(arrived: bool, newest: str, latest: str | None, way: list[str]) -> None:  # noqa: FBT001  # a case
    """Others begin at once or are skipped; an arrival waits, leaves the run to a later one, or for an active run."""
    states = definition(parsed(trigger={"arrival": "events/"}), "dev", spec_hash="0")["States"]
    known = {
        "arrived": arrived,
        "newest": {"status": newest},
        "latest": {"execution": latest},
        "waited": False,
        "states": {"context": {"Execution": {"Id": "me"}}},
    }

    def next_of(name: str) -> str:
        choices = states[name]["Choices"]
        return str(
            next((each["Next"] for each in choices if evaluate(each["Condition"], **known)), states[name]["Default"])
        )

    went = [next_of("Has data arrived?")] if arrived else []
    if arrived:
        went += ["Is it the last?", next_of("Is it the last?")]
    if went[-1:] in ([], ["Read newest run"]):
        went = [*went[:-1], next_of("Is another run active?")]
    assert way == went


def test_a_start_that_waited_looks_for_arrivals_again() -> None:
    """It looks at the active run alone, some ten events a turn, and once that has ended whether more has come."""
    states = definition(parsed(trigger={"arrival": "events/"}), "dev", spec_hash="0")["States"]
    choices = states["Is another run active?"]["Choices"]

    def chosen(**known: Any) -> str:
        found = (each["Next"] for each in choices if evaluate(each["Condition"], arrived=True, **known))
        return str(next(found, states["Is another run active?"]["Default"]))

    assert ("Describe newest run", {"waited": True}) == (
        states["Wait for active run"]["Next"],
        states["Wait for active run"]["Assign"],
    )
    assert "Wait for active run" == chosen(waited=True, newest={"status": "RUNNING"})
    assert "Read arrival" == chosen(waited=True, newest={"status": "FAILED"})
    assert "Claim run" == chosen(waited=False, newest={"status": "FAILED"})
    # Left to itself the choice goes on to look whose the newest run is now, and not to wait for what has ended.
    assert {"waited": False} == states["Is it the last?"]["Assign"]
