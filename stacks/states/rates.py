"""The prices that there are when a pipeline is deployed, as functions are given them."""

from __future__ import annotations

from typing import Any

from pricing.tables.load import price_table


def rates() -> dict[str, Any]:
    """Return rates by region and item."""
    table, _ = price_table()
    return {
        region: {
            item: rate.model_dump(mode="json", exclude_defaults=True) for item, rate in table.rates(region).items()
        }
        for region in sorted(table.regions)
    }
