"""The commands of whoever operates a deployed pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson, PipelineArgument, Stage, as_json_value
from cli.operate.deployed import deployed

app = typer.Typer()
PANEL = "Operate a deployed pipeline"

RunArgument = Annotated[str | None, typer.Argument(help="Id of a run, as `pipelines runs` lists it.")]
Out = Annotated[Path, typer.Option(help="Folder for results.")]
Input = Annotated[str, typer.Option("--input", help="Input of the run as JSON; see docs/runs.md.")]


@app.command(rich_help_panel=PANEL)
def status(pipeline: PipelineArgument, *, stage: Stage = "dev", as_json: AsJson = False) -> None:
    """Show how a deployed pipeline stands: schedule, last runs, age of its tables, what answers in real time.

    Example: pipelines status movielens --stage prod

    Example: pipelines status movielens --json | jq '.tables[] | {job, published}'
    """
    from datetime import UTC, datetime  # noqa: PLC0415  # not for `pipelines --help`: see cli/main.py

    from cli.operate import show  # noqa: PLC0415  # as above
    from cli.operate.status import status_of  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        found = status_of(at.session, at.deployment, at.pipeline, stage)
        if as_json:
            typer.echo(show.as_json(found))
        else:
            show.show_status(found, datetime.now(UTC), at.view.console)


@app.command(rich_help_panel=PANEL, name="runs")
def list_runs(
    pipeline: PipelineArgument,
    *,
    stage: Stage = "dev",
    last: Annotated[int, typer.Option(help="How many, the newest ones.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the runs of a deployed pipeline, and why those that failed did; Step Functions keeps 90 days of them.

    Example: pipelines runs movielens --last 50
    """
    from cli.operate import runs, show  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        found = runs.newest(at.stepfunctions, at.machine, last)
        if as_json:
            typer.echo(show.as_json(found))
        elif found:
            show.show_runs(found, at.view.console)
        else:
            at.view.line(f"No run yet. {at.command('start')} begins one.")


@app.command(rich_help_panel=PANEL)
def start(
    pipeline: PipelineArgument, *, stage: Stage = "dev", execution_input: Input = "{}", as_json: AsJson = False
) -> None:
    """Start a run and return at once; `pipelines follow` shows it, `pipelines run` does both.

    Example: pipelines start movielens --input '{"training": "skip"}'
    """
    from cli import execution  # noqa: PLC0415  # as above
    from cli.operate import runs, show  # noqa: PLC0415  # as above

    given = as_json_value(execution_input)
    with deployed(pipeline, stage) as at:
        arn = execution.start(at.stepfunctions, at.machine, given)
        begun = runs.of_execution(at.stepfunctions.describe_execution(executionArn=arn))
        if as_json:
            typer.echo(show.as_json(begun))
        else:
            at.view.line(f"run {begun.run} begins: {arn}")
            at.view.line(f"{at.command('follow', begun.run)} shows it")


@app.command(rich_help_panel=PANEL)
def follow(
    pipeline: PipelineArgument, run: RunArgument = None, *, stage: Stage = "dev", out: Out = Path("out")
) -> None:
    """Watch the run that is active, or the one that is named, and bring its results as `pipelines run` does.

    Ctrl-C ends the watching and not the run; the exit code is then 130.

    Example: pipelines follow movielens --stage prod
    """
    from cli.operate import runs  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        found = runs.find(at.stepfunctions, at.machine, run, runs.ACTIVE if run is None else runs.ANY, what="active")
        succeeded = at.follow(found["executionArn"], out)
    raise typer.Exit(0 if succeeded else 1)


@app.command(rich_help_panel=PANEL)
def redrive(
    pipeline: PipelineArgument, run: RunArgument = None, *, stage: Stage = "dev", out: Out = Path("out")
) -> None:
    """Redrive the newest run, if it has failed: it resumes at what failed, and pays nothing twice.

    A run that is named must be the newest one: others after it have replaced its data. Step Functions takes it for 14
    days after the end. When data or the pipeline file were changed, start a run instead.

    Example: pipelines redrive movielens --stage prod
    """
    from cli.operate import runs  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        found = runs.failed(at.stepfunctions, at.machine, run)
        runs.check_not_followed(at.session.client("s3"), at.deployment.bucket, found)
        at.stepfunctions.redrive_execution(executionArn=found["executionArn"])
        succeeded = at.follow(found["executionArn"], out)
    raise typer.Exit(0 if succeeded else 1)


@app.command(rich_help_panel=PANEL, name="results")
def bring_results(
    pipeline: PipelineArgument, run: RunArgument = None, *, stage: Stage = "dev", out: Out = Path("out")
) -> None:
    """Bring the results of the newest run that has ended, or of the one that is named, to out/<pipeline>/<run id>/.

    Example: pipelines results movielens --stage prod --out downloads
    """
    from cli.operate import runs  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        ended = ("SUCCEEDED", *runs.FAILED)
        succeeded = at.bring(runs.find(at.stepfunctions, at.machine, run, ended, what="over"), out)
    raise typer.Exit(0 if succeeded else 1)


