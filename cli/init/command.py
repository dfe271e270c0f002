"""The command `pipelines init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_STDOUT = Path("-")


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
    from cli.init.files import check_name, check_new, schema_from, write  # noqa: PLC0415  # as said
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
    check_name(name)
    with told(view):
        if not to_terminal:
            check_new(file)
        try:
            schema = None if to_terminal else schema_from(file)
            drafted = draft(raw, name=name, schema=schema, s3=lambda: session().client("s3"))
        except DraftError as error:
            raise CommandError(str(error), remedy=error.remedy) from error
        except SpecError as error:
            raise CommandError(str(error), remedy="Give another --name, if that is what it says") from error
        if not to_terminal:
            write(file, drafted.text)
    if to_terminal:
        typer.echo(plain(drafted.text), nl=False)
    show(drafted, view.console)
    tell_next(drafted, view.console, None if to_terminal else name if output is None else str(file))
