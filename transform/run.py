"""The order of a run's work, whatever the engine: datasets, what is imported of them, batch inputs, report.

What engines write lies under ``staging/<run>/`` first. An object comes to its final key only when its dataset is
whole, so what stands under a final key is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from definition import layout
from transform.forgotten import NOBODY
from transform.raw.lineage import changes, full_import, incremental_import, lineage_of, no_import
from transform.raw.objects import RawObjects, check_readable, check_size
from transform.run_report import run_report, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from definition.mapping.mapping import DatasetMapping
    from transform.contract import (
        BatchInput,
        BatchInputReport,
        DatasetReport,
        Engine,
        ImportPlan,
        TransformReport,
        TransformRequest,
    )
    from transform.forgotten import Forgotten
    from transform.raw.lineage import Change, Lineage
    from transform.raw.store import Store

    Reuse = Callable[[Lineage, Sequence[Change]], TransformReport | None]


class Work(Protocol):
    """What an engine does for one run."""

    @property
    def engine(self) -> Engine:
        """Which engine it is."""

    def dataset(self, mapping: DatasetMapping, objects: RawObjects) -> DatasetReport:
        """Write CSV and rejected rows of a dataset and its look-ups; return its report, without what is imported."""

    def increment(self, mapping: DatasetMapping, objects: RawObjects) -> int:
        """Write the CSV of new objects alone to ``layout.INCREMENT``; return the number of records."""

    def size(self, folder: str) -> int:
        """Return the bytes of the objects below a prefix that was written to."""

    def batch_input(self, wanted: BatchInput) -> BatchInputReport:
        """Write the input of a batch job from the interactions that were transformed.

        Raises:
            BatchInputError: it would be beyond the service's limits, or a file of ids cannot be read.
        """

    def clean(self) -> None:
        """Remove what is staged."""


def transform(
    request: TransformRequest,
    objects: Sequence[RawObjects],
    store: Store,
    work: Work,
    *,
    reuse: Reuse | None = None,
    forgotten: Forgotten = NOBODY,
) -> TransformReport:
    """Transform the datasets of a run, and write lineage and report.

    Args:
        request: bucket, run, mappings and batch inputs.
        objects: the raw objects of each dataset and of its look-ups.
        store: the bucket.
        work: the engine's part.
        reuse: returns the report of a run whose data has not changed.
        forgotten: users that ``work`` leaves out.

    Raises:
        TransformError: the raw data cannot be used at all.
    """
    lineage = lineage_of(request, objects, forgotten)
    planned = changes(request, lineage, store)
    if reuse and (again := reuse(lineage, planned)):
        return again
    check_size(request, objects, store)
    check_readable(objects, store)
    datasets = []
    try:
        for mapping, made, change in zip(request.datasets, lineage.datasets, planned, strict=True):
            dataset = work.dataset(mapping, RawObjects(made.objects, made.lookups))
            added = RawObjects(change.added, made.lookups)
            imports = _imports(request, mapping, work, dataset=dataset, change=change, added=added)
            datasets.append(dataset.model_copy(update={"imports": imports}))
        inputs = [work.batch_input(wanted) for wanted in request.batch_inputs]
    finally:
        work.clean()
    report = run_report(request, lineage, engine=work.engine, datasets=datasets, batch_inputs=inputs)
    write(store, request.run, lineage, report)
    return report


def _imports(
    request: TransformRequest,
    mapping: DatasetMapping,
    work: Work,
    *,
    dataset: DatasetReport,
    change: Change,
    added: RawObjects,
) -> ImportPlan:
    """Return what is to be imported; of new objects alone, ``added``, write the CSV."""
    if change.mode == "NONE":
        return no_import(change.reason)
    of_dataset = {"run": request.run, "dataset": mapping.dataset}
    whole = work.size(layout.DATASET.key(**of_dataset))
    if change.mode != "INCREMENTAL":
        return full_import(dataset, change.reason, whole)
    folder = layout.INCREMENT.key(**of_dataset)
    # All rows were checked with the whole.
    records = work.increment(mapping.without_checks(), added)
    return incremental_import(
        dataset,
        change,
        records=records,
        location=f"s3://{request.bucket}/{folder}",
        size=work.size(folder),
        whole=whole,
    )
