"""What several commands take, and how they refuse it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import plain
from definition.load import load
from definition.paths import find
from definition.plan.names import STAGE_PATTERN
from definition.problems import SpecError

if TYPE_CHECKING:
    from pathlib import Path

    from definition.file.pipeline import Pipeline

PipelineArgument = Annotated[str, typer.Argument(help="Name of a file in pipelines/, or the path of any.")]


def load_pipeline(named: str) -> tuple[Pipeline, Path]:
    """Return the pipeline of that name or path, and its file; print its mistakes and exit with 1 if it has some."""
    try:
        file = find(named)
        return load(file), file
    except SpecError as error:
        typer.echo(plain(str(error)), err=True)
        raise typer.Exit(1) from error


def check_stage(stage: str) -> None:
    """Refuse a stage that no name could hold.

    Raises:
        BadParameter: it is not up to 8 small letters and digits.
    """
    if not re.fullmatch(STAGE_PATTERN, stage):
        raise typer.BadParameter("use up to 8 small letters and digits, beginning with a letter", param_hint="--stage")
