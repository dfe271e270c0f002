"""The commands of whoever operates a deployed pipeline, as they are typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from definition.paths import ROOT
from tests.pipeline.data import csv, planted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from tests.pipeline.rig import Rig

POPULAR = {"solutions": ["popular"]}


def operate(rig: Rig, command: str, *arguments: str) -> Result:
    """Type a command for the deployed shop, whose file lies beside its assembly."""
    return CliRunner().invoke(
        app, [command, file_of(rig), *arguments, "--stage", "test"], env={"COLUMNS": "120", **rig.aws.environment()}
    )


def answer(rig: Rig, command: str, *arguments: str) -> Any:
    """Return what a command says in JSON."""
    done = operate(rig, command, *arguments, "--json")
    assert 0 == done.exit_code, done.output
    return json.loads(done.output)


def file_of(rig: Rig) -> str:
    """Return the path of the deployed pipeline's file."""
    return str(Path(rig.assembly).parent / f"{rig.pipeline.name}.yaml")


def test_status_and_runs_tell_how_it_stands(rig: Rig) -> None:
    """The newest run, the table that it published with its time, no schedule; the run before with why it failed."""
    rig.put_raw("events/part.csv", "user,item,at\n")
    failed = rig.run(POPULAR)
    rig.put_raw("events/part.csv", csv(planted()))
    before = datetime.now(UTC)
    run = rig.run(POPULAR)
    found = answer(rig, "status")

    assert [(run.id, "SUCCEEDED"), (failed.id, "FAILED")] == [
        (each["run"], each["status"]) for each in found["runs"][:2]
    ]
    assert failed.cause == found["runs"][1]["note"]
    table = next(each for each in found["tables"] if each["solution"] == "popular")
    assert ("top", run.id) == (table["job"], table["run"])
    assert datetime.fromisoformat(table["published"]) >= before.replace(microsecond=0)
    assert (None, [], []) == (found["schedule"], found["live"], found["unknown"])
    # What other tests did may ring for a while.
    assert all(each["name"].startswith("shop-test--") for each in found["alarms"])
    assert found["runs"] == answer(rig, "runs", "--last", "5")
    told = operate(rig, "status").output
    assert all(each in told for each in (run.id, "popular/top", "0 min", "no schedule", failed.cause))


def test_logs_show_what_a_run_wrote(rig: Rig) -> None:
    """Of a run that failed the reason, of the one after it the report, and each run's lines are its own."""
    rig.put_raw("events/part.csv", "customer,item,at\nu,i,1700000000\n")
    failed = rig.run(POPULAR)
    rig.put_raw("events/part.csv", csv(planted()))
    run = rig.run(POPULAR)
    lines = answer(rig, "logs", "--source", "transform")
    reports = [line for line in lines if line["message"] == "TransformReport"]

    assert {run.id} == {line["fields"]["run"] for line in reports}
    assert 1800 == reports[0]["fields"]["report"]["datasets"][0]["rows_in"]
    assert {"transform"} == {line["source"] for line in lines}
    assert any(line["platform"] and "REPORT RequestId" in line["message"] for line in lines)
    assert sorted(lines, key=lambda line: str(line["time"])) == lines
    told = operate(rig, "logs", failed.id, "--errors")
    assert (0, True) == (told.exit_code, "ERROR    " in told.output), told.output
    assert "has no column 'user'" in told.output
    assert "REPORT RequestId" not in told.output.replace("Status: error", "")
    everything = operate(rig, "logs", "--since", "2d").output
    assert {"transform", "publish"} <= {line.split()[2] for line in everything.splitlines() if line[:1].isdigit()}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--source", "transfrom"), "It has: "),
        (("--since", "soon"), "Write 90m, 12h or 2d"),
        (("20200101T000000-abcdef",), "there is no run 20200101T000000-abcdef"),
        (("20200101T000000-abcdef", "--since", "2d"), "Give one of them"),
    ],
)
def test_what_logs_cannot_show_is_told(rig: Rig, arguments: tuple[str, ...], told: str) -> None:
    """A misspelled source is told with those that there are, and a run and a time exclude each other."""
    done = operate(rig, "logs", *arguments)

    assert (1, True) == (done.exit_code, told in done.output), done.output


def test_a_run_with_others_after_it_is_not_redriven(rig: Rig) -> None:
    """The newest run has succeeded: a run that failed before it stays as it is, named or not."""
    rig.put_raw("events/part.csv", "user,item,at\n")
    failed = rig.run(POPULAR)
    rig.put_raw("events/part.csv", csv(planted()))
    newest = rig.run(POPULAR)

    for named, told in (
        ((), f"run {newest.id} is SUCCEEDED"),
        ((failed.id,), f"run {newest.id} came after run {failed.id}"),
    ):
        done = operate(rig, "redrive", *named)
        assert (1, True) == (done.exit_code, told in done.output), done.output
    stepfunctions = rig.aws.client("stepfunctions")
    arn = failed.execution["executionArn"]
    assert ("FAILED", 0) == tuple(
        stepfunctions.describe_execution(executionArn=arn)[key] for key in ("status", "redriveCount")
    )


