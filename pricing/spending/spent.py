"""What a run really used, from its manifest, or from what is going to be its manifest."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from definition import layout
from pricing.reckoning.charges import (
    BYTES_PER_RECORD,
    delivery_charge,
    import_charge,
    job_charges,
    recipe_name,
    trained_name,
    training_charge,
    transform_charge,
)
from pricing.reckoning.usage import RunUsage, priced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from definition.contract.manifest import DatasetResult, DeliveryResult, Manifest, SolutionResult
    from definition.contract.report import UsageRequest
    from pricing.reckoning.charges import Charge
    from pricing.reckoning.rates import Rates

    Ran = Manifest | UsageRequest


def used(ran: Ran, *, workers: int, themed: Collection[str], real_hours: bool) -> list[Charge]:
    """Return the charges of a run: imports that it made, versions that it trained, jobs whose output it published.

    Args:
        ran: what the run did.
        workers: of the Spark job, from the pipeline file.
        themed: batch jobs with themes, as ``solution/job``.
        real_hours: whether training hours are Personalize's own; the embedded AWS measures how long this machine took.
    """
    raw_bytes = 0 if ran.unchanged_since else sum(each.raw_bytes for each in ran.datasets)
    charges = [transform_charge(ran.engine, raw_bytes=raw_bytes, workers=workers)]
    charges += [_import(each) for each in ran.datasets if _is_imported(each)]
    interactions = next((each.records for each in ran.datasets if each.dataset == "interactions"), None)
    for solution in ran.solutions:
        for recipe, took in solution.trainings:
            hours = Decimal(str(took)) if real_hours else None
            name = trained_name(solution.name, recipe, recipes_of(solution))
            charges.append(training_charge(name, recipe_name(recipe), interactions=interactions, hours=hours))
        charges += _scoring(ran, solution, themed)
    return [*charges, *map(_delivery, ran.deliveries)]


def usage(ran: Ran, *, workers: int, themed: Collection[str], region: str, rates: Rates, real_hours: bool) -> RunUsage:
    """Return what a run used with what it comes to; what nothing tells of is unknown, and not zero.

    Args:
        ran: what the run did.
        workers: of the Spark job, from the pipeline file.
        themed: batch jobs with themes, as ``solution/job``.
        region: of the rates.
        rates: prices.
        real_hours: whether training hours are Personalize's own, as in `used`.
    """
    usd, parts = priced(used(ran, workers=workers, themed=themed, real_hours=real_hours), rates)
    imported = [each.imports.records if each.imports else each.records for each in ran.datasets if _is_imported(each)]
    unfinished = [each.name for each in ran.solutions if each.failure is not None and not _all_trained(each)]
    hours = [took for each in ran.solutions for _, took in each.trainings]
    unscored = [
        f"{solution.name}/{job.name}" for solution in ran.solutions for job in solution.jobs if job.status == "FAILED"
    ]
    return RunUsage(
        region=region,
        usd=usd,
        rows_imported=sum(imported),
        training_hours=None if unfinished else sum(hours),
        lines_scored=_lines(ran, "inference"),
        segment_lines=_lines(ran, "segment"),
        parts=parts,
        unknown=[
            *(f"{name} failed: what it trained is not known." for name in unfinished),
            *(f"{name} failed: whether its lines are billed is not known." for name in unscored),
            *(
                f"Delivery of {each.solution}/{each.job} failed: what it wrote besides is not known."
                for each in ran.deliveries
                if each.status == "FAILED"
            ),
        ],
    )


def recipes_of(solution: SolutionResult) -> list[str]:
    """Return the ARNs of the recipes that a solution has compared, of others the one that it has."""
    return [each.recipe for each in solution.best_of.candidates] if solution.best_of else [str(solution.recipe)]


def _all_trained(solution: SolutionResult) -> bool:
    """Return whether a solution that failed has told of all its trainings, which were compared."""
    return solution.best_of is not None and len(solution.trainings) == len(solution.best_of.candidates)


def _is_imported(dataset: DatasetResult) -> bool:
    """Return whether the run imported a dataset: an import job may be an earlier run's, where nothing was new."""
    return dataset.import_job_arn is not None and (dataset.imports is None or dataset.imports.mode != "NONE")


def _import(dataset: DatasetResult) -> Charge:
    plan = dataset.imports
    if plan and plan.bytes is not None:
        return import_charge(dataset.dataset, plan.bytes)
    records = plan.records if plan else dataset.records
    return import_charge(dataset.dataset, records * BYTES_PER_RECORD, why=f"taken as {BYTES_PER_RECORD} a record")


def _delivery(result: DeliveryResult) -> Charge:
    told = f"{result.written:,} lists written, {result.removed:,} deleted, and writes that were refused"
    return delivery_charge(result.solution, result.job, units=result.units, told=told)


def _scoring(ran: Ran, solution: SolutionResult, themed: Collection[str]) -> Iterator[Charge]:
    lines = _lines_of(ran)
    for job in solution.jobs:
        if job.status == "SUCCEEDED":
            yield from job_charges(
                solution.name,
                job.name,
                recipe_name(str(solution.recipe)),
                kind=job.kind,
                lines=lines.get((solution.name, job.name)),
                themed=f"{solution.name}/{job.name}" in themed,
            )


def _lines(ran: Ran, kind: str) -> int | None:
    """Return the lines of all jobs of a kind that were scored, None where those of one are not known."""
    lines = _lines_of(ran)
    scored = [
        lines.get((solution.name, job.name))
        for solution in ran.solutions
        for job in solution.jobs
        if job.kind == kind and job.status == "SUCCEEDED"
    ]
    return None if None in scored else sum(each for each in scored if each is not None)


def _lines_of(ran: Ran) -> dict[tuple[str, str], int]:
    """Return the lines of each batch input by solution and job."""
    by_prefix = {each.prefix: each.lines for each in ran.batch_inputs}
    names = [(solution.name, job.name) for solution in ran.solutions for job in solution.jobs]
    prefixes = {name: layout.BATCH_INPUT.key(run=ran.run, solution=name[0], job=name[1]) for name in names}
    return {name: by_prefix[prefix] for name, prefix in prefixes.items() if prefix in by_prefix}
