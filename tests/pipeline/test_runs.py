"""One run at a time, resumed runs, and what an input may leave out."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from definition.plan.names import run_id
from emulator.tests.support import eventually
from tests.pipeline.data import csv, planted, scattered

if TYPE_CHECKING:
    from tests.pipeline.rig import Rig, Run

KEY = "events/part.csv"
POPULAR = {"solutions": ["popular"]}


@pytest.fixture(autouse=True)
def raw(rig: Rig) -> None:
    """Good raw data."""
    rig.put_raw(KEY, csv(planted()))


def names(rig: Rig, kind: str) -> list[str]:
    """Return the names of all jobs of a kind, such as ``dataset_import``."""
    operation = getattr(rig.aws.client("personalize"), f"list_{kind}_jobs")
    found = next(value for value in operation().values() if isinstance(value, list))
    return sorted(job["jobName"] for job in found)


def output(run: Run) -> dict[str, object]:
    """Return the output of an execution that succeeded."""
    found: dict[str, object] = json.loads(run.execution["output"])
    return found


def test_of_simultaneous_starts_exactly_one_runs(rig: Rig) -> None:
    """All others end as skipped, name the active run, say so on the topic, and create nothing."""
    before = rig.import_jobs()
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: rig.run({"import": "full", **POPULAR}), range(4)))

    assert ["SUCCEEDED"] * 4 == [run.status for run in runs]
    (active,) = [run for run in runs if run.manifest]
    skipped = [run for run in runs if run is not active]
    for run in skipped:
        assert {
            "run": run.id,
            "skipped": True,
            "active": {"run": active.id, "execution": active.execution["executionArn"]},
        } == output(run)
    assert len(before) + 1 == len(rig.import_jobs())
    subjects = {message["Subject"] for message in rig.messages()}
    assert {f"shop-test: run {run.id} skipped" for run in skipped} < subjects


def test_a_run_that_was_stopped_holds_nothing(rig: Rig) -> None:
    """A run follows one that was killed from outside, and the topic tells of the one that could tell nothing itself."""
    stepfunctions = rig.aws.client("stepfunctions")
    rig.arm(job="SolutionVersion", outcome="STALL")
    arn = stepfunctions.start_execution(
        stateMachineArn=rig.deployment.state_machine_arn, name="killed", input=json.dumps(POPULAR)
    )["executionArn"]
    rig.wait_for_state(arn, "Wait for solution version")
    assert output(rig.run(POPULAR))["skipped"] is True
    stepfunctions.stop_execution(executionArn=arn, error="Budget", cause="Too dear")
    rig.disarm()

    assert rig.run(POPULAR).manifest is not None
    killed = run_id(stepfunctions.describe_execution(executionArn=arn)["startDate"], "killed")
    (alert,) = eventually(lambda: rig.messages(killed))
    assert f"shop-test: run {killed} ended without a word" == alert["Subject"]
    assert alert["Message"].startswith(f"Run {killed} ended as aborted (Budget). Too dear\n")
    assert arn in alert["Message"]
    assert f"Report: s3://{rig.deployment.bucket}/runs/{killed}/report.html" in alert["Message"]
    assert "Too dear" in rig.read(f"runs/{killed}/report.html").decode()
    (failure,) = rig.lines(f"runs/{killed}/failure.json")
    assert (killed, arn, "Budget") == (failure["run"], failure["execution"], failure["failures"][0]["error"])
    (row,) = rig.lines(f"history/{killed}.json")
    assert ("FAILED", "Budget", arn) == (row["status"], row["error"], row["execution"])


def test_a_failed_run_is_gone_on_with(rig: Rig) -> None:
    """What succeeded is taken over, what failed is made anew once, and the manifest is that of the same run."""
    rig.arm(job="SolutionVersion", outcome="CREATE FAILED", reason="Not enough items")
    failed = rig.run(POPULAR)
    rig.disarm()
    imports = names(rig, "dataset_import")
    again = rig.run({"run": failed.id, **POPULAR})

    assert ("FAILED", "SUCCEEDED") == (failed.status, again.status), again.cause
    assert imports == names(rig, "dataset_import")
    assert "Transform" not in again.states
    assert f"shop-test--popular-top-{failed.id}" in names(rig, "batch_inference")
    assert failed.id == rig.lines("curated/popular/top/latest.json")[0]["run"]
    manifest = rig.lines(f"runs/{failed.id}/manifest.json")[0]
    version = rig.aws.client("personalize").describe_solution_version(
        solutionVersionArn=manifest["solutions"][0]["version_arn"]
    )["solutionVersion"]
    assert ("ACTIVE", True) == (version["status"], version["name"].startswith("popular-"))
    assert version["name"].endswith(f"-{failed.id}-1")


def test_a_redriven_execution_goes_on(rig: Rig) -> None:
    """A redrive of an execution that told its failure resumes its run instead of failing again."""
    rig.arm(job="BatchInferenceJob", outcome="CREATE FAILED", reason="The input is odd")
    failed = rig.run(POPULAR)
    rig.disarm()
    trained = rig.versions()
    rig.aws.client("stepfunctions").redrive_execution(executionArn=failed.execution["executionArn"])
    again = rig.ended(failed.execution["executionArn"])

    assert ("FAILED", "SUCCEEDED") == (failed.status, again.status), again.cause
    assert trained == rig.versions()
    assert f"shop-test--popular-top-{failed.id}-1" in names(rig, "batch_inference")
    assert failed.id == rig.lines("curated/popular/top/latest.json")[0]["run"]


def test_refused_data_is_read_again(rig: Rig) -> None:
    """A run that its data stopped is resumed with data that was mended since."""
    rig.put_raw(KEY, csv(planted()[:999]))
    failed = rig.run(POPULAR)
    rig.put_raw(KEY, csv(planted()))
    again = rig.run({"run": failed.id, **POPULAR})

    assert "DataRefused" == failed.execution["error"]
    assert "SUCCEEDED" == again.status, again.cause


def test_only_the_newest_run_is_gone_on_with(rig: Rig) -> None:
    """An older run's data was replaced since, so it is refused with the name of the newest."""
    older, newer = rig.run(POPULAR), rig.run(POPULAR)
    rig.messages()
    run = rig.run({"run": older.id})

    assert ("FAILED", "InvalidInput") == (run.status, run.execution["error"])
    assert f"There is no run {older.id} to resume: the newest is {newer.id}" in run.cause


