"""What several commands take, and how they refuse it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

PipelineArgument = Annotated[str, typer.Argument(help="Name of a file in pipelines/, or the path of any.")]
Stage = Annotated[str, typer.Option(help="Part of every name.")]
Keep = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps the account of the embedded AWS until the next time.", file_okay=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def load_pipeline(named: str) -> tuple[Pipeline, Path]:
    """Return the pipeline of that name or path, and its file; print its mistakes and exit with 1 if it has some."""
    # For `pipelines --help`, which reads no pipeline file: the models and the SQL parser take longer than the rest.
    from cli.terminal import plain  # noqa: PLC0415  # as said
    from definition.load import load  # noqa: PLC0415  # as said
    from definition.paths import find  # noqa: PLC0415  # as said
    from definition.problems import SpecError  # noqa: PLC0415  # as said

    try:
        file = find(named)
        return load(file), file
    except SpecError as error:
        typer.echo(plain(str(error)), err=True)
        raise typer.Exit(1) from error


def as_json_value(text: str) -> Any:
    """Return what ``--input`` gives.

    Raises:
        BadParameter: it is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"this is no JSON: {error}", param_hint="--input") from error


def check_stage(stage: str) -> None:
    """Refuse a stage that no name could hold.

    Raises:
        BadParameter: it is not up to 8 small letters and digits.
    """
    from definition.plan.names import STAGE_PATTERN  # noqa: PLC0415  # as above

    if not re.fullmatch(STAGE_PATTERN, stage):
        raise typer.BadParameter("use up to 8 small letters and digits, beginning with a letter", param_hint="--stage")
