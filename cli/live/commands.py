"""The commands that keep a pipeline up on this machine, and ask what it recommends."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson, Keep, PipelineArgument, Stage, as_json_value, check_stage, load_pipeline
from cli.operate.commands import PANEL
from cli.operate.deployed import deployed

app = typer.Typer()

_HIGHEST_SPEED = 1_000_000

Raw = Annotated[Path | None, typer.Option(help="Folder to upload under raw/; default samples/<pipeline>.")]
Out = Annotated[Path, typer.Option(help="Folder for results.")]
Input = Annotated[str, typer.Option("--input", help="Input of the first run as JSON; see docs/runs.md.")]
OwnPort = Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.", min=0, max=65535)]
Speed = Annotated[float | None, typer.Option(help="Embedded seconds per second, for waits and schedules; default 60.")]

User = Annotated[str | None, typer.Option(help="Id of a user.")]
Items = Annotated[
    list[str] | None, typer.Option("--item", help="Id of an item; given several times: items to rank for the user.")
]
Num = Annotated[int, typer.Option(help="Most results.", min=1, max=500)]
Filter = Annotated[str | None, typer.Option("--filter", help="Name of a filter of the pipeline file.")]
FilterValues = Annotated[
    list[str] | None,
    typer.Option("--filter-value", help="Value of a placeholder of the filter, NAME=VALUE; several times for more."),
]
Solution = Annotated[str | None, typer.Option(help="Solution to ask, or one of its tables: for-you, for-you/top25.")]
Recommender = Annotated[str | None, typer.Option(help="Recommender to ask.")]
Event = Annotated[
    str | None,
    typer.Option("--send-event", metavar="ITEM", help="Ask, send the event that the user did it, and ask again."),
]
EventType = Annotated[str | None, typer.Option(help="Type of the event, if not all have the same.")]
Last = Annotated[int, typer.Option("--history", help="Most interactions of the user; 0 reads none.", min=0, max=100)]
Local = Annotated[
    bool, typer.Option("--local", help="Ask the embedded AWS that `pipelines up` keeps up on this machine.")
]
Port = Annotated[int, typer.Option(help="Port that the embedded AWS listens on.", min=1, max=65535)]


@app.command()
def up(
    pipeline: PipelineArgument,
    *,
    stage: Stage = "dev",
    raw: Raw = None,
    out: Out = Path("out"),
    execution_input: Input = "{}",
    port: OwnPort = 4566,
    speed: Speed = None,
    keep: Keep = None,
) -> None:
    """Run a pipeline on this machine as `pipelines run --local` does, and stay up until Ctrl-C.

    What answers in real time can then be asked (`pipelines ask … --local`), the schedule goes on, and the AWS CLI,
    boto3 and all commands of operators reach it by the export lines that it prints. Typed again in another terminal,
    it deploys what has changed to the one that is up, uploads the raw data, does a run, and returns.

    The exit code after Ctrl-C is 0 if the first run had succeeded and 1 if it had failed, 130 before its end. The
    results stay in out/. Of the embedded AWS nothing is kept then, unless --keep names a folder for its account: the
    next time that comes back, and a run is only started if the file or the raw data has changed.

    Example: pipelines up movielens

    Example: pipelines up movielens --keep my-aws

    Example: pipelines up shop.yaml --raw ~/Downloads/shop --speed 1440 has a night each minute
    """
    if speed is not None and not 0 < speed <= _HIGHEST_SPEED:
        raise typer.BadParameter(f"give embedded seconds per second, up to {_HIGHEST_SPEED:,}", param_hint="--speed")
    from cli.account import told  # noqa: PLC0415  # not for `pipelines --help`: see cli/main.py
    from cli.folders import raw_folder  # noqa: PLC0415  # as above
    from cli.toolkit import Synthesis  # noqa: PLC0415  # as above
    from cli.view import View  # noqa: PLC0415  # as above

    view = View()
    loaded, file = load_pipeline(pipeline)
    check_stage(stage)
    with told(view):
        folder, given = raw_folder(loaded, raw, local=True), as_json_value(execution_input)
        # The embedded AWS refuses by itself what it does not take.
        with Synthesis(file, stage, examined=False) as synthesis:
            # As in `pipelines run`: the synthesis goes on while an AWS is imported.
            with view.phase("Start"):
                from cli.live.up import Wanted  # noqa: PLC0415  # as above
                from cli.live.up import up as begin  # noqa: PLC0415  # as above
                from cli.run import RunOptions  # noqa: PLC0415  # as above

            options = RunOptions(file, stage, folder, out, given)
            code = begin(loaded, options, view, Wanted(port, speed, keep), synthesis)
    raise typer.Exit(code)


@app.command(rich_help_panel=PANEL)
def ask(
    pipeline: PipelineArgument,
    *,
    user: User = None,
    items: Items = None,
    num: Num = 10,
    filter_name: Filter = None,
    filter_values: FilterValues = None,
    solution: Solution = None,
    recommender: Recommender = None,
    event: Event = None,
    event_type: EventType = None,
    last: Last = 5,
    stage: Stage = "dev",
    local: Local = False,
    port: Port = 4566,
    as_json: AsJson = False,
) -> None:
    """Ask a deployed pipeline what it recommends: its campaign or recommender, or else its newest table.

    --user alone: what is recommended to a user. --item alone: what goes with an item, or who would like it. --user with
    several --item: these items, ranked for the user. Beside the answer stand the user's last interactions.

    Without --local it asks in the AWS of the environment (AWS_PROFILE, AWS_REGION). An event that is sent stays in the
    dataset; an account is billed for what answers.

    Example: pipelines ask movielens --user 2 --local

    Example: pipelines ask shop --user 2 --send-event 318 --event-type purchase

    Example: pipelines ask shop --item 318 --recommender together --filter not-bought --json
    """
    if solution is not None and recommender is not None:
        raise typer.BadParameter("name a solution or a recommender, not both", param_hint="--recommender")
    from cli.account import told  # noqa: PLC0415  # as above
    from cli.live import here, show  # noqa: PLC0415  # as above
    from cli.live.ask import Wish  # noqa: PLC0415  # as above
    from cli.live.ask import ask as answer  # noqa: PLC0415  # as above
    from cli.live.sources import Question  # noqa: PLC0415  # as above
    from cli.view import View  # noqa: PLC0415  # as above

    question, values = Question(user, tuple(items or ())), tuple(filter_values or ())
    wish = Wish(question, num, last, filter_name, values, solution, recommender, event, event_type)
    with told(View()), here.reached(port) if local else nullcontext(), deployed(pipeline, stage) as at:
        found = answer(at, wish)
        if as_json:
            typer.echo(show.as_json(found))
        else:
            show.show(found, at.view)
