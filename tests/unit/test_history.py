"""How long histories are reckoned to become, and which files cannot be carried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from definition.plan.history import MAX_EVENTS, histories, looks, quota_attempts
from definition.problems import SpecError
from tests.documents import LIVE, parsed, shop

LONG = {"training": "10h", "batch_inference": "2h", "import": "1h"}


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        # 30 s for 20 minutes; then each wait is a 40th of the age, so the age grows by 1/40 with each look, until a
        # wait is 300 s at 12,000 s: ln 10 / ln 1.025 = 93.2 looks; from there on one each 300 s.
        (1 / 3, 40 + 1),
        (12_000 / 3600, 40 + 93.2),
        (24, 40 + 93.2 + (86_400 - 12_000) / 300),
    ],
)
def test_looks_follow_the_rule_of_the_waits(hours: float, expected: float) -> None:
    """The number is what the rule gives; waits are whole seconds, so there may be a few more."""
    assert expected - 1 <= looks(timedelta(hours=hours)) <= expected * 1.03


def test_repetitions_outlast_the_quota() -> None:
    """60, 90, 135, 202.5, 303.75, 455.6, then 600 seconds each: an hour takes ten of them."""
    assert 10 == quota_attempts(timedelta(hours=1))


def test_more_jobs_than_a_run_can_tell_of_are_refused() -> None:
    """300 batch jobs are taken, which come to 912 of the 1,000 metrics of one call; the next one is too many."""
    jobs = [{"name": f"j{number}", "num_results": 5} for number in range(301)]
    short = {"timeouts": {"batch_inference": "10m", "batch_segment": "10m"}}

    assert 300 == len(parsed(solutions__0__batch_inference=jobs[:300], **short).solutions[0].jobs)
    assert "301 batch jobs" in problems(solutions__0__batch_inference=jobs, **short)["solutions"]


def test_usual_files_fit() -> None:
    """With the default timeouts, ten solutions of five jobs and five campaigns fit, and so do five recommenders."""
    jobs = [{"name": f"j{number}", "num_results": 5} for number in range(5)]
    many = [
        {
            **shop()["solutions"][0],
            "name": f"s{number}",
            "batch_inference": jobs,
            **({"campaign": {}} if number < 5 else {}),
        }
        for number in range(10)
    ]
    recommenders = [{**LIVE["recommenders"][0], "name": f"r{number}"} for number in range(5)]

    for pipeline in (parsed(solutions=many), parsed(**{**LIVE, "recommenders": recommenders})):
        assert all(history.events <= MAX_EVENTS for history in histories(pipeline))


def problems(**changes: Any) -> dict[str, str]:
    """Return what is wrong with a changed document, by place."""
    with pytest.raises(SpecError) as caught:
        parsed(**changes)
    return {problem.place: f"{problem.what}. {problem.remedy}" for problem in caught.value.problems}


def test_what_cannot_fit_is_refused() -> None:
    """A wait of weeks, and jobs that wait for each other for weeks, are found before anything is made."""
    jobs = [{"name": f"j{number}", "num_results": 5} for number in range(300)]

    training = problems(timeouts={"training": "30d"})
    assert "25,000. Wait for less time" in training["timeouts.training"]
    waiting = problems(solutions__0__batch_inference=jobs)
    assert "declare fewer batch jobs" in waiting["timeouts.batch_inference"]
