"""Runs that raw data starts by its arrival."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cli.errors import CommandError
from cli.operate.runs import check_not_followed
from emulator.tests.support import eventually
from tests.documents import popular, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig
from tests.pipeline.test_operate import operate

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS


@pytest.fixture(scope="module")
def harbour(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A shop whose runs begin five minutes after the last object under events/."""
    document = shop(name="harbour", schedule=..., solutions=[popular()], trigger={"arrival": "events/*.csv"})
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("harbour"))


def ended(rig: Rig, number: int) -> list[dict[str, Any]]:
    """Wait until so many executions have ended and none is under way; return them, the oldest first."""
    client = rig.aws.client("stepfunctions")

    def listed() -> list[dict[str, Any]] | None:
        found = client.list_executions(stateMachineArn=rig.deployment.state_machine_arn)["executions"]
        own = [each for each in found if each.get("mapRunArn") is None]
        return own if len(own) >= number and all(each["status"] != "RUNNING" for each in own) else None

    found = eventually(listed, deadline=90)
    described = [client.describe_execution(executionArn=each["executionArn"]) for each in found]
    return sorted(described, key=lambda each: each["startDate"])


def test_what_arrives_together_is_one_run(harbour: Rig) -> None:
    """Each object starts an execution, and the last one's run takes all of them; others, and other keys, start none."""
    rows = planted()
    harbour.add_raw("elsewhere/a.csv", "x\n")
    harbour.add_raw("notes/events.txt", "x\n")
    for part in range(3):
        harbour.add_raw(f"events/{part}.csv", csv(rows[part::3]))
    executions = ended(harbour, 3)
    assert [("SUCCEEDED", "")] * 3 == [(each["status"], each.get("cause", "")) for each in executions]
    outputs = [json.loads(each["output"]) for each in executions]
    skipped, ran = [each for each in outputs if each.get("skipped")], [each for each in outputs if "manifest" in each]

    assert (2, 1) == (len(skipped), len(ran))
    manifest = json.loads(harbour.read(f"runs/{ran[0]['run']}/manifest.json"))
    assert (len(rows), 3) == (manifest["datasets"][0]["rows_in"], manifest["datasets"][0]["object_count"])
    assert {"raw/events/0.csv", "raw/events/1.csv", "raw/events/2.csv"} == {
        f"{json.loads(each['input'])['arrival']}" for each in executions
    }


def test_what_arrives_beside_a_run_is_not_lost(harbour: Rig) -> None:
    """Its execution waits for the end of the active run, and then runs for it; the run before is redriven no more.

    The one that waits has begun first, so which run is the newest is not to be seen from when executions began.
    """
    before = len(ended(harbour, 1))
    client = harbour.aws.client("stepfunctions")
    harbour.arm(job="BatchInferenceJob", outcome="STALL")
    harbour.add_raw("events/late.csv", csv(["late,A01,1700000000", "late,A02,1700000100"]))
    (waiting,) = eventually(
        lambda: client.list_executions(stateMachineArn=harbour.deployment.state_machine_arn, statusFilter="RUNNING")[
            "executions"
        ]
    )
    active = harbour.start({"import": "skip", "training": "skip"})
    harbour.wait_for_state(waiting["executionArn"], "Wait for active run")
    client.stop_execution(executionArn=active, cause="by hand")
    harbour.disarm()
    executions = ended(harbour, before + 2)
    done = next(each for each in executions if each["executionArn"] == waiting["executionArn"])

    assert ("SUCCEEDED", "") == (done["status"], done.get("cause", ""))
    run = json.loads(done["output"])["run"]
    manifest = json.loads(harbour.read(f"runs/{run}/manifest.json"))
    assert "raw/events/late.csv" in [each["key"] for each in manifest["datasets"][0]["objects"]]
    s3, bucket = harbour.aws.client("s3"), harbour.deployment.bucket
    with pytest.raises(CommandError, match=f"run {run} came after run"):
        check_not_followed(s3, bucket, client.describe_execution(executionArn=active))
    check_not_followed(s3, bucket, client.describe_execution(executionArn=waiting["executionArn"]))


def test_a_trigger_is_paused_and_shown(harbour: Rig) -> None:
    """Status says what starts runs, and whether that is switched off."""
    assert "runs start where data arrives at raw/events/*.csv" in operate(harbour, "status").output
    assert "starts no run" in operate(harbour, "pause").output
    harbour.add_raw("events/unheard.csv", csv(["u,A01,1700000000"]))
    assert "paused: pipelines resume" in operate(harbour, "status").output
    assert "starts runs again" in operate(harbour, "resume").output
    running = harbour.aws.client("stepfunctions").list_executions(
        stateMachineArn=harbour.deployment.state_machine_arn, statusFilter="RUNNING"
    )
    assert [] == running["executions"]
