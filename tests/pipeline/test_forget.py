"""Users who are erased from a pipeline that has been at work: what is left of them anywhere, and after the next run."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from typer.testing import CliRunner

from cli.main import app
from definition.paths import ROOT
from embedded_aws.personalize.kinds import DATASET
from embedded_aws.personalize.models import personalize_backends
from embedded_aws.personalize.sessions import sessions_of
from tests.delivered import items
from tests.documents import popular, shop
from tests.pipeline.data import START, planted
from tests.pipeline.guarding import denied
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from embedded_aws.server import EmbeddedAWS

ZOE, EMIL = "zoe@example.com", "\u00c9mil, 1"
NEIGHBOURS = ("zoe@example.com.au", "azoe@example.com", "\u00c9mil, 11")
"""Other users, whose ids hold those of the two."""

NAMES = dict(zip(("a0", "b1", "a2", "b3", "a4"), (ZOE, EMIL, *NEIGHBOURS), strict=True))
DAY = 86_400
LISTS, SEGMENTS = "erasing-test--popular-top", "erasing-test--buyers-fans"


@pytest.fixture(scope="module")
def rig(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline with results in every form: tables, exports, lists and segments in DynamoDB; with live events."""
    lists = popular(num_results=5)
    lists["batch_inference"][0] |= {"deliver": "dynamodb", "formats": ["csv", "jsonl"]}
    fans = {"name": "fans", "items": ["A01", "B01"], "num_results": 60, "deliver": "dynamodb", "formats": ["csv"]}
    chosen = {"name": "chosen", "users": {"file": "chosen.csv", "column": "id"}, "num_results": 5}
    document = shop(
        name="erasing",
        schedule=...,
        event_tracker=True,
        solutions=[
            {**lists, "batch_inference": [*lists["batch_inference"], chosen]},
            {"name": "buyers", "recipe": "aws-item-affinity", "batch_segment": [fans]},
        ],
        datasets__users={
            "source": {"path": "users.jsonl", "format": "jsonl"},
            "columns": {"USER_ID": "id", "LAND": {"from": "land", "type": "categorical"}},
        },
    )
    document["datasets"]["interactions"]["checks"] = [{"name": "early", "rows": f"at < {START + 90_000}", "max": 5000}]
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("erasing"))


def put_raw(rig: Rig, night: int) -> None:
    """Put interactions in two objects, one of them packed; users; a list of some; rows that are broken."""
    rows = [_row(*row.split(",")) for row in planted()]
    broken = [_row(ZOE, "A01", "never"), f"{ZOE},A01", _row(NEIGHBOURS[0], "A01", "never"), f'"{EMIL}",A01,1,2']
    texts = {
        "events/a.csv": "\n".join(["user,item,at", *rows[::2], *broken]) + "\n",
        "events/b.csv.gz": gzip.compress("\n".join(["user,item,at", *rows[1 + 2 * night :: 2]]).encode()),
        "users.jsonl": "".join(f"{json.dumps({'id': user, 'land': 'PT'})}\n" for user in _users()),
        "chosen.csv": "id,why\n" + "".join(f'"{user}",yes\n' for user in (ZOE, EMIL, *NEIGHBOURS)),
    }
    for key, body in texts.items():
        rig.add_raw(key, body)


def _row(user: str, item: str, at: str) -> str:
    name = NAMES.get(user, user)
    return f'"{name}",{item},{at}'


def _users() -> list[str]:
    return sorted({NAMES.get(user, user) for user in (row.split(",")[0] for row in planted())})


def forget(rig: Rig, *arguments: str) -> Result:
    """Type the command for the deployed pipeline."""
    file = str(Path(rig.assembly).parent / f"{rig.pipeline.name}.yaml")
    environment = {"COLUMNS": "160", **rig.aws.environment()}
    return CliRunner().invoke(app, ["forget", file, *arguments, "--stage", "test"], env=environment)


def is_named(text: str) -> bool:
    """Say whether a text holds one of the two, be it as JSON writes it; their neighbours are no trace of them."""
    for neighbour in NEIGHBOURS:
        text = text.replace(neighbour, "").replace(json.dumps(neighbour)[1:-1], "")
    return any(form in text for user in (ZOE, EMIL) for form in (user, json.dumps(user)[1:-1]))


def traces_in_bucket(rig: Rig, *without: str) -> list[str]:
    """Return the versions of objects, unpacked, that hold one of the two."""
    s3, bucket = rig.aws.client("s3"), rig.deployment.bucket
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in page.get("Versions", ()):
            body = s3.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
            if not each["Key"].startswith(without or ("-",)) and is_named(f"{each['Key']} {_unpacked(body)}"):
                found.append(f"{each['Key']} {each['VersionId']} {'newest' if each['IsLatest'] else 'older'}")
    return found


