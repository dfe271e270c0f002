"""The command line as people use it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import polars as pl
import pytest
from typer.testing import CliRunner

from cli.main import app
from definition.paths import ROOT
from tests.documents import shop
from tests.pipeline.data import broken, csv, planted

if TYPE_CHECKING:
    from click.testing import Result

    from tests.pipeline.rig import Rig

PIPELINES_COMMAND = ROOT / ".venv" / "bin" / "pipelines"


def invoke(*arguments: str, **environment: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "120", **environment})


def test_run_follows_a_deployed_pipeline_and_brings_its_results(deployed: Rig, tmp_path: Path) -> None:
    """Against the AWS of the environment: upload, progress, tables, files, and the folder as the last line."""
    raw = tmp_path / "raw" / "events"
    raw.mkdir(parents=True)
    # Not what other tests have imported: there would be nothing to import.
    (raw / "part.csv").write_text(csv(planted(items=41)))
    out = tmp_path / "out"
    done = invoke(
        "run", _file_of(deployed, tmp_path), "--stage", "test", "--raw", str(raw.parent), "--out", str(out),
        **deployed.aws.environment(),
    )  # fmt: skip

    assert 0 == done.exit_code, done.output
    folder = Path(done.output.splitlines()[-1])
    assert out / "shop" == folder.parent
    lines = [json.loads(line) for line in (folder / "for-you/top/users-00000.json.out").read_text().splitlines()]
    assert 60 == len(lines)
    assert 60 * 25 == len(pl.read_parquet(folder / "for-you" / "top" / "*.parquet"))
    assert "SUCCEEDED" == json.loads((folder / "manifest.json").read_text())["status"]
    assert (folder / "report.html").read_text("utf-8").startswith("<!doctype html>")
    for told in (
        "Transform",
        "Create import job",
        ": ACTIVE",
        "NDCG@10",
        "for-you/top: a sample",
        "Interactions from 2023-11-14",
        f"Report to open in a browser: {folder / 'report.html'}",
        "Took ",
    ):
        assert told in done.output


def test_run_with_an_input_goes_on_with_a_run(deployed: Rig, tmp_path: Path) -> None:
    """`--input` reaches the execution; the results are those of the run that it resumes, but not a stranger's.

    With `--quiet` the same says nothing but where they are, to which `latest` leads, too.
    """
    deployed.put_raw("events/part.csv", csv(planted()))
    earlier = deployed.run({"solutions": ["popular"]})
    stranger = f"rejects/{earlier.id}/../../../stranger.jsonl"
    deployed.aws.client("s3").put_object(Bucket=deployed.deployment.bucket, Key=stranger, Body=b"x")
    given = json.dumps({"run": earlier.id, "solutions": ["popular"]})
    command = ["run", _file_of(deployed, tmp_path), "--stage", "test", "--out", str(tmp_path / "out"), "--input", given]
    done = invoke(*command, **deployed.aws.environment())

    assert 0 == done.exit_code, done.output
    assert earlier.id == Path(done.output.splitlines()[-1]).name
    assert "Take over solution version" in done.output
    assert f"Look: '{stranger}' was left in s3://{deployed.deployment.bucket}" in done.output
    assert not list(tmp_path.rglob("stranger.jsonl"))
    # The Spark jobs of other tests with this bucket would not find it beside its other objects.
    deployed.aws.client("s3").delete_object(Bucket=deployed.deployment.bucket, Key=stranger)

    again = invoke(*command, "--quiet", **deployed.aws.environment())
    assert (0, f"{tmp_path / 'out' / 'shop' / earlier.id}\n") == (again.exit_code, again.output)
    assert (tmp_path / "out" / "shop" / "latest").resolve().name == earlier.id


def test_run_beside_an_active_run_says_so(deployed: Rig, tmp_path: Path) -> None:
    """A run that is skipped ends with exit code 1 and names the active one."""
    deployed.put_raw("events/part.csv", csv(planted()))
    deployed.arm(job="SolutionVersion", outcome="STALL")
    stepfunctions = deployed.aws.client("stepfunctions")
    arn = stepfunctions.start_execution(stateMachineArn=deployed.deployment.state_machine_arn)["executionArn"]
    deployed.wait_for_state(arn, "Wait for solution version")
    done = invoke("run", _file_of(deployed, tmp_path), "--stage", "test", **deployed.aws.environment())
    stepfunctions.stop_execution(executionArn=arn)
    deployed.disarm()

    assert 1 == done.exit_code
    assert "Skipped: run" in done.output
    assert arn in done.output


@pytest.mark.parametrize("given", ["{", "run"])
def test_an_input_that_is_no_json_is_told(deployed: Rig, tmp_path: Path, given: str) -> None:
    """Nothing starts, and the option is named."""
    done = invoke("run", _file_of(deployed, tmp_path), "--input", given)

    assert 2 == done.exit_code
    assert "--input" in done.output


def test_run_of_bad_data_fails_and_says_why(deployed: Rig, tmp_path: Path) -> None:
    """The exit code is 1, the cause is printed, and failure.json and the rejects are brought."""
    deployed.put_raw("events/part.csv", csv(broken(planted(), 450)))
    done = invoke(
        "run", _file_of(deployed, tmp_path), "--stage", "test", "--out", str(tmp_path / "out"),
        **deployed.aws.environment(),
    )  # fmt: skip

    assert 1 == done.exit_code
    assert "450 of 2250 rows of interactions (20 %) were rejected" in done.output
    assert "Why rows were rejected" in done.output
    assert "Mend the raw data or its mapping, then redrive this execution" in done.output
    folder = Path(done.output.splitlines()[-1])
    assert "DataRefused" == json.loads((folder / "failure.json").read_text())["failures"][0]["error"]
    assert 450 == len((folder / "rejects" / "interactions.jsonl").read_text().splitlines())


def test_run_of_what_is_not_deployed_says_how(deployed: Rig) -> None:
    """Without its stacks the command names the one that is missing and how to deploy it."""
    done = invoke("run", "movielens", "--stage", "nowhere", **deployed.aws.environment())

    assert 1 == done.exit_code
    assert "movielens-nowhere-storage" in done.output
    assert "make deploy" in done.output


def test_run_local_without_data_says_how(tmp_path: Path) -> None:
    """A local run of a pipeline without samples asks for a folder before it deploys anything."""
    file = tmp_path / "shop.yaml"
    file.write_text(json.dumps(shop()))
    done = invoke("run", str(file), "--local")

    assert 1 == done.exit_code
    assert "RAW=<folder>" in done.output


def test_run_local_goes_from_a_file_outside_the_project_to_results(tmp_path: Path) -> None:
    """What `make run PIPELINE=… RAW=…` calls: an embedded AWS of its own, the CDK's deploy, a run, the results.

    A rate starts a run as soon as it is deployed, which must not be in the way of the one by hand.
    """
    (tmp_path / "raw" / "events").mkdir(parents=True)
    (tmp_path / "raw" / "events" / "part.csv").write_text(csv(planted()))
    (tmp_path / "mine.yaml").write_text(json.dumps(shop(name="mine", schedule={"expression": "rate(1 day)"})))
    done = subprocess.run(
        [PIPELINES_COMMAND, "run", "mine.yaml", "--local", "--raw", "raw"],
        cwd=tmp_path, env=_clean_environment(), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert 0 == done.returncode, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"out/mine/\d{8}T\d{6}-[0-9a-f]{6}", last)
    assert (tmp_path / last / "manifest.json").exists()
    assert "" == done.stderr


def test_serve_prints_how_to_reach_it() -> None:
    """The printed export lines are enough for a boto3 program; Ctrl-C ends it."""
    command = [PIPELINES_COMMAND, "serve", "--port", "0"]
    with subprocess.Popen(command, env=_clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        exports = {}
        for line in process.stdout:
            if match := re.fullmatch(r"export (\w+)=(.*)\n", line):
                exports[match[1]] = match[2]
            if "Ctrl-C" in line:
                break
        client = boto3.client(
            "personalize",
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name=exports["AWS_REGION"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        )
        arn = client.create_dataset_group(name="served")["datasetGroupArn"]
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert arn.endswith(":dataset-group/served")
    assert "Ended." in rest
    assert 0 == process.returncode


def test_serve_on_a_taken_port_says_so(deployed: Rig) -> None:
    """An occupied port is told with the way to choose another."""
    port = deployed.aws.endpoint_url.rsplit(":", 1)[1]
    done = subprocess.run(
        [PIPELINES_COMMAND, "serve", "--port", port],
        env=_clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert 1 == done.returncode
    assert "PORT=" in done.stdout


def _file_of(rig: Rig, folder: Path) -> str:
    """Write the deployed pipeline's file and return its path; its runs take no time-outs from it."""
    document = rig.pipeline.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"timeouts"})
    file = folder / "shop.yaml"
    file.write_text(json.dumps(document))
    return str(file)


def _clean_environment() -> dict[str, str]:
    """Return the environment without the AWS settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
