"""What a run looks like on the terminal: lines that stay, a spinner for what takes long, tables at the end."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.markup import escape

from cli.comparisons import comparisons
from cli.tables import FittedTable
from cli.terminal import Terminal
from definition.service.resource_kinds import ACTIVE, FAILED_STATUSES
from pricing.reckoning.charges import recipe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cli.errors import CommandError
    from cli.follow import Progress
    from definition.contract.manifest import DeliveryResult, Manifest, QualityResult, RecommenderResult, SolutionResult
    from transform.contract import (
        Elements,
        ImportPlan,
        InteractionsReport,
        LookupReport,
        Reason,
        TransformReport,
    )

_COVERAGE = "coverage"
"""The metric that every recipe has."""

_METRICS = (
    ("normalized_discounted_cumulative_gain_at_10", "NDCG@10"),
    ("precision_at_10", "P@10"),
    ("mean_reciprocal_rank_at_25", "MRR@25"),
    ("hits_at_1_percent", "hits@1 %"),
    ("recall_at_1_percent", "recall@1 %"),
    (_COVERAGE, "coverage"),
)

_MOST_REASONS = 10


@dataclass
class View:
    """The terminal.

    Attributes:
        console: where everything is printed.
        quiet: whether only errors and the result are printed.
        phases: seconds of each phase that has ended, in order.
    """

    console: Terminal = field(default_factory=Terminal)
    quiet: bool = False
    phases: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep the console for what is printed in any case; programs that read the last line find errors elsewhere."""
        self._always = self._errors = self.console
        if self.quiet:
            self._errors = Terminal(stderr=True)
            self.console = Terminal(quiet=True)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[Callable[[str], None]]:
        """Show a phase with a spinner; what the given function is told stands beside it."""
        started = time.monotonic()
        self.console.print(f"[bold]{name}[/bold]")
        with self.console.status(name) as status:
            yield lambda text: status.update(escape(text.strip()[:120]) or name)
        self.phases[name] = time.monotonic() - started

    def line(self, text: str) -> None:
        """Print a line of a phase."""
        self.console.print(f"  {escape(text)}", highlight=False, soft_wrap=True)

    def progress(self, progress: Progress, seconds: float) -> None:
        """Print what happened ``seconds`` after the start."""
        stamp = f"  [dim]{int(seconds) // 60:02}:{int(seconds) % 60:02}[/dim]  "
        if not progress.detail:
            text = escape(progress.state)
        elif progress.detail.endswith(f" {ACTIVE}"):
            text = f"    [green]{escape(progress.detail)}[/green]"
        elif progress.detail.endswith(FAILED_STATUSES):
            text = f"    [red]{escape(progress.detail)}[/red]"
        else:
            text = f"    {escape(progress.detail)}"
        self.console.print(stamp + text, highlight=False, soft_wrap=True)

    def error(self, error: CommandError) -> None:
        """Print what went wrong and how to mend it."""
        self._errors.print(f"[red]{escape(str(error))}[/red]", highlight=False, soft_wrap=True)
        self._errors.print(escape(error.remedy), highlight=False, soft_wrap=True)

    def result(self, text: str) -> None:
        """Print the last line, which programs read."""
        self._always.print(text, highlight=False, soft_wrap=True, markup=False)

    def look(self, text: str) -> None:
        """Print what people should look at, although nothing failed."""
        self.console.print(f"[yellow]Look:[/yellow] {escape(text)}", highlight=False, soft_wrap=True)

    def summary(self, manifest: Manifest) -> None:
        """Print data, training and batch jobs of a run's manifest."""
        self.console.print()
        self.data(manifest)
        if manifest.solutions:
            self.console.print(_training_table(manifest))
            for table, told in comparisons(manifest, dict(_METRICS)):
                self.console.print(table)
                self.line(told)
            self.console.print(_jobs_table(manifest))
        if manifest.deliveries:
            self.console.print(_deliveries_table(manifest.deliveries))
        if measured := [each for each in manifest.recommenders if each.metrics]:
            self.console.print(_recommenders_table(measured))
        if live := _live(manifest):
            self.line("In real time, billed for as long as they are there")
            for name, status, arn in live:
                # An ARN is copied: it stands on one line, whatever the width.
                self.line(f"{name}  {status}  {arn}")

    def data(self, report: Manifest | TransformReport) -> None:
        """Print what became of the raw data: rows, the shape of the interactions, reasons of rejection, warnings."""
        self.console.print(_rows_table(report))
        for dataset in report.datasets:
            if plan := dataset.imports:
                told = f"{dataset.dataset}, {_import(plan)} import: {plan.reason}"
                self.console.print(f"[dim]{escape(told)}[/dim]", highlight=False, soft_wrap=True)
        self._forgotten(report)
        for dataset in report.datasets:
            if facts := dataset.interactions:
                self.console.print(_interactions_table(facts))
        for dataset in report.datasets:
            if elements := dataset.elements:
                self.console.print(_elements(dataset.dataset, elements), highlight=False, soft_wrap=True)
        self._lookups(report)
        if reasons := _all_reasons(report):
            self.console.print(_reasons_table(reasons))
        if any(dataset.checks for dataset in report.datasets):
            self.console.print(_checks_table(report))
        for warning in report.warnings:
            self.look(warning)

    def _forgotten(self, report: Manifest | TransformReport) -> None:
        for dataset in report.datasets:
            if gone := dataset.rows_forgotten:
                self.line(f"{dataset.dataset}: {gone:,} of the filtered rows are of users that are to be forgotten")

    def _lookups(self, report: Manifest | TransformReport) -> None:
        for dataset in report.datasets:
            for lookup in dataset.lookups:
                self.console.print(_lookup(dataset.dataset, lookup), highlight=False, soft_wrap=True)

    def samples(self, solution: str, job: str, samples: dict[str, list[str]]) -> None:
        """Print the first results of some lines."""
        table = FittedTable(f"{solution}/{job}: a sample").text("for", "first five")
        for named, found in samples.items():
            table.add_row(escape(named), "\n".join(escape(each) for each in found))
        self.console.print(table)

    def times(self) -> None:
        """Print the time of each phase."""
        whole = sum(self.phases.values())
        parts = ", ".join(f"{name.lower()} {seconds:.1f} s" for name, seconds in self.phases.items())
        self.console.print(f"Took {whole:.1f} s: {parts}", highlight=False, soft_wrap=True)


