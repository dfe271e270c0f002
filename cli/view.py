"""What a run looks like on the terminal: lines that stay, a spinner for what takes long, tables at the end."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from cli.terminal import Terminal
from definition.service.resource_kinds import ACTIVE, FAILED_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.errors import CommandError
    from cli.follow import Progress

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
        phases: seconds of each phase that has ended, in order.
    """

    console: Terminal = field(default_factory=Terminal)
    phases: dict[str, float] = field(default_factory=dict)

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
        self.console.print(f"[red]{escape(str(error))}[/red]", highlight=False, soft_wrap=True)
        self.console.print(escape(error.remedy), highlight=False, soft_wrap=True)

    def look(self, text: str) -> None:
        """Print what people should look at, although nothing failed."""
        self.console.print(f"[yellow]Look:[/yellow] {escape(text)}", highlight=False, soft_wrap=True)

    def summary(self, manifest: dict[str, Any]) -> None:
        """Print data, training and batch jobs of a run's manifest."""
        self.console.print()
        self.data(manifest)
        self.console.print(_training_table(manifest))
        self.console.print(_jobs_table(manifest))
        if live := _live(manifest):
            self.console.print(_live_table(live))

    def data(self, report: dict[str, Any]) -> None:
        """Print what became of the raw data: rows, the shape of the interactions, reasons of rejection, warnings."""
        self.console.print(_rows_table(report))
        for dataset in report["datasets"]:
            if plan := dataset.get("imports"):
                told = f"{dataset['dataset']}, {_import(plan)} import: {plan['reason']}"
                self.console.print(f"[dim]{escape(told)}[/dim]", highlight=False, soft_wrap=True)
        for dataset in report["datasets"]:
            if facts := dataset.get("interactions"):
                self.console.print(_interactions_table(facts))
        for dataset in report["datasets"]:
            if elements := dataset.get("elements"):
                self.console.print(_elements(dataset["dataset"], elements), highlight=False, soft_wrap=True)
        reasons = [(each["dataset"], *reason.values()) for each in report["datasets"] for reason in each["reasons"]]
        if reasons:
            self.console.print(_reasons_table(reasons))
        for warning in report["warnings"]:
            self.look(warning)

    def samples(self, solution: str, job: str, samples: dict[str, list[str]]) -> None:
        """Print the first results of some lines."""
        table = Table(title=f"{solution}/{job}: a sample", title_justify="left", min_width=60)
        table.add_column("for", justify="right")
        table.add_column("first five")
        for named, found in samples.items():
            table.add_row(escape(named), "\n".join(escape(each) for each in found))
        self.console.print(table)

    def times(self) -> None:
        """Print the time of each phase."""
        whole = sum(self.phases.values())
        parts = ", ".join(f"{name.lower()} {seconds:.1f} s" for name, seconds in self.phases.items())
        self.console.print(f"Took {whole:.1f} s: {parts}", highlight=False, soft_wrap=True)


def _rows_table(report: dict[str, Any]) -> Table:
    table = Table(title="Rows", title_justify="left")
    columns = ("rows_in", "rows_out", "rows_filtered", "rows_rejected", "records")
    for name in ("dataset", "in", "out", "filtered", "rejected", "records", "import"):
        table.add_column(name, justify="left" if name in {"dataset", "import"} else "right")
    for dataset in report["datasets"]:
        counts = (f"{dataset[column]:,}" for column in columns)
        table.add_row(dataset["dataset"], *counts, _import(dataset.get("imports")))
    return table


def _elements(dataset: str, counted: dict[str, Any]) -> str:
    fates = ", ".join(f"{counted[name]:,} {name}" for name in ("out", "filtered", "rejected"))
    whole = f"{dataset}, elements of exploded lists: {counted['total']:,} in, {fates}"
    return f"{whole}; {counted['rows_without']:,} rows without any"


def _import(plan: dict[str, Any] | None) -> str:
    if not plan:
        return "-"
    return str(plan["mode"]).lower()


