"""Charges times rates: what is known of a bill, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from pricing.reckoning.rates import ITEMS, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pricing.reckoning.charges import Charge
    from pricing.reckoning.rates import Rates

_CENT, _HUNDREDTH = Decimal("0.01"), Decimal("0.0001")


@dataclass(frozen=True)
class Line:
    """A charge with what it comes to in USD, None where quantity or price is not known."""

    charge: Charge
    usd: Decimal | None
    reckoned: str


@dataclass(frozen=True)
class Estimate:
    """Some lines together."""

    lines: tuple[Line, ...]

    @property
    def usd(self) -> Decimal:
        """What is known of it."""
        return sum((line.usd for line in self.lines if line.usd is not None), Decimal(0))

    @property
    def unknown(self) -> list[Line]:
        """Lines of which it is not known what they come to."""
        return [line for line in self.lines if line.usd is None]

    @property
    def dearest(self) -> Line | None:
        """The line that comes to most, None where nothing is known."""
        known = [line for line in self.lines if line.usd is not None]
        return max(known, key=lambda line: line.usd or 0) if known else None


def dearest(alternatives: Sequence[Sequence[Charge]], rates: Rates) -> Sequence[Charge]:
    """Return those of several charges for the same that come to most; of equal or unknown ones the first."""
    return max(alternatives, key=lambda charges: estimate(charges, rates).usd)


def estimate(charges: Iterable[Charge], rates: Rates) -> Estimate:
    """Return what charges come to.

    Args:
        charges: quantities of a run or of a month; steps of rates count each charge by itself.
        rates: of the region.
    """
    return Estimate(tuple(_line(charge, rates) for charge in charges))


def _line(charge: Charge, rates: Rates) -> Line:
    item, rate = ITEMS[charge.item], rates.get(charge.item, UNKNOWN)
    usd = None if charge.quantity is None else rate.amount(charge.quantity, item.per)
    price = f"{_plain(rate.usd)} per {item.told}" if rate.usd is not None else f"price per {item.told} is not known"
    return Line(charge, usd, f"{charge.told}; {price}")


def money(usd: Decimal) -> str:
    """Return an amount for people: to the cent, and below one dollar to a hundredth of it."""
    places = _HUNDREDTH if usd < 1 else _CENT
    rounded = usd.quantize(places, ROUND_HALF_UP)
    return f"{rounded:,f}" if rounded or not usd else f"less than {_HUNDREDTH}"


def _plain(usd: Decimal) -> str:
    return format(usd.normalize(), "f")
