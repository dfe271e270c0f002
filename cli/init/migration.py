"""The command `pipelines import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.view import View
    from drafting.migration.found import Found
    from drafting.migration.pipeline import Moved

_STDOUT = Path("-")


def import_(
    *,
    dataset_group: Annotated[
        str | None, typer.Option(help="ARN of a dataset group in the AWS of the environment; it is only read.")
    ] = None,
    from_aws_solution: Annotated[
        Path | None,
        typer.Option(help="config.json of the retired AWS solution Maintaining Personalized Experiences."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the pipeline; left out, it is made of the dataset group's.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write, - for the terminal; default pipelines/<name>.yaml.")
    ] = None,
) -> None:
    """Write a pipeline file from what there is: a dataset group, or a configuration of the retired AWS solution.

    Schemas become columns; solutions, campaigns, batch jobs, recommenders, filters and schedules become what pipeline
    files have. What has no counterpart is listed, in the file too. Nothing of what there is changes, and no file is
    written over. docs/coming-from-mpe.md goes through it feature by feature.

    Example: pipelines import --from-aws-solution config.json --name shop

    Example: pipelines import --dataset-group arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop
    """
    # Not for `pipelines --help`: see cli/main.py.
    from cli.account import told  # noqa: PLC0415  # as said
    from cli.errors import CommandError  # noqa: PLC0415  # as said
    from cli.init.files import check_name, check_new, schema_from, write  # noqa: PLC0415  # as said
    from cli.terminal import Terminal, plain  # noqa: PLC0415  # as said
    from cli.view import View  # noqa: PLC0415  # as said
    from definition.paths import PIPELINES  # noqa: PLC0415  # as said
    from drafting.errors import DraftError  # noqa: PLC0415  # as said
    from drafting.migration.pipeline import moved as move  # noqa: PLC0415  # as said

    if (dataset_group is None) == (from_aws_solution is None):
        raise typer.BadParameter("give one of --dataset-group and --from-aws-solution")
    if name is not None:
        check_name(name)
    view = View(Terminal(stderr=output == _STDOUT))
    with told(view):
        try:
            target = PIPELINES / "pipeline.yaml" if output is None else output
            found, origin = _found(dataset_group, from_aws_solution or Path())
            schema = None if output == _STDOUT else schema_from(target)
            moved = move(found, name=name, origin=origin, schema=schema)
        except DraftError as error:
            raise CommandError(str(error), remedy=error.remedy) from error
        file = PIPELINES / f"{moved.pipeline.name}.yaml" if output is None else output
        if output != _STDOUT:
            check_new(file)
            write(file, moved.text)
    if output == _STDOUT:
        typer.echo(plain(moved.text), nl=False)
    _show(moved, None if output == _STDOUT else moved.pipeline.name if output is None else str(file), view)


def _found(dataset_group: str | None, configuration: Path) -> tuple[Found, str]:
    """Return what there is, and for people where it was found."""
    from cli.account import session  # noqa: PLC0415  # as above
    from cli.errors import CommandError  # noqa: PLC0415  # as above
    from drafting.migration.configuration import read_configuration  # noqa: PLC0415  # as above
    from drafting.migration.dataset_group import read_dataset_group  # noqa: PLC0415  # as above

    if dataset_group:
        found = read_dataset_group(session().client("personalize"), dataset_group)
        return found, f"the dataset group {found.name}"
    try:
        text = configuration.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Give the path of a config.json"
        raise CommandError(f"{configuration} cannot be read: {error}", remedy=remedy) from error
    return read_configuration(text), configuration.name


def _show(moved: Moved, file: str | None, view: View) -> None:
    """Print what has no counterpart, and the next steps."""
    from rich.markup import escape  # noqa: PLC0415  # as above

    def say(text: str) -> None:
        view.console.print(text, highlight=False, soft_wrap=True)

    for note in moved.notes:
        say(f"[yellow]Look:[/yellow] {escape(note)}")
    for dataset, place in moved.sources.items():
        say(f"{dataset}: put {escape(place)} under raw/{dataset}/ of the pipeline's bucket")
    say("What there is stays as it is, and campaigns and recommenders are billed until somebody deletes them.")
    if file:
        say(f"[bold]Next:[/bold] pipelines validate {escape(file)} --raw FOLDER, with the raw data in FOLDER")
