"""What a pipeline costs: each run, each month, and what would make it cheaper."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from definition.file.solutions import BatchInferenceJob
from pricing.forecast.month import DAYS_OF_YEAR, HOURS, MONTHS, decimal
from pricing.reckoning.charges import (
    campaign_charges,
    import_charge,
    job_charges,
    recommender_charges,
    trained_name,
    training_charge,
    transform_charge,
    whole_delivery,
)
from pricing.reckoning.estimate import dearest, estimate, money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from definition.file.pipeline import Pipeline
    from definition.file.solutions import BatchSegmentJob, Solution
    from pricing.forecast.counts import Counts
    from pricing.reckoning.charges import Charge
    from pricing.reckoning.estimate import Estimate
    from pricing.reckoning.rates import Rates

ACTIVE_DAYS = 30
"""Days of the lever ``users: {active: 30d}``."""

ASSUMPTIONS = (
    (
        "Every run imports every dataset whole, trains every solution with all of its recipes, and scores every job "
        "once; where recipes are compared, by the one that is dearest to score with."
    ),
    (
        "Training of v2 recipes is billed by all records of the interactions dataset, before event_type and "
        "thresholds; events that were streamed count too, for import and training, and are not in these numbers."
    ),
    "A campaign or recommender is there all month, and nobody asks more than what it keeps ready.",
    "No free tier, no taxes, no discounts.",
    (
        "A delivery to DynamoDB writes every list, of ids of 30 characters; one that finds lists as they were costs "
        "less. Its storage, its backups and its readers are not in these numbers."
    ),
    (
        "Not reckoned: storage and requests of S3, states of Step Functions, the other functions, logs, messages, "
        "which come to cents; Athena, and what CloudWatch bills for the metrics of a metric attribution."
    ),
)


@dataclass(frozen=True)
class Forecast:
    """What a pipeline costs.

    Attributes:
        run: of one run.
        standing: of a month, whether there are runs or not.
        runs: runs a month, None where nobody says.
        levers: sentences about what would make it cheaper, the one that saves most first.
    """

    run: Estimate
    standing: Estimate
    runs: Fraction | None
    levers: tuple[str, ...]

    @property
    def month(self) -> Decimal | None:
        """What is known of a month; None where nobody says how many runs it has."""
        return None if self.runs is None else self.run.usd * decimal(self.runs) + self.standing.usd


def forecast(pipeline: Pipeline, counts: Counts, rates: Rates, *, runs: Fraction | None) -> Forecast:
    """Return what a pipeline costs.

    Args:
        pipeline: the pipeline file.
        counts: numbers of its data.
        rates: of the region.
        runs: runs a month, None where nobody says.
    """
    run = estimate(run_charges(pipeline, counts, rates), rates)
    standing = estimate(_standing(pipeline, counts, rates), rates)
    return Forecast(run, standing, runs, tuple(_levers(pipeline, counts, rates)))


def run_charges(pipeline: Pipeline, counts: Counts, rates: Rates) -> list[Charge]:
    """Return the charges of a run that does all that the file asks for; of compared recipes the dearest is the best."""
    charges = [transform_charge(counts.engine, raw_bytes=counts.raw_bytes, workers=pipeline.workers)]
    charges += [import_charge(name, size.bytes, why=size.why) for name, size in counts.imports.items()]
    for solution in pipeline.solutions:
        if solution.auto_training is None:
            charges += _trainings(solution, counts)
        for job in solution.jobs:
            lines = counts.lines.get((solution.name, job.name))
            charges += _scoring(solution, job, lines, rates)
            if job.deliver:
                charges.append(whole_delivery(solution.name, job.name, lists=lines, num_results=job.num_results))
    return charges


def _trainings(solution: Solution, counts: Counts) -> list[Charge]:
    """Return the charge of a training with each recipe."""
    names = [(recipe, trained_name(solution.name, recipe, solution.recipes)) for recipe in solution.recipes]
    return [
        training_charge(name, recipe, interactions=counts.interactions, hours=counts.hours.get(name))
        for recipe, name in names
    ]


def _scoring(
    solution: Solution, job: BatchInferenceJob | BatchSegmentJob, lines: int | None, rates: Rates
) -> Sequence[Charge]:
    inference = isinstance(job, BatchInferenceJob)
    kind = "inference" if inference else "segment"
    themed = isinstance(job, BatchInferenceJob) and job.themes_from is not None
    return dearest(
        [
            job_charges(solution.name, job.name, recipe, kind=kind, lines=lines, themed=themed)
            for recipe in solution.recipes
        ],
        rates,
    )


def _standing(pipeline: Pipeline, counts: Counts, rates: Rates) -> Iterator[Charge]:
    hours = Decimal(HOURS)
    for solution in pipeline.solutions:
        if solution.campaign:
            tps, metadata = solution.campaign.min_provisioned_tps, solution.campaign.metadata
            yield from dearest(
                [
                    campaign_charges(solution.name, recipe, tps=tps, hours=hours, metadata=metadata)
                    for recipe in solution.recipes
                ],
                rates,
            )
        if solution.auto_training:
            yield _automatic(solution, counts)
    for each in pipeline.recommenders:
        yield from recommender_charges(
            each.name,
            users=counts.users,
            requests_per_second=each.min_requests_per_second,
            hours=hours,
            metadata=each.metadata,
        )


def _automatic(solution: Solution, counts: Counts) -> Charge:
    """Return the charge of a month of trainings that the service begins by itself."""
    assert solution.auto_training is not None, "the caller has looked"
    days = solution.auto_training.every.days
    (once,) = _trainings(solution, counts)
    times = decimal(Fraction(DAYS_OF_YEAR, MONTHS * days))
    quantity = None if once.quantity is None else once.quantity * times
    told = f"{once.told}, every {days} days"
    return type(once)(f"automatic {once.part}", once.group, once.item, quantity, told)


def _levers(pipeline: Pipeline, counts: Counts, rates: Rates) -> Iterator[str]:
    saved = [*_fewer_users(pipeline, counts, rates), *_skipped_trainings(pipeline, counts, rates)]
    yield from (told for _, told in sorted(saved, key=lambda each: -each[0]))
    if any(solution.campaign for solution in pipeline.solutions) or pipeline.recommenders:
        yield "Campaigns and recommenders are billed by the hour; batch jobs are not there when nobody needs them."


def _fewer_users(pipeline: Pipeline, counts: Counts, rates: Rates) -> Iterator[tuple[Decimal, str]]:
    for solution in pipeline.solutions:
        for job in solution.batch_inference:
            name = (solution.name, job.name)
            by_user = solution.kind.batch_input in {"user", "ranking"}
            if not by_user or job.users not in {None, "all"}:
                continue
            told = f"users: {{active: {ACTIVE_DAYS}d}} in {solution.name}/{job.name} scores only who was there lately"
            every, few = counts.lines.get(name), counts.active.get(name)
            whole, part = (estimate(_scoring(solution, job, lines, rates), rates) for lines in (every, few))
            if every is None or few is None:
                yield whole.usd, f"{told}."
            elif whole.unknown:
                yield Decimal(0), f"{told}: {few:,} of {every:,} users."
            else:
                yield (
                    whole.usd - part.usd,
                    f"{told}: {few:,} of {every:,} users, {money(whole.usd - part.usd)} USD less a run.",
                )


def _skipped_trainings(pipeline: Pipeline, counts: Counts, rates: Rates) -> Iterator[tuple[Decimal, str]]:
    for solution in pipeline.solutions:
        if solution.unchanged_data == "skip" or solution.auto_training or pipeline.event_tracker:
            continue
        once = estimate(_trainings(solution, counts), rates)
        less = "" if once.unknown else f": {money(once.usd)} USD less each time"
        yield once.usd, f"unchanged_data: skip in {solution.name} trains nothing where the data is as before{less}."
