"""The state machine's waiting beside other designs: python -m bench orchestration.

The film pipeline is deployed to the embedded AWS and run there, with its real functions and state machine; jobs take
the minutes that AWS's walkthrough of a first run shows, whatever this machine needs for them, and some seconds more or
less: full minutes would end just when a poll of full minutes looks. The partners wait for the same jobs (see
bench.orchestration_partners). Only waits are skipped (see bench.orchestration_clock).

Sources: the intervals of the retry design are those of
https://github.com/aws-solutions/maintaining-personalized-experiences-with-machine-learning
(solution_fragment.py: 60 s, backoff 1.02, 100 attempts).
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from bench.orchestration_clock import set_durations
from bench.orchestration_figures import Figures, Interval, figures, histories, mean
from bench.orchestration_many import many
from bench.orchestration_partners import Ground, create_until_accepted, poll, retry_until_active
from cli.deployment import Deployment, deploy, find_deployment
from definition.paths import PIPELINES, ROOT
from embedded_aws.server import EmbeddedAWS

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTES = {"DatasetImportJob": 8, "SolutionVersion": 20, "BatchInferenceJob": 30}
LONG_TRAINING = 10 * 60
SHIFTS = (-100, -20, 60)
"""Seconds more than that, in turn: a poll every 120 s is then 60 s late in the mean, as with any durations."""

_AT_ONCE = {"DatasetGroup": 0, "Schema": 0, "Dataset": 0, "Solution": 0}
_OURS = "ours"
_STAGE = "bench"
_PIPELINE = PIPELINES / "movielens.yaml"
_RAW = ROOT / "samples" / "movielens"


def main() -> None:
    """Run every design and print the table."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with EmbeddedAWS() as aws:
        set_durations({**_AT_ONCE, **_durations(0)})
        deployment = _deployed(aws)
        machines = {_OURS: deployment.state_machine_arn}
        runs: dict[str, list[Figures]] = {}
        for shift in SHIFTS:
            set_durations(_durations(shift))
            runs.setdefault(_OURS, []).append(_run(aws, machines[_OURS]))
            if len(machines) == 1:
                ground = _ground(aws)
                role = _role(aws, ground.role)
                machines |= {name: _created(aws, name, machine, role) for name, machine in _partners(ground).items()}
            for name in list(machines)[1:]:
                runs.setdefault(name, []).append(_run(aws, machines[name]))
        set_durations({**_durations(0), "SolutionVersion": 60 * LONG_TRAINING})
        long = _run(aws, machines[_OURS])
        longest = many(aws, _STAGE, _RAW)
    rows = {name: mean(each) for name, each in runs.items()}
    console = Console(width=120)
    console.print(_table({**rows, f"ours, training for {LONG_TRAINING // 60} hours": long}))
    console.print(longest)


def _durations(shift: int) -> dict[str, int]:
    return {kind: 60 * minutes + shift for kind, minutes in MINUTES.items()}


def _partners(ground: Ground) -> dict[str, dict[str, Any]]:
    return {
        "walkthrough: create again after 300 s": create_until_accepted(ground),
        "aws-solutions: retry after 60 s, x 1.02": retry_until_active(ground),
        "poll every 120 s": poll(ground, seconds=120),
    }


def _deployed(aws: EmbeddedAWS) -> Deployment:
    """Deploy the pipeline and upload its raw data."""
    deploy(_PIPELINE, _STAGE, environment=aws.environment(), say=lambda _: None)
    deployment = find_deployment(aws.client("cloudformation"), "movielens", _STAGE)
    scheduler = aws.client("scheduler")
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"])  # its nightly start would come between the measured ones
    for file in sorted(_RAW.rglob("*.csv")):
        aws.client("s3").upload_file(str(file), deployment.bucket, f"raw/{file.relative_to(_RAW).as_posix()}")
    return deployment


