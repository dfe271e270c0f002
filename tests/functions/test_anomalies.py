"""What differs from the last runs: what is compared with what, and from where on it is told."""

from __future__ import annotations

from typing import Any

import pytest

from definition.contract.history import RunRow
from lambdas.report.anomalies import anomalies
from tests.history import a_row


def rows(*changes: dict[str, Any]) -> list[RunRow]:
    """Return the rows of earlier runs, one for each change."""
    return [RunRow(**a_row(number, **change)) for number, change in enumerate(changes)]


def found(now: dict[str, Any], *before: dict[str, Any]) -> list[str]:
    """Return the anomalies of a run, by how it and those before it differ from the usual one."""
    return anomalies(RunRow(**a_row(27, **now)), rows(*before))


def of_rows(*counts: int) -> list[dict[str, Any]]:
    """Return changes by which runs have these rows in."""
    return [{"dataset": {"rows_in": count, "rows_rejected": 0}} for count in counts]


@pytest.mark.parametrize(
    ("before", "quiet", "loud"),
    [
        # Median 10,000 and no deviation: a tenth of it is the floor.
        ([10_000] * 3, [9_000, 10_001, 11_000], [8_999, 11_001]),
        # Ten rows, where a tenth is less.
        ([20] * 5, [10, 30], [9, 31]),
        # By hand: median 10,000, distances 4000 2000 0 2000 4000, so MAD 2000 and 3.5 / 0.6745 * 2000 = 10,378.05.
        ([6_000, 8_000, 10_000, 12_000, 14_000], [0, 20_378], [20_379]),
        # An even number: median 150 between 140 and 160, distances 50 10 10 50, MAD 30, limit 155.67.
        ([100, 140, 160, 200], [305], [306]),
    ],
)
def test_rows_beyond_the_limit_are_an_anomaly(before: list[int], quiet: list[int], loud: list[int]) -> None:
    """By the modified z-score of 3.5, but not below the floor; in both directions."""
    for count in quiet:
        assert [] == found(*of_rows(count), *of_rows(*before)), count
    for count in loud:
        (told,) = found(*of_rows(count), *of_rows(*before))
        assert told.startswith(f"interactions: {count:,} rows in, the last {len(before)} runs had {min(before):,}")


def test_nothing_is_compared_before_the_fourth_run() -> None:
    """Two earlier runs are too few; runs that failed do not count."""
    failed = {"status": "FAILED", **of_rows(10_000)[0]}

    assert [] == found(*of_rows(1), *of_rows(10_000, 10_000), failed, failed)
    assert ["interactions: 1 rows in, the last 3 runs had 10,000."] == found(*of_rows(1), *of_rows(*[10_000] * 3))


@pytest.mark.parametrize("runs", [3, 4, 7, 20])
def test_what_grows_steadily_is_no_anomaly(runs: int) -> None:
    """The deviation grows with it, also where it has doubled and more meanwhile; a leap is one."""
    grown = [1_000 + 500 * number for number in range(runs)]

    assert [] == found(*of_rows(1_000 + 500 * runs), *of_rows(*grown))
    assert 1 == len(found(*of_rows(10 * grown[-1]), *of_rows(*grown)))


