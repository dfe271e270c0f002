"""The row that a run leaves in the history, and the rows of the runs before it."""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from definition import layout
from definition.contract.history import ColumnOfRun, DatasetOfRun, JobOfRun, RunRow, SolutionOfRun
from definition.contract.manifest import UnreadableDocumentError, read_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from definition.contract.manifest import BatchJobResult, SolutionResult
    from definition.contract.report import PageRequest, Report
    from lambdas.report.documents import Bucket
    from transform.contract import DatasetReport

MOST_ROWS = 20
"""Earlier runs that a run is compared with, and that stand on its page; S3 is asked for each."""

_AT_ONCE = 10
_MOST_BYTES = 1 << 20
"""A row has some kilobytes; what is larger than this is none of ours, and is cut off and so passed over."""

_FOLDER = layout.HISTORY.key()
_ROW = re.compile(rf"{re.escape(_FOLDER)}({layout.RUN_ID})\.json")


def earlier_rows(bucket: Bucket, run: str) -> list[RunRow]:
    """Return the rows of the last runs before this one, the oldest first.

    A row that is gone meanwhile, of a later release, or no row at all is passed over.
    """
    found = [named[1] for key in bucket.listed(_FOLDER) if (named := _ROW.fullmatch(key))]
    return read_rows(bucket, [layout.RUN_ROW.key(run=each) for each in sorted(found) if each < run][-MOST_ROWS:])


def read_rows(bucket: Bucket, keys: Sequence[str]) -> list[RunRow]:
    """Return the rows under keys, but for those that are gone, of a later release, or no rows at all."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [
            row for body in pool.map(partial(bucket.read, most=_MOST_BYTES), keys) if (row := _read(body)) is not None
        ]


def row_of(report: Report, request: PageRequest) -> RunRow:
    """Return the row of a run, without its anomalies.

    Args:
        report: of the run, as far as documents tell it.
        request: what the page was asked for with.
    """
    manifest, data = report.manifest, report.manifest or report.data
    failures = report.failure.failures if report.failure else []
    datasets: list[DatasetReport] = [*data.datasets] if data else []
    facts = next((each for each in datasets if each.interactions is not None), None)
    usage = manifest.usage if manifest else None
    began, ended = _time(request.started), _time(report.made)
    return RunRow(
        run=report.run,
        pipeline=report.pipeline,
        stage=report.stage,
        spec_hash=manifest.spec_hash if manifest else None,
        execution=report.execution,
        status=report.status,
        error=failures[0].error if failures else None,
        # The id of a run begins with the second in which its first execution did.
        resumed=request.redrives > 0 or not report.run.startswith(f"{began:%Y%m%dT%H%M%S}-"),
        started=request.started,
        finished=report.made,
        duration_seconds=round(max(0.0, (ended - began).total_seconds()), 1),
        engine=data.engine if data else None,
        unchanged_since=data.unchanged_since if data else None,
        **(_totals(datasets) if data else dict.fromkeys(_totals([]))),
        interactions=facts.records if facts else None,
        users=facts.interactions.per_user.count if facts and facts.interactions else None,
        items=facts.interactions.per_item.count if facts and facts.interactions else None,
        rows_imported=usage.rows_imported if usage else None,
        training_hours=usage.training_hours if usage else None,
        lines_scored=usage.lines_scored if usage else None,
        segment_lines=usage.segment_lines if usage else None,
        usd=float(usage.usd) if usage and usage.usd is not None else None,
        warnings=data.warnings if data else [],
        datasets=[_dataset(each, request) for each in datasets],
        solutions=[_solution(each) for each in manifest.solutions] if manifest else [],
    )


def write(bucket: Bucket, row: RunRow) -> None:
    """Write the row of a run; that of an earlier attempt is replaced."""
    # One object on one line, as the table's library wants it.
    body = f"{row.model_dump_json()}\n".encode()
    bucket.s3.put_object(
        Bucket=bucket.name, Key=layout.RUN_ROW.key(run=row.run), Body=body, ContentType="application/json"
    )


def _read(body: bytes | None) -> RunRow | None:
    if body is None:
        return None
    try:
        return read_document(RunRow, body)
    except UnreadableDocumentError:
        return None


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _totals(datasets: list[DatasetReport]) -> dict[str, Any]:
    names = ("rows_in", "rows_out", "rows_filtered", "rows_rejected")
    return {name: sum(getattr(each, name) for each in datasets) for name in names}


def _dataset(report: DatasetReport, request: PageRequest) -> DatasetOfRun:
    mode = report.imports.mode if report.imports else None
    # A manifest knows what was imported; what says no more than the data report was on its way there.
    left_out = getattr(report, "import_job_arn", "") is None
    return DatasetOfRun(
        dataset=report.dataset,
        mapping=request.mappings.get(report.dataset),
        import_mode="NONE" if left_out else mode,
        rows_in=report.rows_in,
        rows_out=report.rows_out,
        rows_filtered=report.rows_filtered,
        rows_rejected=report.rows_rejected,
        records=report.records,
        columns=[ColumnOfRun(name=name, empty=empty) for name, empty in report.empty.items()],
    )


def _solution(result: SolutionResult) -> SolutionOfRun:
    return SolutionOfRun(
        name=result.name,
        recipe=result.recipe.rpartition("/")[2] if result.recipe else None,
        status=result.status,
        version_arn=result.version_arn,
        training_hours=result.training_hours,
        metrics=result.metrics,
        jobs=[_job(each) for each in result.jobs],
    )


def _job(result: BatchJobResult) -> JobOfRun:
    published = result.published
    return JobOfRun(
        name=result.name,
        kind=result.kind,
        status=result.status,
        table_rows=published.rows if published else None,
        lines_with_errors=published.errors if published else None,
    )
