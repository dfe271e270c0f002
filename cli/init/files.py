"""The files that drafts of pipelines are written to: new ones only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer
from pydantic import TypeAdapter, ValidationError

from cli.errors import CommandError
from definition.file.values import PipelineName
from definition.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def check_new(file: Path) -> None:
    """Check that a file is not there yet.

    Raises:
        CommandError: it is.
    """
    if file.exists():
        raise CommandError(
            f"{file} is there already, and is not written over",
            remedy="Give another --name, or --output FILE; --output - prints it",
        )


def schema_from(file: Path) -> str | None:
    """Return the path of the JSON Schema as editors find it from a file, None outside of this project."""
    folder = file.resolve().parent
    return os.path.relpath(ROOT / "docs" / "pipeline.schema.json", folder) if folder.is_relative_to(ROOT) else None


def check_name(name: str) -> None:
    """Check that a pipeline can have a name.

    Raises:
        BadParameter: it cannot.
    """
    try:
        TypeAdapter(PipelineName).validate_python(name)
    except ValidationError as error:
        told = "use small letters, digits and single hyphens between them, beginning with a letter"
        raise typer.BadParameter(told, param_hint="--name") from error


def write(file: Path, text: str) -> None:
    """Write a new file.

    Raises:
        CommandError: it cannot be written, or is there already.
    """
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written: {error.strerror}",
            remedy="Give another --output FILE, in a folder that is there",
        ) from error
