"""Why a run's data is not imported: what Amazon Personalize would refuse, and too many rejected rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.service.limits import (
    MAX_EVENT_TYPES_AND_METADATA,
    MIN_INTERACTIONS,
    MIN_SHARE_OF_USERS_WITH_TWO,
    MIN_USERS_WITH_TWO,
)
from transform.checks import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transform.contract import BatchInputReport, DatasetReport, InteractionsReport, TransformRequest


def refusals(
    request: TransformRequest, datasets: Sequence[DatasetReport], batch_inputs: Sequence[BatchInputReport]
) -> list[str]:
    """Return what is wrong with a run's data, in sentences for people; none if it may be imported.

    Args:
        request: what was asked for.
        datasets: a report of each dataset.
        batch_inputs: a report of each batch input.
    """
    counted_columns = {mapping.dataset: mapping.counted_columns for mapping in request.datasets}
    found = [*told(datasets, "fail")]
    found += [each for report in datasets for each in _of_lookups(report, request.max_rejected)]
    found += [each for report in datasets for each in _of_any(report, request.max_rejected)]
    for report in datasets:
        if report.interactions:
            found += _of_interactions(report, report.interactions, counted_columns[report.dataset])
    return found + [f"nobody and nothing is selected for {each.prefix}" for each in batch_inputs if each.lines == 0]


def _of_any(report: DatasetReport, max_rejected: float) -> Iterator[str]:
    if report.rows_in == 0:
        yield f"the raw data of {report.dataset} holds no rows"
    elif (share := report.rows_rejected / report.rows_in) > max_rejected:
        most_frequent = report.reasons[0]
        yield (
            f"{report.rows_rejected} of {report.rows_in} rows of {report.dataset} ({round(100 * share, 1):g} %) were "
            f"rejected, more than the {100 * max_rejected:g} % of max_rejected; most frequent reason: "
            f"{most_frequent.reason} ({most_frequent.rows} rows); see the objects {report.dataset}*.jsonl in "
            f"{report.rejects}"
        )
    elif report.records == 0:
        yield f"nothing of {report.dataset} remains of {report.rows_in} rows"


def _of_lookups(report: DatasetReport, max_rejected: float) -> Iterator[str]:
    for lookup in report.lookups:
        of_dataset = f"the look-up {lookup.name} of {report.dataset}"
        if lookup.rows_in == 0:
            yield f"the raw data of {of_dataset} holds no rows"
        elif (share := lookup.rows_rejected / lookup.rows_in) > max_rejected:
            yield (
                f"{lookup.rows_rejected} of {lookup.rows_in} rows of {of_dataset} ({round(100 * share, 1):g} %) were "
                f"rejected, more than the {100 * max_rejected:g} % of max_rejected; most frequent reason: "
                f"{lookup.reasons[0].reason} ({lookup.reasons[0].rows} rows); see the objects "
                f"{report.dataset}.{lookup.name}*.jsonl in {report.rejects}"
            )


def _of_interactions(report: DatasetReport, facts: InteractionsReport, counted_columns: int) -> Iterator[str]:
    if report.records < MIN_INTERACTIONS:
        yield (
            f"{report.records} interactions remain of {report.rows_in} rows, but Personalize needs {MIN_INTERACTIONS}"
        )
    if facts.users_with_two < MIN_USERS_WITH_TWO:
        yield (
            f"{facts.users_with_two} users have two interactions or more, but Personalize needs {MIN_USERS_WITH_TWO}"
        )
    if facts.users_with_two < MIN_SHARE_OF_USERS_WITH_TWO * facts.per_user.count:
        share = f"{100 * MIN_SHARE_OF_USERS_WITH_TWO:g} %"
        yield f"fewer than {share} of the users have two interactions or more"
    if facts.event_type_count + counted_columns > MAX_EVENT_TYPES_AND_METADATA:
        yield (
            f"{facts.event_type_count} event types and {counted_columns} optional columns are more than the "
            f"{MAX_EVENT_TYPES_AND_METADATA} that Personalize allows together: map EVENT_TYPE to fewer"
        )
