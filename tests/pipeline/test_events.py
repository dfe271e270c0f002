"""Events on the default bus: what a program that waits for runs and tables hears."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import validate

from definition.contract.events import RUN_CHANGED, SOURCE, TABLE_PUBLISHED
from definition.paths import ROOT
from emulator.tests.support import eventually
from tests.pipeline.data import csv, planted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Rig

NAME = "listening"


@pytest.fixture
def heard(aws: EmbeddedAWS, deployed: Rig) -> Iterator[str]:
    """The URL of a queue that a rule of the default bus fills with all that pipelines say."""
    sqs, events = aws.client("sqs"), aws.client("events")
    url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name=NAME, EventPattern=json.dumps({"source": [SOURCE]}))["RuleArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule=NAME, Targets=[{"Id": "queue", "Arn": arn}])
    deployed.put_raw("events/part.csv", csv(planted()))
    yield url
    events.remove_targets(Rule=NAME, Ids=["queue"])
    events.delete_rule(Name=NAME)
    sqs.delete_queue(QueueUrl=url)


def received(aws: EmbeddedAWS, url: str) -> list[tuple[str, dict[str, Any]]]:
    """Take kind and detail of each event that the queue holds; every detail is as docs/events.schema.json has it."""
    schema = json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8"))
    found = []
    sqs = aws.client("sqs")
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in batch:
            event = json.loads(message["Body"])
            validate(event["detail"], schema)
            found.append((event["detail-type"], event["detail"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [each for each in found if each[1]["pipeline"] == "shop"]


def test_a_run_and_its_tables_are_told(aws: EmbeddedAWS, deployed: Rig, heard: str) -> None:
    """The begin, each table that readers see now, and the end with the key of the manifest."""
    run = deployed.run()
    events = received(aws, heard)

    told = {detail["status"]: detail for kind, detail in events if kind == RUN_CHANGED}
    assert {"BEGUN", "SUCCEEDED"} == set(told)
    assert {run.id} == {detail["run"] for _, detail in events}
    assert told["SUCCEEDED"]["record"] == f"runs/{run.id}/manifest.json"
    assert run.manifest is not None
    published = {
        (solution["name"], job["name"]): (job["kind"], job["published"]["location"], job["published"]["rows"])
        for solution in run.manifest["solutions"]
        for job in (*solution["batch_inference"], *solution["batch_segment"])
    }
    assert len(published) > 1
    assert published == {
        (detail["solution"], detail["job"]): (detail["kind"], detail["location"], detail["rows"])
        for kind, detail in events
        if kind == TABLE_PUBLISHED
    }


def test_a_failure_is_told_with_its_record(aws: EmbeddedAWS, deployed: Rig, heard: str) -> None:
    """An input that is refused fails before the run begins, so no begin is told, nor a table."""
    run = deployed.run({"solutions": ["nobody"]})
    (event,) = received(aws, heard)

    assert (RUN_CHANGED, "FAILED", "InvalidInput") == (event[0], event[1]["status"], event[1]["error"])
    assert run.failure == json.loads(deployed.read(event[1]["record"]))


def test_a_run_that_was_stopped_is_told_as_failed(aws: EmbeddedAWS, deployed: Rig, heard: str) -> None:
    """It can say nothing itself: its alert tells the run, the execution, what it was stopped for, and the record."""
    deployed.arm(job="SolutionVersion", outcome="STALL")
    arn = deployed.start({})
    deployed.wait_for_state(arn, "Wait for solution version")
    aws.client("stepfunctions").stop_execution(executionArn=arn, error="Budget", cause="Too dear")
    deployed.disarm()
    run = deployed.ended(arn)

    def told() -> list[dict[str, Any]]:
        return [detail for _, detail in received(aws, heard) if detail.get("status") == "FAILED"]

    (event,) = eventually(told)
    assert (run.id, arn, "Budget") == (event["run"], event["execution"], event["error"])
    assert "Too dear" in json.loads(deployed.read(event["record"]))["cause"]


def test_a_start_that_is_skipped_names_the_active_run(aws: EmbeddedAWS, deployed: Rig, heard: str) -> None:
    """Of two starts at once one runs, and the other one says which."""
    runs = [deployed.ended(arn) for arn in [deployed.start({"jobs": []}) for _ in range(2)]]
    (active,) = (run for run in runs if run.manifest is not None)
    skipped = [detail for _, detail in received(aws, heard) if detail.get("status") == "SKIPPED"]

    assert [active.id] == [detail["run"] for detail in skipped]
