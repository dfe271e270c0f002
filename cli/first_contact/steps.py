"""The steps of a first contact, in their order."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cli import results
from cli.account import explained
from cli.errors import CommandError
from cli.first_contact import account_points, sandbox_points, trained_points
from cli.first_contact.checks import check_filtered, check_results, expect, fault, imports_of
from cli.first_contact.documents import VARIED, write
from cli.first_contact.journal import StepRecord
from cli.first_contact.points import ask
from cli.first_contact.removal import remove_everything
from cli.first_contact.setting_up import deploy_films, examine_account
from cli.follow import Follower
from definition import layout
from definition.contract.manifest import Manifest, UnreadableDocumentError
from definition.load import load
from definition.plan.names import run_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.first_contact.journal import Journal
    from cli.first_contact.world import World

EARLY_POINTS = (*account_points.POINTS, *sandbox_points.POINTS)
"""Asked while the first run trains."""

POINTS = (*EARLY_POINTS, *trained_points.POINTS)
_NOTHING_NEW: dict[str, Any] = {"training": "skip", "jobs": []}
_BROKEN, _FIRST, _LATER = (layout.RAW.key(path=f"ratings/{name}.csv") for name in ("broken", "first", "later"))


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        name: what it is called.
        why: what it does, for somebody who has never seen the project.
        do: does it; returns what was seen.
    """

    name: str
    why: str
    do: Callable[[World, Journal], str]


def go(steps: tuple[Step, ...], world: World, journal: Journal) -> None:
    """Do the steps until one fails, and write each down.

    Raises:
        CommandError: a step failed; it stands in the journal.
        KeyboardInterrupt: somebody stopped it; so does that.
    """
    for number, step in enumerate(steps, 1):
        world.view.line("")
        started = time.monotonic()
        outcome, done = "it stopped at an error that nobody foresaw: report it", False
        try:
            with world.view.phase(f"[{number}/{len(steps)}] {step.name}"):
                world.view.line(step.why)
                outcome, done = step.do(world, journal), True
                world.view.line(outcome)
        except (CommandError, BotoCoreError, ClientError) as error:
            told = error if isinstance(error, CommandError) else explained(error)
            outcome = f"{told} {told.remedy}"
            raise told from error
        except KeyboardInterrupt:
            outcome = "stopped by hand"
            raise
        finally:
            journal.steps.append(StepRecord(step.name, step.why, time.monotonic() - started, outcome, done))


def _doctor(world: World, _: Journal) -> str:
    return examine_account(world, load(write(world.folder, world.films)))


def _deploy(world: World, _: Journal) -> str:
    return deploy_films(world, write(world.folder, world.films))


def _upload(world: World, _: Journal) -> str:
    world.put(_BROKEN, world.films.broken())
    world.put(_FIRST, world.films.first())
    return f"s3://{world.bucket}/{_FIRST}, and {_BROKEN} without the column of the films"


def _start(world: World, given: dict[str, Any]) -> str:
    started = world.client("stepfunctions").start_execution(
        stateMachineArn=world.deployed.state_machine_arn, input=json.dumps(given)
    )
    return str(started["executionArn"])


def _end(world: World, arn: str) -> dict[str, Any]:
    """Follow an execution to its end and return it."""
    follower, started = Follower(world.client("stepfunctions"), arn), time.monotonic()
    for progress in follower.watch(every=world.every):
        world.view.progress(progress, time.monotonic() - started)
    ended = follower.finished()
    assert ended is not None, "watch() ends when the execution has"
    return ended


def _run_of(execution: dict[str, Any]) -> str:
    return run_id(execution["startDate"], execution["name"])


def _bring(world: World, execution: dict[str, Any], *, run: str = "", changed: bool = False) -> Manifest:
    """Return the manifest of an execution that must have succeeded; its results lie in the folder of the run.

    Args:
        world: the account.
        execution: the execution, as DescribeExecution shows it.
        run: the run that it went on with; left out: its own.
        changed: whether it ran the changed pipeline file.
    """
    if execution["status"] != "SUCCEEDED":
        cause = execution.get("cause", execution["status"])
        raise CommandError(f"the run failed: {cause}", remedy=f"Look at {execution['executionArn']} in the console")
    run = run or _run_of(execution)
    pipeline = load(write(world.folder, world.films, changed=changed))
    results.download(world.client("s3"), world.bucket, pipeline, run, world.folder / run)
    try:
        manifest = results.document(Manifest, world.folder / run, layout.MANIFEST)
    except UnreadableDocumentError as error:
        raise fault(f"run {run} succeeded: {error}") from error
    if manifest is None:
        raise fault(f"run {run} succeeded and left no manifest")
    return manifest