@app.command(rich_help_panel=PANEL)
def logs(
    pipeline: PipelineArgument,
    run: RunArgument = None,
    *,
    stage: Stage = "dev",
    since: Annotated[
        str | None, typer.Option(help="Instead of a run: how far back, as 90m, 12h or 2d.", metavar="DURATION")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="A function, such as transform, or spark; may be given again.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Warnings and errors only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what functions and Spark job logged during the newest run, or the one that is named.

    The states of a run are not among it: `pipelines follow` and the console show those. With --json each line has all
    its fields, the report of the transform among them.

    Example: pipelines logs movielens --errors

    Example: pipelines logs movielens --since 2d --source dataset --source teardown
    """
    from cli.operate.show_logs import show_logs  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        show_logs(at, run, since=since, wanted=source or [], errors=errors, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def pause(pipeline: PipelineArgument, *, stage: Stage = "dev") -> None:
    """Pause the schedule: no run starts by itself until `pipelines resume`; one that is active goes on.

    A deployment that changes the schedule in the pipeline file switches it on again.

    Example: pipelines pause movielens --stage prod
    """
    _turn(pipeline, stage, on=False)


@app.command(rich_help_panel=PANEL)
def resume(pipeline: PipelineArgument, *, stage: Stage = "dev") -> None:
    """Resume the schedule after `pipelines pause`. Runs that were due meanwhile are not made up for.

    Example: pipelines resume movielens --stage prod
    """
    _turn(pipeline, stage, on=True)


@app.command(rich_help_panel=PANEL)
def destroy(
    pipeline: PipelineArgument,
    *,
    stage: Stage = "dev",
    with_bucket: Annotated[
        bool, typer.Option("--with-bucket", help="Delete the bucket, too: raw data, tables, every version.")
    ] = False,
    confirm: Annotated[
        str | None, typer.Option(help="Name of the deployment, <pipeline>-<stage>; left out, it is asked for.")
    ] = None,
) -> None:
    """Remove the stacks of a pipeline and what runs made in Personalize; the bucket stays unless you say so.

    Asks for the name of the deployment before anything is removed. An export of the results is not made: `pipelines
    results` brings them.

    Example: pipelines destroy movielens --stage dev

    Example: pipelines destroy movielens --stage dev --with-bucket --confirm movielens-dev
    """
    from cli.deployment import destroy as destroy_stacks  # noqa: PLC0415  # as above
    from cli.errors import CommandError  # noqa: PLC0415  # as above
    from cli.operate import removal  # noqa: PLC0415  # as above
    from definition.plan.names import prefix  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        name, bucket, s3 = prefix(at.pipeline.name, stage), at.deployment.bucket, at.session.client("s3")
        removal.check_idle(at.stepfunctions, at.machine)
        key = removal.made_key(at.session.client("cloudformation"), at.pipeline, stage)
        fate = f"the bucket {bucket} stays"
        if with_bucket:
            held = removal.contents(s3, bucket)
            fate = f"{bucket} goes with {held.objects:,} objects, {held.size / 1e6:,.1f} MB"
        at.view.line(f"Stacks of {name}, their schedule, and what runs made in Personalize go; {fate}.")
        if confirm is None:
            confirm = typer.prompt(f"Type {name} to go on", default="", show_default=False)
        if confirm != name:
            raise CommandError(
                f"'{confirm}' is not {name}: nothing was removed", remedy=f"Type it, or give --confirm {name}"
            )
        if with_bucket:
            # First: without the stacks nobody would find what is left of it.
            with at.view.phase("Empty the bucket") as show:
                removal.empty(s3, bucket, show)
        with at.view.phase("Destroy") as show:
            destroy_stacks(at.file, stage, environment=removal.cdk_environment(at.session), say=show)
        if with_bucket:
            removal.empty(s3, bucket)
            s3.delete_bucket(Bucket=bucket)
        at.view.line(f"{name} is gone" + ("" if with_bucket else f"; s3://{bucket} is there with its data"))
        if key:
            at.view.line(f"the key {key} stays: aws kms schedule-key-deletion --key-id {key}")


def _turn(pipeline: str, stage: str, *, on: bool) -> None:
    from cli.operate import arrivals, schedule  # noqa: PLC0415  # as above
    from definition.plan.names import prefix  # noqa: PLC0415  # as above

    with deployed(pipeline, stage) as at:
        name = prefix(at.pipeline.name, stage)
        if arrivals.turn(at.session.client("events"), at.pipeline, stage, on=on):
            told = "starts runs again" if on else "starts no run"
            at.view.line(f"raw data that arrives {told}")
            if at.pipeline.schedule is None:
                return
        found = schedule.turn(at.session.client("scheduler"), name, schedule.ON if on else schedule.PAUSED)
        when = f"{found.expression}, {found.timezone}"
        at.view.line(f"runs start again: {when}" if on else f"paused: no run starts by {when}")
