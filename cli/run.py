"""One run from the command line: deploy (on the embedded AWS), upload, start, follow, download, show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import results
from cli.account import session as session_of_environment
from cli.deployment import deploy, find_deployment
from cli.errors import CommandError
from cli.execution import Place, bring, start, watch
from cli.folders import relative
from cli.init.trial import previewed
from cli.operate.schedule import PAUSED, turn
from definition import layout
from definition.plan.names import prefix
from embedded_aws import EmbeddedAWS, clock
from embedded_aws.glue import spark

if TYPE_CHECKING:
    from pathlib import Path

    from cli.view import View
    from definition.file.pipeline import Pipeline

SPEED = 60
"""Embedded seconds per second: what waits a minute in the account waits a second here."""


_DEPLOYED = "✅"
"""What the CDK begins the line of a finished stack with."""


@dataclass(frozen=True)
class RunOptions:
    """What the command line was told.

    Attributes:
        file: the pipeline file.
        raw: folder to upload under ``raw/``, None to use what lies there.
        out: folder that results are put under.
        execution_input: what the execution starts with.
    """

    file: Path
    stage: str
    raw: Path | None
    out: Path
    execution_input: Any


def run_local(pipeline: Pipeline, options: RunOptions, view: View) -> bool:
    """Run a pipeline on a fresh embedded AWS; return whether it succeeded.

    Raises:
        CommandError: the raw data cannot be used, or the deployment has failed.
    """
    # What would end the run is told before half a minute of deployment.
    _check_spark(pipeline)
    if options.raw is not None:
        previewed(pipeline, str(options.raw))
    with EmbeddedAWS() as aws, aws.in_environment():
        with view.phase("Deploy") as show:

            def say(text: str) -> None:
                show(text)
                if text.startswith(_DEPLOYED):
                    view.line(text.removeprefix(_DEPLOYED).strip())

            deploy(options.file, options.stage, environment=aws.environment(), say=say)
            if pipeline.schedule:
                _start_by_hand_only(aws, pipeline, options.stage)
        # From here on only: the run id is the time of the start, and people read it.
        clock.start(SPEED)
        return run(pipeline, options, view, every=0.2, embedded=True)


def _start_by_hand_only(aws: EmbeddedAWS, pipeline: Pipeline, stage: str) -> None:
    """Pause the schedule, and stop what it has started already: a rate begins at once, before there is data."""
    turn(aws.client("scheduler"), prefix(pipeline.name, stage), PAUSED)
    stepfunctions = aws.client("stepfunctions")
    machine = find_deployment(aws.client("cloudformation"), pipeline.name, stage).state_machine_arn
    for each in stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        stepfunctions.stop_execution(executionArn=each["executionArn"], cause="Runs on this machine start by hand.")


def _check_spark(pipeline: Pipeline) -> None:
    """Check that this machine has what a Glue job needs.

    Raises:
        CommandError: it has not.
    """
    if pipeline.engine == "glue" and (lack := spark.missing()):
        raise CommandError(lack, remedy="engine: lambda in the pipeline file runs here without it")


def run(pipeline: Pipeline, options: RunOptions, view: View, *, every: float = 5, embedded: bool = False) -> bool:
    """Run a deployed pipeline in the AWS of the environment; return whether it succeeded.

    Args:
        pipeline: the pipeline file.
        options: what the command line was told.
        view: the terminal.
        every: seconds between two looks at the execution.
        embedded: whether that AWS is this machine's, on which nothing is paid.

    Raises:
        CommandError: the pipeline is not deployed there.
    """
    session = session_of_environment()
    deployment = find_deployment(session.client("cloudformation"), pipeline.name, options.stage)
    s3, stepfunctions = session.client("s3"), session.client("stepfunctions")
    if options.raw is not None:
        with view.phase("Upload"):
            count = results.upload(s3, deployment.bucket, options.raw)
            view.line(
                f"{count} files from {relative(options.raw)} to s3://{deployment.bucket}/{layout.RAW.key(path='')}"
            )
    with view.phase("Run"):
        started = start(stepfunctions, deployment.state_machine_arn, options.execution_input)
        attach = None if embedded else f"pipelines follow {relative(options.file)} --stage {options.stage}"
        execution = watch(stepfunctions, started, view, every=every, attach=attach)
    place = Place(pipeline, options.file, deployment.bucket, options.out, embedded=embedded)
    return bring(s3, place, execution, view)
