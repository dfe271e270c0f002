"""What of a pipeline is billed, and by how much of what: quantities, not prices.

Rules: https://docs.aws.amazon.com/personalize/latest/dg/campaigns.html for requests that are kept ready, and
https://aws.amazon.com/personalize/pricing/ for what each recipe is billed by.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from definition.service.dynamodb import BYTES_PER_UNIT
from definition.service.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pricing.reckoning.rates import ItemName

BYTES_PER_GB = 10**9
BYTES_PER_RESULT = 65
"""Bytes of a result in DynamoDB where ids are not known: one of 30, its name, a score, and what a map takes."""

BYTES_PER_RECORD = 100
"""Bytes of a record where only the number of records is given: two ids of 30, a time, an event type, and some."""

USERS_OF_RECOMMENDER = 100_000
"""Users that the first price of a recommender covers, and each further step."""

FUNCTION_GB = Decimal(1769) / 1000
FUNCTION_BYTES_PER_SECOND = Decimal(10**9) / 60
"""Raw bytes that the transform's function takes in a second (``definition.plan.capacity``)."""

_SECONDS_PER_HOUR = 3600

Group = Literal["import", "training", "scoring", "real time", "transform", "delivery"]


@dataclass(frozen=True)
class Charge:
    """One part of a bill.

    Attributes:
        part: what it is for, such as ``for-you/top25``.
        group: kind of work.
        item: what is billed.
        quantity: how many units; None where that cannot be known.
        told: the quantity in words, or why it is not known.
    """

    part: str
    group: Group
    item: ItemName
    quantity: Decimal | None
    told: str


def is_v2(recipe: str) -> bool:
    """Return whether a recipe is billed by interactions and requests, and not by training hours."""
    return recipe.endswith("-v2")


def recipe_name(arn: str) -> str:
    """Return the name of a recipe from its ARN, or itself."""
    return arn.rsplit("/", 1)[-1]


def trained_name(solution: str, recipe: str, recipes: Sequence[str]) -> str:
    """Return what a training is called by: the solution, and its recipe where it trains several.

    Args:
        solution: its name.
        recipe: the recipe that is trained, or its ARN.
        recipes: all that the solution trains.
    """
    return f"{solution} with {recipe_name(recipe)}" if len(recipes) > 1 else solution


def import_charge(dataset: str, size: int | None, *, why: str = "") -> Charge:
    """Return the charge of an import.

    Args:
        dataset: its name.
        size: bytes of its CSV, None where that is not known.
        why: what is assumed of the size, or why it is not known.
    """
    told = f"{size:,} bytes" if size is not None else "bytes are not known"
    quantity = None if size is None else Decimal(size) / BYTES_PER_GB
    return Charge(f"import of {dataset}", "import", "ingestion", quantity, f"{told}, {why}" if why else told)


def training_charge(solution: str, recipe: str, *, interactions: int | None, hours: Decimal | None) -> Charge:
    """Return the charge of one full training.

    Args:
        solution: its name.
        recipe: its recipe.
        interactions: records of the interactions dataset, before event types and thresholds are looked at.
        hours: training hours that a version took before, for recipes that are billed by them.
    """
    part = f"training of {solution}"
    if is_v2(recipe):
        told = "interactions are not known" if interactions is None else f"{interactions:,} interactions"
        return Charge(part, "training", "training_v2", _decimal(interactions), told)
    if hours is None:
        return Charge(part, "training", "training_hour", None, "training hours cannot be known before the first run")
    return Charge(part, "training", "training_hour", hours, f"{hours:,f} training hours, as the last version took")


def job_charges(solution: str, job: str, recipe: str, *, kind: str, lines: int | None, themed: bool) -> list[Charge]:
    """Return the charges of a batch job.

    Args:
        solution: name of its solution.
        job: its name.
        recipe: of the solution.
        kind: ``inference`` or ``segment``.
        lines: of its input, None where that is not known.
        themed: whether it asks for themes.
    """
    item: ItemName = "batch_segment" if kind == "segment" else "inference_v2" if is_v2(recipe) else "batch_inference"
    known = RECIPES.get(recipe)
    noun = {"user": "users", "item": "items", "ranking": "users"}.get((known and known.batch_input) or "", "lines")
    told = f"{noun} are not known" if lines is None else f"{lines:,} {noun}"
    part = f"{solution}/{job}"
    charges = [Charge(part, "scoring", item, _decimal(lines), told)]
    if themed:
        charges.append(Charge(f"themes of {part}", "scoring", "themes", _decimal(lines), told))
    return charges


