"""What a run really used, and what that comes to."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import Field

from definition.document import Contract
from pricing.reckoning.estimate import estimate
from pricing.reckoning.rates import ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pricing.reckoning.charges import Charge
    from pricing.reckoning.rates import Rates


class UsedPart(Contract):
    """A part of what a run used.

    Attributes:
        part: what it was for.
        quantity: units of it, None where that is not known.
        unit: what those are.
        usd: what they come to, None where quantity or price is not known.
        reckoned: both in words.
    """

    part: str
    quantity: Decimal | None
    unit: str
    usd: Decimal | None
    reckoned: str


class RunUsage(Contract):
    """What a run used.

    Attributes:
        region: whose prices are taken.
        usd: what is known of it, None where nothing has a price.
        rows_imported: records that Personalize was given; as the next three None where that is not known.
        training_hours: as the service reports them, of the versions that the run trained.
        lines_scored: lines of the inputs of batch inference jobs whose output was published.
        segment_lines: likewise, of batch segment jobs.
        parts: what is billed.
        unknown: sentences about what the run may have used besides, which nothing tells.
    """

    region: str
    usd: Decimal | None
    rows_imported: int | None
    training_hours: float | None
    lines_scored: int | None
    segment_lines: int | None
    parts: list[UsedPart]
    unknown: list[str] = Field(default=[])


def priced(charges: Iterable[Charge], rates: Rates) -> tuple[Decimal | None, list[UsedPart]]:
    """Return what charges come to, None where not one of them is known, and each of them."""
    lines = estimate(charges, rates).lines
    known = [line.usd for line in lines if line.usd is not None]
    parts = [
        UsedPart(
            part=line.charge.part,
            quantity=line.charge.quantity,
            unit=ITEMS[line.charge.item].unit,
            usd=line.usd,
            reckoned=line.reckoned,
        )
        for line in lines
    ]
    return (sum(known, Decimal(0)) if known else None), parts
