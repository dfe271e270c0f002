"""One run from the command line: deploy (on the embedded AWS), upload, start, follow, download, show."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import results
from cli.account import session as session_of_environment
from cli.cost.spent import tell_spent
from cli.deployment import deploy, find_deployment
from cli.errors import CommandError
from cli.folders import relative
from cli.follow import Follower
from definition import layout
from definition.contract.manifest import FailureRecord, Manifest, UnreadableDocumentError
from definition.plan.names import run_id
from embedded_aws import EmbeddedAWS, clock
from transform.contract import TransformReport

if TYPE_CHECKING:
    from pathlib import Path

    from cli.deployment import Deployment
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
    """Run a pipeline on a fresh embedded AWS; return whether it succeeded."""
    with EmbeddedAWS() as aws, aws.in_environment():
        with view.phase("Deploy") as show:

            def say(text: str) -> None:
                show(text)
                if text.startswith(_DEPLOYED):
                    view.line(text.removeprefix(_DEPLOYED).strip())

            deploy(options.file, options.stage, environment=aws.environment(), say=say)
        # From here on only: the run id is the time of the start, and people read it.
        clock.start(SPEED)
        return run(pipeline, options, view, every=0.2, embedded=True)


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
    s3 = session.client("s3")
    if options.raw is not None:
        with view.phase("Upload"):
            count = results.upload(s3, deployment.bucket, options.raw)
            view.line(
                f"{count} files from {relative(options.raw)} to s3://{deployment.bucket}/{layout.RAW.key(path='')}"
            )
    with view.phase("Run"):
        execution = _follow(session.client("stepfunctions"), deployment, options.execution_input, view, every)
    if (active := _active_run(execution)) is not None:
        view.error(
            CommandError(
                f"Skipped: run {active['run']} is still active",
                remedy=f"Wait for its end, or stop its execution: {active['execution']}",
            )
        )
        return False
    run = _run_of(execution, options.execution_input, s3, deployment.bucket)
    folder = options.out / pipeline.name / run
    with view.phase("Results"):
        for left in results.download(s3, deployment.bucket, pipeline, run, folder):
            view.look(
                f"{left.key!r} was left in s3://{deployment.bucket}: {left.reason}. No run names an object so; find "
                "out who wrote it, then delete it, or fetch it with aws s3api get-object to a file that you name."
            )
        labels = results.item_labels(s3, deployment.bucket, pipeline.item_labels)
    show_results(pipeline, folder, labels, view)
    tell_spent(pipeline, options.file, folder, view, embedded=embedded)
    if execution["status"] != "SUCCEEDED":
        cause = execution.get("cause") or execution["status"]
        told = remedy_of(folder)
        view.error(CommandError(cause, remedy=f"{told} The record of the failure is in {relative(folder)}".lstrip()))
    view.times()
    view.console.print(relative(folder), highlight=False, soft_wrap=True, markup=False)
    return bool(execution["status"] == "SUCCEEDED")


def _active_run(execution: dict[str, Any]) -> dict[str, str] | None:
    """Return run and execution of the run because of which an execution did nothing, None if it ran."""
    output = json.loads(execution.get("output") or "{}")
    active: dict[str, str] | None = output.get("active") if output.get("skipped") else None
    return active


def _run_of(execution: dict[str, Any], execution_input: Any, s3: Any, bucket: str) -> str:
    """Return the id of the run that an execution did: one that it went on with, or its own."""
    own = run_id(execution["startDate"], execution["name"])
    given = execution_input.get("run") if isinstance(execution_input, dict) else None
    # An execution that was refused left its record under its own id.
    is_own = given is None or s3.list_objects_v2(Bucket=bucket, Prefix=layout.RUN.key(run=own))["KeyCount"]
    return own if is_own else str(given)


def _follow(
    stepfunctions: Any, deployment: Deployment, execution_input: Any, view: View, every: float
) -> dict[str, Any]:
    started = time.monotonic()
    answer = stepfunctions.start_execution(
        stateMachineArn=deployment.state_machine_arn, input=json.dumps(execution_input)
    )
    follower = Follower(stepfunctions, answer["executionArn"])
    for progress in follower.watch(every=every):
        view.progress(progress, time.monotonic() - started)
    execution = follower.finished()
    assert execution is not None, "watch() ends when the execution has"
    return execution


def show_results(pipeline: Pipeline, folder: Path, labels: dict[str, str], view: View) -> None:
    """Show what a run left in its folder: its manifest with samples of the results, else its data report.

    Args:
        pipeline: whose run it was.
        folder: where the run's objects were brought to.
        labels: readable labels of item ids.
        view: the terminal.
    """
    try:
        manifest = results.document(Manifest, folder, layout.MANIFEST)
        # What stopped the run may well be seen in its data.
        report = None if manifest else results.document(TransformReport, folder, layout.DATA_REPORT)
    except UnreadableDocumentError as error:
        # What cannot be shown must not spoil a run that succeeded: everything is in the folder.
        view.look(str(error))
        return
    if report is not None:
        view.data(report)
    if manifest is None:
        return
    view.summary(manifest)
    for solution in pipeline.solutions:
        for job in solution.jobs:
            if found := results.samples(folder / solution.name / job.name, labels):
                view.samples(solution.name, job.name, found)


def remedy_of(folder: Path) -> str:
    """Return what to do about the failure of a run, from its folder; if that is not known, why, or nothing."""
    try:
        record = results.document(FailureRecord, folder, layout.FAILURE)
    except UnreadableDocumentError as error:
        return str(error)
    return record.remedy if record else ""