def _unpacked(body: bytes) -> str:
    if body.startswith(b"PAR1"):
        return str(pl.read_parquet(io.BytesIO(body)).to_dicts())
    return (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode("utf-8", "replace")


def traces_in_dynamodb(rig: Rig) -> list[str]:
    """Return the items, of both tables, that hold one of the two."""
    every = [*items(rig.aws, LISTS, "user_id").values(), *items(rig.aws, SEGMENTS, "item_id").values()]
    assert every
    return [str(item) for item in every if is_named(json.dumps(item, ensure_ascii=False))]


def traces_in_personalize() -> list[str]:
    """Return the datasets that hold records of one of the two, imported or sent."""
    (backend,) = [
        found for of_account in personalize_backends.values() for found in of_account.values() if found.all(DATASET)
    ]
    own = [each for each in backend.all(DATASET) if "/erasing-test--" in each.arn]
    assert own
    return [
        dataset.arn
        for dataset in own
        if any(is_named(str(frame.to_dicts())) for frame in dataset.result.frames())
        or is_named(str(sessions_of(dataset)))
    ]


def send_events(rig: Rig) -> None:
    """Let the application send an event of one of the two, and of a session before its login."""
    outputs = rig.aws.client("cloudformation").describe_stacks(StackName="erasing-test-personalize")["Stacks"][0][
        "Outputs"
    ]
    tracking = next(each["OutputValue"] for each in outputs if each["OutputKey"] == "TrackingId")
    event = {"eventType": "click", "itemId": "A02", "sentAt": START + 10}
    events = rig.aws.client("personalize-events")
    for user in (ZOE, NEIGHBOURS[0]):
        events.put_events(trackingId=tracking, userId=user, sessionId=f"s-{len(user)}", eventList=[event])


@pytest.fixture
def at_work(rig: Rig) -> Rig:
    """The same after two runs and some events."""
    for night in range(2):
        put_raw(rig, night)
        run = rig.run()
        assert ("SUCCEEDED", "") == (run.status, run.cause)
    send_events(rig)
    return rig


def test_nothing_is_left_and_nothing_comes_back(at_work: Rig, tmp_path: Path) -> None:
    """Two users go from every version of every object, item and record, through an interruption; others stay.

    The next run has the same raw data and does not bring them back; then they are taken out of that, too.
    """
    rig = at_work
    ids = tmp_path / "ids.txt"
    ids.write_text(f"{EMIL}\n", "utf-8")
    command = (ZOE, "--file", str(ids), "--yes")
    held = {trace.partition("/")[0] for trace in traces_in_bucket(rig)}
    assert {"raw", "transformed", "rejects", "batch", "curated", "exports", "runs", "staging"} <= held
    assert traces_in_dynamodb(rig)
    assert 2 == len(traces_in_personalize())
    neighbours = lists_of(rig, NEIGHBOURS[0])

    with denied(rig, "curated/buyers/fans/*"):
        cut_off = forget(rig, *command)
    assert 1 == cut_off.exit_code, cut_off.output
    (record,) = records(rig)
    assert (["list", "job", "items", "raw"], None) == (record["steps"], record["ended"])
    done = forget(rig, *command)
    assert 0 == done.exit_code, done.output

    assert [] == traces_in_bucket(rig, "raw/")
    assert [] == traces_in_dynamodb(rig)
    assert [] == traces_in_personalize()
    (record,) = records(rig)
    assert record["ended"]
    assert ["raw/chosen.csv", "raw/events/a.csv", "raw/events/b.csv.gz", "raw/users.jsonl"] == record["raw_held"]
    assert [] == rig.keys("deletions/")
    jobs = rig.aws.client("personalize").list_data_deletion_jobs()["dataDeletionJobs"]
    assert 1 == sum("/erasing-test--forget-" in job["dataDeletionJobArn"] for job in jobs)
    assert neighbours == lists_of(rig, NEIGHBOURS[0])
    assert "until a run trains anew: pipelines start" in done.output

    again = rig.run()
    assert ("SUCCEEDED", "") == (again.status, again.cause)
    # While raw data holds them the transform works on copies of it, which go within two days.
    assert [] == traces_in_bucket(rig, "raw/", "staging/")
    assert [] == traces_in_dynamodb(rig)
    assert [] == traces_in_personalize()
    assert again.manifest is not None
    counted = {each["dataset"]: each for each in again.manifest["datasets"]}
    # Of two times thirty events one is not there in the second night, and one more has a broken time.
    assert (60, 2) == tuple(counted[name]["rows_forgotten"] for name in ("interactions", "users"))
    for each in counted.values():
        assert each["rows_in"] == each["rows_out"] + each["rows_filtered"] + each["rows_rejected"]
    assert {NEIGHBOURS[0]} <= {
        line["userId"] for line in rig.lines(f"batch/{again.id}/popular/top/input/users-00000.json")
    }

    last = forget(rig, *command, "--raw", "--json")
    assert 0 == last.exit_code, last.output
    assert [] == traces_in_bucket(rig)
    assert ([], {}) == (json.loads(last.output)["raw_held"], json.loads(last.output)["raw_kept"])
    assert not is_named(last.output)
    raw = gzip.decompress(rig.read("raw/events/b.csv.gz")).decode()
    assert NEIGHBOURS[2] in raw
    assert ("SUCCEEDED", "") == ((run := rig.run()).status, run.cause)
    assert [] == traces_in_bucket(rig)


def lists_of(rig: Rig, user: str) -> Any:
    """Return what a user is offered in DynamoDB, and the segments that the user is in."""
    segments = items(rig.aws, SEGMENTS, "item_id")
    found = [item for item, segment in segments.items() if user in {each["user_id"] for each in segment["results"]}]
    return items(rig.aws, LISTS, "user_id")[user], sorted(found)


def records(rig: Rig) -> list[dict[str, Any]]:
    """Return the records of what was forgotten, the oldest first."""
    keys = [key for key in rig.keys("forgotten/") if key.endswith("/record.json")]
    return [json.loads(rig.read(key)) for key in keys]


@pytest.fixture
def quiet(rig: Rig) -> Iterator[Rig]:
    """The same, whatever was done to it before, and afterwards without faults."""
    put_raw(rig, 0)
    yield rig
    rig.disarm()


def jobs_of(rig: Rig, request: str) -> dict[str, str]:
    """Return the status of the data deletion jobs of a request, by the ends of their names."""
    listed = rig.aws.client("personalize").list_data_deletion_jobs()["dataDeletionJobs"]
    return {job["jobName"].partition(request)[2]: job["status"] for job in listed if request in job["jobName"]}


def test_a_run_while_personalize_deletes_makes_another_job_necessary(quiet: Rig) -> None:
    """The service guarantees nothing of what was trained meanwhile; the list keeps the user out of that run already."""
    rig = quiet
    rig.arm(job="DataDeletionJob", delay=DAY)
    begun = forget(rig, "b5", "--yes", "--no-wait")
    assert (4, True) == (begun.exit_code, "Give the same command later" in begun.output), begun.output
    assert (130, True) == stopped_while_it_waits(rig, "b5", "--yes")
    record = records(rig)[-1]
    assert ({"": "IN_PROGRESS"}, None) == (jobs_of(rig, record["request"]), record["ended"])
    assert [f"deletions/{record['request']}/users.csv"] == rig.keys("deletions/")
    run = rig.run({"solutions": ["popular"]})
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert "b5" not in {line["userId"] for line in rig.lines(f"batch/{run.id}/popular/top/input/users-00000.json")}
    rig.aws.skip(DAY)

    done = forget(rig, "b5", "--yes")
    assert (0, True) == (done.exit_code, "it is asked once more" in done.output), done.output
    record = records(rig)[-1]
    assert {"": "COMPLETED", "-1": "COMPLETED"} == jobs_of(rig, record["request"])
    assert record["ended"]
    assert [] == rig.keys("deletions/")


def stopped_while_it_waits(rig: Rig, *arguments: str) -> tuple[int, bool]:
    """Press Ctrl-C while the command waits for Personalize; return its exit code, and whether it says how to go on."""
    file = str(Path(rig.assembly).parent / f"{rig.pipeline.name}.yaml")
    command = [ROOT / ".venv/bin/pipelines", "forget", file, *arguments, "--stage", "test"]
    with subprocess.Popen(command, env=os.environ | rig.aws.environment(), stdout=subprocess.PIPE, text=True) as left:
        assert left.stdout is not None
        lines = list(takewhile(lambda line: "Personalize deletes" not in line, left.stdout))
        assert left.poll() is None, "".join(lines)
        left.send_signal(signal.SIGINT)
        rest = left.stdout.read()
    return left.returncode, "The same command goes on where it was cut off" in rest


def test_a_job_that_fails_is_made_anew(quiet: Rig) -> None:
    """The command says why, and the same command goes on with another job."""
    rig = quiet
    rig.arm(job="DataDeletionJob", outcome="FAILED", reason="The role cannot be assumed")
    failed = forget(rig, "b7", "--yes")
    assert (1, True) == (failed.exit_code, "has failed: The role cannot be assumed" in failed.output), failed.output
    done = forget(rig, "b7", "--yes")

    assert 0 == done.exit_code, done.output
    assert {"": "FAILED", "-1": "COMPLETED"} == jobs_of(rig, records(rig)[-1]["request"])


def test_nothing_is_done_unasked_or_while_a_run_is_active(quiet: Rig) -> None:
    """Without --yes it says what it is about to do and asks; beside a run it refuses; ids that cannot be are named."""
    rig, before = quiet, len(records(quiet))
    asked = forget(rig, "b9")
    assert (1, True) == (asked.exit_code, "1 users go on the list" in asked.output), asked.output
    arn = rig.start({"solutions": ["popular"]})
    busy = forget(rig, "b9", "--yes")
    rig.ended(arn)
    assert (1, True) == (busy.exit_code, "a run is active" in busy.output), busy.output
    wrong = forget(rig, "b9", "x" * 300, "--yes")
    assert (1, True) == (wrong.exit_code, "is longer than 256 characters" in wrong.output), wrong.output
    assert 1 == forget(rig, "--yes").exit_code
    assert 2 == forget(rig, "b9", "--json").exit_code

    assert before == len(records(rig))
