"""The command `pipelines init`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

_STDOUT = Path("-")
_ANOTHER = "Give another --name, or --output FILE; --output - prints it"


def init(
    raw: Annotated[str, typer.Argument(help="Folder or file with raw data, or s3://bucket/prefix/.")],
    *,
    name: Annotated[str, typer.Option(help="Of the pipeline: small letters, digits and hyphens.")],
    output: Annotated[
        Path | None, typer.Option(help="File to write, - for the terminal; default pipelines/<name>.yaml.")
    ] = None,
) -> None:
    """Draft a pipeline file from raw data, and show the first records as they would be imported.

    Looks at the beginning of each file: what format it is in, which files belong together, and what looks like users,
    items, times, events and categories. What it is unsure of stands in the file, and so do alternatives. Raw data are
    only read, and no file is written over.

    Example: pipelines init ~/Downloads/shop --name shop

    Example: pipelines init s3://company-data/orders/ --name shop --output shop.yaml
    """
    # Not for `pipelines --help`: see cli/main.py.
    from cli.account import session, told  # noqa: PLC0415  # as said
    from cli.errors import CommandError  # noqa: PLC0415  # as said
    from cli.init.show import show, tell_next  # noqa: PLC0415  # as said
    from cli.terminal import Terminal, plain  # noqa: PLC0415  # as said
    from cli.view import View  # noqa: PLC0415  # as said
    from definition.paths import PIPELINES  # noqa: PLC0415  # as said
    from definition.problems import SpecError  # noqa: PLC0415  # as said
    from drafting.drafting import draft  # noqa: PLC0415  # as said
    from drafting.errors import DraftError  # noqa: PLC0415  # as said

    to_terminal = output == _STDOUT
    view = View(Terminal(stderr=to_terminal))
    file = PIPELINES / f"{name}.yaml" if output is None else output
    _check_name(name)
    with told(view):
        if not to_terminal and file.exists():
            raise CommandError(f"{file} is there already, and is not written over", remedy=_ANOTHER)
        try:
            schema = None if to_terminal else _schema_from(file)
            drafted = draft(raw, name=name, schema=schema, s3=lambda: session().client("s3"))
        except DraftError as error:
            raise CommandError(str(error), remedy=error.remedy) from error
        except SpecError as error:
            raise CommandError(str(error), remedy="Give another --name, if that is what it says") from error
        if not to_terminal:
            _write(file, drafted.text)
    if to_terminal:
        typer.echo(plain(drafted.text), nl=False)
    show(drafted, view.console)
    tell_next(drafted, view.console, None if to_terminal else name if output is None else str(file))


def _schema_from(file: Path) -> str | None:
    """Return the path of the JSON Schema as editors find it from a file, None outside of this project."""
    from definition.paths import ROOT  # noqa: PLC0415  # as above

    folder = file.resolve().parent
    return os.path.relpath(ROOT / "docs" / "pipeline.schema.json", folder) if folder.is_relative_to(ROOT) else None


def _check_name(name: str) -> None:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415  # as above

    from definition.file.values import PipelineName  # noqa: PLC0415  # as above

    try:
        TypeAdapter(PipelineName).validate_python(name)
    except ValidationError as error:
        told = "use small letters, digits and single hyphens between them, beginning with a letter"
        raise typer.BadParameter(told, param_hint="--name") from error


def _write(file: Path, text: str) -> None:
    from cli.errors import CommandError  # noqa: PLC0415  # as above

    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written: {error.strerror}",
            remedy="Give another --output FILE, in a folder that is there",
        ) from error
