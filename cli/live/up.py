"""Keep a pipeline up on this machine: deploy, run, and stay, so that it can be asked and its nights go on."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cli.account import said
from cli.account import session as session_of_environment
from cli.deployment import find_deployment, outputs_of
from cli.errors import CommandError
from cli.execution import INTERRUPTED
from cli.folders import relative
from cli.live import history, kept, realtime
from cli.live.card import Standing, card
from cli.live.here import endpoint, listener, reached
from cli.live.nights import Nights, told
from cli.live.sources import sources
from cli.operate import schedule
from cli.run import SPEED, Host, check_first, deploy_embedded, run
from definition.plan.names import prefix
from embedded_aws import EmbeddedAWS, KeepError, PortInUseError, clock
from embedded_aws.command import ended_by_signals, told_at_the_end, told_of
from embedded_aws.environment import variables

if TYPE_CHECKING:
    import boto3

    from cli.run import RunOptions
    from cli.toolkit import Synthesis
    from cli.view import View
    from definition.file.pipeline import Pipeline
    from embedded_aws.keeping.account import Kept

_LOOK = 1.0
"""Seconds between two looks for runs that have ended."""

_OWN = Host(every=0.2, embedded=True, owned=True)
_ANOTHERS = Host(every=0.2, embedded=True)


@dataclass(frozen=True)
class Wanted:
    """The embedded AWS that is wanted.

    Attributes:
        port: to listen on; where an embedded AWS listens already, that one is taken.
        speed: embedded seconds per second; None for that of all runs on this machine.
        keep: folder of its account; None to forget it.
    """

    port: int
    speed: float | None
    keep: Path | None


def up(pipeline: Pipeline, options: RunOptions, view: View, wanted: Wanted, synthesis: Synthesis) -> int:
    """Deploy and run a pipeline on an embedded AWS that stays until Ctrl-C, or on one that is up already.

    Args:
        pipeline: the pipeline file.
        options: what the command line was told.
        view: the terminal.
        wanted: the embedded AWS.
        synthesis: of the pipeline's stacks.

    Returns:
        The exit code.

    Raises:
        CommandError: the raw data cannot be used, the deployment has failed, another program has the port, or the
            account cannot be kept.
    """
    check_first(pipeline, options)
    found = listener(wanted.port) if wanted.port else "nothing"
    if found == "embedded":
        return _join(pipeline, options, view, wanted, synthesis)
    if found == "other":
        raise CommandError(
            f"another program listens on port {wanted.port}", remedy="Give another one: make up PORT=4567"
        )
    return _begin(pipeline, options, view, wanted, synthesis)


def _begin(pipeline: Pipeline, options: RunOptions, view: View, wanted: Wanted, synthesis: Synthesis) -> int:
    """Start an embedded AWS, deploy and run there, and stay until Ctrl-C."""
    code = INTERRUPTED
    aws = EmbeddedAWS(port=wanted.port, keep=wanted.keep, ahead=True)
    try:
        with ended_by_signals(), aws, told_at_the_end(wanted.keep, view.line), aws.in_environment():
            if aws.found is not None:
                view.line(f"The account of {aws.found:%Y-%m-%d %H:%M} UTC is there again, from {wanted.keep}.")
            before = kept.templates(pipeline, options.stage)
            paused = deploy_embedded(pipeline, options, view, aws.environment(), synthesis)
            speed = SPEED if wanted.speed is None else wanted.speed
            # Only now, as in run_local: the run id is the time of the start, and people read it.
            clock.go_on(speed)
            settled = kept.settled(pipeline, options, before)
            succeeded = settled is not None or run(pipeline, options, view, _OWN)
            session = session_of_environment()
            if paused:
                schedule.turn(session.client("scheduler"), prefix(pipeline.name, options.stage), schedule.ON)
            if settled is not None:
                view.line(f"Nothing has changed since run {settled}, which has succeeded: no run is started.")
            _show(pipeline, options, view, session, aws.port)
            _tell_speed(pipeline, view, speed)
            if not succeeded:
                view.look("The run has failed, as told above. Mend it, and type the same command in another terminal")
            code = 0 if succeeded else 1
            _stay(pipeline, options, view, session)
    except PortInUseError as error:
        raise CommandError(str(error), remedy="Give another one: make up PORT=4567") from error
    except KeepError as error:
        raise CommandError(error.reason, remedy=error.remedy) from error
    except CommandError:
        for line in told_of(aws.kept):
            view.line(line)
        raise
    except KeyboardInterrupt:
        _goodbye(pipeline, options, view, aws.kept)
    return code


def _join(pipeline: Pipeline, options: RunOptions, view: View, wanted: Wanted, synthesis: Synthesis) -> int:
    """Deploy to the embedded AWS that another process keeps up, run there, and leave it up."""
    port = wanted.port
    view.line(f"An embedded AWS is up on port {port}: what has changed is deployed there, and a run started.")
    if wanted.speed is not None:
        view.look("--speed changes nothing: the clock is that of the one that is up")
    if wanted.keep is not None:
        view.look("--keep changes nothing: whether its account is kept was said to the one that is up")
    with reached(port):
        paused = deploy_embedded(pipeline, options, view, variables(endpoint(port)), synthesis)
        succeeded = run(pipeline, options, view, _ANOTHERS)
        session = session_of_environment()
        if paused:
            schedule.turn(session.client("scheduler"), prefix(pipeline.name, options.stage), schedule.ON)
        _show(pipeline, options, view, session, port)
    view.line(f"It stays up on port {port} until Ctrl-C in its own terminal.")
    return 0 if succeeded else 1


def _show(pipeline: Pipeline, options: RunOptions, view: View, session: boto3.Session, port: int) -> None:
    """Print how to ask the pipeline, and what there is."""
    cloudformation, s3 = session.client("cloudformation"), session.client("s3")
    deployment = find_deployment(cloudformation, pipeline.name, options.stage)
    personalize = session.client("personalize")
    live = {
        each: realtime.arn_beside(deployment.state_machine_arn, each.kind, each.resource)
        for each in sources(pipeline, options.stage)
        if each.kind != "table"
    }
    arns = {each: arn for each, arn in live.items() if realtime.missing(personalize, arn, each) is None}
    tracking = outputs_of(cloudformation, pipeline.name, options.stage, "personalize").get("TrackingId")
    things = {str(each): arn for each, arn in arns.items()}
    things |= {"event tracker": tracking} if tracking else {}
    things |= {"state machine": deployment.state_machine_arn, "bucket": deployment.bucket}
    standing = Standing(
        pipeline,
        relative(options.file),
        options.stage,
        relative(Path(sys.executable).parent / "pipelines"),
        variables(endpoint(port)),
        arns,
        things,
        history.example(s3, deployment.bucket),
        port,
    )
    for line in card(standing):
        # From the first column, so that it can be copied.
        view.console.print(line, highlight=False, soft_wrap=True, markup=False)


def _tell_speed(pipeline: Pipeline, view: View, speed: float) -> None:
    view.console.print()
    if pipeline.schedule:
        when = f"{pipeline.schedule.expression}, {pipeline.schedule.timezone}"
        view.line(
            f"The schedule goes on ({when}); a day passes in {_day(speed)} here. Its runs are told when they end."
        )
    view.line("Ctrl-C ends it.")


def _day(speed: float) -> str:
    seconds = 86_400 / speed
    return f"{seconds / 60:,.0f} min" if seconds >= 120 else f"{seconds:.3g} s"  # noqa: PLR2004  # two minutes


def _stay(pipeline: Pipeline, options: RunOptions, view: View, session: boto3.Session) -> None:
    """Tell of runs that end, until Ctrl-C."""
    stepfunctions = session.client("stepfunctions")
    deployment = find_deployment(session.client("cloudformation"), pipeline.name, options.stage)
    nights = Nights(stepfunctions, deployment.state_machine_arn)
    # The signal may reach another thread, so this one wakes up to see it.
    while True:
        time.sleep(_LOOK)
        try:
            for each in nights.ended():
                view.line(told(each))
        except ClientError as error:
            # Somebody has destroyed the stacks; what else is deployed here goes on.
            view.look(f"Runs of {pipeline.name} are no longer told: {said(error)}")
            break
    while True:
        time.sleep(_LOOK)


def _goodbye(pipeline: Pipeline, options: RunOptions, view: View, account: Kept | None) -> None:
    """Say what is gone, and what is left."""
    folder = options.out / pipeline.name
    left = f"Results lie in {relative(folder)}." if folder.is_dir() else "There are no results."
    for line in told_of(account):
        view.line(line)
    if account is None:
        gone = "The embedded AWS is gone with all that was deployed, imported and trained there."
    else:
        gone = "The same command brings the embedded AWS back."
    view.line(f"Ended. {gone} {left}")
