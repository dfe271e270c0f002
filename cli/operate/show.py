"""What an operator asked for, as tables on the terminal or as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from cli.operate.runs import ACTIVE, FAILED, SKIPPED
from cli.operate.schedule import PAUSED
from cli.tables import FittedTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.operate.runs import Run
    from cli.operate.status import Status
    from cli.operate.status import Table as JobTable
    from cli.terminal import Terminal

_STYLES = dict.fromkeys(FAILED, "red") | dict.fromkeys(ACTIVE, "cyan") | {SKIPPED: "yellow", "SUCCEEDED": "green"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def as_json(found: Any) -> str:
    """Return a dataclass, or a list of them, as JSON; times are ISO 8601 in UTC."""
    document = [asdict(each) for each in found] if isinstance(found, list) else asdict(found)
    return json.dumps(document, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def show_runs(found: Sequence[Run], console: Terminal) -> None:
    """Print runs as a table, and below it why those that did not succeed did not."""
    table = FittedTable("Runs").ids("run", "status", "started (UTC)", "took")
    for run in found:
        status = f"[{_STYLES.get(run.status, 'white')}]{run.status}[/]"
        table.add_row(run.run, status, f"{run.started.astimezone(UTC):%Y-%m-%d %H:%M}", duration(run.seconds))
    console.print(table)
    for run in found:
        if run.note:
            console.print(f"{run.run}: {escape(run.note)}", highlight=False, soft_wrap=True)


def show_status(status: Status, now: datetime, console: Terminal) -> None:
    """Print how a pipeline stands.

    Args:
        status: what was found.
        now: what the ages of tables are counted to.
        console: the terminal.
    """

    def line(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    line(f"[bold]{status.pipeline}[/bold], stage {status.stage}: {_schedule(status)}")
    line(f"  bucket         {status.bucket}")
    line(f"  state machine  {status.state_machine}")
    line(f"  topic          {status.topic}")
    if status.runs:
        show_runs(status.runs, console)
    else:
        line("No run yet: pipelines start begins one.")
    if status.tables:
        console.print(_tables(status.tables, now))
    for winner in status.winners:
        line(f"{escape(winner.solution)}: {winner.recipe} was the best of its recipes in run {winner.run}")
    for alarm in status.alarms:
        since = f"{alarm.since.astimezone(UTC):%Y-%m-%d %H:%M}"
        line(f"[red]ALARM[/red] {escape(alarm.name)} since {since}: {escape(alarm.meaning)}. {escape(alarm.why)}")
    for live in status.live:
        line(f"{live.kind} {escape(live.name)}: {live.status}, billed for as long as it is there  {live.arn}")
    for each in status.unknown:
        line(f"[yellow]Not known:[/yellow] {escape(each)}")


def _schedule(status: Status) -> str:
    if any(each.startswith("schedule") for each in status.unknown):
        return "its schedule is not known"
    arrival = f"where data arrives at {escape(status.trigger)}" if status.trigger else ""
    if status.schedule is None:
        return f"no schedule, runs start {arrival}" if arrival else "no schedule, runs are started by hand"
    when = f"{status.schedule.expression}, {status.schedule.timezone}"
    told = f"[yellow]paused[/yellow] ({when}): pipelines resume" if status.schedule.state == PAUSED else when
    return f"{told}, and {arrival}" if arrival else told


def _tables(tables: Sequence[JobTable], now: datetime) -> FittedTable:
    shown = FittedTable("Newest tables").ids("job", "run", "age")
    for each in tables:
        age = _age(now - each.published) if each.published else "none yet"
        shown.add_row(f"{each.solution}/{each.job}", each.run or "-", age)
    return shown


def _age(passed: timedelta) -> str:
    seconds = max(0, int(passed.total_seconds()))
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h" if seconds < 2 * _DAY else f"{seconds // _DAY} days"


def duration(seconds: float | None) -> str:
    """Return how long something took, for people; None while it goes on."""
    if seconds is None:
        return "goes on"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    return f"{whole // _MINUTE} min" if whole < _HOUR else f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
