"""Try a pipeline file on raw data before anything is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.account import session, told
from cli.errors import CommandError
from cli.init.show import show_outcome
from cli.view import View
from definition.mapping.checks import OF_KNOWN_ITEMS
from definition.plan.mappings import dataset_mappings
from drafting.errors import DraftError
from drafting.preview import Preview, preview
from transform.checks import finding

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from transform.contract import CheckReport


def previewed(pipeline: Pipeline, raw: str) -> list[Preview]:
    """Return what the transform makes of the beginnings of the raw data.

    Raises:
        CommandError: a source takes no file, or what it takes cannot be read.
    """
    try:
        return preview(pipeline, raw, lambda: session().client("s3"))
    except DraftError as error:
        raise CommandError(str(error), remedy=error.remedy) from error


def trial(pipeline: Pipeline, raw: str) -> None:
    """Print what the transform makes of the beginnings of the raw data.

    Raises:
        Exit: with 1, if the data cannot be used, or too many rows are rejected.
    """
    view = View()
    with told(view):
        for mapping in dataset_mappings(pipeline):
            if mapping.needs_queries:
                view.line(f"{mapping.dataset}: Athena finds its rows, so the first run will show what comes of them")
        for found in previewed(pipeline, raw):
            show_outcome(found.outcome, view.console)
            if not found.whole:
                view.line("More of it was not looked at.")
            _check(pipeline, found, view)


def _check(pipeline: Pipeline, found: Preview, view: View) -> None:
    facts, dataset = found.outcome.facts, found.outcome.dataset
    unknown = found.outcome.unknown
    counted: list[tuple[str, int, int]] = [(dataset, facts["rows_rejected"] - unknown, facts["rows_in"] - unknown)]
    counted += [
        (f"the look-up {each.name} of {dataset}", each.rows_rejected, each.rows_in) for each in found.outcome.lookups
    ]
    for check in _answered(found):
        if check.rows_failed or not check.passed:
            view.line(finding(dataset, check))
    for what, rejected, rows in counted:
        if rejected > pipeline.max_rejected * rows:
            raise CommandError(
                f"{rejected:,} of {rows:,} rows of {what} are rejected, more than the "
                f"{pipeline.max_rejected:.0%} that max_rejected allows",
                remedy="Mend the raw data or its mapping; the reasons are above",
            )
    refuse_failed(found)


def refuse_failed(found: Preview) -> None:
    """Refuse raw data for which a run would end by a check of the pipeline file.

    Raises:
        CommandError: the rows that were looked at fail one that does not only warn.
    """
    told = [
        finding(found.outcome.dataset, each) for each in _answered(found) if not each.passed and each.severity == "fail"
    ]
    if told:
        remedy = "Mend the raw data, or the check in the pipeline file: a run would end before its import"
        raise CommandError("; ".join(told), remedy=remedy)


def _answered(found: Preview) -> list[CheckReport]:
    """Return the checks that can be answered: counts are those of a run only where everything was looked at."""
    return [
        check
        for check in found.outcome.checks
        if check.rows_failed is not None or (found.whole and OF_KNOWN_ITEMS.isdisjoint(check.counts))
    ]
