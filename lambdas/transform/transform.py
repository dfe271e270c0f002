"""Transform the datasets of a run in a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition import layout
from lambdas.transform import batch_input
from lambdas.transform.attempts import REJECTS
from lambdas.transform.execute import DATASET, FAILURES, execute
from lambdas.transform.lookups import Lookups, most_bytes
from lambdas.transform.report import dataset_report
from lambdas.transform.reuse import reuse
from transform import run
from transform.forgotten import forgotten_in
from transform.raw.objects import raw_objects
from transform.raw.store import S3Store

if TYPE_CHECKING:
    import polars as pl

    from definition.mapping.mapping import DatasetMapping
    from lambdas.transform.execute import Outcome
    from transform.contract import (
        BatchInput,
        BatchInputReport,
        DatasetReport,
        Engine,
        TransformReport,
        TransformRequest,
    )
    from transform.forgotten import Forgotten
    from transform.raw.objects import RawObjects


def transform(request: TransformRequest, s3: Any) -> TransformReport:
    """Transform the datasets of one run.

    Args:
        request: bucket, run, mappings and batch inputs.
        s3: a boto3 S3 client; the engine streams objects by itself, with the same environment.

    Raises:
        TransformError: the raw data cannot be used at all.
    """
    store = S3Store(s3, request.bucket)
    forgotten = forgotten_in(store)
    objects = [raw_objects(s3, request.bucket, mapping) for mapping in request.datasets]
    return run.transform(
        request,
        objects,
        store,
        _Work(request, store, forgotten),
        reuse=lambda lineage, planned: reuse(request, lineage, planned, store),
        forgotten=forgotten,
    )


class _Work:
    """What Polars does for a run, as ``transform.run.Work`` says."""

    engine: Engine = "lambda"

    def __init__(self, request: TransformRequest, store: S3Store, forgotten: Forgotten) -> None:
        self._request, self._store, self._forgotten = request, store, forgotten
        self._staging = layout.STAGING.key(run=request.run)
        self._known_items: pl.Series | None = None
        self._known: batch_input.Known

    def dataset(self, mapping: DatasetMapping, objects: RawObjects) -> DatasetReport:
        outcome = self._execute(mapping, objects, f"{self._staging}{mapping.dataset}/")
        of_dataset = {"run": self._request.run, "dataset": mapping.dataset}
        self._store.copy(outcome.staging + DATASET, f"{layout.DATASET.key(**of_dataset)}{mapping.dataset}.csv")
        if outcome.facts["rows_rejected"]:
            self._store.copy(outcome.staging + REJECTS, layout.REJECTED_ROWS.key(**of_dataset))
        if outcome.failed:
            self._store.copy(outcome.staging + FAILURES, layout.FAILED_CHECKS.key(**of_dataset))
        for each in outcome.lookups:
            if each.report.rows_rejected:
                key = layout.REJECTED_LOOKUPS.key(**of_dataset, lookup=each.report.name)
                self._store.copy(each.staging + REJECTS, key)
        if mapping.dataset == "items":
            self._known_items = outcome.items["ITEM_ID"]
        if mapping.dataset == "interactions":
            self._known = batch_input.Known(outcome.users, outcome.items)
        return dataset_report(self._request, mapping, objects.rows, outcome, known_items=self._known_items)

    def increment(self, mapping: DatasetMapping, objects: RawObjects) -> int:
        outcome = self._execute(mapping, objects, f"{self._staging}{mapping.dataset}/increment/")
        folder = layout.INCREMENT.key(run=self._request.run, dataset=mapping.dataset)
        self._store.copy(outcome.staging + DATASET, f"{folder}{mapping.dataset}.csv")
        return int(outcome.facts["records"])

    def size(self, folder: str) -> int:
        return self._store.size(folder)

    def batch_input(self, wanted: BatchInput) -> BatchInputReport:
        return batch_input.write(self._store, wanted, self._known, self._forgotten)

    def clean(self) -> None:
        """Remove what is staged.

        After a failure the engine may still finish an object; the bucket's lifecycle removes what then stays behind.
        """
        self._store.delete(self._staging)

    def _execute(self, mapping: DatasetMapping, objects: RawObjects, staging: str) -> Outcome:
        return execute(
            mapping,
            self._store,
            objects.rows,
            staging=staging,
            started=self._request.started,
            lookups=Lookups(objects.lookups, most_bytes(self._request)),
            forgotten=self._forgotten,
        )
