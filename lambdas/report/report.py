"""Put the report of a run together from what lies in the bucket.

Whatever goes wrong with a part of it is a note on the page, and the other parts are there all the same: a run must not
fail for its report, and a person must not miss the reason of a failure for a chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from definition import layout
from definition.contract.report import Report
from definition.plan.tables import columns
from lambdas.report import history, samples, tables
from lambdas.report.anomalies import anomalies
from lambdas.report.documents import data_of, earlier_runs, failure_of, manifest_of, rejected
from lambdas.report.labels import labels_of, read_labels
from lambdas.report.month import month_cost
from lambdas.report.phases import Histories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from definition.contract.history import RunRow
    from definition.contract.manifest import Manifest
    from definition.contract.publishing import PublishReport
    from definition.contract.report import MonthCost, PageRequest, ReportedJob, Sample, TableFacts, Thing
    from lambdas.report.documents import Bucket
    from transform.contract import DatasetReport

MOST_BYTES = 1 << 30
"""Of the interactions' CSV, and of a table: what is beyond that is not worth the function's time."""

_MOST_THINGS = 5_000_000
"""Different items, or users of segments, whose counts are held at once, within the function's memory."""

_MOST_LABEL_BYTES = 64 << 20
_LABEL_LENGTH = 120
_SAMPLED_JOBS = 4
_FOUND: dict[str, Thing] = {"item_id": "item", "related_item_id": "item", "user_id": "user"}
_NAMED: dict[str, Thing] = {"item_id": "item", "user_id": "user", "item_attributes": "attributes"}

_OWN_ROW = "The row of this run in the table of runs"
_MONTH = "What the runs of this month have cost, for the alarm on the budget"
_NOTE_LENGTH = 500
_NO_COUNTS = pl.DataFrame(schema={"thing": pl.String, "interactions": pl.UInt32})
_NO_ROWS = pl.DataFrame(schema={"thing": pl.String, "rows": pl.UInt32})

T = TypeVar("T")


class TooLargeError(Exception):
    """There is more of something than a report reads."""


class NotThereError(Exception):
    """Something that the report is made of is not there."""


@dataclass(frozen=True)
class _Table:
    """What is told of one table; None and empty where it could not be made."""

    facts: TableFacts | None
    sample: Sample | None
    offered: pl.DataFrame