def test_what_a_run_took_over_is_not_compared() -> None:
    """Neither where this run imported nothing, nor with runs that imported nothing, nor where a mapping is another."""
    few, many = of_rows(1, 10_000)
    kept = {"dataset": many["dataset"] | {"import_mode": "NONE"}, "users": 500}
    other = {"dataset": many["dataset"] | {"mapping": "another"}}
    unknown = {"dataset": many["dataset"] | {"mapping": None}}

    assert [] == found({"dataset": few["dataset"] | {"import_mode": "NONE"}}, *[many] * 3)
    assert [] == found(few, many, many, kept, other, other, unknown)
    assert [] == found({"dataset": few["dataset"] | {"mapping": None}}, *[unknown] * 3)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (
            {"dataset": {"rows_rejected": 400}},
            {},
            "interactions: 4.0% of the rows rejected, the last 3 runs had 0.9%.",
        ),
        ({"dataset": {"rows_rejected": 190}}, {}, None),
        ({"dataset": {"rows_rejected": 0}}, {"dataset": {"rows_rejected": 900}}, None),
        ({"dataset": {"rows_in": 0, "rows_rejected": 0}}, {"dataset": {"rows_in": 0, "rows_rejected": 0}}, None),
        ({}, {"dataset": {"rows_in": 0, "rows_rejected": 0}}, "interactions: 10,000 rows in, the last 3 runs had 0."),
        ({"users": 449}, {}, "interactions: 449 users, the last 3 runs had 500."),
        ({"users": 451}, {}, None),
        ({"users": None}, {}, None),
        ({}, {"users": None}, None),
        (
            {"dataset": {"columns": [{"name": "EVENT_TYPE", "empty": 4_500}]}},
            {},
            "interactions: EVENT_TYPE is empty in 50.0% of the records, the last 3 runs had 10.0%.",
        ),
        (
            {"dataset": {"columns": [{"name": "EVENT_TYPE", "empty": 0}]}},
            {},
            "interactions: EVENT_TYPE is empty in 0.0% of the records, the last 3 runs had 10.0%.",
        ),
        ({"dataset": {"columns": [{"name": "EVENT_TYPE", "empty": 1_340}]}}, {}, None),
        ({"dataset": {"columns": [{"name": "DEVICE", "empty": 9_000}]}}, {}, None),
        ({"dataset": {"records": 0}}, {}, None),
        ({}, {"dataset": {"records": 0}}, None),
        ({"duration_seconds": 901}, {}, "The run took 15 min, the last 3 runs that did the same took 10 min."),
        ({"duration_seconds": 900}, {}, None),
        ({"duration_seconds": 1}, {}, None),
        (
            {"duration_seconds": 370},
            {"duration_seconds": 60},
            "The run took 6 min, the last 3 runs that did the same took 60 s.",
        ),
        ({"duration_seconds": 36_000}, {}, "The run took 10.0 h, the last 3 runs that did the same took 10 min."),
        ({"duration_seconds": 9_000, "resumed": True}, {}, None),
        ({"duration_seconds": 9_000, "status": "FAILED"}, {}, None),
        ({"duration_seconds": 9_000}, {"resumed": True}, None),
        ({"duration_seconds": 9_000}, {"engine": "glue"}, None),
        ({"duration_seconds": 9_000}, {"unchanged_since": "r"}, None),
        ({"duration_seconds": 9_000}, {"solution": {"training_hours": None}}, None),
        ({"duration_seconds": 9_000}, {"solution": {"jobs": []}}, None),
        ({"duration_seconds": 9_000}, {"dataset": {"import_mode": "NONE"}}, None),
    ],
    ids=str,
)  # fmt: skip
def test_measures_of_a_run(now: dict[str, Any], before: dict[str, Any], told: str | None) -> None:
    """Each beyond its floor, only as it should not be, and only with runs of the same kind."""
    assert ([told] if told else []) == found(now, *[before] * 3)


def test_metrics_are_those_of_versions() -> None:
    """A new version is compared with each version of the same solution and recipe once, and an old one with none."""
    values = [0.30, 0.32, 0.31]
    trained = [{"solution": {"metrics": {"coverage": value, "rest": 1.0}}} for value in values]
    again = {"solution": {"metrics": {"coverage": 0.31}, "version_arn": "arn:solution/2"}}
    other = {"solution": {"metrics": {"coverage": 0.1}, "recipe": "aws-popularity-count"}}
    low = {"solution": {"metrics": {"coverage": 0.1}}}

    assert ["for-you: coverage of 0.1000, the last 3 versions had 0.3000 to 0.3200 (median 0.3100)."] == found(
        low, *trained, again, other
    )
    assert 1 == len(found({"solution": {"metrics": {"coverage": 0.6}}}, *trained))
    assert [] == found({"solution": {"metrics": {"coverage": 0.26, "of_another_release": 1.0}}}, *trained)
    once_more = {"solution": again["solution"] | {"version_arn": "arn:solution/1"}}
    assert [] == found(low, *trained[:2], once_more, once_more)
    assert [] == found({"solution": low["solution"] | {"version_arn": "arn:solution/1"}}, *trained)
    assert [] == found({"solution": low["solution"] | {"version_arn": None}}, *trained)
    assert [] == found({"solution": low["solution"] | {"name": "other"}, "duration_seconds": 0}, *trained)


def test_a_message_has_room_for_twenty() -> None:
    """More columns than that are counted, not told."""
    usual = {"dataset": {"columns": [{"name": f"C{number}", "empty": 0} for number in range(30)]}}
    empty = {"dataset": {"columns": [{"name": f"C{number}", "empty": 9_000} for number in range(30)]}}
    told = found(empty, *[usual] * 3)

    assert (21, "10 more differ from the last runs; the page shows the runs.") == (len(told), told[-1])