def _rows_table(report: Manifest | TransformReport) -> FittedTable:
    table = FittedTable("Rows").ids("dataset").figures("in", "out", "filtered", "rejected", "records").ids("import")
    for dataset in report.datasets:
        rows = (dataset.rows_in, dataset.rows_out, dataset.rows_filtered, dataset.rows_rejected, dataset.records)
        table.add_row(dataset.dataset, *(f"{count:,}" for count in rows), _import(dataset.imports))
    return table


def _all_reasons(report: Manifest | TransformReport) -> list[tuple[str, Reason]]:
    """Return the reasons of rejection with whose they are: datasets, and behind them their look-ups."""
    of_rows: list[tuple[str, Reason]] = [(each.dataset, reason) for each in report.datasets for reason in each.reasons]
    return of_rows + [
        (f"{each.dataset}, {lookup.name}", reason)
        for each in report.datasets
        for lookup in each.lookups
        for reason in lookup.reasons
    ]


def _lookup(dataset: str, found: LookupReport) -> str:
    fates = (
        f"{found.rows_out:,} to be found, {found.rows_duplicate:,} of the same key, {found.rows_rejected:,} rejected"
    )
    return f"{dataset}, look-up {found.name}: {found.rows_in:,} rows in, {fates}"


def _elements(dataset: str, counted: Elements) -> str:
    fates = f"{counted.out:,} out, {counted.filtered:,} filtered, {counted.rejected:,} rejected"
    whole = f"{dataset}, elements of exploded lists: {counted.total:,} in, {fates}"
    return f"{whole}; {counted.rows_without:,} rows without any"


def _import(plan: ImportPlan | None) -> str:
    return plan.mode.lower() if plan else "-"


def _interactions_table(facts: InteractionsReport) -> FittedTable:
    first, last = _day(facts.first_timestamp), _day(facts.last_timestamp)
    table = FittedTable(f"Interactions from {first} to {last} (UTC)")
    table.ids("per").figures("count", "with one", "median", "mean", "90 % up to", "most")
    for label, spread in (("user", facts.per_user), ("item", facts.per_item)):
        whole = [f"{count:,}" for count in (spread.count, spread.once)]
        numbers = [f"{number:,.1f}" for number in (spread.median, spread.mean)]
        table.add_row(label, *whole, *numbers, f"{spread.p90:,.0f}", f"{spread.most:,}")
    return table


