"""The recipes' quality beside published figures, and their speed beside the bare numeric libraries."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bench import recommend_quality
from bench.process import run

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 5
_SMALL = 1_000_000
SIZES = (
    (100_000, 943, 1_682),
    (1_000_000, 6_040, 3_706),
    (3_000_000, 30_000, 20_000),
    (10_000_000, 100_000, 50_000),
)
"""Interactions, users and items: the first two have the shapes of MovieLens 100K and 1M."""


def main(movielens: Path | None, most: int) -> None:
    """Print the tables of quality, if there is data for them, and of growth up to `most` interactions."""
    console = Console(width=120)
    if movielens is None:
        console.print("No --movielens: the tables of quality are left out.")
    else:
        for table in recommend_quality.tables(movielens):
            console.print(table)
    console.print(_growth(most))


def _growth(most: int) -> Table:
    table = Table(title="User-Personalization-v2 on synthetic events, top 25 for every user; each a process of its own")
    for column in ("events", "users", "items", "fit s", "refit s", "answer s", "peak MB", "bare s", "x bare"):
        table.add_column(column, justify="right")
    for size in SIZES:
        if size[0] > most:
            continue
        numbers = [str(number) for number in size]
        rounds = ROUNDS if size[0] <= _SMALL else 1
        figures = [_once(numbers) for _ in range(rounds)]
        fit, refit, answer, peak, bare, ratio = map(statistics.median, zip(*figures, strict=True))
        shown = [f"{number:,}" for number in size] + [f"{value:.1f}" for value in (fit, refit, answer)]
        table.add_row(*shown, f"{peak:.0f}", f"{bare:.1f}", f"{ratio:.2f}")
    table.caption = (
        "fit chooses the weights on held back events and then learns from all; refit learns only. bare: numpy and "
        "scipy called directly, the same weights, learning and answering; x bare: refit and answer beside it, each in "
        f"turn; medians of {ROUNDS} rounds up to {_SMALL:,} events, one round beyond."
    )
    return table


def _once(numbers: list[str]) -> tuple[float, ...]:
    """Return seconds of fit, refit and answer, peak MB, and the bare seconds with the ratio to them."""
    printed, _, _, peak = run("bench.recommend_ours", *numbers)
    *seconds, weights = printed.split()
    fit, refit, answer = map(float, seconds)
    bare = sum(map(float, run("bench.recommend_bare", *numbers, weights)[0].split()))
    return fit, refit, answer, peak, bare, (refit + answer) / bare
