"""The page of a run, made by the deployed state machine and opened in a browser."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import needs_chromium, opened
from tests.functions.reporting import inside
from tests.pipeline.data import broken, csv, planted

if TYPE_CHECKING:
    from pathlib import Path

    from definition.contract.report import Report
    from tests.pipeline.rig import Rig, Run

ROWS = planted()


@pytest.fixture(scope="module")
def runs(deployed: Rig) -> list[Run]:
    """A run with some rejected rows, one on more rows after it, and one whose data is refused."""
    deployed.messages()
    found = []
    for rows in (broken(ROWS, 20), [*broken(ROWS, 20), "a0,A01,1700900000"], broken(ROWS, len(ROWS))):
        deployed.put_raw("events/part.csv", csv(rows))
        found.append(deployed.run())
    return found


@pytest.fixture(scope="module")
def told(deployed: Rig, runs: list[Run]) -> dict[str, str]:
    """What the topic has sent at the end of each run, by its id."""
    messages = deployed.messages()
    return {run.id: next(each["Message"] for each in messages if run.id in each["Subject"]) for run in runs}


def text(rig: Rig, run: Run) -> str:
    """Return the page of a run."""
    return rig.read(f"runs/{run.id}/report.html").decode()


def saved(rig: Rig, run: Run, folder: Path) -> Path:
    """Return the page of a run as a file."""
    file = folder / "report.html"
    file.write_text(text(rig, run), "utf-8")
    return file


def test_every_run_has_a_page_and_says_where(deployed: Rig, runs: list[Run], told: dict[str, str]) -> None:
    """Succeeded or failed, it lies beside the manifest, lacks nothing, and the message names it."""
    assert ["SUCCEEDED", "SUCCEEDED", "FAILED"] == [run.status for run in runs]
    for run in runs:
        assert f"Report: s3://{deployed.deployment.bucket}/runs/{run.id}/report.html" in told[run.id]
        assert "lacks" not in told[run.id]
        assert [] == inside(text(deployed, run)).notes


def test_the_manifest_says_what_was_used(runs: list[Run]) -> None:
    """Rows, hours and lines are those of the run's own parts, and prices add up as far as they are known."""
    for run in runs[:2]:
        assert run.manifest is not None
        usage, solutions = run.manifest["usage"], run.manifest["solutions"]
        assert usage["rows_imported"] == sum(each["imports"]["records"] for each in run.manifest["datasets"])
        assert usage["training_hours"] == pytest.approx(sum(each["training_hours"] for each in solutions))
        assert usage["lines_scored"] == sum(each["lines"] for each in run.manifest["batch_inputs"])
        known = [float(part["usd"]) for part in usage["parts"] if part["usd"] is not None]
        assert float(usage["usd"]) == pytest.approx(sum(known))
        assert len(known) < len(usage["parts"]), "the hours of the other recipe have no price that is known"
        assert [] == usage["unknown"]


def test_phases_are_those_of_the_executions(deployed: Rig, runs: list[Run]) -> None:
    """Each follows the one before, within the time of the execution, in lanes of solutions and jobs."""
    report = inside(text(deployed, runs[0]))
    by_name = {(each.lane, each.name): each for each in report.phases}

    assert {"run", "for-you", "for-you/top", "popular", "popular/top"} == {each.lane for each in report.phases}
    order = [
        by_name[place]
        for place in (
            ("run", "Transform"),
            ("run", "import job interactions"),
            ("for-you", "solution version"),
            ("for-you/top", "batch inference job"),
            ("for-you/top", "Publish"),
            ("run", "Write manifest"),
        )
    ]
    assert ["work", "service", "service", "service", "work", "work"] == [each.kind for each in order]
    assert all(one.end <= other.start for one, other in pairwise(order))
    execution = runs[0].execution
    began, ended = (execution[name].timestamp() * 1000 for name in ("startDate", "stopDate"))
    assert all(began - 1 <= each.start <= each.end <= ended + 1 for each in report.phases)