def _ground(aws: EmbeddedAWS) -> Ground:
    """Return what the run has left for the partners: its dataset, solution and batch input."""
    personalize = aws.client("personalize")
    job = personalize.list_dataset_import_jobs()["datasetImportJobs"][0]
    imported = personalize.describe_dataset_import_job(datasetImportJobArn=job["datasetImportJobArn"])
    batch = personalize.list_batch_inference_jobs()["batchInferenceJobs"][0]
    scored = personalize.describe_batch_inference_job(batchInferenceJobArn=batch["batchInferenceJobArn"])
    return Ground(
        dataset=imported["datasetImportJob"]["datasetArn"],
        data=imported["datasetImportJob"]["dataSource"]["dataLocation"],
        solution=personalize.list_solutions()["solutions"][0]["solutionArn"],
        batch_input=scored["batchInferenceJob"]["jobInput"]["s3DataSource"]["path"],
        # Personalize may write where our job wrote, and nowhere else.
        batch_output=scored["batchInferenceJob"]["jobOutput"]["s3DataDestination"]["path"],
        role=imported["datasetImportJob"]["roleArn"],
    )


def _role(aws: EmbeddedAWS, passed: str) -> str:
    """Return a role for the partners' machines, which may pass the other one; ours is for our machine alone."""
    may = [
        {"Effect": "Allow", "Action": "personalize:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": passed},
    ]
    trusted = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam, name = aws.client("iam"), f"{_STAGE}-partners"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trusted))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="partners", PolicyDocument=_policy(*may))
    return str(role)


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _created(aws: EmbeddedAWS, name: str, machine: dict[str, Any], role: str) -> str:
    settings = {"name": re.sub(r"\W+", "-", name), "definition": json.dumps(machine), "roleArn": role}
    return str(aws.client("stepfunctions").create_state_machine(**settings)["stateMachineArn"])


def _run(aws: EmbeddedAWS, state_machine: str) -> Figures:
    """Execute a machine and return its numbers; exit if it fails."""
    stepfunctions = aws.client("stepfunctions")
    before = {begin for begin, _ in _jobs(aws)}
    # The data of the run before is not imported again unless that is asked for; the partners look at no input.
    everything = json.dumps({"import": "full", "training": "full"})
    arn = stepfunctions.start_execution(stateMachineArn=state_machine, input=everything)["executionArn"]
    while (ended := stepfunctions.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.1)
    if ended["status"] != "SUCCEEDED":
        sys.exit(f"{arn} ended as {ended['status']}: {ended.get('error')} {ended.get('cause')}")
    if json.loads(ended["output"]).get("skipped"):
        sys.exit(f"{arn} was skipped: {ended['output']}")
    every = [history for _, history in histories(stepfunctions, arn)]
    events = sorted((event for history in every for event in history), key=lambda event: event["timestamp"])
    found = figures(events, [job for job in _jobs(aws) if job[0] not in before])
    return replace(found, events=max(map(len, every)))


def _jobs(aws: EmbeddedAWS) -> Iterator[Interval]:
    """Yield creation and last change of every job of the account."""
    personalize = aws.client("personalize")
    listed = [
        *personalize.list_dataset_import_jobs()["datasetImportJobs"],
        *personalize.list_solution_versions()["solutionVersions"],
        *personalize.list_batch_inference_jobs()["batchInferenceJobs"],
    ]
    for job in listed:
        yield job["creationDateTime"], job["lastUpdatedDateTime"]


def _table(rows: dict[str, Figures]) -> Table:
    whole = sum(MINUTES.values())
    jobs = ", ".join(map(str, MINUTES.values()))
    table = Table(title=f"Orchestration: jobs of {jobs} minutes, {whole} in all; means of {len(SHIFTS)} runs")
    for column in ("design", "total", "idle s", "idle", "transitions", "events", "USD per run"):
        table.add_column(column, justify="left" if column == "design" else "right")
    for name, one in rows.items():
        hours, rest = divmod(round(one.total), 3600)
        total = f"{hours}:{rest // 60:02}:{rest % 60:02}"
        counts = f"{one.transitions:,}", f"{one.events:,}", f"{one.dollars:.4f}"
        table.add_row(name, total, f"{one.idle:.0f}", f"{100 * one.idle_share:.1f} %", *counts)
    table.caption = (
        "idle: no job works and no call is under way. Ours also transforms, checks, publishes and writes the manifest; "
        "the partners create the three jobs and nothing else. Jobs are "
        f"{', '.join(map(str, SHIFTS))} s longer, in turn; the long run is one. "
        "Events are those of the longest history of a run; one ends at 25,000."
    )
    return table


if __name__ == "__main__":
    main()
