"""Spare the transform of data that has not changed: report and batch inputs of the earlier run serve again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from transform.checks import renewed
from transform.contract import BatchInputReport, FromFile, TransformReport
from transform.raw.lineage import Lineage, no_import
from transform.run_report import run_report, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transform.contract import BatchInput, TransformRequest
    from transform.raw.lineage import Change
    from transform.raw.store import S3Store


def reuse(
    request: TransformRequest, lineage: Lineage, planned: Sequence[Change], store: S3Store
) -> TransformReport | None:
    """Return and write the report of a run whose data has not changed, None where it must be transformed.

    The batch inputs are copied to this run's keys: a lifecycle removes those of earlier runs.

    Args:
        request: what is asked for.
        lineage: what it would be made of.
        planned: how each dataset differs from what Personalize holds.
        store: the bucket.
    """
    if any(change.mode != "NONE" for change in planned):
        return None
    run = max(each.run for each in request.imported)
    earlier = [store.find(place.key(run=run)) for place in (layout.LINEAGE, layout.DATA_REPORT)]
    if earlier[0] is None or earlier[1] is None:
        return None
    before, report = Lineage.model_validate_json(earlier[0]), TransformReport.model_validate_json(earlier[1])
    if before.fingerprint != lineage.fingerprint or before.checks != lineage.checks:
        return None
    inputs = _inputs(request, run, before, report, store)
    if inputs is None:
        return None
    datasets = [
        dataset.model_copy(update={"imports": no_import(change.reason), "checks": renewed(request, mapping, dataset)})
        for mapping, dataset, change in zip(request.datasets, report.datasets, planned, strict=True)
    ]
    again = run_report(
        request, lineage, engine=report.engine, datasets=datasets, batch_inputs=inputs, unchanged_since=run
    )
    write(store, request.run, lineage, again)
    return again


def _inputs(
    request: TransformRequest, run: str, before: Lineage, report: TransformReport, store: S3Store
) -> list[BatchInputReport] | None:
    """Copy the batch inputs; None where one was made in another way, or is not whole any more."""
    known = {_without_run(each, run): each for each in before.batch_inputs}
    files = {each.prefix: each for each in report.batch_inputs}
    found = []
    for wanted in request.batch_inputs:
        made = known.get(_without_run(wanted, request.run))
        # What a file of ids holds may have changed.
        if made is None or isinstance(wanted.users, FromFile) or isinstance(wanted.items, FromFile):
            return None
        counted = files[made.prefix]
        if store.copy_all(made.prefix, wanted.prefix) != counted.files:
            return None
        found.append(counted.model_copy(update={"prefix": wanted.prefix}))
    return found


def _without_run(wanted: BatchInput, run: str) -> str:
    """Return how a batch input is made and which job it is for, whatever its run."""
    prefix = wanted.prefix.replace(f"/{run}/", "/", 1)
    return wanted.model_copy(update={"prefix": prefix}).model_dump_json()
