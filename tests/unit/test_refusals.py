"""Why data is refused, on reports made for it."""

from __future__ import annotations

from typing import Any

import pytest

from definition.plan.mappings import dataset_mappings
from tests.documents import parsed
from tests.manifests import DATASET
from transform.contract import BatchInputReport, DatasetReport, TransformRequest
from transform.refusals import refusals
from transform.warnings import warnings

EVENT_TYPES = (
    "10 event types and 1 optional columns are more than the 10 that Personalize allows together: "
    "map EVENT_TYPE to fewer"
)


def found(*, lines: int = 200, **changes: Any) -> list[str]:
    """Return what is found in a report of interactions that is right but for changes to it or to its facts."""
    spread = DATASET["interactions"]["per_user"] | {"count": changes.pop("users", 200)}
    facts = {name: changes.pop(name) for name in ("users_with_two", "event_type_count") if name in changes}
    interactions = DATASET["interactions"] | {"users_with_two": 100, "event_type_count": 1, "per_user": spread} | facts
    counts = {"rows_in": 5000, "rows_rejected": 0, "records": 5000}
    report = DatasetReport.model_validate({**DATASET, **counts, "interactions": interactions, **changes})
    request = TransformRequest(bucket="b", run="r", started=0, datasets=dataset_mappings(parsed()), max_rejected=0.05)
    return refusals(request, [report], [BatchInputReport(prefix="batch/r/for-you/top/input/", lines=lines, files=1)])


def test_good_data_passes() -> None:
    """Nothing is found where every minimum of the service is met."""
    assert [] == found()


def test_too_many_rejected_rows_are_told_with_their_place() -> None:
    """A share above max_rejected is found, with the most frequent reason, and the folder where the rows are."""
    reasons = [{"reason": "USER_ID is empty", "rows": 251}]
    told = (
        "251 of 5000 rows of interactions (5 %) were rejected, more than the 5 % of max_rejected; most frequent "
        "reason: USER_ID is empty (251 rows); see the objects interactions*.jsonl in s3://b/rejects/r/"
    )

    assert [told] == found(rows_rejected=251, reasons=reasons, rejects="s3://b/rejects/r/")
    assert [] == found(rows_rejected=250, reasons=reasons, rejects="s3://b/rejects/r/")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"records": 999}, "999 interactions remain of 5000 rows, but Personalize needs 1000"),
        ({"users_with_two": 24}, "24 users have two interactions or more, but Personalize needs 25"),
        ({"users_with_two": 30, "users": 3001}, "fewer than 1 % of the users have two interactions or more"),
        ({"event_type_count": 10}, EVENT_TYPES),
        ({"lines": 0}, "nobody and nothing is selected for batch/r/for-you/top/input/"),
    ],
)
def test_what_the_service_would_refuse_is_found(changes: dict[str, Any], told: str) -> None:
    """Each minimum of the service, one below it, is found and told with both numbers."""
    assert [told] == found(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"records": 1000}, {"users_with_two": 25}, {"users_with_two": 30, "users": 3000}, {"event_type_count": 9}],
)
def test_minimums_themselves_are_enough(changes: dict[str, Any]) -> None:
    """Exactly what the service asks for passes."""
    assert [] == found(**changes)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"rows_in": 0, "records": 0}, "the raw data of items holds no rows"),
        ({"rows_in": 7, "records": 0}, "nothing of items remains of 7 rows"),
    ],
)
def test_nothing_of_a_dataset_is_found(counts: dict[str, int], told: str) -> None:
    """A dataset without rows, or of whose rows none remains, is named."""
    document = {**DATASET, "dataset": "items", "interactions": None, "rows_rejected": 0, **counts}
    request = TransformRequest(bucket="b", run="r", started=0, datasets=[], max_rejected=0.05)

    assert [told] == refusals(request, [DatasetReport.model_validate(document)], [])


LOOKUP = {"name": "orders", "object_count": 1, "object_bytes": 9, "rows_duplicate": 0}
BROKEN = {"rows_in": 100, "rows_out": 94, "rows_rejected": 6, "reasons": [{"reason": "id is empty", "rows": 4}]}


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (BROKEN | {"rows_out": 95, "rows_rejected": 5}, []),
        (
            BROKEN,
            [
                (
                    "6 of 100 rows of the look-up orders of interactions (6 %) were rejected, more than the 5 % of "
                    "max_rejected; most frequent reason: id is empty (4 rows); see the objects "
                    "interactions.orders*.jsonl in s3://b/rejects/r/"
                )
            ],
        ),
        (
            {"rows_in": 0, "rows_out": 0, "rows_rejected": 0, "reasons": []},
            ["the raw data of the look-up orders of interactions holds no rows"],
        ),
    ],
)
def test_lookups_are_judged_like_datasets(counts: dict[str, Any], told: list[str]) -> None:
    """A share of broken rows above max_rejected is found, and a look-up without rows."""
    assert told == found(lookups=[LOOKUP | counts], rejects="s3://b/rejects/r/")


def test_broken_rows_of_a_lookup_are_told() -> None:
    """Be they few: a row that needs one of them is rejected."""
    report = DatasetReport.model_validate(
        DATASET | {"lookups": [LOOKUP | BROKEN], "rejects": "s3://b/rejects/r/", "interactions": None, "empty": {}}
    )

    told = "6 of 100 rows of the look-up orders of interactions are rejected: id is empty (4)."
    assert [f"{told} They lie among the run's rejects, in interactions.orders*.jsonl."] == warnings([report])
    assert report.object_bytes + 9 == report.raw_bytes