def _interactions_table(facts: dict[str, Any]) -> Table:
    first, last = (_day(facts[f"{end}_timestamp"]) for end in ("first", "last"))
    table = Table(title=f"Interactions from {first} to {last} (UTC)", title_justify="left")
    for name in ("per", "count", "with one", "median", "mean", "90 % up to", "most"):
        table.add_column(name, justify="left" if name == "per" else "right")
    for label in ("user", "item"):
        spread = facts[f"per_{label}"]
        whole = [f"{spread[name]:,}" for name in ("count", "once")]
        numbers = [f"{spread[name]:,.1f}" for name in ("median", "mean")]
        table.add_row(label, *whole, *numbers, f"{spread['p90']:,.0f}", f"{spread['most']:,}")
    return table


def _day(seconds: int | None) -> str:
    return "-" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _reasons_table(reasons: list[tuple[Any, ...]]) -> Table:
    table = Table(title="Why rows were rejected", title_justify="left")
    for name in ("dataset", "reason", "rows"):
        table.add_column(name, justify="right" if name == "rows" else "left")
    most = sorted(reasons, key=lambda reason: -reason[2])[:_MOST_REASONS]
    for dataset, reason, rows in most:
        table.add_row(dataset, escape(reason), f"{rows:,}")
    return table


def _training_table(manifest: dict[str, Any]) -> Table:
    table = Table(title="Training: offline metrics of the new versions", title_justify="left")
    table.add_column("solution")
    measured = {key for solution in manifest["solutions"] for key in solution.get("metrics", {})} | {_COVERAGE}
    shown = [(key, label) for key, label in _METRICS if key in measured]
    for _, label in shown:
        table.add_column(label, justify="right")
    misses = any(solution.get("quality", {}).get("misses") for solution in manifest["solutions"])
    if misses:
        table.add_column("quality")
    for solution in manifest["solutions"]:
        metrics = solution.get("metrics", {})
        name = f"{solution['name']}\n[dim]{solution['recipe'].rsplit('/', 1)[1]}[/dim]"
        cells = [f"{metrics[key]:.4f}" if key in metrics else "-" for key, _ in shown]
        table.add_row(name, *cells, *([_quality(solution)] if misses else []))
    return table


def _quality(solution: dict[str, Any]) -> str:
    quality = solution.get("quality", {})
    told = "\n".join(escape(miss) for miss in quality.get("misses", []))
    return f"{told}\n[yellow]scored with the version before[/yellow]" if told and quality["kept_version"] else told


def _jobs_table(manifest: dict[str, Any]) -> Table:
    table = Table(title="Batch jobs", title_justify="left")
    for name in ("job", "lines", "lines with an error", "rows", "different results", "rows changed"):
        # A narrow terminal breaks the headings: half a name would be no name.
        table.add_column(name, justify="left" if name == "job" else "right", no_wrap=name == "job")
    for solution in manifest["solutions"]:
        for job in (*solution["batch_inference"], *solution["batch_segment"]):
            published = job.get("published")
            counts = (
                [f"{published[key]:,}" for key in ("lines", "errors", "rows", "results")] if published else ["-"] * 4
            )
            table.add_row(f"{solution['name']}/{job['name']}", *counts, _changes(published))
    return table


def _changes(published: dict[str, Any] | None) -> str:
    counted = (published or {}).get("changes")
    if not counted:
        return "-"
    return f"{counted['added']:,} added, {counted['removed']:,} removed, {counted['moved']:,} moved"


def _live(manifest: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what answers in real time: name, status and ARN of each campaign and recommender."""
    campaigns = [(solution["name"], solution.get("campaign")) for solution in manifest["solutions"]]
    recommenders = [(recommender["name"], recommender) for recommender in manifest.get("recommenders", ())]
    return [(name, live["status"], live.get("arn", "-")) for name, live in (*campaigns, *recommenders) if live]


def _live_table(live: list[tuple[str, str, str]]) -> Table:
    table = Table(title="In real time, billed for as long as they are there", title_justify="left")
    table.add_column("name")
    table.add_column("status")
    table.add_column("ARN", overflow="fold")
    for row in live:
        table.add_row(*(escape(cell) for cell in row))
    return table
