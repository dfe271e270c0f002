"""The command that forgets users."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import AsJson, PipelineArgument, Stage, check_stage
from cli.operate.commands import PANEL
from cli.operate.deployed import deployed

if TYPE_CHECKING:
    from cli.forget.record import Record
    from cli.operate.deployed import Deployed

app = typer.Typer()

RAW_LEFT, PENDING, INTERRUPTED = 3, 4, 130
"""Exit codes: raw objects hold users and could not be rewritten; Personalize has not ended; Ctrl-C."""

Users = Annotated[
    list[str] | None,
    typer.Argument(metavar="USER", help="Ids as they stand in the results: USER_ID, after the mapping."),
]
File = Annotated[
    Path | None, typer.Option("--file", help="Text file in UTF-8 with an id in each line.", dir_okay=False, exists=True)
]
RawToo = Annotated[
    bool, typer.Option("--raw", help="Take them out of the raw data, too: CSV and JSON Lines, plain or gzip; Parquet.")
]


@app.command(rich_help_panel=PANEL)
def forget(
    pipeline: PipelineArgument,
    users: Users = None,
    *,
    file: File = None,
    stage: Stage = "dev",
    raw: RawToo = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until Personalize has deleted them: up to a day.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase users: from Personalize, DynamoDB and every version in the bucket; no later run brings them back.

    A list of digests keeps their raw rows out of every later transform. A data deletion job takes their records from
    Personalize. Their rows go from tables, batch files, rejects and pages of all runs, in every version. Raw data is
    yours: without --raw the command names the objects that hold them, and leaves them.

    It can be cut off at any point: give the same command, and it goes on. A record without their ids tells what was
    done: forgotten/<request id>/record.json in the bucket, which --json prints. Solution versions that were trained
    before know the users until a run trains anew. While a run is active nothing is done.

    Exit codes: 0, all of it is done; 3, it is, but for raw objects that --raw could not rewrite; 4, but for
    Personalize's job, without --wait; 130, Ctrl-C; 1, the message says what is in the way.

    Example: pipelines forget movielens 42 107 --stage prod

    Example: pipelines forget shop --file ids.txt --raw --yes --json
    """
    from cli.errors import CommandError  # noqa: PLC0415  # not for `pipelines --help`: see cli/main.py
    from cli.forget.ids import given  # noqa: PLC0415  # as above

    check_stage(stage)
    if as_json and not yes:
        raise typer.BadParameter("JSON is for programs, which nobody can ask: give --yes, too", param_hint="--json")
    try:
        ids = given(users or [], file)
    except CommandError as error:
        typer.echo(f"{error}\n{error.remedy}", err=True)
        raise typer.Exit(1) from error
    with deployed(pipeline, stage) as at:
        record = _forgotten(_quiet(at) if as_json else at, ids, raw=raw, wait=wait, yes=yes)
        if as_json:
            typer.echo(record.model_dump_json(indent=2))
        else:
            _show(at, record, ids, raw=raw)
    if record.ended is None:
        raise typer.Exit(PENDING)
    raise typer.Exit(RAW_LEFT if raw and record.raw_kept else 0)


def _forgotten(at: Deployed, ids: list[str], *, raw: bool, wait: bool, yes: bool) -> Record:
    from cli.forget.forgetting import Forgetting, Wanted  # noqa: PLC0415  # as above

    forgetting = Forgetting(at, Wanted(ids, raw=raw, wait=wait))
    forgetting.check_deployed()
    forgetting.check_idle()
    if not yes:
        for line in forgetting.told():
            at.view.line(line)
        typer.confirm("Go on? What is removed cannot be brought back", abort=True)
    try:
        return forgetting.run()
    except KeyboardInterrupt as error:
        at.view.line("Stopped here. The same command goes on where it was cut off")
        raise typer.Exit(INTERRUPTED) from error


def _quiet(at: Deployed) -> Deployed:
    from dataclasses import replace  # noqa: PLC0415  # as above

    from cli.view import View  # noqa: PLC0415  # as above

    return replace(at, view=View(quiet=True))


def _show(at: Deployed, record: Record, ids: list[str], *, raw: bool) -> None:
    from cli.forget.show import show_record  # noqa: PLC0415  # as above

    show_record(at, record, ids, raw=raw)
