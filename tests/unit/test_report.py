"""The report of a dataset, from what an engine counted."""

from __future__ import annotations

from statistics import mean, median
from typing import TYPE_CHECKING, Any

import pytest

from definition.plan.mappings import dataset_mapping
from tests.documents import parsed
from transform.contract import MAX_REPORTED_REASONS, RawObject, TransformRequest
from transform.report import Records, Rows, Tallies, dataset_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transform.contract import DatasetReport, Distribution

NO_ROWS = Rows(0, 0, 0)


def reported(
    rows: Rows = NO_ROWS,
    total: int = 0,
    *,
    users: Mapping[int, int] | None = None,
    items: Mapping[int, int] | None = None,
    reasons: Mapping[str, int] | None = None,
    **section: Any,
) -> DatasetReport:
    """Return the report of the shop's interactions."""
    changes = {f"datasets__interactions__{key}": value for key, value in section.items()}
    kinds = [("buy", 3), ("view", 9), ("add", 3)]
    mapping = dataset_mapping(parsed(**changes), "interactions")
    return dataset_report(
        TransformRequest(bucket="b", run="r", started=0, datasets=[mapping]),
        mapping,
        [RawObject(key="raw/a", size=5, etag="e"), RawObject(key="raw/b", size=7, etag="f")],
        rows,
        Records(total, {"DEVICE": 2}, {"DEVICE": 0}, first=10, last=20, after_start=1),
        reasons=(reasons or {}).items(),
        tallies=Tallies(users or {}, items or {}, kinds, len(kinds)),
    )


def test_rows_add_up_where_all_stay() -> None:
    """Rows are in, out, filtered or rejected; a row may give several records."""
    found = reported(Rows(out=6, filtered=3, rejected=1), total=8)

    assert (10, 6, 3, 0, 1, 8) == (
        found.rows_in, found.rows_out, found.rows_filtered, found.rows_duplicate, found.rows_rejected, found.records,
    )  # fmt: skip
    assert (2, 12) == (found.object_count, found.object_bytes)
    assert ("s3://b/transformed/r/interactions/", "s3://b/rejects/r/") == (found.location, found.rejects)


def test_rows_that_are_the_same_are_filtered() -> None:
    """Of rows that are the same, those that do not stay count as filtered, and by themselves."""
    found = reported(Rows(out=6, filtered=3, rejected=0), total=4, duplicates="latest")

    assert (9, 4, 5, 2, 4) == (
        found.rows_in, found.rows_out, found.rows_filtered, found.rows_duplicate, found.records,
    )  # fmt: skip
    assert found.rejects is None


HISTOGRAMS = [{1: 1}, {1: 9, 7: 1}, {1: 8, 7: 2}, {1: 5, 2: 3, 10: 2}, {3: 4, 1: 3, 2: 3, 9: 1}, {1: 18, 4: 1, 5: 1}]


@pytest.mark.parametrize("histogram", HISTOGRAMS, ids=str)
def test_distributions(histogram: dict[int, int]) -> None:
    """Of users and of items count, median, mean, and what nine in ten do not exceed are told; 0 is no interaction."""
    counts = sorted(count for count, times in histogram.items() for _ in range(times))
    nine_in_ten = next(most for most in counts if 10 * sum(count <= most for count in counts) >= 9 * len(counts))

    def told(found: Distribution) -> tuple[float, ...]:
        return found.count, found.once, found.median, found.mean, found.p90, found.most

    expected = (len(counts), counts.count(1), median(counts), mean(counts), nine_in_ten, counts[-1])
    interactions = reported(users={0: 4, **histogram}, items=histogram).interactions
    assert interactions is not None
    assert expected == told(interactions.per_user)
    assert expected == told(interactions.per_item)
    assert len(counts) + 4 == interactions.users_scored
    assert len(counts) - counts.count(1) == interactions.users_with_two


def test_the_most_frequent_come_first() -> None:
    """Event types and reasons are told by their rows and then by name, of many reasons the most frequent."""
    found = reported(Rows(0, 0, 1), reasons={f"reason {number:03}": number // 2 for number in range(200)})

    assert found.interactions is not None
    assert [("view", 9), ("add", 3), ("buy", 3)] == [(each.name, each.rows) for each in found.interactions.event_types]
    assert 3 == found.interactions.event_type_count
    assert ["reason 198", "reason 199", "reason 196"] == [each.reason for each in found.reasons[:3]]
    assert MAX_REPORTED_REASONS == len(found.reasons)


def test_nothing_has_a_report_too() -> None:
    """Without interactions there is nothing to take a mean of."""
    found = reported().interactions

    assert found is not None
    assert (0, 0, 0) == (found.per_user.count, found.per_user.mean, found.per_item.p90)
    assert (10, 20, 1) == (found.first_timestamp, found.last_timestamp, found.after_start)