def test_a_run_that_claimed_and_died_is_followed(rig: Rig) -> None:
    """An execution that ended between its claim and runs/newest.json leaves its claim, which leads the next one on."""
    rig.run(POPULAR)
    before = rig.read("runs/newest.json")
    died = rig.run(POPULAR)
    rig.aws.client("s3").put_object(Bucket=rig.deployment.bucket, Key="runs/newest.json", Body=before)
    run = rig.run({"run": died.id, **POPULAR})

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert died.id == rig.lines("runs/newest.json")[0]["run"]
    assert run.execution["executionArn"] == rig.lines("runs/newest.json")[0]["execution"]


def test_training_can_be_skipped(rig: Rig) -> None:
    """The version that was last published scores fresh data; nothing is trained."""
    published = rig.run(POPULAR)
    trained = rig.versions()
    run = rig.run({"training": "skip", **POPULAR})

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert trained == rig.versions()
    assert published.manifest is not None
    assert run.manifest is not None
    assert published.manifest["solutions"][0]["version_arn"] == run.manifest["solutions"][0]["version_arn"]
    assert run.id == rig.lines("curated/popular/top/latest.json")[0]["run"]


def test_import_and_jobs_can_be_skipped(rig: Rig) -> None:
    """A run without import and jobs only trains, and publishes no table."""
    rig.run(POPULAR)
    imports, jobs = names(rig, "dataset_import"), names(rig, "batch_inference")
    run = rig.run({"import": "skip", "jobs": [], **POPULAR})

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert (imports, jobs) == (names(rig, "dataset_import"), names(rig, "batch_inference"))
    assert run.manifest is not None
    assert run.id == rig.lines("curated/popular/latest.json")[0]["run"]
    assert [] == run.manifest["solutions"][0]["batch_inference"]


def test_chosen_jobs_choose_their_solutions(rig: Rig) -> None:
    """Naming a job trains its solution only."""
    run = rig.run({"jobs": ["popular/top"]})

    assert run.manifest is not None
    assert ["popular"] == [solution["name"] for solution in run.manifest["solutions"]]


def test_a_worse_version_is_not_published(rig: Rig) -> None:
    """Of data in which nothing can be learnt, one solution fails and the other scores with its version before."""
    good = rig.run()
    rig.messages()
    rig.put_raw(KEY, csv(scattered()))
    run = rig.run()

    assert ("FAILED", "QualityMissed") == (run.status, run.execution["error"])
    assert "Quality gate (for-you): QualityMissed: normalized_discounted_cumulative_gain_at_25 is 0." in run.cause
    assert good.manifest is not None
    assert run.manifest is not None
    before = {solution["name"]: solution for solution in good.manifest["solutions"]}
    (popular,) = [solution for solution in run.manifest["solutions"] if solution["status"] == "SUCCEEDED"]
    assert popular["quality"]["kept_version"] is True
    assert popular["quality"]["misses"][0].startswith("coverage is 0.0")
    assert before["popular"]["version_arn"] == popular["version_arn"]
    assert (good.id, run.id) == tuple(
        rig.lines(f"curated/{name}/top/latest.json")[0]["run"] for name in ("for-you", "popular")
    )
    assert good.id == rig.lines("curated/popular/latest.json")[0]["run"]


def test_metrics_are_drawn(rig: Rig) -> None:
    """CloudWatch has the offline metrics of each training by pipeline and solution."""
    run = rig.run(POPULAR)
    dimensions = [{"Name": "Pipeline", "Value": "shop-test"}, {"Name": "Solution", "Value": "popular"}]
    listed = rig.aws.client("cloudwatch").list_metrics(Namespace="PersonalizePipelines", Dimensions=dimensions)
    # Those of its batch jobs have the job besides.
    metrics = {each["MetricName"] for each in listed["Metrics"] if each["Dimensions"] == dimensions}

    assert run.manifest is not None
    assert set(run.manifest["solutions"][0]["metrics"]) == metrics