def expected(report: Report, manifest: dict[str, Any]) -> dict[str, float]:
    """Return numbers that the page of a run must show, by its manifest."""
    numbers: dict[str, float] = {}
    for dataset in manifest["datasets"]:
        for name in ("rows_in", "rows_out", "rows_filtered", "rows_rejected", "records"):
            numbers[f"datasets.{dataset['dataset']}.{name}"] = dataset[name]
        for reason in dataset["reasons"]:
            numbers[f"datasets.{dataset['dataset']}.reasons.{reason['reason']}"] = reason["rows"]
    for solution in manifest["solutions"]:
        for name, value in solution["metrics"].items():
            numbers[f"metrics.{solution['name']}.{name}"] = value
        for job in solution["batch_inference"]:
            for name in ("lines", "errors", "rows", "results"):
                numbers[f"published.{solution['name']}/{job['name']}.{name}"] = job["published"][name]
    for name in ("usd", "rows_imported", "training_hours", "lines_scored", "segment_lines"):
        numbers[f"usage.{name}"] = float(manifest["usage"][name])
    for table in report.tables:
        numbers[f"tables.{table.solution}/{table.job}.gini"] = table.gini
        numbers[f"tables.{table.solution}/{table.job}.coverage"] = table.coverage
    return numbers


@needs_chromium
def test_the_page_shows_the_numbers_of_the_manifest(deployed: Rig, runs: list[Run], tmp_path: Path) -> None:
    """All of them, an example of each reason, the run before, the overlap with its table, charts, and no complaint."""
    run, report = runs[1], inside(text(deployed, runs[1]))
    assert run.manifest is not None
    shown = opened(saved(deployed, run, tmp_path))

    assert [] == shown.console
    wanted = expected(report, run.manifest)
    assert 25 < len(wanted)
    assert wanted == {name: pytest.approx(float(shown.numbers[name])) for name in wanted}
    published = run.manifest["solutions"][0]["batch_inference"][0]["published"]
    assert published["changes"]["since"] == runs[0].id
    same = (published["rows"] - published["changes"]["added"]) / published["rows"]
    assert same == pytest.approx(float(shown.numbers["overlap.for-you/top"]))
    assert runs[0].id in shown.text
    assert all(each.example is not None and each.example.raw in shown.text for each in report.reasons)
    # Rows, time, users, items, phases, and four metrics beside the run before.
    assert 9 == shown.charts
    assert 'data-drawn="yes"' in shown.dom


@needs_chromium
def test_a_user_or_an_item_is_looked_up(deployed: Rig, runs: list[Run], tmp_path: Path) -> None:
    """Whoever the page carries is found by its id, anybody else is said not to be carried."""
    file = saved(deployed, runs[0], tmp_path)
    user = inside(file.read_text("utf-8")).samples[0].lines[0].key
    shown = opened(file, look=user)

    interactions = sum(row.split(",")[0] == user for row in ROWS)
    assert str(interactions) == shown.numbers[f"user.{user}.interactions"]
    assert "60" == shown.numbers["carried.users"]
    item = sum(row.split(",")[1] == "A01" for row in ROWS)
    assert str(item) == opened(file, look="A01").numbers["item.A01.interactions"]
    assert "Not among those that this page carries." in opened(file, look="nobody").text


@needs_chromium
def test_a_run_that_failed_shows_why(deployed: Rig, runs: list[Run], tmp_path: Path) -> None:
    """The reason, what to do, and what became of the rows; what it cost is unknown and not zero."""
    run = runs[2]
    assert run.failure is not None
    shown = opened(saved(deployed, run, tmp_path))

    assert [] == shown.console
    assert "FAILED" == shown.numbers["status"]
    assert run.failure["failures"][0]["reason"] in shown.text
    assert run.failure["remedy"] in shown.text
    assert str(len(ROWS)) == shown.numbers["datasets.interactions.rows_rejected"]
    assert "Unknown: the run ended before its manifest." in shown.text
    assert not any(name.startswith("usage.") for name in shown.numbers)


def test_a_report_that_cannot_be_made_fails_no_run(rig: Rig) -> None:
    """Where the function does not even start, the run succeeds, its manifest has no usage, and the message says why."""
    functions = rig.aws.client("lambda")
    functions.update_function_configuration(FunctionName="shop-test-report", Handler="lambdas.report.nowhere.handler")
    try:
        rig.put_raw("events/part.csv", csv(ROWS))
        made = rig.run()
        rig.put_raw("events/part.csv", csv(broken(ROWS, len(ROWS))))
        failed = rig.run()
    finally:
        functions.update_function_configuration(
            FunctionName="shop-test-report", Handler="lambdas.report.handler.handler"
        )
    (message,) = [each["Message"] for each in rig.messages() if made.id in each["Subject"]]

    assert ("SUCCEEDED", None) == (made.status, made.manifest and made.manifest["usage"])
    assert "The report of this run could not be made: " in message
    assert "What the run used was not reckoned: " in message
    assert "FAILED" == failed.status
    assert failed.cause.startswith(f"Run {failed.id} failed. Data gate: DataRefused: ")
