"""The table of prices: by region and item, each row with the day, the grade and the source of its price.

A user's table has the same form as the bundled one, prices.json beside this module; docs/prices.schema.json describes
it, and `pipelines schema prices` prints that.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from definition.document import Contract
from pricing.reckoning.rates import ItemName, Rate, Rates

Grade = Literal["price list", "own", "secondary", "unknown"]
"""Where a price comes from: AWS's Price List API, the user's own bill or contract, what others wrote, nowhere."""


class Price(Rate):
    """A price with where it comes from."""

    date: dt.date = Field(description="when it was looked up")
    grade: Grade = Field(
        description="price list: AWS's Price List API. own: a bill or a contract. secondary: what others wrote. "
        "unknown: nobody says"
    )
    source: str = Field(min_length=1, description="where it comes from, for people")

    @model_validator(mode="after")
    def _honest(self) -> Self:
        if (self.usd is None) != (self.grade == "unknown"):
            raise ValueError("a price that is null is unknown, and no other is; give usd, or grade: unknown")
        return self


class PriceTable(Contract):
    """Prices by region and item; what is missing is not known."""

    currency: Literal["USD"]
    regions: dict[str, dict[ItemName, Price]] = Field(min_length=1)

    @property
    def newest(self) -> dt.date | None:
        """The day of the newest price, None without any."""
        return max((price.date for prices in self.regions.values() for price in prices.values()), default=None)

    def rates(self, region: str) -> Rates:
        """Return the rates of a region, none if the table has nothing of it."""
        prices = self.regions.get(region, {})
        return {item: Rate(usd=price.usd, then=price.then) for item, price in prices.items()}

    def with_prices(self, region: str, prices: dict[ItemName, Price]) -> PriceTable:
        """Return the table with some prices of a region replaced."""
        merged = {**self.regions.get(region, {}), **prices}
        return self.model_copy(update={"regions": {**self.regions, region: merged}})


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of tables of prices."""
    described = PriceTable.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
