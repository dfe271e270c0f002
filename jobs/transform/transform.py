"""Transform the datasets of a run in a Glue job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from jobs.transform import batch_input
from jobs.transform.counts import per_item, per_user, tallies
from jobs.transform.execute import execute
from jobs.transform.files import delete, size
from jobs.transform.judged import staged
from jobs.transform.outputs import Target
from transform import report, run
from transform.forgotten import forgotten_in
from transform.records import FILTERED, OUT, REJECTED
from transform.report import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

    from definition.mapping.mapping import DatasetMapping
    from jobs.transform.execute import Outcome
    from transform.contract import (
        BatchInput,
        BatchInputReport,
        DatasetReport,
        Engine,
        RawObject,
        TransformReport,
        TransformRequest,
    )
    from transform.forgotten import Forgotten
    from transform.raw.objects import RawObjects
    from transform.raw.store import Store
    from transform.report import Tallies


def transform(
    session: SparkSession, request: TransformRequest, store: Store, objects: list[RawObjects]
) -> TransformReport:
    """Transform the datasets of one run.

    Args:
        session: the Spark session, with ``session.SETTINGS``.
        request: run, mappings and batch inputs.
        store: the bucket.
        objects: the raw objects of each dataset.

    Raises:
        TransformError: the raw data cannot be used at all.
    """
    forgotten = forgotten_in(store)
    return run.transform(request, objects, store, _Work(session, request, store, forgotten), forgotten=forgotten)


class _Work:
    """What Spark does for a run, as ``transform.run.Work`` says."""

    engine: Engine = "glue"

    def __init__(self, session: SparkSession, request: TransformRequest, store: Store, forgotten: Forgotten) -> None:
        self._session, self._request, self._store, self._forgotten = session, request, store, forgotten
        self._staging = layout.STAGING.key(run=request.run)
        self._known_items: DataFrame | None = None
        self._known: batch_input.Known

    def dataset(self, mapping: DatasetMapping, objects: RawObjects) -> DatasetReport:
        of_dataset = {"run": self._request.run, "dataset": mapping.dataset}
        target = Target(
            staging=f"{self._staging}{mapping.dataset}/",
            dataset=layout.DATASET.key(**of_dataset),
            rejects=layout.REJECTED_ROWS_PART.key(**of_dataset, part="{:05}"),
            failures=layout.FAILED_CHECKS_PART.key(**of_dataset, part="{:05}"),
            lookup_rejects=layout.REJECTED_LOOKUPS_PART.key(**of_dataset, lookup="{lookup}", part="{:05}"),
        )
        of_lookups = (layout.REJECTED_LOOKUPS.key(**of_dataset, lookup=name) for name in objects.lookups)
        of_rows = (layout.REJECTED_ROWS.key(**of_dataset), layout.FAILED_CHECKS.key(**of_dataset))
        for left in (target.dataset, *of_rows, *of_lookups):
            # A function that ran out of memory may have written them: Personalize imports whatever lies there.
            delete(self._session, self._store.root, left)
        outcome = self._execute(mapping, objects, target)
        if mapping.dataset == "items":
            self._known_items = outcome.records.select("ITEM_ID")
        counted = self._tallies(outcome, target) if mapping.dataset == "interactions" else None
        return dataset_report(self._request, mapping, objects.rows, outcome, counted)

    def increment(self, mapping: DatasetMapping, objects: RawObjects) -> int:
        staging = f"{self._staging}{mapping.dataset}-increment/"
        folder = layout.INCREMENT.key(run=self._request.run, dataset=mapping.dataset)
        # What is rejected is among the rejects of the whole already.
        target = Target(
            staging=staging,
            dataset=folder,
            rejects=f"{staging}rejects-{{:05}}.jsonl",
            failures=f"{staging}failures-{{:05}}.jsonl",
            lookup_rejects=f"{staging}{{lookup}}-{{:05}}.jsonl",
        )
        return self._execute(mapping, objects, target).facts.total

    def size(self, folder: str) -> int:
        return size(self._session, self._store.root, folder)

    def batch_input(self, wanted: BatchInput) -> BatchInputReport:
        return batch_input.write(self._store, wanted, self._known, self._forgotten)

    def clean(self) -> None:
        delete(self._session, self._store.root, self._staging)

    def _execute(self, mapping: DatasetMapping, objects: RawObjects, target: Target) -> Outcome:
        return execute(
            self._session,
            mapping,
            self._store,
            objects.rows,
            target=target,
            started=self._request.started,
            lookups=objects.lookups,
            forgotten=self._forgotten,
        )

    def _tallies(self, outcome: Outcome, target: Target) -> Tallies:
        """Count users and items, and keep who and what there is."""
        folder = f"{self._store.root}{target.staging}"
        users = staged(self._session, per_user(outcome.rows, outcome.records), f"{folder}users")
        items = staged(self._session, per_item(outcome.records), f"{folder}items")
        self._known = batch_input.Known(users, items)
        return tallies(outcome.records, users, items, self._known_items)


def dataset_report(
    request: TransformRequest,
    mapping: DatasetMapping,
    raw: Sequence[RawObject],
    outcome: Outcome,
    counted: Tallies | None,
) -> DatasetReport:
    """Return the report of a dataset."""
    rows = outcome.fates.rows
    return report.dataset_report(
        request,
        mapping,
        raw,
        Rows(rows.get(OUT, 0), rows.get(FILTERED, 0), rows.get(REJECTED, 0), outcome.forgotten),
        outcome.facts,
        reasons=outcome.fates.reasons,
        tallies=counted,
        exploded=outcome.exploded,
        lookups=outcome.lookups,
        failed=outcome.failed,
    )
