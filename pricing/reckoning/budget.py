"""What a run may cost, and what the data of one will come to: the part of a bill that is known before the import.

The transform has run by then and is not counted; neither is what is billed by the hour, whatever a run does.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from definition.document import Contract
from pricing.reckoning.charges import (
    import_charge,
    job_charges,
    recipe_name,
    trained_name,
    training_charge,
    whole_delivery,
)
from pricing.reckoning.estimate import dearest, estimate, money
from pricing.reckoning.rates import ItemName, Rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pricing.reckoning.charges import Charge
    from pricing.reckoning.estimate import Estimate, Line
    from pricing.reckoning.rates import Rates


class JobToPay(Contract):
    """A batch job of a run.

    Attributes:
        name: its name in the pipeline file.
        prefix: where its input lies.
        all_users: whether it scores every user there is.
        themed: whether it asks for themes.
        delivered: results of each list that is written to DynamoDB; 0: none is.
    """

    name: str
    kind: Literal["inference", "segment"]
    prefix: str
    all_users: bool
    themed: bool
    delivered: int = 0


class SolutionToPay(Contract):
    """A solution of a run.

    Attributes:
        name: its name in the pipeline file.
        recipe: its recipe, or its ARN.
        recipes: those that are trained and compared; empty where there is one.
        trains: whether the run may train a version; one that nothing new makes needless counts all the same.
    """

    name: str
    recipe: str
    recipes: list[str] = Field(default=[])
    trains: bool
    jobs: list[JobToPay]


class Budget(Contract):
    """What a run may cost, and how that is reckoned.

    Attributes:
        usd: the most, from the pipeline file.
        region: of the pipeline.
        rates: the prices that were there when the pipeline was deployed, by region.
        imports: whether the run imports.
        solutions: what it trains and scores.
    """

    usd: Decimal
    region: str
    rates: dict[str, dict[ItemName, Rate]]
    imports: bool
    solutions: list[SolutionToPay]


class PartCost(Contract):
    """A part of a run: what it comes to in USD, None where that is not known, and how it is reckoned."""

    part: str
    usd: Decimal | None
    reckoned: str


class RunCost(Contract):
    """What a run was reckoned to cost before its import.

    Attributes:
        usd: what is known of it.
        max_cost: what it may cost, by the pipeline file.
        refused: whether it is refused for that.
        parts: imports, trainings and batch jobs; those that are not known are no part of usd.
    """

    usd: Decimal
    max_cost: Decimal
    refused: bool
    parts: list[PartCost] = Field(default=[])


class Verdict(Contract):
    """What is to be said of the cost of a run.

    Attributes:
        cost: the numbers.
        refusals: why the run is refused, none if it is not.
        warnings: what nobody knows of it.
    """

    cost: RunCost
    refusals: list[str]
    warnings: list[str]


def verdict(
    budget: Budget, *, imports: Mapping[str, int | None], interactions: int | None, lines: Mapping[str, int]
) -> Verdict:
    """Return whether a run may go on to its import.

    Args:
        budget: what it may cost.
        imports: bytes of each dataset that is to be imported.
        interactions: records of the interactions dataset.
        lines: of each batch input, by its prefix.
    """
    rates = budget.rates.get(budget.region, {})
    charges = [import_charge(name, size) for name, size in imports.items()] if budget.imports else []
    for solution in budget.solutions:
        charges += _of_solution(solution, interactions, lines, rates)
    reckoned = estimate(charges, rates)
    refused = reckoned.usd > budget.usd
    parts = [PartCost(part=line.charge.part, usd=line.usd, reckoned=line.reckoned) for line in reckoned.lines]
    cost = RunCost(usd=reckoned.usd, max_cost=budget.usd, refused=refused, parts=parts)
    return Verdict(
        cost=cost,
        refusals=[_refusal(budget, reckoned)] if refused else [],
        warnings=[] if refused or not reckoned.unknown else [_warning(budget, reckoned)],
    )


def _of_solution(
    solution: SolutionToPay, interactions: int | None, lines: Mapping[str, int], rates: Rates
) -> Iterator[Charge]:
    recipes = [recipe_name(each) for each in solution.recipes or [solution.recipe]]
    if solution.trains:
        for recipe in recipes:
            name = trained_name(solution.name, recipe, recipes)
            yield training_charge(name, recipe, interactions=interactions, hours=None)
    for job in solution.jobs:
        known = lines.get(job.prefix)
        yield from dearest(
            [
                job_charges(solution.name, job.name, recipe, kind=job.kind, lines=known, themed=job.themed)
                for recipe in recipes
            ],
            rates,
        )
        if job.delivered:
            yield whole_delivery(solution.name, job.name, lists=known, num_results=job.delivered)


def _refusal(budget: Budget, reckoned: Estimate) -> str:
    dearest = reckoned.dearest
    assert dearest is not None and dearest.usd is not None, "what is known is more than the budget"  # noqa: PT018  # one fact
    at_least = "at least " if reckoned.unknown else ""
    return (
        f"the run would cost {at_least}{money(reckoned.usd)} USD, more than the {money(budget.usd)} USD of max_cost: "
        f"{dearest.charge.part} alone {money(dearest.usd)} ({dearest.reckoned}). {_lever(budget, dearest)}"
        f"{_missing(reckoned)}"
    )


def _lever(budget: Budget, dearest: Line) -> str:
    """Return what makes the dearest part cheaper."""
    group, part = dearest.charge.group, dearest.charge.part
    if group == "training":
        return "Keep fewer interactions (keep), or train less often"
    if group == "import":
        return "import_mode: incremental imports only what is new"
    if group == "delivery":
        return "Lower num_results, or leave deliver out"
    for_all = {f"{of.name}/{job.name}" for of in budget.solutions for job in of.jobs if job.all_users}
    return (
        f"users: {{active: 30d}} in {part} scores only who was there lately"
        if part in for_all
        else f"Let {part} score less, or less often"
    )


def _missing(reckoned: Estimate) -> str:
    if not reckoned.unknown:
        return ""
    return f". Not known, and not in the sum: {_named(reckoned)}"


def _warning(budget: Budget, reckoned: Estimate) -> str:
    if budget.region not in budget.rates:
        return (
            f"max_cost was not checked: the table of prices has none of {budget.region}. Read them with "
            f"pipelines prices --refresh --region {budget.region}, and deploy again."
        )
    return (
        f"max_cost was checked against {money(reckoned.usd)} of {money(budget.usd)} USD, which is what is known. "
        f"Nobody knows what these come to: {_named(reckoned)}."
    )


def _named(reckoned: Estimate) -> str:
    return ", ".join(f"{line.charge.part} ({line.reckoned})" for line in reckoned.unknown)