def _fail(world: World, _: Journal) -> str:
    execution = _end(world, _start(world, {}))
    expect(execution["status"] == "FAILED", f"the run ended as {execution['status']}, and its data is broken")
    error, cause = execution.get("error", ""), execution.get("cause", "")
    expect("movieId" in cause, f"the run failed for another reason: {error}: {cause}")
    world.memo["failed"] = execution["executionArn"]
    return f"{error}: {cause}"


def _redrive(world: World, _: Journal) -> str:
    world.client("s3").delete_object(Bucket=world.bucket, Key=_BROKEN)
    world.client("stepfunctions").redrive_execution(executionArn=world.memo["failed"])
    return f"redriven: {world.memo['failed']}"


def _early_points(world: World, journal: Journal) -> str:
    ask(EARLY_POINTS, world, journal)
    return f"{len(EARLY_POINTS)} questions asked"


def _first_run(world: World, _: Journal) -> str:
    execution = _end(world, world.memo["failed"])
    run = _run_of(execution)
    how = "redriven after a failure"
    if execution["status"] != "SUCCEEDED":
        # The other way to go on, so that a redrive that does not work hides nothing of the rest.
        how = f"resumed by its id, since its redrive ended as {execution['status']}: {execution.get('cause', '')}"
        execution = _end(world, _start(world, {"run": run}))
    world.manifest = _bring(world, execution, run=run)
    return f"run {run} succeeded, {how}"


def _results(world: World, _: Journal) -> str:
    return check_results(world)


def _unchanged(world: World, _: Journal) -> str:
    before = imports_of(world)
    manifest = _bring(world, _end(world, _start(world, _NOTHING_NEW)))
    expect(imports_of(world) == before, "data that has not changed was imported again")
    return f"run {manifest.run} imported nothing"


def _more_data(world: World, _: Journal) -> str:
    world.put(_LATER, world.films.later())
    before = imports_of(world)
    manifest = _bring(world, _end(world, _start(world, _NOTHING_NEW)))
    made = imports_of(world) - before
    expect(len(made) == 1, f"new data was imported by {len(made)} jobs, not by one")
    job = world.personalize.describe_dataset_import_job(datasetImportJobArn=next(iter(made)))["datasetImportJob"]
    expect(job.get("importMode") == "INCREMENTAL", f"new data was imported as {job.get('importMode')}")
    return f"run {manifest.run} imported the new object alone"


def _change(world: World, _: Journal) -> str:
    deploy_films(world, write(world.folder, world.films, changed=True))
    world.memo["changed"] = _start(world, {"solutions": [VARIED]})
    return f"deployed; its run has begun: {world.memo['changed']}"


def _late_points(world: World, journal: Journal) -> str:
    ask(trained_points.POINTS, world, journal)
    return f"{len(trained_points.POINTS)} questions asked"


def _changed_run(world: World, _: Journal) -> str:
    manifest = _bring(world, _end(world, world.memo["changed"]), changed=True)
    return check_filtered(world, manifest)


def _remove(world: World, _: Journal) -> str:
    return remove_everything(world)


STEPS = (
    Step("Look at the account", "Checks that a deployment and a run will not be stopped. Reads only.", _doctor),
    Step(
        "Deploy",
        "Makes what a pipeline needs from one YAML file: a bucket, roles, functions, a dataset group, a state machine.",
        _deploy,
    ),
    Step("Upload", "Puts film ratings into the bucket, and beside them an object that lacks a column.", _upload),
    Step(
        "Let a run fail", "A run must stop at the broken object, say which column it lacks, and import nothing.", _fail
    ),
    Step("Mend and go on", "Deletes the broken object and redrives the failed run, as one does at night.", _redrive),
    Step(
        "Ask AWS, while the run trains",
        "Tries what AWS's documents leave open, with roles, a state machine and a dataset group made for it.",
        _early_points,
    ),
    Step(
        "First run",
        "Follows the run to its end: import, three trainings (20 to 41 minutes each, at once), batch job, table.",
        _first_run,
    ),
    Step("Look at the results", "Every user must have been recommended 25 different films.", _results),
    Step("Second run, nothing new", "Raw data that has not changed must not be imported, or paid, again.", _unchanged),
    Step(
        "Third run, new data", "An object more: it alone must be imported, which is an incremental import.", _more_data
    ),
    Step(
        "Change the pipeline file",
        "Deploys another hyperparameter and a filter, and starts a run: a changed solution is a new one.",
        _change,
    ),
    Step(
        "Ask AWS about what is trained",
        "Tries campaigns and batch jobs with roles made for it; the campaign is deleted after some minutes.",
        _late_points,
    ),
    Step("Run after the change", "Its results must leave out every film that the user has watched.", _changed_run),
)
REMOVAL = Step("Remove everything", "Deletes the deployment with its bucket, and looks that nothing is left.", _remove)
