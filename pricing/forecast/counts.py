"""The numbers that a bill depends on: counted by a transform, read from a run, or given by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from definition import layout
from definition.plan.batch_jobs import batch_plans
from pricing.reckoning.charges import BYTES_PER_RECORD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from definition.contract.manifest import Manifest
    from definition.file.pipeline import Pipeline
    from definition.service.dataset_types import DatasetName
    from transform.contract import BatchSelection, DatasetReport, TransformReport

JobName = tuple[str, str]
"""Solution and batch job."""


@dataclass(frozen=True)
class Size:
    """Bytes of an import, None where they are not known, and what is assumed of them."""

    bytes: int | None
    why: str = ""


@dataclass(frozen=True)
class Counts:
    """What is known of a run's data.

    Attributes:
        source: where the numbers come from, for people.
        engine: what transforms, ``lambda`` or ``glue``.
        interactions: records of the interactions dataset, None where that is not known.
        users: users of the interactions, None likewise.
        imports: size of each dataset's import.
        raw_bytes: size of the raw data.
        lines: lines of each batch job's input; None, and jobs that are missing, are not known.
        active: lines that the same jobs would have with the users of the last 30 days only, where that was counted.
        hours: training hours of each solution's last version, where there was one.
    """

    source: str
    engine: str
    interactions: int | None
    users: int | None
    imports: Mapping[DatasetName, Size]
    raw_bytes: int | None = None
    lines: Mapping[JobName, int | None] = field(default_factory=dict)
    active: Mapping[JobName, int] = field(default_factory=dict)
    hours: Mapping[str, Decimal] = field(default_factory=dict)


def counted(
    pipeline: Pipeline,
    run: str,
    report: TransformReport | Manifest,
    *,
    source: str,
    active: Mapping[JobName, int] | None = None,
) -> Counts:
    """Return the numbers of a run whose data was transformed.

    Args:
        pipeline: the pipeline file; jobs that it has got since are not known.
        run: id of the run.
        report: its data report, or its manifest.
        source: where they come from.
        active: lines of the jobs with the users of the last 30 days.
    """
    by_prefix = {each.prefix: each.lines for each in report.batch_inputs}
    names = [(solution.name, job.name) for solution in pipeline.solutions for job in solution.jobs]
    prefixes = {name: layout.BATCH_INPUT.key(run=run, solution=name[0], job=name[1]) for name in names}
    lines = {name: by_prefix.get(prefix) for name, prefix in prefixes.items()}
    by_dataset = {each.dataset: each for each in report.datasets}
    interactions = by_dataset.get("interactions")
    facts = interactions and interactions.interactions
    return Counts(
        source=source,
        engine=report.engine,
        interactions=interactions.records if interactions else None,
        users=facts.per_user.count if facts else None,
        imports={name: _full_size(each) for name, each in by_dataset.items()},
        raw_bytes=sum(each.raw_bytes for each in report.datasets),
        lines=lines,
        active=active or {},
    )


def _full_size(report: DatasetReport) -> Size:
    """Return the size of the import of a whole dataset."""
    plan = report.imports
    if plan and plan.mode == "FULL" and plan.bytes is not None:
        return Size(plan.bytes)
    return Size(report.records * BYTES_PER_RECORD, f"taken as {BYTES_PER_RECORD} a record")


def given(pipeline: Pipeline, *, interactions: int | None, users: int | None, items: int | None) -> Counts:
    """Return the numbers that follow from those that somebody gave.

    Args:
        pipeline: the pipeline file.
        interactions: records of the interactions dataset.
        users: users of the interactions.
        items: items of the interactions.
    """
    records: dict[DatasetName, int | None] = {"interactions": interactions, "items": items, "users": users}
    wanted = [(solution.name, job) for solution in pipeline.solutions for job in batch_plans(pipeline, solution)]
    return Counts(
        source="the numbers given",
        engine="glue" if pipeline.engine == "glue" else "lambda",
        interactions=interactions,
        users=users,
        imports={name: _assumed(records[name]) for name in pipeline.datasets.by_name()},
        lines={(solution, job.name): _lines(job.input, users, items) for solution, job in wanted},
    )


def _assumed(records: int | None) -> Size:
    if records is None:
        return Size(None)
    return Size(records * BYTES_PER_RECORD, f"taken as {BYTES_PER_RECORD} a record")


def _lines(selection: BatchSelection, users: int | None, items: int | None) -> int | None:
    """Return how many lines a selection gives; who was active, and what a file holds, only data tells."""
    if selection.line == "attributes":
        return len(selection.attributes or ())
    chosen, everything = (selection.items, items) if selection.line == "item" else (selection.users, users)
    if chosen == "all":
        return everything
    return len(set(chosen)) if isinstance(chosen, list) else None
