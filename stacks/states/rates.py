"""The prices that there are when a pipeline is deployed, as functions are given them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricing.tables.load import price_table

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline


def rates(pipeline: Pipeline) -> dict[str, Any]:
    """Return rates by region and item; those of deliveries only where there are any."""
    table, _ = price_table()
    return {
        region: {
            item: rate.model_dump(mode="json", exclude_defaults=True)
            for item, rate in table.rates(region).items()
            if item != "table_writes" or pipeline.delivers
        }
        for region in sorted(table.regions)
    }
