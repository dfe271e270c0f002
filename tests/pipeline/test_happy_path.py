"""A run from raw data to published recommendations."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from jsonschema import validate

from definition.contract.manifest import VERSION, Manifest
from definition.paths import ROOT
from definition.plan.executions import BATCH_JOB, SOLUTION
from definition.plan.history import histories
from tests.pipeline.data import csv, planted

if TYPE_CHECKING:
    from tests.pipeline.rig import Rig, Run

ROWS = planted()


@pytest.fixture(scope="module")
def run(deployed: Rig) -> Run:
    """One successful run on planted data."""
    deployed.messages()
    deployed.put_raw("events/part.csv", csv(ROWS))
    return deployed.run({"import": "full"})


def output(deployed: Rig, run: Run, solution: str) -> list[dict[str, Any]]:
    """Return the lines that Personalize wrote for a solution."""
    prefix = f"batch/{run.id}/{solution}/top/output/"
    return [line for key in deployed.keys(prefix) if key.endswith(".out") for line in deployed.lines(key)]


def test_the_run_succeeds_and_says_so(deployed: Rig, run: Run) -> None:
    """The execution ends green, the manifest is written, and the topic tells where it is."""
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert run.manifest is not None
    assert "SUCCEEDED" == run.manifest["status"]
    assert run.failure is None
    subjects = [message["Subject"] for message in deployed.messages(run.id)]
    assert [f"shop-test: run {run.id} succeeded"] == subjects


def test_the_manifest_is_what_its_type_says(run: Run) -> None:
    """A run writes all of a manifest's fields and no other ones; programs can rely on the schema in docs."""
    manifest = Manifest.model_validate(run.manifest)

    assert run.manifest == manifest.model_dump(mode="json", exclude_unset=True)
    validate(run.manifest, json.loads((ROOT / "docs" / "manifest.schema.json").read_text("utf-8")))
    assert (VERSION, run.id) == (manifest.version, manifest.run)


def test_no_history_is_longer_than_reckoned(deployed: Rig, run: Run) -> None:
    """Each execution, the run and its children, has fewer events than the file lets it have at the most."""
    most = {history.whose: history.events for history in histories(deployed.pipeline)}
    whose = {"": "the run", SOLUTION: "a solution", BATCH_JOB: "a batch job"}
    pages = deployed.aws.client("stepfunctions").get_paginator("get_execution_history")
    events = [
        (label, sum(len(page["events"]) for page in pages.paginate(executionArn=arn)))
        for label, arn in deployed.executions(run.execution["executionArn"])
    ]

    assert {"": 1, SOLUTION: 2, BATCH_JOB: 2} == Counter(label for label, _ in events)
    assert all(count <= most[whose[label]] for label, count in events)


def test_the_states_come_in_order(run: Run) -> None:
    """Input, transform, gate, import, solutions, manifest, notification."""
    landmarks = ["Begin run", "Transform", "Data gate", "Create import job", "Solutions", "Create solution",
                 "Create solution version", "Create batch inference job", "Publish", "Write manifest",
                 "Notify success", "Succeeded"]  # fmt: skip

    assert landmarks == [state for state in run.states if state in landmarks]


def test_every_user_gets_distinct_items_of_their_own_group(deployed: Rig, run: Run) -> None:
    """What is recommended is learnt: nobody is offered the other group's items."""
    lines = output(deployed, run, "for-you")

    assert {row.split(",")[0] for row in ROWS} == {line["input"]["userId"] for line in lines}
    for line in lines:
        items = line["output"]["recommendedItems"]
        assert line["error"] is None
        assert 25 == len(items) == len(set(items))
        assert {line["input"]["userId"][0].upper()} == {item[0] for item in items}
        scores = line["output"]["scores"]
        assert len(items) == len(scores)
        assert sorted(scores, reverse=True) == scores


def test_popularity_counts(deployed: Rig, run: Run) -> None:
    """The popularity recipe offers everybody the most frequent items, by an independent count, and no scores."""
    counts = Counter(row.split(",")[1] for row in ROWS)
    tenth = sorted(counts.values(), reverse=True)[9]

    for line in output(deployed, run, "popular"):
        items = line["output"]["recommendedItems"]
        assert 10 == len(set(items))
        assert all(counts[item] >= tenth for item in items)
        assert "scores" not in line["output"]


def test_the_table_holds_what_the_lines_hold(deployed: Rig, run: Run) -> None:
    """The published Parquet has one row per user and rank, with the same items and scores."""
    table = pl.read_parquet(io.BytesIO(deployed.read(f"curated/for-you/top/run={run.id}/part-00000.parquet")))
    expected = [
        (line["input"]["userId"], rank, item, score)
        for line in output(deployed, run, "for-you")
        for rank, (item, score) in enumerate(
            zip(line["output"]["recommendedItems"], line["output"]["scores"], strict=True), 1
        )
    ]

    assert ["user_id", "rank", "item_id", "score"] == table.columns
    assert sorted(expected) == sorted(table.rows())


