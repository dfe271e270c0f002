"""Alarms of a deployed pipeline: on tables that grow old, letters that nobody took, runs that failed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws import clock
from emulator.tests.iam.support import document
from tests.documents import rarely, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig
from tests.pipeline.test_operate import answer, operate

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS

HOUR, DAY = 3600, 86_400
FRESHNESS = "watched-test--freshness/for-you/top"


@pytest.fixture(scope="module")
def watched(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A shop whose tables must not be older than 26 hours, with raw data, before its first run."""
    document = shop(name="watched", freshness="26h", **rarely())
    rig = Rig.deploy(aws, document, tmp_path_factory.mktemp("watched"))
    rig.put_raw("events/part.csv", csv(planted()))
    return rig


class Topic:
    """What the alarms have said on the topic, by alarm, the newest last."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._said: list[dict[str, Any]] = []

    def hears(self, alarm: str, state: str) -> dict[str, Any]:
        """Wait until an alarm has told of a state, after what was heard before; return its message."""
        found: list[dict[str, Any]] = []

        def heard() -> bool:
            said = [each for each in self._rig.messages() if "in US East (N. Virginia)" in each["Subject"]]
            self._said += [{"Subject": each["Subject"], **json.loads(each["Message"])} for each in said]
            found[:] = [each for each in self._said if (each["AlarmName"], each["NewStateValue"]) == (alarm, state)]
            return bool(found)

        self._rig.wait_until(heard)
        self._said.clear()
        return found[-1]


def test_two_nights_without_a_run_are_noticed(watched: Rig, aws: EmbeddedAWS) -> None:
    """The alarm rings before the first table and after two days without one, status shows it, and a run clears it."""
    topic, cloudwatch = Topic(watched), aws.client("cloudwatch")
    aws.skip(HOUR)
    # Where the deployment itself crosses an hour it has rung before anybody was subscribed.
    watched.wait_until(
        lambda: "ALARM" == cloudwatch.describe_alarms(AlarmNames=[FRESHNESS])["MetricAlarms"][0]["StateValue"]
    )
    assert "SUCCEEDED" == watched.run().status
    aws.skip(HOUR)
    topic.hears(FRESHNESS, "OK")
    aws.skip(2 * DAY)
    late = topic.hears(FRESHNESS, "ALARM")
    shown = answer(watched, "status")["alarms"]
    told = operate(watched, "status").output

    assert f'ALARM: "{FRESHNESS}" in US East (N. Virginia)' == late["Subject"]
    assert "The newest complete table of for-you/top is older than 26 h" == late["AlarmDescription"]
    assert "26 missing datapoints were treated as [Breaching]" in late["NewStateReason"]
    assert [FRESHNESS] == [each["name"] for each in shown]
    assert all(text in told for text in (FRESHNESS, "older than 26 h"))
    assert "SUCCEEDED" == watched.run().status  # nothing is new: the version stays, and the table is new all the same
    aws.skip(HOUR)
    topic.hears(FRESHNESS, "OK")
    assert [] == answer(watched, "status")["alarms"]


def test_a_dead_letter_rings(watched: Rig, aws: EmbeddedAWS) -> None:
    """What the schedule could not start lies in its queue, and an alarm of its own tells of it."""
    topic, sqs = Topic(watched), aws.client("sqs")
    (queue,) = [url for url in sqs.list_queues()["QueueUrls"] if "watched-test" in url and "Schedule" in url]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    aws.skip(HOUR)

    assert "schedule" in topic.hears("watched-test--dead-letters/schedule", "ALARM")["AlarmDescription"]
    sqs.purge_queue(QueueUrl=queue)


def test_a_run_that_fails_or_is_stopped_rings(watched: Rig, aws: EmbeddedAWS) -> None:
    """Each end that is no success has its alarm."""
    topic = Topic(watched)
    assert "FAILED" == watched.run({"solutions": ["nobody"]}).status
    topic.hears("watched-test--run/failed", "ALARM")
    watched.arm(job="SolutionVersion", outcome="STALL")
    arn = watched.start({"training": "full"})
    watched.wait_for_state(arn, "Wait for solution version")
    aws.client("stepfunctions").stop_execution(executionArn=arn)
    topic.hears("watched-test--run/aborted", "ALARM")
    watched.disarm()


def test_metrics_that_cannot_be_sent_are_told(watched: Rig, aws: EmbeddedAWS) -> None:
    """A run whose metrics CloudWatch does not take succeeds, and its message says why an alarm may ring."""
    iam = aws.client("iam")
    (role,) = [
        each["RoleName"]
        for page in iam.get_paginator("list_roles").paginate()
        for each in page["Roles"]
        if each["RoleName"].startswith("watched-test-workflow-StateMachineRole")
    ]
    denied = document({"Effect": "Deny", "Action": "cloudwatch:PutMetricData", "Resource": "*"})
    iam.put_role_policy(RoleName=role, PolicyName="no", PolicyDocument=denied)
    watched.messages()
    run = watched.run()
    iam.delete_role_policy(RoleName=role, PolicyName="no")

    assert "SUCCEEDED" == run.status
    (message,) = watched.messages(run.id)
    assert "CloudWatch did not take the metrics of this run" in message["Message"]
    assert "cloudwatch:PutMetricData" in message["Message"]


def test_rows_and_tables_are_counted(watched: Rig, aws: EmbeddedAWS) -> None:
    """CloudWatch has what became of the rows, and rows and errors of each table, as the manifest says."""
    run = watched.run()
    assert run.manifest is not None
    (dataset,), (solution,) = run.manifest["datasets"], run.manifest["solutions"]
    table = solution["batch_inference"][0]["published"]
    of_job = {"Solution": "for-you", "Job": "top"}
    expected = {
        **{
            (f"Rows{fate}", "interactions"): dataset[f"rows_{fate.lower()}"]
            for fate in ("In", "Out", "Filtered", "Rejected")
        },
        ("TablesPublished", "top"): 1,
        ("TableRows", "top"): table["rows"],
        ("LinesWithErrors", "top"): table["errors"],
    }

    for (name, of), value in expected.items():
        more = {"Dataset": of} if name.startswith("Rows") else of_job
        assert value == newest(aws, name, {"Pipeline": "watched-test", **more}), name


def newest(aws: EmbeddedAWS, name: str, dimensions: dict[str, str]) -> float:
    """Return the newest value of a metric in the last embedded hour."""
    now = clock.now()
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="PersonalizePipelines",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return float(max(found, key=lambda each: each["Timestamp"])["Maximum"])
