"""The table of prices in docs/cost.md: ``python -m pricing.tables.page`` writes it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.pages import filled
from definition.paths import ROOT
from pricing.reckoning.rates import ITEMS
from pricing.tables.load import bundled

if TYPE_CHECKING:
    from pricing.tables.table import Price

PAGE = ROOT / "docs" / "cost.md"
_BEGIN = "<!-- From pricing/tables/prices.json, by python -m pricing.tables.page; a test compares it. -->\n"


def page(text: str) -> str:
    """Return the text of the page with the table as it is now.

    Raises:
        ValueError: the text has no place for it.
    """
    return filled(text, _BEGIN, _table())


def told(price: Price) -> str:
    """Return a price with its steps in words."""
    if price.usd is None:
        return "unknown"
    return "; ".join([f"{price.usd:f}", *(f"{step.usd:f} beyond {step.beyond:,}" for step in price.then)])


def _table() -> str:
    lines = ["| region | item | USD | per | grade | of | source |", "|---|---|---|---|---|---|---|"]
    for region, prices in bundled().regions.items():
        for item, about in ITEMS.items():
            price = prices[item]
            cells = (region, about.label, told(price), about.told, price.grade, f"{price.date}", price.source)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
