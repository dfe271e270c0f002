"""The history of runs, by a deployed pipeline: a row for each run, and what differs from the rows before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from definition.contract.history import RunRow
from tests.documents import popular, shop
from tests.functions.reporting import inside
from tests.pipeline.data import broken, csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

ROWS = planted()
FEW = planted(users=40)


@pytest.fixture(scope="module")
def daily(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline of its own, whose history nobody else writes; it only counts, so that five runs are quick."""
    document = shop(name="daily", solutions=[popular()], schedule=...)
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("daily"))


@pytest.fixture(scope="module")
def usual(daily: Rig) -> list[Run]:
    """Four runs on about as much data, of which the second one's is refused."""
    found = []
    for rows in (ROWS, broken(ROWS, len(ROWS)), [*ROWS, "a0,A01,1700900000"], [*ROWS, "a0,A02,1700900000"]):
        daily.put_raw("events/part.csv", csv(rows))
        found.append(daily.run())
    return found


def row(rig: Rig, run: str) -> dict[str, Any]:
    """Return the row of a run."""
    found: dict[str, Any] = json.loads(rig.read(f"history/{run}.json"))
    return found


def test_every_run_leaves_a_row_where_the_table_looks(daily: Rig, usual: list[Run]) -> None:
    """Succeeded or failed; the catalog's table has its location there, and its columns are the row's."""
    glue = daily.aws.client("glue")
    table = glue.get_table(DatabaseName="daily_test", Name="runs")["Table"]["StorageDescriptor"]
    found = [row(daily, run.id) for run in usual]

    assert f"s3://{daily.deployment.bucket}/history/" == table["Location"]
    assert [f"history/{run.id}.json" for run in usual] == daily.keys("history/")
    assert [("SUCCEEDED", None), ("FAILED", "DataRefused"), ("SUCCEEDED", None), ("SUCCEEDED", None)] == [
        (each["status"], each["error"]) for each in found
    ]
    assert {column["Name"] for column in table["Columns"]} == found[0].keys()
    assert [len(ROWS), 2 * len(ROWS), len(ROWS) + 1, len(ROWS) + 1] == [each["rows_in"] for each in found]
    assert [[]] * 4 == [each["anomalies"] for each in found]
    assert not any(each["resumed"] for each in found)


def test_the_next_run_tells_what_differs(daily: Rig, usual: list[Run], tmp_path: Path) -> None:
    """With three that succeeded before: in its row, in the message, on the page, and where it was started from."""
    daily.messages()
    raw = tmp_path / "raw" / "events"
    raw.mkdir(parents=True)
    (raw / "part.csv").write_text(csv(FEW))
    file = tmp_path / "daily.yaml"
    file.write_text(json.dumps(shop(name="daily", solutions=[popular()], schedule=...)))
    given = ["run", str(file), "--stage", "test", "--raw", str(raw.parent), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, given, env={"COLUMNS": "200", **daily.aws.environment()})

    assert 0 == done.exit_code, done.output
    run = Path(done.output.splitlines()[-1]).name
    span = f"{len(ROWS):,} to {len(ROWS) + 1:,} (median {len(ROWS) + 1:,})"
    told = [f"interactions: {len(FEW):,} rows in, the last 3 runs had {span}."]
    told += ["interactions: 40 users, the last 3 runs had 60."]
    assert told == row(daily, run)["anomalies"][:2]
    (message,) = [each["Message"] for each in daily.messages(run)]
    page = inside(daily.read(f"runs/{run}/report.html").decode())
    assert [*(each.id for each in usual), run] == [each.run for each in page.history]
    for sentence in told:
        assert f"\n\nAnomaly: {sentence}" in message
        assert f"Look: {sentence}" in done.output
        assert sentence in page.history[-1].anomalies


def test_what_is_not_readable_spoils_no_results(daily: Rig, usual: list[Run], tmp_path: Path) -> None:
    """A row that is none is told, that of another execution and no row say nothing, and the results are brought."""
    run, s3, bucket = usual[0].id, daily.aws.client("s3"), daily.deployment.bucket
    kept = row(daily, run)
    other = json.dumps(kept | {"anomalies": ["of an earlier attempt"], "execution": "arn:another"}).encode()
    own = json.dumps(kept | {"anomalies": ["of this one"]}).encode()
    file = tmp_path / "daily.yaml"
    file.write_text(json.dumps(shop(name="daily", solutions=[popular()], schedule=...)))
    said = []
    for body in (b"{", other, None, own):
        if body is None:
            s3.delete_object(Bucket=bucket, Key=f"history/{run}.json")
        else:
            s3.put_object(Bucket=bucket, Key=f"history/{run}.json", Body=body)
        given = ["results", str(file), run, "--stage", "test", "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(app, given, env={"COLUMNS": "200", **daily.aws.environment()})
        assert 0 == done.exit_code, done.output
        said.append([line for line in done.output.splitlines() if line.startswith("Look: ")])
    s3.put_object(Bucket=bucket, Key=f"history/{run}.json", Body=json.dumps(kept).encode())

    assert said[0][0].startswith("Look: What differs from the last runs is not known here: This is no RunRow of a run")
    assert [[], [], ["Look: of this one"]] == said[1:]


def test_a_resumed_run_replaces_its_row(daily: Rig, usual: list[Run]) -> None:
    """It says that it was resumed, and its time is compared with none."""
    assert usual
    daily.put_raw("events/part.csv", csv(broken(ROWS, len(ROWS))))
    failed = daily.run()
    before = RunRow(**row(daily, failed.id))
    daily.put_raw("events/part.csv", csv(ROWS))
    daily.run({"run": failed.id})
    after = RunRow(**row(daily, failed.id))

    assert ("FAILED", False, "SUCCEEDED", True) == (before.status, before.resumed, after.status, after.resumed)
    assert "rows rejected, the last 4 runs had 0.0%" in " ".join(before.anomalies)
    assert before.execution != after.execution
