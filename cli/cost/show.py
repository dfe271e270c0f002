"""What a pipeline costs, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from cli.folders import relative
from cli.tables import FittedTable
from pricing.forecast.forecast import ASSUMPTIONS
from pricing.forecast.month import decimal
from pricing.reckoning.estimate import money

if TYPE_CHECKING:
    from decimal import Decimal

    from cli.cost.answer import Answer
    from cli.view import View
    from pricing.forecast.forecast import Forecast
    from pricing.reckoning.estimate import Estimate, Line

UNKNOWN = "unknown"


def show(view: View, answer: Answer) -> None:
    """Print a run, a month, what a run has used, what would make it cheaper, and what is assumed."""
    reckoned, chosen = answer.reckoned, answer.chosen
    title = f"A run of {answer.pipeline.name} ({answer.found.counts.source})"
    view.console.print(_table(title, reckoned.run.lines, reckoned.run.usd))
    view.console.print(_month(reckoned))
    if answer.spent:
        view.line(f"That run itself used {sentence(answer.spent)}")
    for lever in reckoned.levers:
        view.line(f"Cheaper: {lever}")
    view.line(f"Prices: USD of {chosen.region}, {relative(chosen.file)}, the newest of {chosen.table.newest}.")
    for assumed in ASSUMPTIONS:
        view.line(f"Assumed: {assumed}")


def sentence(reckoned: Estimate) -> str:
    """Return what an estimate comes to in words: what is known, and what is not."""
    unknown = [line.charge.part for line in reckoned.unknown]
    known = money(reckoned.usd)
    told = f"{known} USD" if known.startswith("less") else f"about {known} USD"
    return f"{told}, and what is unknown: {', '.join(unknown)}." if unknown else f"{told}."


def _table(title: str, lines: tuple[Line, ...], usd: Decimal) -> FittedTable:
    table = FittedTable(escape(title)).text("part").figures("USD").text("reckoned")
    for line in lines:
        table.add_row(escape(line.charge.part), _usd(line), escape(line.reckoned))
    table.add_section()
    missing = sum(line.usd is None for line in lines)
    table.add_row("what is known" if missing else "together", money(usd), _missing(missing))
    return table


def _month(reckoned: Forecast) -> FittedTable:
    table = FittedTable("A month of 730 hours").text("part").figures("USD").text("reckoned")
    if reckoned.runs is None:
        table.add_row("runs", UNKNOWN, "the file has no schedule: give --runs")
    else:
        runs = decimal(reckoned.runs)
        told = f"{float(runs):,.2f} runs of {money(reckoned.run.usd)}"
        table.add_row("runs", money(reckoned.run.usd * runs), told)
    for line in reckoned.standing.lines:
        table.add_row(escape(line.charge.part), _usd(line), escape(line.reckoned))
    table.add_section()
    missing = len(reckoned.run.unknown) + len(reckoned.standing.unknown) + (reckoned.runs is None)
    whole = reckoned.standing.usd if reckoned.month is None else reckoned.month
    table.add_row("what is known" if missing else "together", money(whole), _missing(missing))
    return table


def _usd(line: Line) -> str:
    return f"[yellow]{UNKNOWN}[/yellow]" if line.usd is None else money(line.usd)


def _missing(count: int) -> str:
    if not count:
        return ""
    return f"and {count} {'part' if count == 1 else 'parts'} of which it is not known what they cost"
