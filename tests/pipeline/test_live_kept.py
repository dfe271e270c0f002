"""A pipeline that was up is up again as it was, with its trained models, where its account is kept."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from definition.paths import ROOT
from embedded_aws.environment import variables
from tests.documents import shop
from tests.pipeline.data import csv, planted
from tests.pipeline.terminal import read_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIPELINES = str(ROOT / ".venv/bin/pipelines")
OF_CAMPAIGN = ("--user", "a2", "--solution", "live", "--num", "10")
OF_RECOMMENDER = ("--item", "A01", "--recommender", "together")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {"COLUMNS": "200"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of a campaign and a recommender, and raw data."""
    columns = {**shop()["datasets"]["interactions"]["columns"], "EVENT_TYPE": {"value": "Purchase"}}
    document = shop(
        name="mine",
        domain="ECOMMERCE",
        schedule=...,
        event_tracker=True,
        datasets__interactions__columns=columns,
        solutions=[{"name": "live", "recipe": "aws-user-personalization-v2", "campaign": {}}],
        recommenders=[{"name": "together", "recipe": "aws-ecomm-frequently-bought-together"}],
    )
    (tmp_path / "raw" / "events").mkdir(parents=True)
    (tmp_path / "raw" / "events" / "part.csv").write_text(csv(planted()))
    (tmp_path / "mine.yaml").write_text(json.dumps(document))
    return tmp_path


@contextmanager
def up(folder: Path, port: str, told: list[str]) -> Iterator[None]:
    """Type `pipelines up` in a terminal; afterwards type Ctrl-C there. What it shows is added to `told`."""
    command = [PIPELINES, "up", "mine.yaml", "--raw", "raw", "--port", port, "--keep", "my-aws"]
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        command, cwd=folder, env=ENVIRONMENT, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
    ) as process:
        os.close(its_end)
        told.append(read_until(terminal, r"Ctrl-C ends it"))
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            told.append(read_until(terminal, r"Ended\..*\n"))
        assert 0 == process.wait()
    os.close(terminal)


def answer(folder: Path, port: str, *question: str) -> Any:
    """Return the results that `pipelines ask` shows."""
    command = [PIPELINES, "ask", "mine.yaml", "--local", "--port", port, "--json", *question]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout
    return json.loads(done.stdout)["results"]


def trained(port: str) -> list[Any]:
    """Return the solution versions that there are, and when the recommender was trained."""
    given = variables(f"http://localhost:{port}")
    personalize = boto3.client(
        "personalize",
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )
    versions = personalize.list_solution_versions()["solutionVersions"]
    return [versions, personalize.list_recommenders()["recommenders"]]


def test_ctrl_c_and_up_again_give_the_same_answers(folder: Path) -> None:
    """Campaign and recommender answer as before, also by what an event has changed; nothing is deployed or trained.

    Two processes with an AWS of their own, two deployments by the CDK and one run: a minute of CPU. Nothing smaller
    has the terminal, the signal and the second start.
    """
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    told: list[str] = []
    with up(folder, port, told):
        unmoved = answer(folder, port, *OF_CAMPAIGN)
        answer(folder, port, *OF_CAMPAIGN, "--send-event", unmoved[5]["id"])
        before = [answer(folder, port, *OF_CAMPAIGN), answer(folder, port, *OF_RECOMMENDER), trained(port)]
    with up(folder, port, told):
        after = [answer(folder, port, *OF_CAMPAIGN), answer(folder, port, *OF_RECOMMENDER), trained(port)]

    assert before[0] != unmoved
    assert after == before
    first, its_end, second, _ = told
    (run,) = [each.name for each in (folder / "out" / "mine").glob("2*")]
    assert "is there again" not in first
    assert "Keeping the account in my-aws" in its_end
    assert "The account is kept in" in its_end
    assert "Not kept as it was" not in its_end
    assert "The same command brings the embedded AWS back. Results lie in out/mine." in its_end
    assert "UTC is there again, from my-aws." in second
    assert 3 == len(set(re.findall(r"mine-dev-\w+ \(no changes\)", second)))
    assert f"Nothing has changed since run {run}, which has succeeded: no run is started." in second
