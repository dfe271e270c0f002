"""The lines of logs that an operator asked for, on the terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape

from cli.errors import CommandError
from cli.operate import logs, runs, show
from definition.file.values import Duration

if TYPE_CHECKING:
    from cli.operate.deployed import Deployed
    from cli.operate.logs import Line, Times

_STYLES = {"WARN": "yellow", "WARNING": "yellow", "ERROR": "red", "FATAL": "red", "CRITICAL": "red"}
_SOURCE_WIDTH = 9
_LEVEL_WIDTH = 7


def show_logs(
    at: Deployed, run: str | None, *, since: str | None, wanted: list[str], errors: bool, as_json: bool
) -> None:
    """Print the lines of a run, or of a time.

    Args:
        at: the pipeline.
        run: id of the run, None for the newest.
        since: a duration, in the place of a run.
        wanted: sources, all of them if there are none.
        errors: leave out what is neither warning nor error.
        as_json: print a list of all fields.

    Raises:
        CommandError: there is no such run or source, or the duration is none.
    """
    known = logs.sources(at.session, at.pipeline.name, at.stage)
    if strange := [each for each in wanted if each not in known]:
        raise CommandError(f"nothing of this pipeline is called {strange[0]}", remedy=f"It has: {', '.join(known)}")
    times: Times
    own: str | None = None
    if since is not None:
        if run is not None:
            raise CommandError("a run and --since were both given", remedy="Give one of them")
        times, told = (datetime.now(UTC) - _duration(since), None), f"in the last {since}"
    else:
        found = runs.of_execution(runs.find(at.stepfunctions, at.machine, run, runs.ANY, what="there"))
        times, told, own = logs.around(found), f"around run {found.run}", found.run
    lines = (
        line
        for line in logs.read(at.session, at.pipeline.name, at.stage, times, wanted)
        if (not errors or line.level in logs.BAD) and (own is None or line.fields.get("run", own) == own)
    )
    if as_json:
        typer.echo(show.as_json(list(lines)))
        return
    shown = 0
    for line in lines:
        if not line.platform or line.level in logs.BAD:
            at.view.console.print(_text(line), highlight=False, soft_wrap=True)
            shown += 1
    if not shown:
        what = "No warning and no error" if errors else "Nothing"
        at.view.line(f"{what} was logged {told} by {', '.join(wanted or known)}")


def _text(line: Line) -> str:
    style = _STYLES.get(line.level)
    level = escape(f"{line.level:{_LEVEL_WIDTH}}")
    told = f"[{style}]{level}[/]" if style else level
    when = f"{line.time.astimezone(UTC):%m-%d %H:%M:%S}"
    return f"{when}  {line.source:{_SOURCE_WIDTH}}  {told}  {escape(line.message)}"


def _duration(text: str) -> timedelta:
    try:
        return TypeAdapter[timedelta](Duration).validate_python(text)
    except ValidationError as error:
        raise CommandError(f"'{text}' is not a duration", remedy="Write 90m, 12h or 2d") from error