def campaign_charges(solution: str, recipe: str, *, tps: int, hours: Decimal, metadata: bool) -> list[Charge]:
    """Return the charges of a campaign that nobody asks more than what it keeps ready.

    Args:
        solution: name of its solution.
        recipe: of the solution.
        tps: requests per second that are kept ready, and billed in any case.
        hours: how long it is there.
        metadata: whether answers can have columns of items.
    """
    requests = Decimal(tps * _SECONDS_PER_HOUR) * hours
    told = f"{tps} a second kept ready for {hours:,f} h: {requests:,f} requests"
    part = f"campaign of {solution}"
    charges = [Charge(part, "real time", "inference_v2" if is_v2(recipe) else "real_time", requests, told)]
    if metadata:
        charges.append(Charge(f"metadata of {part}", "real time", "metadata", None, "requests that ask for metadata"))
    return charges


def recommender_charges(
    name: str, *, users: int | None, requests_per_second: int, hours: Decimal, metadata: bool
) -> list[Charge]:
    """Return the charges of a recommender that nobody asks more than what its price covers.

    Args:
        name: its name.
        users: of the dataset group, None where that is not known.
        requests_per_second: that are kept ready; one is what a recommender has at least.
        hours: how long it is there.
        metadata: whether answers can have columns of items.
    """
    part = f"recommender {name}"
    charges = [Charge(part, "real time", "recommender_hour", hours, f"{hours:,f} h")]
    further = None if users is None else max(0, -(-(users - USERS_OF_RECOMMENDER) // USERS_OF_RECOMMENDER))
    if further is None or further:
        told = "users are not known" if further is None else f"{users:,} users: {further} further steps"
        quantity = None if further is None else further * hours
        charges.append(Charge(f"users of {part}", "real time", "recommender_users", quantity, told))
    if requests_per_second > 1:
        told = f"{requests_per_second} a second kept ready, and nobody says how many its price covers"
        charges.append(Charge(f"requests of {part}", "real time", "recommender_requests", None, told))
    if metadata:
        charges.append(Charge(f"metadata of {part}", "real time", "metadata", None, "requests that ask for metadata"))
    return charges


def transform_charge(engine: str, *, raw_bytes: int | None, workers: int) -> Charge:
    """Return the charge of the transform.

    Args:
        engine: ``lambda`` or ``glue``.
        raw_bytes: size of the raw data.
        workers: of the Spark job, one DPU each.
    """
    if engine == "glue":
        return Charge(
            "transform", "transform", "glue_hour", None, f"{workers} DPU; how long the Spark job takes is not known"
        )
    if raw_bytes is None:
        return Charge("transform", "transform", "lambda_duration", None, "raw bytes are not known")
    seconds = (raw_bytes / FUNCTION_BYTES_PER_SECOND).quantize(Decimal("0.001"))
    told = f"{raw_bytes:,} raw bytes, about {seconds:,f} s at {FUNCTION_GB} GB"
    return Charge("transform", "transform", "lambda_duration", seconds * FUNCTION_GB, told)


def delivery_charge(solution: str, job: str, *, units: int | None, told: str) -> Charge:
    """Return the charge of writing the lists of a job to DynamoDB.

    Args:
        solution: name of its solution.
        job: its name.
        units: write request units, one for each kilobyte of a list begun; None where that is not known.
        told: how that is known, or why it is not.
    """
    return Charge(f"delivery of {solution}/{job}", "delivery", "table_writes", _decimal(units), told)


def whole_delivery(solution: str, job: str, *, lists: int | None, num_results: int) -> Charge:
    """Return the charge of a delivery that writes every list, which is the most that one of that many can write.

    Args:
        solution: name of its solution.
        job: its name.
        lists: how many there are, None where that is not known.
        num_results: that each has.
    """
    kilobytes = -(-num_results * BYTES_PER_RESULT // BYTES_PER_UNIT)
    if lists is None:
        return delivery_charge(solution, job, units=None, told="lists are not known")
    told = f"{lists:,} lists of about {kilobytes:,} KB, if all of them change"
    return delivery_charge(solution, job, units=lists * kilobytes, told=told)


def _decimal(count: int | None) -> Decimal | None:
    return None if count is None else Decimal(count)