def test_ctrl_c_leaves_a_run_that_was_started(rig: Rig) -> None:
    """It ends the watching and not the run, and says how to attach again; without an active run follow says so."""
    rig.put_raw("events/part.csv", csv(planted()))
    rig.arm(job="SolutionVersion", outcome="STALL")
    begun = answer(rig, "start", "--input", json.dumps(POPULAR))
    rig.wait_for_state(begun["execution"], "Wait for solution version")
    command = [ROOT / ".venv/bin/pipelines", "follow", file_of(rig), "--stage", "test"]
    with subprocess.Popen(command, env=os.environ | rig.aws.environment(), stdout=subprocess.PIPE, text=True) as left:
        assert left.stdout is not None
        lines = list(takewhile(lambda line: "Wait for solution version" not in line, left.stdout))
        assert left.poll() is None, "".join(lines)
        left.send_signal(signal.SIGINT)
        rest = left.stdout.read()
    assert 130 == left.returncode
    assert "The run goes on. `pipelines follow" in rest
    assert "RUNNING" == rig.aws.client("stepfunctions").describe_execution(executionArn=begun["execution"])["status"]
    rig.aws.client("stepfunctions").stop_execution(executionArn=begun["execution"], cause="by hand")
    rig.disarm()
    none = operate(rig, "follow")
    assert (1, True) == (none.exit_code, "no run is active" in none.output)
    assert "by hand" == answer(rig, "runs")[0]["note"]


def test_a_failed_run_is_redriven_and_its_results_are_brought(rig: Rig, tmp_path: Path) -> None:
    """The newest run resumes at what failed and ends as any other; a run that did not fail is not redriven."""
    rig.put_raw("events/part.csv", csv(planted()))
    rig.arm(job="SolutionVersion", outcome="CREATE FAILED")
    failed = rig.run(POPULAR)
    rig.disarm()
    imports = rig.import_jobs()
    done = operate(rig, "redrive", "--out", str(tmp_path))

    assert 0 == done.exit_code, done.output
    assert str(tmp_path / "shop" / failed.id) == done.output.splitlines()[-1]
    assert imports == rig.import_jobs()
    assert rig.keys(f"runs/{failed.id}/failure.json")
    assert not (tmp_path / "shop" / failed.id / "failure.json").exists()
    again = operate(rig, "redrive", failed.id)
    assert (1, True) == (again.exit_code, f"run {failed.id} is SUCCEEDED, and not failed" in again.output)
    brought = operate(rig, "results", failed.id, "--out", str(tmp_path / "more"))
    assert 0 == brought.exit_code, brought.output
    names = {str(file.relative_to(tmp_path / "shop")) for file in (tmp_path / "shop").rglob("*")}
    assert names == {str(file.relative_to(tmp_path / "more/shop")) for file in (tmp_path / "more/shop").rglob("*")}
    assert 1 == operate(rig, "results", "20260101T000000-abcdef").exit_code


@pytest.fixture
def schedule(rig: Rig) -> Iterator[dict[str, Any]]:
    """A schedule where the shop's would be, far away in time."""
    scheduler, iam = rig.aws.client("scheduler"), rig.aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="starter", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
    target = {
        "Arn": rig.deployment.state_machine_arn,
        "RoleArn": role["Arn"],
        "Input": "{}",
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
    }
    given = {
        "Name": "shop-test",
        "ScheduleExpression": "cron(0 3 1 1 ? 2099)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }
    scheduler.create_schedule(**given)
    yield given
    scheduler.delete_schedule(Name="shop-test")
    iam.delete_role(RoleName="starter")


def test_a_schedule_is_paused_and_resumed(rig: Rig, schedule: dict[str, Any]) -> None:
    """Only its state changes, and status tells it; without a schedule the command says how to get one."""
    scheduler = rig.aws.client("scheduler")
    for command, state, told in (
        ("pause", "DISABLED", "paused"),
        ("pause", "DISABLED", "paused"),
        ("resume", "ENABLED", "again"),
    ):
        done = operate(rig, command)
        assert (0, True) == (done.exit_code, told in done.output), done.output
        found = scheduler.get_schedule(Name="shop-test")
        assert state == found["State"]
        assert schedule == {key: found[key] for key in schedule}
        assert {"expression": schedule["ScheduleExpression"], "timezone": "Europe/Berlin", "state": state} == answer(
            rig, "status"
        )["schedule"]
    assert "cron(0 3 1 1 ? 2099), Europe/Berlin" in operate(rig, "status").output


def test_pause_without_a_schedule_says_how_to_get_one(rig: Rig) -> None:
    """The error names the schedule that is missing and the key of the pipeline file."""
    done = operate(rig, "pause")

    assert 1 == done.exit_code
    assert "there is no schedule shop-test" in done.output
    assert "Give the pipeline file a schedule" in done.output
