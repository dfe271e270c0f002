"""What the alert says of an execution that nobody has told of, for each form that EventBridge's event has."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from definition.plan.names import run_id
from stacks.states.alert import definition
from tests.stacks.evaluation import evaluate

STARTED = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
DETAIL = {
    "executionArn": "arn:aws:states:us-east-1:123456789012:execution:shop-test:nightly",
    "name": "nightly",
    "startDate": int(STARTED.timestamp() * 1000),
}


def told(**detail: Any) -> dict[str, Any]:
    """Return the variables that the first state makes of the event's detail."""
    begin = definition()["States"]["Begin alert"]
    event = {"detail": DETAIL | detail}
    return {name: evaluate(text, states={"input": event}) for name, text in begin["Assign"].items()}


@pytest.mark.parametrize("absent", [{}, {"error": None, "cause": None}], ids=["absent", "null"])
def test_an_end_without_error_and_cause_is_told(absent: dict[str, Any]) -> None:
    """A time-out has neither: the message still names run, status and execution, and says that no cause was given."""
    said = told(status="TIMED_OUT", **absent)

    assert {
        "run": run_id(STARTED, "nightly"),
        "ending": "timed out",
        "why": "No cause was given.",
        "execution": DETAIL["executionArn"],
    } == said


def test_error_and_cause_are_told() -> None:
    """What the one who stopped it gave as error and cause is in the message."""
    said = told(status="ABORTED", error="Budget", cause="Too dear")

    assert ("aborted (Budget)", "Too dear") == (said["ending"], said["why"])
