"""Say what a pipeline costs, as tables or as JSON."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import typer

from cli.account import told
from cli.cost.answer import Answer
from cli.cost.numbers import find_numbers
from cli.cost.region import chosen_prices
from cli.cost.show import show
from cli.terminal import Terminal
from cli.view import View
from pricing.forecast.forecast import forecast
from pricing.forecast.month import runs_a_month
from pricing.forecast.spent import used_by
from pricing.reckoning.estimate import estimate

if TYPE_CHECKING:
    from pathlib import Path

    from cli.cost.numbers import Numbers
    from definition.file.pipeline import Pipeline


@dataclass(frozen=True)
class Wishes:
    """What the command line says besides numbers."""

    region: str | None
    prices: Path | None
    runs: int | None
    as_json: bool


def tell_cost(pipeline: Pipeline, numbers: Numbers, wishes: Wishes) -> None:
    """Print what a pipeline costs; JSON alone goes to standard output where that is wished for."""
    view = View(console=Terminal(stderr=True)) if wishes.as_json else View()
    with told(view):
        chosen = chosen_prices(wishes.prices, wishes.region)
        found = find_numbers(pipeline, numbers, view)
        reckoned = forecast(pipeline, found.counts, chosen.rates, runs=_runs(pipeline, wishes.runs))
        spent = None
        if found.manifest:
            spent = estimate(used_by(pipeline, found.manifest, real_hours=True), chosen.rates)
        answer = Answer(pipeline, chosen, found, reckoned, spent)
        if wishes.as_json:
            typer.echo(json.dumps(answer.document(), indent=2, ensure_ascii=False))
        else:
            show(view, answer)
        for remark in answer.remarks:
            view.look(remark)


def _runs(pipeline: Pipeline, given: int | None) -> Fraction | None:
    if given is not None:
        return Fraction(given)
    if pipeline.schedule is None:
        return None
    return runs_a_month(pipeline.schedule.expression, since=dt.datetime.now(dt.UTC).date())
