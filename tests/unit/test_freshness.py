"""How old a pipeline file lets tables become."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from definition.problems import SpecError
from tests.documents import parsed, shop


def told(**changes: Any) -> str:
    """Return what is wrong with the freshness of a changed shop."""
    with pytest.raises(SpecError) as caught:
        parsed(**changes)
    (problem,) = [each for each in caught.value.problems if each.place == "freshness"]
    return f"{problem.what}. {problem.remedy}"


@pytest.mark.parametrize(("text", "hours"), [("1h", 1), ("26h", 26), ("120m", 2), ("7d", 168), ("168h", 168)])
def test_whole_hours_up_to_a_week_are_taken(text: str, hours: int) -> None:
    """That is what an alarm of CloudWatch can count."""
    assert timedelta(hours=hours) == parsed(freshness=text).freshness


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("90m", "90m are no whole hours", "write 2h or 26h"),
        ("169h", "169h are more than an alarm of CloudWatch can look back", "write up to 7d"),
        ("8d", "8d are more than", "leave it out"),
        ("0h", "'0h' is not a duration", "write 90m, 12h or 2d"),
        (26, "'26' is not a duration", "write"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(text: Any, what: str, remedy: str) -> None:
    """The message says why, and what would be right."""
    said = told(freshness=text)

    assert what in said
    assert remedy.lower() in said.lower()


def test_tables_are_needed() -> None:
    """Without batch jobs nothing is published, so nothing can be old."""
    served = {key: value for key, value in shop()["solutions"][0].items() if key != "batch_inference"}

    assert "no solution has any" in told(freshness="26h", solutions=[{**served, "campaign": {}}])


@pytest.mark.parametrize(("rate", "age"), [("rate(1 day)", "1d"), ("rate(1 day)", "24h"), ("rate(30 hours)", "26h")])
def test_an_age_that_passes_between_runs_is_refused(rate: str, age: str) -> None:
    """An alarm would ring between any two of them."""
    assert "an alarm would ring between any two" in told(freshness=age, schedule={"expression": rate})


def test_an_age_beyond_the_rate_is_taken() -> None:
    """An hour more than a day is enough for a run of less than an hour each day."""
    assert timedelta(hours=25) == parsed(freshness="25h", schedule={"expression": "rate(1 day)"}).freshness