class Maker:
    """Makes the report of one run.

    Args:
        bucket: the pipeline's.
        stepfunctions: a boto3 Step Functions client.
        request: what is asked for.
        made: time of making it (ISO 8601).

    Attributes:
        notes: what could not be put on the page, and why.
        month: what the runs of the month have cost, None where nobody asked for it or it could not be reckoned.
    """

    def __init__(self, bucket: Bucket, stepfunctions: Any, request: PageRequest, made: str) -> None:
        self._bucket = bucket
        self._request = request
        self._stepfunctions = stepfunctions
        self._made = made
        self.notes: list[str] = []
        self.month: MonthCost | None = None

    def documents(self) -> Report:
        """Return the report as far as documents tell it, and leave the run's row: no data is read."""
        request, bucket = self._request, self._bucket
        manifest = self._part("The manifest", lambda: manifest_of(bucket, request))
        data = self._part("The data report", lambda: data_of(bucket, request.run))
        datasets: Sequence[DatasetReport] = manifest.datasets if manifest else data.datasets if data else []
        histories = Histories(self._stepfunctions)
        report = Report(
            run=request.run,
            pipeline=request.pipeline,
            stage=request.stage,
            execution=request.execution,
            status=request.status,
            made=self._made,
            manifest=manifest,
            data=None if manifest else data,
            failure=self._part("The record of the failure", lambda: failure_of(bucket, request)),
            reasons=self._part("Rejected rows", lambda: rejected(bucket, request.run, datasets)) or [],
            phases=self._part("Phases", lambda: histories.phases(request.execution)) or [],
            earlier=self._part("Earlier runs", lambda: earlier_runs(bucket, request.run)) or [],
        )
        return report.model_copy(update={"history": self._history(report), "notes": self.notes})

    def with_data(self, report: Report) -> Report:
        """Return a report with what is counted in interactions and tables."""
        manifest = report.manifest
        if manifest is None:
            return report
        interactions = self._part("Interactions", lambda: self._interactions(manifest))
        of_items = None if interactions is None else self._counts(interactions, "item")
        activity = None
        if interactions is not None and of_items is not None:
            activity = self._part("Interactions over time", lambda: tables.activity(interactions, of_items))
        more = self._of_tables(manifest, interactions, _NO_COUNTS if of_items is None else of_items)
        known = {each.item for each in more["items"]}
        labels = self._part("Labels of items", lambda: self._labels(manifest, known)) or {}
        return report.model_copy(update={**more, "activity": activity, "labels": labels, "notes": self.notes})

    def _history(self, report: Report) -> list[RunRow]:
        """Leave the run's row in the history; return it behind those of the last runs."""
        bucket = self._bucket
        earlier = self._part("Rows of earlier runs", lambda: history.earlier_rows(bucket, report.run)) or []
        row = self._part(_OWN_ROW, lambda: history.row_of(report, self._request))
        if row is None:
            return earlier
        found = self._part("Anomalies", lambda: anomalies(row, earlier)) or []
        whole = row.model_copy(update={"anomalies": found})
        self._part(_OWN_ROW, lambda: history.write(bucket, whole))
        if (budget := self._request.budget) is not None:
            self.month = self._part(_MONTH, lambda: month_cost(bucket, whole, report.manifest, budget))
        return [*earlier, whole]

    def _of_tables(
        self, manifest: Manifest, interactions: tables.Interactions | None, of_items: pl.DataFrame
    ) -> dict[str, Any]:
        published = list(self._published(manifest))
        told = [
            self._of_table(job, result, interactions, of_items, sampled=number < _SAMPLED_JOBS)
            for number, (job, result) in enumerate(published)
        ]
        sampled = [each.sample for each in told if each.sample]
        users = {line.key for each in sampled if each.keyed_by == "user" for line in each.lines}
        latest = None
        if interactions is not None and users:
            latest = self._part("Latest interactions", lambda: samples.histories(interactions, users))
        offered = pl.concat([_NO_ROWS, *(each.offered for each in told)]).group_by("thing").agg(pl.col("rows").sum())
        items = self._part("Items", lambda: samples.items(sampled, latest or [], of_items, offered))
        return {
            "tables": [each.facts for each in told if each.facts],
            "samples": sampled,
            "histories": latest or [],
            "items": items or [],
        }

    def _of_table(
        self,
        job: ReportedJob,
        published: PublishReport,
        interactions: tables.Interactions | None,
        of_items: pl.DataFrame,
        *,
        sampled: bool,
    ) -> _Table:
        what = f"The table {job.solution}/{job.job}"
        table = self._part(what, lambda: pl.scan_parquet(self._uris(published.location, ".parquet")))
        if table is None:
            return _Table(None, None, _NO_ROWS)
        wanted = columns(job.kind, job.line)
        finds, keyed_by = _FOUND[wanted.found], _NAMED[wanted.named]
        facts = sample = offered = None
        if interactions is not None:
            counts = of_items if finds == "item" else self._counts(interactions, finds)
            if counts is not None:
                facts = self._part(what, lambda: tables.facts(table, job, finds, counts))
        if sampled:
            sample = self._part(what, lambda: samples.sample(table, job, keyed_by, finds, published.keys))
        if finds == "item":
            offered = self._part(what, lambda: tables.found(table).collect(engine="streaming"))
        return _Table(facts, sample, _NO_ROWS if offered is None else offered)

    def _published(self, manifest: Manifest) -> Iterator[tuple[ReportedJob, PublishReport]]:
        by_name = {(each.solution, each.job, each.kind): each for each in self._request.jobs}
        for solution in manifest.solutions:
            for result in solution.jobs:
                job = by_name.get((solution.name, result.name, result.kind))
                if job is not None and result.published is not None:
                    yield job, result.published

    def _interactions(self, manifest: Manifest) -> tables.Interactions | None:
        for dataset in manifest.datasets:
            if told := dataset.interactions:
                uris = self._uris(dataset.location, ".csv")
                return tables.Interactions(uris, told.per_user.count, told.per_item.count)
        return None

    def _counts(self, interactions: tables.Interactions, thing: Thing) -> pl.DataFrame | None:
        return self._part(f"Interactions by {thing}", lambda: _bounded(interactions, thing))

    def _uris(self, location: str, suffix: str) -> list[str]:
        listed = self._bucket.listed(self._bucket.key(location))
        found = {key: size for key, size in listed.items() if key.endswith(suffix)}
        if not found:
            raise NotThereError(f"nothing lies under {location}; it may have been kept for its time")
        if (size := sum(found.values())) > MOST_BYTES:
            raise TooLargeError(f"{size:,} bytes under {location}; a report reads {MOST_BYTES:,}")
        return [self._bucket.uri(key) for key in found]

    def _labels(self, manifest: Manifest, known: set[str]) -> dict[str, str]:
        labels, column = self._request.labels, self._request.label_column
        if column is not None and known:
            uris = [self._uris(each.location, ".csv") for each in manifest.datasets if each.dataset == "items"]
            return dict(labels_of(uris[0], column, known, _LABEL_LENGTH)) if uris else {}
        if labels is None or not known:
            return {}
        key = layout.RAW.key(path=labels.path)
        body = self._bucket.read(key, most=_MOST_LABEL_BYTES + 1)
        if body is None:
            raise NotThereError(f"{key} is not there")
        if len(body) > _MOST_LABEL_BYTES:
            raise TooLargeError(f"{key} has more than {_MOST_LABEL_BYTES:,} bytes")
        return {item: label[:_LABEL_LENGTH] for item, label in read_labels(key, body, labels) if item in known}

    def _part(self, what: str, make: Callable[[], T]) -> T | None:
        """Return a part of the report; one that cannot be made is noted, whatever the reason."""
        try:
            return make()
        except Exception as error:  # noqa: BLE001  # the other parts are there all the same
            self.notes.append(f"{what}: {type(error).__name__}: {str(error)[:_NOTE_LENGTH]}")
            return None


def _bounded(interactions: tables.Interactions, thing: Thing) -> pl.DataFrame:
    different = interactions.items if thing == "item" else interactions.users
    if different > _MOST_THINGS:
        raise TooLargeError(f"{different:,} different ones; a report holds {_MOST_THINGS:,}")
    return interactions.counts(thing)
