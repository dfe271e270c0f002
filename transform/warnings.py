"""What people should know about a run's data although it can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transform.checks import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transform.contract import DatasetReport, InteractionsReport

MANY_ONCE = 0.5
"""Warn from this share of users with one interaction: models learn nothing from them."""

SHORT_SPAN = 3600
"""Warn up to this many seconds between first and last interaction: the unit of time may be wrong."""

DOMINANT = 0.1
"""Warn from this share of the interactions of one user, where there are FEW_USERS or more."""

FEW_USERS = 100

FEW_EMPTY = 0.5
"""Warn beyond this share of records without a value in a column."""

FEW_LISTS = 0.5
"""Warn beyond this share of rows whose list is empty or missing."""

OFTEN_NULL = 0.01
"""Warn from this share of records with a word for no value, such as NULL, in a column."""


def warnings(reports: list[DatasetReport]) -> list[str]:
    """Return what is remarkable about the datasets of a run, the most important first.

    Args:
        reports: a report of each dataset.
    """
    found = [f"{each[0].upper()}{each[1:]}." for each in told(reports, "warn")]
    for report in reports:
        if report.interactions and report.records:
            found += _of_interactions(report, report.interactions)
        found += _of_any(report)
    return found


def _of_interactions(report: DatasetReport, facts: InteractionsReport) -> Iterator[str]:
    if facts.unknown_items:
        yield (
            f"{facts.unknown_items:,} items with {facts.unknown_item_rows:,} interactions are not in the items. "
            "Complete the items, or check that both files spell ids alike."
        )
    if facts.after_start:
        yield (
            f"{facts.after_start:,} interactions lie after the start of the run. "
            "Check unit, format and timezone of TIMESTAMP."
        )
    if facts.first_timestamp is not None and facts.last_timestamp is not None:
        span = facts.last_timestamp - facts.first_timestamp
        if span <= SHORT_SPAN and report.records > 1:
            yield (
                f"All interactions lie within {span:,} seconds. "
                "Check the unit of TIMESTAMP: Personalize learns from their order."
            )
    if facts.per_user.count and facts.per_user.once > MANY_ONCE * facts.per_user.count:
        yield (
            f"{facts.per_user.once / facts.per_user.count:.0%} of the users have one interaction only. "
            "Models learn from users with two or more."
        )

    if facts.per_user.count >= FEW_USERS and facts.per_user.most > DOMINANT * report.records:
        yield (
            f"One user has {facts.per_user.most / report.records:.0%} of the interactions. "
            "If that is a placeholder or a machine, leave it out with keep."
        )


def _of_any(report: DatasetReport) -> Iterator[str]:
    without = report.elements.rows_without if report.elements else 0
    if without > FEW_LISTS * report.rows_in:
        yield (
            f"{without:,} of {report.rows_in:,} rows of {report.dataset} have no element to explode. "
            f"Check the name in datasets.{report.dataset}.source.explode."
        )
    for lookup in report.lookups:
        if lookup.rows_rejected:
            yield (
                f"{lookup.rows_rejected:,} of {lookup.rows_in:,} rows of the look-up {lookup.name} of {report.dataset} "
                f"are rejected: {lookup.reasons[0].reason} ({lookup.reasons[0].rows:,}). "
                f"They lie among the run's rejects, in {report.dataset}.{lookup.name}*.jsonl."
            )
    for column, rows in report.null_words.items():
        if rows >= OFTEN_NULL * report.records:
            yield (
                f"{column} of {report.dataset} is a word such as NULL, NaN or None in {rows:,} of {report.records:,} "
                f"records. If it stands for no value, list it in datasets.{report.dataset}.source.nulls."
            )
    for column, rows in report.empty.items():
        if rows > FEW_EMPTY * report.records:
            yield f"{column} of {report.dataset} is empty in {rows / report.records:.0%} of the records."
