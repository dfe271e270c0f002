"""Which table of prices counts, and of which region."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cli.errors import CommandError
from pricing.tables.load import DEFAULT_REGION, PricesError, price_table

if TYPE_CHECKING:
    from pathlib import Path

    from pricing.reckoning.rates import Rates
    from pricing.tables.table import PriceTable


class Chosen(NamedTuple):
    """Prices that count.

    Attributes:
        table: the table.
        file: where it is.
        region: whose prices are taken.
        wanted: whose prices are wanted; another where the table has none of it.
    """

    table: PriceTable
    file: Path
    region: str
    wanted: str

    @property
    def rates(self) -> Rates:
        """The rates that are taken."""
        return self.table.rates(self.region)

    @property
    def remark(self) -> str | None:
        """What to know about the region, None where it is the one that is wanted."""
        if self.region == self.wanted:
            return None
        return (
            f"There are no prices of {self.wanted} here: those of {self.region} stand in, and AWS may bill others. "
            f"Read them: pipelines prices --refresh --region {self.wanted}"
        )


def wanted_region(given: str | None) -> str:
    """Return the region that is meant."""
    return given or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def table_of(file: Path | None) -> tuple[PriceTable, Path]:
    """Return the table that counts, and its file.

    Raises:
        CommandError: it cannot be used.
    """
    try:
        return price_table(file)
    except PricesError as error:
        raise CommandError(str(error), remedy=error.remedy) from error


def chosen_prices(file: Path | None, region: str | None) -> Chosen:
    """Return the prices that count; those of us-east-1 where the environment's region has none.

    Raises:
        CommandError: the table cannot be used, or has nothing of a region that was asked for.
    """
    table, found = table_of(file)
    wanted = wanted_region(region)
    if wanted in table.regions:
        return Chosen(table, found, wanted, wanted)
    if region is not None or DEFAULT_REGION not in table.regions:
        raise CommandError(
            f"{found} has no prices of {wanted}, only of {', '.join(sorted(table.regions))}",
            remedy=f"Read them: pipelines prices --refresh --region {wanted}, or write them into a file for --prices",
        )
    return Chosen(table, found, DEFAULT_REGION, wanted)
