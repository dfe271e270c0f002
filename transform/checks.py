"""What the checks of a dataset come to by what an engine has counted, and what people are told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from definition import layout
from definition.mapping.checks import EMPTY
from transform.contract import CheckReport, FailedRow
from transform.counting import holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from definition.mapping.checks import CheckMapping, Severity
    from definition.mapping.mapping import DatasetMapping
    from definition.service.dataset_types import DatasetName
    from transform.contract import DatasetReport, TransformRequest


class Failed(NamedTuple):
    """Rows that fail a check.

    Attributes:
        rows: how many.
        object: key of the first one's object, in the order of keys.
        line: its line there, None in Parquet.
    """

    rows: int
    object: str
    line: int | None


def check_reports(
    request: TransformRequest,
    mapping: DatasetMapping,
    report: DatasetReport,
    *,
    tested: int,
    failed: Mapping[str, Failed],
) -> list[CheckReport]:
    """Return what the checks of a dataset have found, in the order of the pipeline file.

    Args:
        request: bucket, run, and when it began.
        mapping: the dataset's mapping.
        report: what is known of the dataset beside that.
        tested: how many rows checks on rows have looked at.
        failed: rows that fail a check, by its name; those that no row fails may be left out.
    """
    counts = _counts(report, request.started)
    folder = f"s3://{request.bucket}/{layout.REJECTS.key(run=request.run)}"
    return [
        _of_counts(check, counts) if check.rows is None else _of_rows(check, tested, failed.get(check.name), folder)
        for check in mapping.checks
    ]


def renewed(request: TransformRequest, mapping: DatasetMapping, report: DatasetReport) -> list[CheckReport]:
    """Return what the checks of an earlier run's report have found, on counts by when this run began.

    Args:
        request: when the run began.
        mapping: with the same checks.
        report: of data that has not changed since.
    """
    counts = _counts(report, request.started)
    return [
        _of_counts(check, counts) if check.rows is None else found
        for check, found in zip(mapping.checks, report.checks, strict=True)
    ]


def told(reports: Sequence[DatasetReport], severity: Severity) -> Iterator[str]:
    """Yield a sentence, without the dot at its end, for each check of a severity that has failed."""
    for report in reports:
        for check in report.checks:
            if not check.passed and check.severity == severity:
                place = f"; see the objects {report.dataset}.failed-checks*.jsonl in {check.failures}"
                yield finding(report.dataset, check) + (place if check.failures else "")


def finding(dataset: DatasetName, check: CheckReport) -> str:
    """Return what a check that has failed, or that some rows fail, has found, without the dot at its end."""
    if check.rows_failed is None:
        values = ", ".join(f"{name} = {_shown(value)}" for name, value in check.counts.items())
        return f"check {check.name} of {dataset} fails: {check.condition} is not true, with {values}"
    first, allowed = check.first, f", where {check.rows_allowed:,} may" if check.rows_allowed else ""
    line = f" line {first.line}" if first and first.line is not None else ""
    verb = "passes, but" if check.passed else "fails:"
    return (
        f"check {check.name} of {dataset} {verb} {check.condition} is not true of {check.rows_failed:,} of "
        f"{check.rows_tested:,} rows{allowed}" + (f", first {first.object}{line}" if first else "")
    )


def _of_rows(check: CheckMapping, tested: int, failed: Failed | None, folder: str) -> CheckReport:
    allowed = max(check.max_rows, int(check.max_share * tested))
    rows = failed.rows if failed else 0
    return CheckReport(
        name=check.name,
        severity=check.severity,
        condition=check.text,
        passed=rows <= allowed,
        rows_tested=tested,
        rows_failed=rows,
        rows_allowed=allowed,
        first=FailedRow(object=failed.object, line=failed.line) if failed else None,
        failures=folder if failed else None,
    )


def _of_counts(check: CheckMapping, counts: Mapping[str, float | None]) -> CheckReport:
    assert check.counts is not None, "the caller has looked"
    read = {name: counts.get(name, 0 if name.startswith(EMPTY) else None) for name in check.counts_read()}
    return CheckReport(
        name=check.name,
        severity=check.severity,
        condition=check.text,
        passed=holds(check.counts, read) is True,
        counts=read,
    )


def _counts(report: DatasetReport, started: int) -> dict[str, float | None]:
    """Return the counts that conditions may name (``definition.mapping.checks``)."""
    found: dict[str, float | None] = {
        "rows_in": report.rows_in,
        "rows_out": report.rows_out,
        "rows_filtered": report.rows_filtered,
        "rows_duplicate": report.rows_duplicate,
        "rows_rejected": report.rows_rejected,
        "records": report.records,
        "object_count": report.object_count,
        "object_bytes": report.object_bytes,
        "started": started,
        **{f"{EMPTY}{column}": rows for column, rows in report.empty.items()},
    }
    if facts := report.interactions:
        found |= {
            "users": facts.per_user.count,
            "items": facts.per_item.count,
            "users_with_two": facts.users_with_two,
            "event_type_count": facts.event_type_count,
            "first_timestamp": facts.first_timestamp,
            "last_timestamp": facts.last_timestamp,
            "after_start": facts.after_start,
            "unknown_items": facts.unknown_items,
            "unknown_item_rows": facts.unknown_item_rows,
        }
    return found


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.15g}"
