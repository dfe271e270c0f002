"""`pipelines graph`: a pipeline, or its state machine, as a picture."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import PipelineArgument, load_pipeline
from cli.errors import CommandError

_SUFFIXES = (".svg", ".dot")


def graph(
    pipeline: PipelineArgument,
    *,
    states: Annotated[
        bool, typer.Option("--states", help="Draw the state machine, instead of where data comes from and goes.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="File to write, .svg or .dot (Graphviz's language); left out: <pipeline>.svg here."),
    ] = None,
) -> None:
    """Draw a pipeline: raw data, transform, what Personalize trains, and the tables that come of it.

    Nothing is deployed for it. In the drawing of the states a double border is what Personalize makes in the
    background, seven states each; docs/state-machine.md says what every state is for.

    Example: pipelines graph movielens

    Example: pipelines graph movielens --states --output states.svg
    """
    from cli.view import View  # noqa: PLC0415  # Rich; `pipelines --help` answers without it

    loaded, _ = load_pipeline(pipeline)
    file = output or Path(f"{loaded.name}.svg")
    if file.suffix not in _SUFFIXES:
        raise typer.BadParameter(f"{file} ends in neither of {', '.join(_SUFFIXES)}", param_hint="--output")
    from stacks.drawing import graphviz, machine, overview  # noqa: PLC0415  # as above: the state machine

    remedy = "Run make setup, which installs Graphviz"
    try:
        text = machine.draw_run(loaded) if states else overview.overview(loaded)
        if file.suffix == ".svg":
            text = graphviz.rendered({loaded.name: text})[loaded.name]
        remedy = "Give a file that can be written: --output FILE"
        file.write_text(text, "utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        View().error(CommandError(f"{file} could not be drawn: {error}", remedy=remedy))
        raise typer.Exit(1) from error
    typer.echo(file)
