"""What a run has cost, at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import results
from cli.cost.region import chosen_prices
from cli.cost.show import sentence
from cli.errors import CommandError
from cli.folders import relative
from definition import layout
from definition.contract.manifest import Manifest, UnreadableDocumentError
from pricing.forecast.spent import used_by
from pricing.reckoning.estimate import estimate

if TYPE_CHECKING:
    from pathlib import Path

    from cli.view import View
    from definition.file.pipeline import Pipeline


def tell_spent(pipeline: Pipeline, file: Path, folder: Path, view: View, *, embedded: bool) -> None:
    """Print what a run has cost by its manifest; nothing of a run without one.

    Args:
        pipeline: whose run it was.
        file: its file.
        folder: where its objects were brought to.
        view: the terminal.
        embedded: whether it ran on this machine, where it would have cost nothing: an account would bill it.
    """
    try:
        manifest = results.document(Manifest, folder, layout.MANIFEST)
        chosen = chosen_prices(None, None)
    except UnreadableDocumentError:
        return  # it was told with the results, and spoils no run
    except CommandError as error:
        view.look(f"{error}. {error.remedy}")
        return
    if manifest is None:
        return
    spent = estimate(used_by(pipeline, manifest, real_hours=not embedded), chosen.rates)
    told = "In an account this run would cost" if embedded else "This run cost"
    view.line(f"{told} {sentence(spent)} More: pipelines cost {relative(file)} --run {manifest.run}")
