"""The scripted first contact, on the embedded AWS: every step is done, every question answered, nothing is left."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import boto3
import pytest
from typer.testing import CliRunner

from cli.first_contact.documents import NAME, Films, document
from cli.first_contact.estimate import estimate
from cli.first_contact.removal import remove_leftovers
from cli.first_contact.sandbox import sandbox
from cli.first_contact.steps import POINTS, REMOVAL, STEPS
from cli.first_contact.world import World
from cli.main import app
from cli.view import View
from definition.load import parse
from definition.paths import ROOT
from definition.plan.names import dataset_group_name
from emulator.tests.support import trust
from tests.pipeline.test_destroy import what_is_there

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from embedded_aws.server import EmbeddedAWS

ACCOUNT = "123456789012"


def invoke(aws: EmbeddedAWS, *arguments: str) -> Result:
    """Run the command in this process."""
    environment = {"COLUMNS": "160", **aws.environment()}
    return CliRunner().invoke(app, ["first-contact", "--stage", "test", *arguments], env=environment)


def left(aws: EmbeddedAWS) -> dict[str, set[str]]:
    """Return what is there of a first contact, by kind."""
    found = {kind: {name for name in names if NAME in name} for kind, names in what_is_there(aws).items()}
    return {kind: names for kind, names in found.items() if names}


def test_everything_is_done_and_answered(aws: EmbeddedAWS, tmp_path: Path) -> None:
    """One run of all of it: deployment, failure, redrive, results, more data, change, questions, removal, report.

    It costs the CPU of three deployments and four trainings of the films, and nothing less shows that the script that
    people run on an account for hours comes to its end.
    """
    file = tmp_path / "report.md"
    done = invoke(aws, "--yes", "--every", "0.2", "--out", str(tmp_path), "--report", str(file))
    report = file.read_text()

    assert 0 == done.exit_code, done.output
    assert [step.name for step in (*STEPS, REMOVAL)] == re.findall(r"^\| \d+ \| ([^|]+) \|", report, re.MULTILINE)
    assert "610 users, 25 different films each, a table of 15,250 rows" in report
    assert [point.question for point in POINTS] == re.findall(r"^### (.+)$", report, re.MULTILINE)
    verdicts = re.findall(r"^- Verdict: \*\*(.+)\*\*$", report, re.MULTILINE)
    assert len(POINTS) == len(verdicts)
    assert [] == [verdict for verdict in verdicts if verdict.startswith(("no answer", "not emulated"))]
    assert ACCOUNT not in report
    assert "********9012" in report
    assert "an emulation, whose answers say nothing about AWS" in report
    assert {} == left(aws)


def test_nobody_is_charged_without_agreeing(aws: EmbeddedAWS, tmp_path: Path) -> None:
    """Without a terminal and without --yes the cost is shown, nothing is made, and the exit code is 2."""
    done = invoke(aws, "--out", str(tmp_path))

    assert 2 == done.exit_code
    assert "USD in all" in done.output
    prices = json.loads((ROOT / "pricing/tables/prices.json").read_text())
    assert max(price["date"] for region in prices["regions"].values() for price in region.values()) in done.output
    assert "--yes" in done.output
    assert {} == left(aws)


def test_a_failure_says_how_to_remove_what_is_there(aws: EmbeddedAWS, tmp_path: Path) -> None:
    """A dataset group of that name keeps the doctor from going on; the report holds the step and its error."""
    pipeline = parse(json.dumps(document(Films.read())))
    client = aws.client("personalize")
    arn = client.create_dataset_group(name=dataset_group_name(pipeline, "test"))["datasetGroupArn"]
    file = tmp_path / "report.md"
    done = invoke(aws, "--yes", "--out", str(tmp_path), "--report", str(file))
    client.delete_dataset_group(datasetGroupArn=arn)

    assert 1 == done.exit_code
    assert "pipelines first-contact --stage test --remove" in done.output
    assert "names: taken by what belongs to no stack" in file.read_text()
    assert "It stopped before the end" in file.read_text()


def test_what_a_stopped_one_left_is_removed(aws: EmbeddedAWS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles, state machines and the dataset group of questions that came to no end go by their names."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    world = World(boto3.Session(), "test", 0.02, Films.read(), tmp_path, View(), token="1")
    kept = world.name("kept")
    role = aws.client("iam").create_role(RoleName=kept, AssumeRolePolicyDocument=trust("states.amazonaws.com"))["Role"][
        "Arn"
    ]
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    aws.client("stepfunctions").create_state_machine(name=kept, roleArn=role, definition=definition)
    aws.client("personalize").create_event_tracker(name=kept, datasetGroupArn=sandbox(world).group)
    kinds = {"roles", "state machines", "dataset groups", "datasets", "event trackers", "schemas"}
    assert kinds == set(left(aws))
    remove_leftovers(world)

    assert {} == left(aws)


def test_the_estimate_is_that_of_independent_arithmetic() -> None:
    """Training, inference and a campaign by the prices that are known, below five dollars in all."""
    lines = estimate(interactions=100_836, small=0, users=610, few=0, raw_bytes=0)
    usd = {line.what: float(line.usd) for line in lines}

    assert 4 * 0.201672 == pytest.approx(usd["training, 4 whole and 3 small ones"])
    assert 0.612 * 0.15 == pytest.approx(usd["batch inference"])
    assert 3.6 * 0.15 == pytest.approx(usd["a campaign"])
    assert sum(usd.values()) < 5
