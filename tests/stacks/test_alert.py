"""What the alert says of an execution that nobody has told of, for each form that EventBridge's event has."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from definition.plan.names import run_id
from stacks.states.alert import definition
from tests.documents import parsed
from tests.stacks.evaluation import evaluated
from tests.synthesis import templates_of

STARTED = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
DETAIL = {
    "executionArn": "arn:aws:states:us-east-1:123456789012:execution:shop-test:nightly",
    "name": "nightly",
    "startDate": int(STARTED.timestamp() * 1000),
}


def told(**detail: Any) -> Any:
    """Return the variables that the first state makes of the event's detail."""
    begin = definition(parsed())["States"]["Begin alert"]
    return evaluated(begin["Assign"], states={"input": {"detail": DETAIL | detail}})


@pytest.mark.parametrize("absent", [{}, {"error": None, "cause": None, "input": None}], ids=["absent", "null"])
def test_an_end_without_error_and_cause_is_told(absent: dict[str, Any]) -> None:
    """A time-out has neither: the message still names run, status and execution, and says that no cause was given."""
    said = told(status="TIMED_OUT", **absent)
    run = run_id(STARTED, "nightly")

    assert {
        "run": run,
        "execution": DETAIL["executionArn"],
        "started": "2026-01-02T03:04:05.000Z",
        "redrives": 0,
        "cause": f"Run {run} ended as timed out. No cause was given.",
        "remedy": "Redrive this execution to resume the run: what exists already is used, nothing is paid twice.",
        "remarks": [],
        "failures": [{"state": "Execution", "error": "TIMED_OUT", "reason": "No cause was given."}],
    } == said


def test_error_and_cause_are_told() -> None:
    """What the one who stopped it gave as error and cause is in the message and in the record."""
    said = told(status="ABORTED", error="Budget", cause="Too dear", redriveCount=2)

    assert said["cause"].endswith(" ended as aborted (Budget). Too dear")
    assert [{"state": "Execution", "error": "Budget", "reason": "Too dear"}] == said["failures"]
    assert 2 == said["redrives"]


@pytest.mark.parametrize(
    ("given", "resumed"),
    [
        ({"run": "20260101T000000-abcdef"}, "20260101T000000-abcdef"),
        ({"run": "../other"}, None),
        ({"run": 7}, None),
        ({}, None),
        ([{"run": "20260101T000000-abcdef"}] * 2, None),
    ],
)
def test_a_resumed_run_is_named(given: object, resumed: str | None) -> None:
    """An execution that was to resume a run wrote under that run's id; whatever is no id of a run names its own."""
    said = told(status="ABORTED", input=json.dumps(given))

    assert (resumed or run_id(STARTED, "nightly")) == said["run"]
    assert said["run"] in said["cause"]


@pytest.mark.parametrize(("changes", "more"), [({}, set()), ({"budget": "300 USD"}, {"cloudwatch:PutMetricData"})])
def test_the_alert_may_do_what_it_does(changes: dict[str, Any], more: set[str]) -> None:
    """It writes the record of one failure, calls one function, and tells; of a month's cost only with a budget."""
    policies = templates_of(parsed(**changes))["workflow"].find_resources("AWS::IAM::Policy")
    (policy,) = [made for name, made in policies.items() if name.startswith("EndAlertsMachineRole")]
    granted = {
        statement["Action"]: json.dumps(statement["Resource"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if isinstance(statement["Action"], str)
    }

    assert {"s3:PutObject", "lambda:InvokeFunction", "sns:Publish", "events:PutEvents"} | more == set(granted)
    assert "/runs/*/failure.json" in granted["s3:PutObject"]
    assert "Report" in granted["lambda:InvokeFunction"]
    assert ":event-bus/default" in granted["events:PutEvents"]
