"""Show the table of prices, and read AWS's own."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from cli.account import session, told
from cli.cost.region import chosen_prices, table_of, wanted_region
from cli.errors import CommandError
from cli.tables import FittedTable
from cli.view import View
from pricing.reckoning.rates import ITEMS
from pricing.tables.load import OWN
from pricing.tables.page import told as price_in_words
from pricing.tables.price_list import API_REGION, refresh

if TYPE_CHECKING:
    from pathlib import Path

    from pricing.reckoning.rates import ItemName
    from pricing.tables.price_list import Refreshed
    from pricing.tables.table import Price


def show_prices(file: Path | None, region: str | None, *, as_json: bool) -> None:
    """Show the prices of a region, or print the whole table as JSON."""
    view = View()
    with told(view):
        if as_json:
            typer.echo(table_of(file)[0].model_dump_json(indent=2))
            return
        chosen = chosen_prices(file, region)
        if chosen.remark:
            view.look(chosen.remark)
        view.console.print(_table(f"USD in {chosen.region}, from {chosen.file}", chosen.table.regions[chosen.region]))


def refresh_prices(file: Path | None, region: str | None, out: Path | None) -> None:
    """Read the Price List API and write the user's table with what could be matched."""
    view, wanted, target = View(), wanted_region(region), out or OWN
    with told(view):
        table, _ = table_of(file)
        with view.phase("Price List API"):
            pricing = session().client("pricing", region_name=API_REGION)
            found = refresh(pricing, table, wanted, today=dt.datetime.now(dt.UTC).date())
        write_refreshed(view, found, wanted, target)


def write_refreshed(view: View, found: Refreshed, region: str, target: Path) -> None:
    """Show what came of a look at the price list, and write the table.

    Raises:
        CommandError: nothing was matched, so there is nothing to write.
    """
    _tell(view, found, region)
    if not found.matched:
        raise CommandError(
            f"no price of {region} was matched beyond doubt: {target} is not written",
            remedy="Look at what was not matched, and write prices into a table by hand: docs/cost.md",
        )
    target.write_text(found.table.model_dump_json(indent=2) + "\n", "utf-8")
    view.line(f"Written to {target}")


def _tell(view: View, found: Refreshed, region: str) -> None:
    prices = found.table.regions[region]
    matched = {item: prices[item] for item in found.matched}
    view.console.print(_table(f"USD in {region}, from the AWS Price List API", matched))
    if found.unmatched:
        table = FittedTable("Not matched: look at these, and write what you know by hand").text("what", "why")
        for each in found.unmatched:
            table.add_row(escape(each.what), escape(each.why))
        view.console.print(table)


def _table(title: str, prices: dict[ItemName, Price]) -> FittedTable:
    table = FittedTable(title).text("item").figures("USD").text("per", "grade").ids("of").text("source")
    for item, about in ITEMS.items():
        price = prices.get(item)
        if price:
            cells = (price_in_words(price), about.told, price.grade, f"{price.date}", escape(price.source))
            table.add_row(about.label, *cells)
    return table
