"""Bad data, refused calls and failed jobs: what stops, what is told, what is left untouched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from definition.service.resource_kinds import BATCH_KINDS, BATCH_SEGMENT_JOB
from tests.pipeline.data import HEADER, broken, csv, planted

if TYPE_CHECKING:
    from tests.pipeline.rig import Rig, Run

IMPORT = {"import": "full"}
"""Raw data that has not changed would not be imported again."""

ROWS = planted()
KEY = "events/part.csv"


def assert_failed(rig: Rig, run: Run, *told: str) -> None:
    """Check that a run failed and that cause, record and notification all say why."""
    assert "FAILED" == run.status
    assert run.failure is not None
    messages = rig.messages(run.id)
    assert [f"shop-test: run {run.id} failed"] == [message["Subject"] for message in messages]
    message = messages[0]
    assert run.execution["executionArn"] in message["Message"]
    for text in told:
        assert text in run.cause
        assert text in run.failure["cause"]
        assert text in message["Message"]


def test_two_percent_of_broken_rows_are_set_aside(rig: Rig) -> None:
    """The run succeeds, counts are exact, and each broken row lies in the rejects with its reason."""
    rig.put_raw(KEY, csv(broken(ROWS, 36)))
    run = rig.run({"solutions": ["popular"]})

    assert "SUCCEEDED" == run.status
    assert run.manifest is not None
    (dataset,) = run.manifest["datasets"]
    assert (1836, 1800, 0, 36) == tuple(dataset[f"rows_{fate}"] for fate in ("in", "out", "filtered", "rejected"))
    assert {
        "USER_ID is empty": 9,
        "TIMESTAMP is not an epoch time": 9,
        "fewer than 3 fields": 9,
        "more than 3 fields": 9,
    } == {item["reason"]: item["rows"] for item in dataset["reasons"]}
    rejects = rig.lines(f"rejects/{run.id}/interactions.jsonl")
    lines = csv(broken(ROWS, 36)).splitlines()
    assert 36 == len(rejects)
    assert all(lines[reject["line"] - 1] == reject["raw"] for reject in rejects)
    assert {f"raw/{KEY}"} == {reject["object"] for reject in rejects}


def test_twenty_percent_of_broken_rows_stop_the_run_before_the_import(rig: Rig) -> None:
    """Nothing is imported, and the cause gives share, limit and most frequent reason."""
    rig.put_raw(KEY, csv(broken(ROWS, 450)))
    before = rig.import_jobs()
    run = rig.run()

    assert_failed(
        rig, run, "450 of 2250 rows of interactions (20 %)", "5 %", f"s3://{rig.deployment.bucket}/rejects/{run.id}/"
    )
    assert before == rig.import_jobs()
    assert "Create import job" not in run.states
    assert 450 == len(rig.lines(f"rejects/{run.id}/interactions.jsonl"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            HEADER.replace("item", "thing") + "\n" + "\n".join(ROWS),
            "has no column 'item'; it has user, thing, at. Correct",
        ),
        (csv(ROWS).encode("utf-16"), f"raw/{KEY} is not utf-8 text: its header cannot be decoded"),
        (csv([]), "the raw data of interactions holds no rows"),
        (csv(ROWS[:999]), "999 interactions remain of 999 rows, but Personalize needs 1000"),
        (csv([f"u{n},A,{1_700_000_000 + n}" for n in range(1000)]), "0 users have two interactions or more"),
        (
            csv([row.rsplit(",", 1)[0] + ",1700000000000" for row in ROWS]),
            "TIMESTAMP is outside 1971 to 2099 in s, but not in ms: set unit: ms",
        ),
    ],
    ids=["header", "encoding", "no-rows", "too-few", "one-each", "milliseconds"],
)
def test_data_that_cannot_be_used_stops_the_run_before_the_import(rig: Rig, text: str | bytes, told: str) -> None:
    """The cause names the object or the number and what is needed; nothing is imported."""
    rig.put_raw(KEY, text)
    before = rig.import_jobs()
    run = rig.run()

    assert_failed(rig, run, told)
    assert before == rig.import_jobs()


def test_the_first_row_of_a_file_without_header_is_told_nowhere(rig: Rig) -> None:
    """Its values stand in no message, no record and no log, be they addresses or what might be names of columns."""
    values = ("carlamark", "lisbonmark", "mark@example.com", "+351 912")
    rig.put_raw(KEY, "\n".join([",".join(values), *ROWS]))
    run = rig.run()

    told = "has no column 'user'; it has 4 fields, of which none is a column of the pipeline file. "
    assert told in run.cause
    assert "source.header" in run.cause
    seen = [run.cause, json.dumps(rig.messages(run.id)), *logged(rig)]
    seen += [rig.read(key).decode() for prefix in ("runs/", "rejects/") for key in rig.keys(f"{prefix}{run.id}/")]
    assert any(told in text for text in seen[2:])
    assert [] == [text for text in seen for value in values if value in text]


def logged(rig: Rig) -> list[str]:
    """Return the events of all log groups."""
    logs = rig.aws.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = (logs.get_paginator("filter_log_events").paginate(logGroupName=group) for group in groups)
    return [event["message"] for found in pages for page in found for event in page["events"]]


def test_an_empty_prefix_stops_the_run(rig: Rig) -> None:
    """Data in the wrong place is told with the place where it is looked for."""
    rig.put_raw("elsewhere/part.csv", csv(ROWS))
    run = rig.run()

    assert_failed(rig, run, f"No data at s3://{rig.deployment.bucket}/raw/events/", "SourceEmptyError")


@pytest.mark.parametrize(
    ("execution_input", "told"),
    [
        ({"solution": ["for-you"]}, "Unknown in the input: solution"),
        ({"solutions": ["for-me"]}, "Unknown solutions: for-me"),
        ({"solutions": []}, "The list of solutions is empty"),
        ({"solutions": "popular"}, "solutions is not a list"),
        ({"jobs": ["popular/bottom"]}, "Unknown jobs: popular/bottom"),
        ({"jobs": ["for-you/top"], "solutions": ["popular"]}, "Not of the chosen solutions: for-you/top"),
        ({"training": "never"}, "Unknown training: never"),
        ({"import": True}, "Unknown import: true"),
        ({"run": "../x"}, "run is no run id"),
        ([], "The input is not an object"),
    ],
)
def test_a_wrong_input_is_refused_with_what_is_allowed(rig: Rig, execution_input: object, told: str) -> None:
    """Nothing runs, and the cause names the allowed overrides and solutions."""
    run = rig.run(execution_input)

    assert_failed(rig, run, told, "Allowed: {}, or any of solutions: some of for-you, popular; jobs: some of ")
    assert "Read newest run" not in run.states


def test_a_failed_import_tells_the_services_reason(rig: Rig) -> None:
    """CREATE FAILED ends the run with failureReason and ARN in cause, record and message; nothing is trained."""
    rig.put_raw(KEY, csv(ROWS))
    rig.arm(job="DatasetImportJob", outcome="CREATE FAILED", reason='The data "lake" is\nfull \\ dry')
    run = rig.run(IMPORT)

    arn = f":dataset-import-job/shop-test--interactions-{run.id}"
    assert_failed(rig, run, 'JobFailed: The data "lake" is\nfull \\ dry', arn)
    assert run.failure is not None
    assert "CREATE FAILED" == run.failure["failures"][0]["status"]
    assert "Solutions" not in run.states


def test_a_bucket_that_shuts_personalize_out_is_explained(rig: Rig) -> None:
    """Without its bucket policy the import really fails, and the reason names the privileges."""
    rig.put_raw(KEY, csv(ROWS))
    s3, bucket = rig.aws.client("s3"), rig.deployment.bucket
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        run = rig.run(IMPORT)
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)

    assert_failed(rig, run, "Insufficient privileges")


@pytest.mark.parametrize("error", ["ResourceInUseException", "LimitExceededException", "ThrottlingException"])
def test_creates_wait_and_try_again(rig: Rig, error: str) -> None:
    """What is in use, a used-up quota and throttling are waited out by every create, and the run succeeds."""
    rig.put_raw(KEY, csv(ROWS))
    creates = [kind.create for kind in BATCH_KINDS if kind is not BATCH_SEGMENT_JOB]
    for create in creates:
        rig.arm(operation=create, error=error, times=2)
    run = rig.run({"solutions": ["popular"], **IMPORT})

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert sorted(creates * 2) == sorted(fault["operation"] for fault in rig.disarm())


def test_one_failed_training_does_not_stop_the_other(rig: Rig) -> None:
    """The sibling is published, the run is failed, and manifest and cause say which solution failed and why."""
    rig.put_raw(KEY, csv(ROWS))
    rig.arm(job="SolutionVersion", outcome="CREATE FAILED", reason="Not enough items")
    run = rig.run()

    assert_failed(rig, run, "Not enough items", "Describe solution version (")
    assert run.manifest is not None
    assert ["FAILED", "SUCCEEDED"] == sorted(solution["status"] for solution in run.manifest["solutions"])
    published = next(s for s in run.manifest["solutions"] if s["status"] == "SUCCEEDED")
    assert run.id == rig.lines(f"curated/{published['name']}/top/latest.json")[0]["run"]


def test_a_failed_batch_job_leaves_the_last_table_in_place(rig: Rig) -> None:
    """latest.json still names the run before, and the cause names solution and job."""
    rig.put_raw(KEY, csv(ROWS))
    good = rig.run({"solutions": ["popular"]})
    rig.messages()
    rig.arm(job="BatchInferenceJob", outcome="CREATE FAILED", reason="The input is odd")
    run = rig.run({"solutions": ["popular"]})

    assert_failed(rig, run, "Describe batch inference job (popular/top): JobFailed: The input is odd")
    assert good.id == rig.lines("curated/popular/top/latest.json")[0]["run"]


def test_a_training_that_never_ends_is_given_up(rig: Rig) -> None:
    """After the file's timeout the run fails and says how long it waited."""
    rig.put_raw(KEY, csv(ROWS))
    rig.arm(job="SolutionVersion", outcome="STALL")
    run = rig.run({"solutions": ["popular"]})

    assert_failed(rig, run, "JobTimedOut: still CREATE IN_PROGRESS after 0.5 h")


def test_an_access_that_is_denied_is_told(rig: Rig) -> None:
    """An error that no retry mends ends the run with the service's own words."""
    rig.put_raw(KEY, csv(ROWS))
    rig.arm(operation="CreateDatasetImportJob", error="InvalidInputException", message="Role is not yours")
    run = rig.run(IMPORT)

    assert_failed(rig, run, "Create import job: Personalize.InvalidInputException: Role is not yours")
