"""An execution on the terminal: start it, watch it, and bring what its run left in the bucket."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from botocore.exceptions import ClientError

from cli import results
from cli.cost.spent import tell_spent
from cli.errors import CommandError
from cli.folders import relative
from cli.follow import Follower
from cli.labels import item_labels
from definition import layout
from definition.contract.manifest import FailureRecord, Manifest, UnreadableDocumentError
from definition.plan.names import run_id
from transform.contract import TransformReport

if TYPE_CHECKING:
    from pathlib import Path

    from cli.view import View
    from definition.file.pipeline import Pipeline

_SAMPLED_JOBS = 4
"""Batch jobs of which samples are shown: more would push the tables before them off the screen."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def start(stepfunctions: Any, state_machine_arn: str, execution_input: Any) -> str:
    """Start a run and return the ARN of its execution."""
    answer = stepfunctions.start_execution(stateMachineArn=state_machine_arn, input=json.dumps(execution_input))
    return str(answer["executionArn"])


def watch(stepfunctions: Any, execution_arn: str, view: View, *, every: float, attach: str | None) -> dict[str, Any]:
    """Print what an execution does until it ends.

    Args:
        stepfunctions: a boto3 Step Functions client.
        execution_arn: the execution.
        view: the terminal.
        every: seconds between looks.
        attach: command that watches it again after Ctrl-C; None where the execution ends with this process.

    Returns:
        What DescribeExecution answers.

    Raises:
        Exit: with ``INTERRUPTED``, after Ctrl-C.
    """
    started = time.monotonic()
    follower = Follower(stepfunctions, execution_arn)
    try:
        for progress in follower.watch(every=every):
            view.progress(progress, time.monotonic() - started)
    except KeyboardInterrupt:
        if attach is None:
            raise
        view.look(f"The run goes on. `{attach}` shows it again; to stop it, stop its execution: {execution_arn}")
        raise typer.Exit(INTERRUPTED) from None
    execution = follower.finished()
    assert execution is not None, "watch() ends when the execution has"
    return execution


def skipped_for(execution: dict[str, Any]) -> dict[str, str] | None:
    """Return run and execution of the run because of which an execution did nothing, None if it ran."""
    output = json.loads(execution.get("output") or "{}")
    other: dict[str, str] | None = (output.get("active") or output.get("later")) if output.get("skipped") else None
    return other


def why_skipped(execution: dict[str, Any]) -> str:
    """Return why an execution did nothing."""
    output = json.loads(execution.get("output") or "{}")
    if later := output.get("later"):
        return f"more raw data arrived, which run {later['run']} takes with it"
    return f"run {output['active']['run']} was active"


def own_run(execution: dict[str, Any]) -> str:
    """Return the run id of an execution that resumes no other run."""
    return run_id(execution["startDate"], execution["name"])


def resumed_run(execution: dict[str, Any]) -> str | None:
    """Return the id of the run that the input of an execution resumes, None if it names none."""
    given = json.loads(execution.get("input") or "{}")
    named = given.get("run") if isinstance(given, dict) else None
    return named if isinstance(named, str) else None


def run_of(execution: dict[str, Any], s3: Any, bucket: str) -> str:
    """Return the id of the run that an execution did: the one that it resumed, or its own.

    Args:
        execution: what DescribeExecution answers.
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
    """
    own, resumed = own_run(execution), resumed_run(execution)
    # An execution that was refused left its record under its own id.
    if resumed is None or s3.list_objects_v2(Bucket=bucket, Prefix=layout.RUN.key(run=own))["KeyCount"]:
        return own
    return resumed


@dataclass(frozen=True)
class Place:
    """Whose runs lie where, and where they are brought to.

    Attributes:
        pipeline: whose runs they are.
        file: its file.
        bucket: of its deployment.
        out: folder under which those of pipelines and runs lie.
        embedded: whether they run on this machine's AWS, on which nothing is paid.
        lasts: whether that AWS is there after this command.
    """

    pipeline: Pipeline
    file: Path
    bucket: str
    out: Path
    embedded: bool = False
    lasts: bool = True


def bring(s3: Any, place: Place, execution: dict[str, Any], view: View) -> bool:
    """Download what the run of an ended execution left, and show it; return whether it succeeded.

    Args:
        s3: a boto3 S3 client.
        place: whose run it is.
        execution: what DescribeExecution answers.
        view: the terminal; its last line is the run's folder.
    """
    pipeline, bucket = place.pipeline, place.bucket
    if (active := skipped_for(execution)) is not None:
        remedy = f"`pipelines follow` shows that run, if it goes on; its execution is {active['execution']}"
        view.error(CommandError(f"Skipped: {why_skipped(execution)}", remedy=remedy))
        return False
    run = run_of(execution, s3, bucket)
    folder = place.out / pipeline.name / run
    with view.phase("Results"):
        for left in results.download(s3, bucket, pipeline, run, folder):
            view.look(
                f"{left.key!r} was left in s3://{bucket}: {left.reason}. No run names an object so; find out who wrote "
                "it, then delete it, or fetch it with aws s3api get-object to a file that you name."
            )
        if execution["status"] == "SUCCEEDED":
            # A run that was redriven has left the record of its failure, too; beside a manifest it would mislead.
            (folder / layout.FAILURE.name).unlink(missing_ok=True)
        results.point_latest(folder)
        labels = item_labels(s3, bucket, pipeline.item_labels, view.look)
    show_results(pipeline, folder, labels, view)
    _tell_anomalies(s3, bucket, run, execution, view)
    tell_spent(pipeline, place.file, folder, view, embedded=place.embedded)
    if (report := folder / layout.REPORT.name).exists():
        view.line(f"Report to open in a browser: {relative(report)}")
    if execution["status"] != "SUCCEEDED":
        cause = execution.get("cause") or execution["status"]
        told = remedy_of(folder)
        if not place.lasts:
            told = f"{told} This AWS ends here, so nothing is left to redrive: mend it and run it again."
        view.error(CommandError(cause, remedy=f"{told} The record of the failure is in {relative(folder)}".lstrip()))
    view.times()
    view.result(relative(folder))
    return bool(execution["status"] == "SUCCEEDED")


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
    jobs = [(solution.name, job.name) for solution in pipeline.solutions for job in solution.jobs]
    found = {job: results.samples(folder.joinpath(*job), labels) for job in jobs}
    sampled = [job for job, lines in found.items() if lines]
    for job in sampled[:_SAMPLED_JOBS]:
        view.samples(*job, found[job])
    if others := sampled[_SAMPLED_JOBS:]:
        view.line(f"More in {relative(folder)}: {', '.join('/'.join(job) for job in others)}")


def _tell_anomalies(s3: Any, bucket: str, run: str, execution: dict[str, Any], view: View) -> None:
    """Print what differs from the last runs."""
    try:
        row = results.row_of_run(s3, bucket, run)
    except (ClientError, UnreadableDocumentError) as error:
        # As above: nothing of the run is spoilt by that.
        view.look(f"What differs from the last runs is not known here: {error}")
        return
    # A row of an earlier attempt says nothing of this one.
    if row is not None and row.execution == execution["executionArn"]:
        for anomaly in row.anomalies:
            view.look(anomaly)


def remedy_of(folder: Path) -> str:
    """Return what to do about the failure of a run, from its folder; if that is not known, why, or nothing."""
    try:
        record = results.document(FailureRecord, folder, layout.FAILURE)
    except UnreadableDocumentError as error:
        return str(error)
    return record.remedy if record else ""
