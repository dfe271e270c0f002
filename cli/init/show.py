"""What a draft is shown as: the first records, what became of the rows, and the next commands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from cli.terminal import Terminal
    from drafting.drafting import Drafted
    from drafting.write.check import Outcome

_MOST_COLUMNS, _WIDEST = 8, 40
"""Columns that are shown, and characters of each."""


def show(drafted: Drafted, console: Terminal) -> None:
    """Print the first records of each dataset, and what became of the rows that were looked at."""
    for outcome in drafted.outcomes:
        show_outcome(outcome, console)
    for text in drafted.unsure:
        console.print(f"[yellow]Look:[/yellow] {escape(text)}", highlight=False, soft_wrap=True)


def show_outcome(outcome: Outcome, console: Terminal) -> None:
    """Print what became of a dataset's rows, and its first records."""
    facts = outcome.facts
    told = (
        f"{outcome.dataset}: of {facts['rows_in']:,} rows that were looked at {facts['rows_out']:,} out, "
        f"{facts['rows_filtered']:,} filtered, {facts['rows_rejected']:,} rejected; {facts['records']:,} records"
    )
    console.print(told, highlight=False, soft_wrap=True)
    console.print(_table(outcome))
    for reason, count in outcome.reasons:
        console.print(f"  rejected: {escape(reason)} ({count:,})", highlight=False, soft_wrap=True)
    if outcome.unknown:
        told = "of what these look up only the beginning was looked at, so that a run may find it"
        console.print(f"  {outcome.unknown:,} of them may be right: {told}", highlight=False, soft_wrap=True)
    for lookup in outcome.lookups:
        told = (
            f"{lookup.name}, looked up by {outcome.dataset}: of {lookup.rows_in:,} rows that were looked at "
            f"{lookup.rows_out:,} keys, {lookup.rows_duplicate:,} duplicate, {lookup.rows_rejected:,} rejected"
        )
        console.print(told, highlight=False, soft_wrap=True)
        for each in lookup.reasons:
            console.print(f"  rejected: {escape(each.reason)} ({each.rows:,})", highlight=False, soft_wrap=True)


def _table(outcome: Outcome) -> Table:
    table = Table()
    header, *records = (
        [*record[:_MOST_COLUMNS], *(["…"] if len(record) > _MOST_COLUMNS else [])] for record in outcome.first
    )
    for name in header:
        table.add_column(escape(name), no_wrap=True, overflow="ellipsis", max_width=_WIDEST)
    for record in records:
        table.add_row(*(escape(field) for field in record))
    return table


def tell_next(drafted: Drafted, console: Terminal, pipeline: str | None) -> None:
    """Print the commands that come next; without a pipeline the file has no name yet."""
    named = pipeline or "FILE"
    lines = [f"pipelines validate {named}"]
    folder = drafted.folder
    if folder.startswith("s3://"):
        lines.append(f"aws s3 sync {shlex.quote(folder)} raw-data/")
        folder = "raw-data"
    lines.append(f"make run PIPELINE={named} RAW={shlex.quote(folder)}")
    console.print("Next:")
    for line in lines:
        console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)
