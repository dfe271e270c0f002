"""The `pipelines` command.

`--help` and `validate` answer at once: what only a run, the doctor or the embedded AWS need (an AWS SDK, moto, Polars)
is imported by the command that needs it, and so is the meaning of pipeline files, which `--help` does not ask for.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.arguments import Keep, PipelineArgument, Stage, as_json_value, check_stage, load_pipeline
from cli.cost.command import cost, prices
from cli.doctor.command import doctor
from cli.errors import CommandError
from cli.first_contact.command import first_contact
from cli.forget import command as forgetting
from cli.graph import graph
from cli.init.command import init
from cli.init.migration import import_
from cli.live import commands as live
from cli.operate import commands as operate

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(init)
app.command("import")(import_)
app.command()(doctor)
app.command()(graph)
app.command()(first_contact)
app.command()(cost)
app.command()(prices)
app.add_typer(live.app)
app.add_typer(operate.app)
app.add_typer(forgetting.app)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001  # as Typer calls it
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  # see above

        typer.echo(version("personalize-pipelines"))
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[  # its callback ends the command
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Batch recommendations with Amazon Personalize, from one YAML file."""


@app.command()
def validate(
    pipeline: PipelineArgument,
    *,
    raw: Annotated[
        str | None, typer.Option(help="Folder with raw data, or s3://bucket/prefix/, to try the file on.")
    ] = None,
) -> None:
    """Check a pipeline file and print every mistake with its line, place and remedy.

    With --raw the transform reads the beginnings of the files that the sources take, and shows the first records as
    they would be imported, before anything is deployed. The exit code is 1 if more rows are rejected than max_rejected
    allows.

    Example: pipelines validate movielens

    Example: pipelines validate shop.yaml --raw ~/Downloads/shop
    """
    loaded, file = load_pipeline(pipeline)
    counts = {
        "dataset": len(loaded.datasets.by_name()),
        "solution": len(loaded.solutions),
        "batch job": sum(len(solution.jobs) for solution in loaded.solutions),
        **({"recommender": len(loaded.recommenders)} if loaded.recommenders else {}),
    }
    told = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())
    typer.echo(f"{file.name} is right: {told}")
    if raw is not None:
        from cli.init.trial import trial  # noqa: PLC0415  # see above

        trial(loaded, raw)


class Document(StrEnum):
    """What has a JSON Schema."""

    PIPELINE = "pipeline"
    MANIFEST = "manifest"
    EVENTS = "events"
    PRICES = "prices"


@app.command()
def schema(
    document: Annotated[
        Document, typer.Argument(help="Pipeline files, manifests of runs, events, or prices.")
    ] = Document.PIPELINE,
) -> None:
    """Print the JSON Schema of pipeline files, for editors, of manifests and events, for programs, or of prices.

    Example: pipelines schema > pipeline.schema.json, and as the first line of the pipeline file
    # yaml-language-server: $schema=pipeline.schema.json
    """
    from definition.contract import events, manifest  # noqa: PLC0415  # see above
    from definition.file.schema import json_schema  # noqa: PLC0415  # see above
    from pricing.tables import table  # noqa: PLC0415  # see above

    schemas: dict[Document, Callable[[], dict[str, Any]]] = {
        Document.PIPELINE: json_schema,
        Document.MANIFEST: manifest.json_schema,
        Document.EVENTS: events.json_schema,
        Document.PRICES: table.json_schema,
    }
    typer.echo(json.dumps(schemas[document](), indent=2, ensure_ascii=False))


@app.command("run")
def run_command(
    pipeline: PipelineArgument,
    *,
    local: Annotated[
        bool, typer.Option("--local", help="Deploy to an embedded AWS on this machine and run there.")
    ] = False,
    stage: Stage = "dev",
    raw: Annotated[
        Path | None, typer.Option(help="Folder to upload under raw/; with --local default samples/<pipeline>.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for results.")] = Path("out"),
    execution_input: Annotated[
        str,
        typer.Option("--input", help='Input of the run as JSON, such as \'{"training": "skip"}\'; see docs/runs.md.'),
    ] = "{}",
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but errors and, as the last line, the folder of the results.")
    ] = False,
) -> None:
    """Run a pipeline, follow it, and bring its results to out/<pipeline>/<run id>/; out/<pipeline>/latest leads there.

    Without --local the pipeline must be deployed; the usual AWS environment (AWS_PROFILE, AWS_REGION,
    AWS_ENDPOINT_URL, …) says where. The last line is the folder of the results; the exit code is 0 only if the run
    succeeded.

    Example: pipelines run movielens --local

    Example: pipelines run movielens --stage prod --input '{"solutions": ["for-you"]}'
    """
    from cli.account import told  # noqa: PLC0415  # see above
    from cli.folders import raw_folder  # noqa: PLC0415  # see above
    from cli.toolkit import Synthesis  # noqa: PLC0415  # see above
    from cli.view import View  # noqa: PLC0415  # see above

    view = View(quiet=quiet)
    loaded, file = load_pipeline(pipeline)
    check_stage(stage)
    with told(view):
        folder, given = raw_folder(loaded, raw, local=local), as_json_value(execution_input)
        # The embedded AWS refuses by itself what it does not take.
        with Synthesis(file, stage, examined=False) if local else nullcontext() as synthesis:
            # After the synthesis has begun: to import an AWS takes seconds, and neither needs the other.
            with view.phase("Start"):
                from cli.run import RunOptions, run, run_local  # noqa: PLC0415  # see above

            options = RunOptions(file, stage, folder, out, given)
            succeeded = run(loaded, options, view) if synthesis is None else run_local(loaded, options, view, synthesis)
    raise typer.Exit(0 if succeeded else 1)


@app.command()
def serve(
    *,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 4566,
    speed: Annotated[float, typer.Option(help="Embedded seconds per second, for waits and schedules.")] = 1,
    keep: Keep = None,
) -> None:
    """Keep the embedded AWS up on localhost until Ctrl-C.

    Prints the export lines with which the AWS CLI, boto3 and `npx cdk deploy` reach it. It starts empty and forgets
    everything at the end, unless --keep names a folder for the account.

    Example: pipelines serve --port 4566

    Example: pipelines serve --keep my-aws
    """
    from cli.view import View  # noqa: PLC0415  # see above
    from embedded_aws import KeepError, PortInUseError  # noqa: PLC0415  # see above
    from embedded_aws.command import keep_up  # noqa: PLC0415  # see above

    try:
        keep_up(port, speed, typer.echo, keep=keep)
    except PortInUseError as error:
        View().error(CommandError(str(error), remedy="Give another one: make serve PORT=4567"))
        raise typer.Exit(1) from error
    except KeepError as error:
        View().error(CommandError(error.reason, remedy=error.remedy))
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