def _day(seconds: int | None) -> str:
    return "-" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _reasons_table(reasons: Sequence[tuple[str, Reason]]) -> FittedTable:
    table = FittedTable("Why rows were rejected").ids("dataset").text("reason").figures("rows")
    most = sorted(reasons, key=lambda each: -each[1].rows)[:_MOST_REASONS]
    for dataset, reason in most:
        table.add_row(dataset, escape(reason.reason), f"{reason.rows:,}")
    return table


def _checks_table(report: Manifest | TransformReport) -> FittedTable:
    table = FittedTable("Checks").ids("dataset", "check").text("condition", "result").figures("rows failing", "of")
    for dataset in report.datasets:
        for check in dataset.checks:
            failed = "warns" if check.severity == "warn" else "fails"
            counted = ("-" if rows is None else f"{rows:,}" for rows in (check.rows_failed, check.rows_tested))
            result = "passes" if check.passed else failed
            table.add_row(dataset.dataset, check.name, escape(check.condition), result, *counted)
    return table


def _training_table(manifest: Manifest) -> FittedTable:
    table = FittedTable("Training: offline metrics of the new versions")
    shown = _metric_columns(table, "solution", manifest.solutions)
    misses = any(solution.quality and solution.quality.misses for solution in manifest.solutions)
    if misses:
        table.text("quality")
    for solution in manifest.solutions:
        table.add_row(*_metric_cells(solution, shown), *([_quality(solution.quality)] if misses else []))
    return table


def _recommenders_table(measured: list[RecommenderResult]) -> FittedTable:
    table = FittedTable("Recommenders: offline metrics of their last training")
    shown = _metric_columns(table, "recommender", measured)
    for recommender in measured:
        table.add_row(*_metric_cells(recommender, shown))
    return table


def _metric_columns(table: FittedTable, what: str, of: Sequence[SolutionResult | RecommenderResult]) -> list[str]:
    """Add a column for names and for each metric that one of them has; return the keys of the metrics."""
    table.ids(what)
    measured = {key for each in of for key in each.metrics} | {_COVERAGE}
    shown = {key: label for key, label in _METRICS if key in measured}
    table.figures(*shown.values())
    return list(shown)


def _metric_cells(of: SolutionResult | RecommenderResult, shown: list[str]) -> list[str]:
    name = f"{of.name}\n[dim]{recipe_name(of.recipe)}[/dim]" if of.recipe else of.name
    return [name, *(f"{of.metrics[key]:.4f}" if key in of.metrics else "-" for key in shown)]


def _quality(quality: QualityResult | None) -> str:
    if quality is None:
        return ""
    told = "\n".join(escape(miss) for miss in quality.misses)
    return f"{told}\n[yellow]scored with the version before[/yellow]" if told and quality.kept_version else told


def _jobs_table(manifest: Manifest) -> FittedTable:
    table = FittedTable("Batch jobs").ids("job").figures("lines", "errors", "rows", "distinct")
    table.figures("added", "removed", "moved")
    for solution in manifest.solutions:
        for job in solution.jobs:
            made = job.published
            changes = made.changes if made else None
            counted = (made.lines, made.errors, made.rows, made.results) if made else (None,) * 4
            counted = (*counted, *((changes.added, changes.removed, changes.moved) if changes else (None,) * 3))
            cells = ("-" if count is None else f"{count:,}" for count in counted)
            table.add_row(f"{solution.name}/{job.name}", *cells)
    return table


def _deliveries_table(deliveries: Sequence[DeliveryResult]) -> FittedTable:
    table = FittedTable("Lists in DynamoDB").ids("table")
    table.figures("lists", "written", "removed", "unchanged", "refused").text("changes since")
    for each in deliveries:
        counted = (each.lists, each.written, each.removed, each.unchanged, each.refused)
        told = each.since or "written whole"
        if each.failure is not None:
            told = f"[red]{escape(each.failure.error)}[/red]"
        table.add_row(each.table, *(f"{count:,}" for count in counted), told)
    return table


def _live(manifest: Manifest) -> list[tuple[str, str, str]]:
    """Return what answers in real time: name, status and ARN of each campaign and recommender."""
    campaigns = [(solution.name, solution.campaign) for solution in manifest.solutions]
    recommenders = [(recommender.name, recommender) for recommender in manifest.recommenders]
    return [(name, live.status, live.arn or "-") for name, live in (*campaigns, *recommenders) if live]
