"""What a run really used, from its manifest."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from definition import layout
from pricing.forecast.counts import BYTES_PER_RECORD
from pricing.reckoning.charges import (
    import_charge,
    job_charges,
    recipe_name,
    training_charge,
    transform_charge,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.contract.manifest import DatasetResult, Manifest, SolutionResult
    from definition.file.pipeline import Pipeline
    from pricing.reckoning.charges import Charge


def used(pipeline: Pipeline, manifest: Manifest, *, real_hours: bool) -> list[Charge]:
    """Return the charges of a run: imports that it made, versions that it trained, jobs whose output it published.

    Args:
        pipeline: the pipeline file.
        manifest: of the run.
        real_hours: whether training hours are Personalize's own; the embedded AWS measures how long this machine took.
    """
    raw_bytes = 0 if manifest.unchanged_since else sum(each.raw_bytes for each in manifest.datasets)
    charges = [transform_charge(manifest.engine, raw_bytes=raw_bytes, workers=pipeline.workers)]
    charges += [_import(each) for each in manifest.datasets if each.import_job_arn and _is_imported(each)]
    interactions = next((each.records for each in manifest.datasets if each.dataset == "interactions"), None)
    for solution in manifest.solutions:
        if solution.training_hours is not None:
            hours = Decimal(str(solution.training_hours)) if real_hours else None
            recipe = recipe_name(solution.recipe)
            charges.append(training_charge(solution.name, recipe, interactions=interactions, hours=hours))
        charges += _scoring(pipeline, manifest, solution)
    return charges


def _is_imported(dataset: DatasetResult) -> bool:
    return dataset.imports is None or dataset.imports.mode != "NONE"


def _import(dataset: DatasetResult) -> Charge:
    plan = dataset.imports
    if plan and plan.bytes is not None:
        return import_charge(dataset.dataset, plan.bytes)
    records = plan.records if plan else dataset.records
    return import_charge(dataset.dataset, records * BYTES_PER_RECORD, why=f"taken as {BYTES_PER_RECORD} a record")


def _scoring(pipeline: Pipeline, manifest: Manifest, solution: SolutionResult) -> Iterator[Charge]:
    lines = {each.prefix: each.lines for each in manifest.batch_inputs}
    themed = {(of.name, job.name) for of in pipeline.solutions for job in of.batch_inference if job.themes_from}
    for job in solution.jobs:
        if job.status == "SUCCEEDED":
            prefix = layout.BATCH_INPUT.key(run=manifest.run, solution=solution.name, job=job.name)
            yield from job_charges(
                solution.name,
                job.name,
                recipe_name(solution.recipe),
                kind=job.kind,
                lines=lines.get(prefix),
                themed=(solution.name, job.name) in themed,
            )
