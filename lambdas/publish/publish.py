"""Turn the lines that Personalize writes into one table of Parquet, a row per line and rank.

Usually one call does it (`publish`). What is too large for one call is refused, and published in parts: a call for each
object (`publish_part`), in any order, at the same time, as often as need be; one that makes a table of them (`add_up`);
and one for each range of its keys (`publish_range`). The rows and their order are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from definition.contract.publishing import Counts, PublishReport, TableReport, TotalReport
from definition.plan.tables import USER, columns
from lambdas.forgetting import without_forgotten
from lambdas.publish.changes import ROWS_PER_RANGE, changes, compare, table_before
from lambdas.publish.counting import count_different
from lambdas.publish.lines import counted, errors, results, scan
from lambdas.publish.objects import Objects, is_written
from lambdas.ranges import ranges
from transform.forgotten import forgotten_in
from transform.raw.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from definition.contract.publishing import (
        PartRequest,
        PublishRequest,
        RangeReport,
        RangeRequest,
        TotalRequest,
    )
    from definition.layout import ExportFormat

_TABLE = "part-00000.parquet"
_EXPORTS: dict[ExportFormat, Callable[[pl.LazyFrame, str], pl.LazyFrame]] = {
    # As RFC 4180 has it: a text with a quote, a delimiter or a line end stands in quotes; no value is an empty field.
    "csv": lambda rows, uri: rows.sink_csv(uri, lazy=True),
    "jsonl": lambda rows, uri: rows.sink_ndjson(uri, lazy=True, check_extension=False),
}


class OutputTooLargeError(Exception):
    """There is more output than one call takes."""


class PartMissingError(Exception):
    """A part of the table has gone before the table was complete."""


class TooManyErrorsError(Exception):
    """The job is ACTIVE, but more lines of its output than allowed, or all of them, are errors."""


def publish(request: PublishRequest, s3: Any) -> PublishReport:
    """Write the table of one job; the run lets ``latest.json`` name it when all of it is there.

    Raises:
        OutputMissingError: no ``.out`` object lies under the output prefix.
        OutputTooLargeError: there is more of it than one call takes; nothing has been done.
        OutputUnreadableError: an object holds other lines than Personalize's pages show.
        TooManyErrorsError: more lines than allowed are errors, or all of them.
    """
    objects = Objects(request, s3)
    written = objects.written()
    if (size := sum(written.values())) > request.max_bytes:
        raise OutputTooLargeError(f"{size:,} bytes of output; one call takes {request.max_bytes:,}.")
    key = f"{objects.folder}{_TABLE}"
    counts = _write(request, objects, list(written), table=key, rejects=objects.rejects)
    objects.keep_only(objects.folder, {key})
    objects.keep_exports({key})
    objects.keep_only(objects.rejects_folder, set())
    objects.keep_only(objects.changes_folder, set())
    rejects = [objects.rejects] if counts.errors else []
    made = _made(request, objects, counts, table=[key], rejects=rejects, told=objects.uri(objects.rejects))
    keys = count_different(pl.scan_parquet(objects.uri(key)), 0)
    return PublishReport(**made.model_dump(), keys=keys, changes=changes(objects, made.location))


def publish_part(request: PartRequest, s3: Any) -> Counts:
    """Write the part of the table that is made of one object; a part that is there is replaced.

    Raises:
        OutputUnreadableError: it holds other lines than Personalize's pages show.
    """
    if not is_written(request.part):
        return Counts(lines=0, errors=0)
    objects = Objects(request, s3)
    key, rejects = objects.table_part(request.part), objects.rejects_part(request.part)
    return _write(request, objects, [request.part], table=key, rejects=rejects)


def add_up(request: TotalRequest, s3: Any) -> TotalReport:
    """Check and count the parts as one table; the ranges of its keys are compared with the table before by later calls.

    Raises:
        OutputMissingError: no ``.out`` object lies under the output prefix.
        PartMissingError: a part of the table is not there.
        TooManyErrorsError: more lines than allowed are errors, or all of them.
    """
    objects = Objects(request, s3)
    written = list(objects.written())
    table = [objects.table_part(key) for key in written]
    missing = set(table) - objects.keep_only(objects.folder, set(table)) | objects.keep_exports(table)
    if missing:
        raise PartMissingError(f"{objects.uri(min(missing))} is not there: start again with run {request.run}.")
    objects.delete([objects.rejects])
    there = objects.keep_only(objects.rejects_folder, {objects.rejects_part(key) for key in written})
    told = objects.uri(objects.rejects_folder)
    made = _made(request, objects, request.counts, table=table, rejects=sorted(there), told=told)
    latest = table_before(objects, made.location)
    objects.keep_only(objects.changes_folder, set())
    before = latest and latest.location
    return TotalReport(
        table=made,
        since=latest and latest.run,
        before=before,
        changes=objects.uri(objects.changes_folder),
        ranges=ranges([made.location, *([before] if before else [])], rows=ROWS_PER_RANGE),
    )


def publish_range(request: RangeRequest, s3: Any) -> RangeReport:
    """Write what changed among some keys of the table since the one before."""
    objects = Objects(request, s3)
    return compare(objects, objects.uri(objects.folder), request.before, request)


def _write(
    request: PublishRequest | PartRequest, objects: Objects, keys: Sequence[str], *, table: str, rejects: str
) -> Counts:
    """Write table and rejects of some objects; where there are no errors, no rejects are left behind.

    A version that was trained before a user was to be forgotten may still find that user: it is left out.

    Raises:
        OutputUnreadableError: an object holds other lines than Personalize's pages show.
    """
    uris = [objects.uri(key) for key in keys]
    lines, failed = counted(uris)
    found = scan(uris)
    wanted, forgotten = columns(request.kind, request.line), forgotten_in(S3Store(objects.s3, request.bucket))
    users = [name for name in (wanted.named, wanted.found) if name == USER]
    table_of = without_forgotten(results(found, request.kind, request.line, themed=request.themed), users, forgotten)
    queries = [table_of.sink_parquet(objects.uri(table), lazy=True)]
    for form, key in objects.exports(table).items():
        queries.append(_EXPORTS[form](table_of, objects.uri(key)))
    if failed:
        of_errors = without_forgotten(
            errors(found, request.kind, request.line), [name for name in users if name == wanted.named], forgotten
        )
        queries.append(of_errors.sink_ndjson(objects.uri(rejects), lazy=True, check_extension=False))
    else:
        objects.delete([rejects])
    pl.collect_all(queries, engine="streaming")
    return Counts(lines=lines, errors=failed)


def _made(
    request: PublishRequest | TotalRequest,
    objects: Objects,
    counts: Counts,
    *,
    table: Sequence[str],
    rejects: Sequence[str],
    told: str,
) -> TableReport:
    """Count what was written, unless too much of it is errors.

    Args:
        request: the job.
        objects: where its objects lie.
        counts: lines and errors.
        table: keys of the parts of the table.
        rejects: keys of the lines with errors.
        told: S3 URL of the place where those lie.
    """
    first = _first_error([objects.uri(key) for key in rejects])
    if refused := _refused(counts, request.max_errors):
        objects.delete([*table, *(key for part in table for key in objects.exports(part).values())])
        raise TooManyErrorsError(f"{refused}; the first: {first}; all of them: {told}")
    rows = pl.scan_parquet([objects.uri(key) for key in table])
    return TableReport(
        lines=counts.lines,
        errors=counts.errors,
        first_error=first,
        results=count_different(rows, 2),
        rows=rows.select(pl.len()).collect().item(),
        location=objects.uri(objects.folder),
        rejects=told if counts.errors else None,
        exports={form: objects.uri(objects.exports_folder(form)) for form in request.formats},
    )


def _first_error(uris: Sequence[str]) -> str | None:
    if not uris:
        return None
    found = pl.scan_ndjson(uris[0], schema={"error": pl.String}).head(1).collect()
    # There is none where all of them are of users that are to be forgotten.
    return None if found.is_empty() else str(found.item())


def _refused(counts: Counts, most: float) -> str | None:
    """Return why so many errors are not published, None if they are."""
    if not counts.errors:
        return None
    told = f"{counts.errors} of {counts.lines} lines ({100 * counts.errors / counts.lines:.3g} %) are errors"
    if counts.errors == counts.lines:
        return told
    return f"{told}, more than the {100 * most:g} % of max_errors" if counts.errors > most * counts.lines else None
