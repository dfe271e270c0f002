"""One run from the command line: deploy (on the embedded AWS), upload, start, follow, download, show."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import catalog, uploading
from cli.account import session as session_of_environment
from cli.bootstrapping import bootstrap_embedded
from cli.deployment import deploy, find_deployment
from cli.errors import CommandError
from cli.execution import Place, bring, start, watch
from cli.folders import relative
from cli.init.trial import previewed, refuse_failed
from cli.operate import arrivals, schedule
from definition.plan.names import prefix
from embedded_aws import EmbeddedAWS, clock
from embedded_aws.glue import spark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import boto3

    from cli.toolkit import Synthesis
    from cli.view import View
    from definition.file.pipeline import Pipeline

SPEED = 60
"""Embedded seconds per second where people watch the nights go by: a day passes in 24 minutes."""

_ONE_RUN = 120
"""Embedded seconds per second of a run that is alone: what waits a minute in the account waits half a second here."""


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


def run_local(pipeline: Pipeline, options: RunOptions, view: View, synthesis: Synthesis) -> bool:
    """Run a pipeline on a fresh embedded AWS, to which its synthesis is deployed; return whether it succeeded.

    Raises:
        CommandError: the raw data cannot be used, or the deployment has failed.
    """
    check_first(pipeline, options)
    with EmbeddedAWS(ahead=True) as aws, aws.in_environment():
        deploy_embedded(pipeline, options, view, aws.environment(), synthesis)
        # From here on only: the run id is the time of the start, and people read it.
        clock.start(_ONE_RUN)
        return run(pipeline, options, view, AT_ONCE)


def check_first(pipeline: Pipeline, options: RunOptions) -> None:
    """Check what would end a run on this machine, before half a minute of deployment.

    Raises:
        CommandError: the raw data cannot be used, or a Glue job lacks what it needs.
    """
    if pipeline.engine == "glue" and (lack := spark.missing()):
        raise CommandError(lack, remedy="engine: lambda in the pipeline file runs here without it")
    if options.raw is not None:
        for found in previewed(pipeline, str(options.raw)):
            refuse_failed(found)


def deploy_embedded(
    pipeline: Pipeline, options: RunOptions, view: View, environment: Mapping[str, str], synthesis: Synthesis
) -> bool:
    """Deploy to the embedded AWS of the environment; return whether a new schedule was paused, for a start by hand.

    Raises:
        CommandError: the deployment has failed.
    """
    session = session_of_environment()
    scheduler, name = session.client("scheduler"), prefix(pipeline.name, options.stage)
    known = schedule.read(scheduler, name)
    with view.phase("Deploy") as show:

        def say(text: str) -> None:
            show(text)
            if text.startswith(_DEPLOYED):
                view.line(text.removeprefix(_DEPLOYED).strip())

        # Meanwhile the synthesis goes on.
        bootstrap_embedded(session.client("cloudformation"))
        deploy(options.file, options.stage, environment=environment, say=say, synthesis=synthesis)
        if pipeline.schedule and not known:
            schedule.turn(scheduler, name, schedule.PAUSED)
            _stop_what_it_started(session, pipeline, options.stage)
            return True
    return False


def _stop_what_it_started(session: boto3.Session, pipeline: Pipeline, stage: str) -> None:
    """Stop the run of a schedule with a rate, which begins at once, before there is data."""
    stepfunctions = session.client("stepfunctions")
    machine = find_deployment(session.client("cloudformation"), pipeline.name, stage).state_machine_arn
    for each in stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        stepfunctions.stop_execution(executionArn=each["executionArn"], cause="The first run here starts by hand.")


@dataclass(frozen=True)
class Host:
    """The AWS that a run goes to.

    Attributes:
        every: seconds between two looks at the execution.
        embedded: whether it is on this machine, where nothing is paid.
        owned: whether it ends with this process, and a run with it.
        lasts: whether it is there when the run has ended, so that a failed run can be redriven.
    """

    every: float = 5
    embedded: bool = False
    owned: bool = False
    lasts: bool = True


AT_ONCE = Host(every=0.2, embedded=True, owned=True, lasts=False)
"""An embedded AWS for one run."""


def run(pipeline: Pipeline, options: RunOptions, view: View, host: Host = Host()) -> bool:  # frozen
    """Run a deployed pipeline in the AWS of the environment; return whether it succeeded.

    Args:
        pipeline: the pipeline file.
        options: what the command line was told.
        view: the terminal.
        host: what kind of AWS that is.

    Raises:
        CommandError: the pipeline is not deployed there.
    """
    session = session_of_environment()
    deployment = find_deployment(session.client("cloudformation"), pipeline.name, options.stage)
    s3, stepfunctions = session.client("s3"), session.client("stepfunctions")
    # In an account nobody knows when the last event of an upload has come.
    quiet = arrivals.held(session.client("events"), pipeline, options.stage) if host.embedded else nullcontext()
    with quiet:
        if options.raw is not None:
            with view.phase("Upload"):
                for line in uploading.upload_for(pipeline, s3, deployment.bucket, options.raw, embedded=host.embedded):
                    view.line(line)
                for line in catalog.lay_out(pipeline, session.client("glue"), options.raw) if host.embedded else ():
                    view.line(line)
            if pipeline.trigger and not host.embedded:
                view.look("What was uploaded may start a run of its own after this one: the file has a trigger")
        started = start(stepfunctions, deployment.state_machine_arn, options.execution_input)
    with view.phase("Run"):
        attach = None if host.owned else f"pipelines follow {relative(options.file)} --stage {options.stage}"
        execution = watch(stepfunctions, started, view, every=host.every, attach=attach)
    place = Place(pipeline, options.file, deployment.bucket, options.out, embedded=host.embedded, lasts=host.lasts)
    return bring(s3, place, execution, view)
