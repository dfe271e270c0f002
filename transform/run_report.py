"""The report of a run's data: what its datasets come to together, written beside its lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition import layout
from transform.contract import TransformReport
from transform.refusals import refusals
from transform.spending import spending
from transform.warnings import warnings

if TYPE_CHECKING:
    from transform.contract import BatchInputReport, DatasetReport, Engine, TransformRequest
    from transform.raw.lineage import Lineage
    from transform.raw.store import Store


def run_report(
    request: TransformRequest,
    lineage: Lineage,
    *,
    engine: Engine,
    datasets: list[DatasetReport],
    batch_inputs: list[BatchInputReport],
    unchanged_since: str | None = None,
) -> TransformReport:
    """Return the report of a run.

    Args:
        request: what was asked for.
        lineage: what it was made of.
        engine: what made it.
        datasets: a report of each dataset.
        batch_inputs: a report of each batch input.
        unchanged_since: run whose datasets and batch inputs these are.
    """
    told, refused = warnings(datasets), refusals(request, datasets, batch_inputs)
    cost = None
    if request.budget:
        found = spending(request.budget, datasets, batch_inputs)
        cost, told, refused = found.cost, [*told, *found.warnings], [*refused, *found.refusals]
    return TransformReport(
        engine=engine,
        fingerprint=lineage.fingerprint,
        unchanged_since=unchanged_since,
        datasets=datasets,
        batch_inputs=batch_inputs,
        warnings=told,
        refusals=refused,
        cost=cost,
    )


def write(store: Store, run: str, lineage: Lineage, report: TransformReport) -> None:
    """Write lineage and report of a run, the report last: who finds it finds the lineage."""
    store.write(layout.LINEAGE.key(run=run), lineage.model_dump_json(indent=1).encode())
    store.write(layout.DATA_REPORT.key(run=run), report.model_dump_json(indent=1).encode())