def test_athena_answers_from_the_newest_table(deployed: Rig, run: Run) -> None:
    """The catalog's table of a job is the one that the run has published."""
    athena = deployed.aws.client("athena")
    place = {"OutputLocation": f"s3://{deployed.deployment.bucket}/asked/"}
    query = athena.start_query_execution(
        QueryString="SELECT count(*), count(DISTINCT user_id) FROM shop_test.for_you_top", ResultConfiguration=place
    )["QueryExecutionId"]
    while (told := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"])["State"] in (
        "QUEUED",
        "RUNNING",
    ):
        time.sleep(0.05)

    assert "SUCCEEDED" == told["State"], told
    _, row = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert run.manifest is not None
    published = next(each for each in run.manifest["solutions"] if each["name"] == "for-you")["batch_inference"][0]
    rows, keys = published["published"]["rows"], published["published"]["keys"]
    assert [str(rows), str(keys)] == [cell["VarCharValue"] for cell in row["Data"]]


def test_a_table_lies_beside_itself_as_csv(deployed: Rig, run: Run) -> None:
    """Where the job asks for it, and nowhere else; the manifest says where."""
    assert run.manifest is not None
    exports = {
        solution["name"]: job["published"]["exports"]
        for solution in run.manifest["solutions"]
        for job in solution["batch_inference"]
    }
    prefix = f"exports/popular/top/csv/run={run.id}/"
    assert {"for-you": {}, "popular": {"csv": f"s3://{deployed.deployment.bucket}/{prefix}"}} == exports
    table = pl.read_parquet(io.BytesIO(deployed.read(f"curated/popular/top/run={run.id}/part-00000.parquet")))
    (key,) = (key for key in deployed.keys("exports/") if f"run={run.id}/" in key)
    assert key.startswith(prefix)
    assert table.equals(pl.read_csv(deployed.read(key), schema=table.schema))


def test_latest_points_to_the_run(deployed: Rig, run: Run) -> None:
    """The pointer names the newest table."""
    pointer = deployed.lines("curated/for-you/top/latest.json")[0]

    assert run.id == pointer["run"]
    assert f"s3://{deployed.deployment.bucket}/curated/for-you/top/run={run.id}/" == pointer["location"]
    table = deployed.aws.client("glue").get_table(DatabaseName="shop_test", Name="for_you_top")["Table"]
    assert pointer["location"] == table["StorageDescriptor"]["Location"]
    assert ["user_id", "rank", "item_id", "score"] == [
        column["Name"] for column in table["StorageDescriptor"]["Columns"]
    ]


def test_the_manifest_accounts_for_every_row_and_job(deployed: Rig, run: Run) -> None:
    """Inputs with ETags, row counts, ARNs that exist, metrics and outputs are in the manifest."""
    assert run.manifest is not None
    (dataset,) = run.manifest["datasets"]
    assert 1 == dataset["object_count"]
    head = deployed.aws.client("s3").head_object(Bucket=deployed.deployment.bucket, Key="raw/events/part.csv")

    assert (1800, 1800, 0, 0) == tuple(dataset[f"rows_{fate}"] for fate in ("in", "out", "filtered", "rejected"))
    facts = dataset["interactions"]
    assert (60, 60, 60) == (facts["per_user"]["count"], facts["users_with_two"], facts["users_scored"])
    assert [{"key": "raw/events/part.csv", "etag": head["ETag"].strip('"'), "size": head["ContentLength"]}] == dataset[
        "objects"
    ]
    assert dataset["import_job_arn"] in deployed.import_jobs()
    personalize = deployed.aws.client("personalize")
    for solution in run.manifest["solutions"]:
        version = personalize.describe_solution_version(solutionVersionArn=solution["version_arn"])
        assert "ACTIVE" == version["solutionVersion"]["status"]
        metrics = personalize.get_solution_metrics(solutionVersionArn=solution["version_arn"])["metrics"]
        assert metrics == pytest.approx(solution["metrics"])
        (job,) = solution["batch_inference"]
        assert (60, 0) == (job["published"]["lines"], job["published"]["errors"])


def test_solutions_do_not_train_by_themselves(deployed: Rig, run: Run) -> None:
    """What the run creates has automatic training switched off."""
    assert run.manifest is not None
    personalize = deployed.aws.client("personalize")
    for solution in run.manifest["solutions"]:
        assert personalize.describe_solution(solutionArn=solution["arn"])["solution"]["performAutoTraining"] is False


def test_a_second_run_takes_the_solutions_over_and_keeps_earlier_results(deployed: Rig, run: Run) -> None:
    """Solutions are made once; a run of one solution trains only that one; older tables stay."""
    again = deployed.run({"solutions": ["for-you"], "comment": "by hand"})

    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert "Take over solution" in again.states
    assert run.manifest is not None
    assert again.manifest is not None
    (solution,) = again.manifest["solutions"]
    assert run.manifest["solutions"][0]["arn"] == solution["arn"]
    assert run.manifest["solutions"][0]["version_arn"] != solution["version_arn"]
    tables = deployed.keys("curated/for-you/top/run=")
    assert {f"curated/for-you/top/run={one.id}/part-00000.parquet" for one in (run, again)} <= set(tables)
    assert again.id == deployed.lines("curated/for-you/top/latest.json")[0]["run"]
