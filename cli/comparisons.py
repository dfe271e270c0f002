"""How recipes compared, on the terminal: a table for each solution that has several, and which one was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from cli.tables import FittedTable
from pricing.reckoning.charges import recipe_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from definition.contract.manifest import CandidateResult, Comparison, Manifest


def comparisons(manifest: Manifest, labels: Mapping[str, str]) -> Iterator[tuple[FittedTable, str]]:
    """Yield, for each solution whose recipes were compared, a table and a sentence about what came of it.

    Args:
        manifest: of the run.
        labels: of metrics, by their keys, in the order of their columns; the others come behind under their keys.
    """
    for solution in manifest.solutions:
        if solution.best_of is not None:
            yield (
                _table(solution.name, solution.best_of, solution.version_arn, labels),
                (f"{solution.name}: {solution.best_of.told}"),
            )


def _table(name: str, compared: Comparison, chosen: str | None, labels: Mapping[str, str]) -> FittedTable:
    table = FittedTable(f"Recipes of {escape(name)}, compared by {escape(compared.by)}").ids("recipe")
    known = {key for each in compared.candidates for key in each.metrics}
    first = [compared.by, *(key for key in labels if key != compared.by)]
    shown = [key for key in first if key in known or key == compared.by]
    table.figures(*(labels.get(key, key) for key in shown), "hours")
    for each in compared.candidates:
        style = "bold" if each.version_arn is not None and each.version_arn == chosen else None
        table.add_row(*_cells(each, shown), style=style)
    return table


def _cells(each: CandidateResult, shown: list[str]) -> list[str]:
    figures = [f"{each.metrics[key]:.4f}" if key in each.metrics else "-" for key in shown]
    hours = "failed" if each.failure else "-" if each.training_hours is None else f"{each.training_hours:.2f}"
    return [escape(recipe_name(each.recipe)), *figures, hours]
