"""A pipeline that has everything, and what may happen to it: enough that every grant is needed by some call."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from cli.forget.command import app
from tests.documents import LIVE, rarely, shop
from tests.pipeline.data import broken, csv, planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipeline.rig import Rig

USERS = 60
_ROWS = planted(users=USERS)
_DAY = 86_400
_KEY = {"kms_key": "create"}


def everything(**changes: Any) -> dict[str, Any]:
    """Return a shop with filters, a campaign, recommenders, events, attribution, all kinds of jobs, delivery, key."""
    document = copy.deepcopy(shop(name="whole", publish="parts", encryption=dict(_KEY), **rarely(), **LIVE))
    document["datasets"]["items"] = {
        "source": {"path": "items.csv"},
        "columns": {"ITEM_ID": "item", "PRICE": "price", "CATEGORY_L1": "kind"},
    }
    document["datasets"]["users"] = {
        "source": {"path": "users.csv"},
        "columns": {"USER_ID": "user", "COUNTRY": {"from": "country", "type": "categorical"}},
    }
    top = {"name": "top", "num_results": 5}
    kept = {"formats": ["csv"], "deliver": "dynamodb"}
    document["solutions"] = [
        {
            "name": "for-you",
            "recipe": "aws-user-personalization-v2",
            "campaign": {"min_provisioned_tps": 1},
            "batch_inference": [{**top, **kept, "users": "all", "filter": document["filters"][0]["name"]}],
            "quality": {"max_drop": {"coverage": 0.9}},
        },
        {"name": "buyers", "recipe": "aws-item-affinity", "batch_segment": [{**top, "items": "all"}]},
    ]
    return {**document, **changes}


DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "whole": everything,
    "whole-test": lambda: shop(name="whole-test", **rarely()),
    "sparkling": lambda: shop(
        name="sparkling",
        engine="glue",
        encryption=dict(_KEY),
        datasets__interactions__import_mode="incremental",
        **rarely(),
    ),
}
"""Three pipelines: with everything, with little under a name that begins as the first one's, with the Spark job."""


def put_raw(rig: Rig, rows: list[str]) -> None:
    """Make these rows the interactions, with the items and users that they name."""
    s3, bucket = rig.aws.client("s3"), rig.deployment.bucket
    items = sorted({row.split(",")[1] for row in _ROWS})
    users = sorted({row.split(",")[0] for row in _ROWS})
    texts = {
        "raw/events/part.csv": csv(rows),
        "raw/items.csv": "item,price,kind\n" + "".join(f"{item},1,{item[0]}\n" for item in items),
        "raw/users.csv": "user,country\n" + "".join(f"{user},PT\n" for user in users),
    }
    for key, text in texts.items():
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def exercise(rig: Rig, document: dict[str, Any], folder: Path) -> None:
    """Let a pipeline run, fail, go on, be skipped, be stopped, change, start by its schedule, and go.

    Args:
        rig: the deployed pipeline, whose stage is `test`.
        document: its file.
        folder: where changed files are written.
    """
    steps = rig.aws.client("stepfunctions")
    put_raw(rig, broken(_ROWS, 30))
    _succeeds(rig, {"solutions": [document["solutions"][-1]["name"]]})
    put_raw(rig, [*_ROWS, "a0,A01,1700009999"])
    rig.arm(job="BatchInferenceJob", broken_lines=1, reason="Internal error")
    _succeeds(rig)  # compares with the table before, and sets a line aside
    rig.disarm()
    _forgets(rig, "a0")  # Personalize reads the list of the data deletion job
    _succeeds(rig, {"jobs": [], "training": "skip"})  # nothing is new

    put_raw(rig, broken(_ROWS, len(_ROWS)))
    refused = rig.run()
    assert refused.status == "FAILED", refused
    put_raw(rig, broken(_ROWS, 20))  # fewer than are allowed, and others than before
    steps.redrive_execution(executionArn=refused.execution["executionArn"])
    assert rig.ended(refused.execution["executionArn"]).status == "SUCCEEDED"

    stopped = rig.start({"import": "full", "training": "full"})
    rig.wait_for_state(stopped, "Wait for solution version")  # which is in a child execution
    assert "skipped" in rig.run().execution["output"]
    steps.stop_execution(executionArn=stopped, error="ByHand", cause="enough")
    rig.ended(stopped)

    rig.deploy_again(_changed(document), folder)
    rig.arm(job="BatchInferenceJob", broken_lines=1, reason="Internal error")
    _succeeds(rig)  # deletes the list that was delivered and is there no more
    rig.disarm()
    if "schedule" in document:
        _starts_by_itself(rig)
    _leaves_a_training(rig)
    rig.destroy()


def _leaves_a_training(rig: Rig) -> None:
    """Stop a run whose training goes on."""
    rig.arm(job="SolutionVersion", outcome="STALL")
    arn = rig.start({"training": "full"})
    rig.wait_for_state(arn, "Wait for solution version")
    rig.aws.client("stepfunctions").stop_execution(executionArn=arn)
    rig.ended(arn)
    rig.disarm()


def _forgets(rig: Rig, user: str) -> None:
    """Erase a user, as an operator does: nobody of the pipeline's roles takes part but Personalize's own."""
    file = str(Path(rig.assembly).parent / f"{rig.pipeline.name}.yaml")
    done = CliRunner().invoke(app, [file, user, "--stage", "test", "--yes"], env=rig.aws.environment())
    assert done.exit_code == 0, done.output


def _succeeds(rig: Rig, given: Any = None) -> None:
    run = rig.run(given)
    assert (run.status, run.cause) == ("SUCCEEDED", "")
    assert "skipped" not in run.execution["output"], "another run was active"


def _changed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the file with another column, another configuration, and less that answers in real time."""
    changed = copy.deepcopy(document)
    if "users" in changed["datasets"]:
        changed["datasets"]["users"]["columns"]["AREA"] = {"from": "country", "type": "categorical"}
        changed["datasets"]["items"]["columns"]["BRAND"] = {"from": "kind", "type": "categorical"}
        changed["recommenders"] = [{**changed["recommenders"][-1], "min_requests_per_second": 3}]
    changed["solutions"][0].pop("campaign", None)
    changed["solutions"][0]["hyperparameters"] = {"apply_recency_bias": "false"}
    return changed


def _starts_by_itself(rig: Rig) -> None:
    """Let half a year pass, and wait for the end of the run that the schedule starts."""
    steps, machine = rig.aws.client("stepfunctions"), rig.deployment.state_machine_arn
    known = {each["executionArn"] for each in steps.list_executions(stateMachineArn=machine)["executions"]}
    rig.aws.skip(190 * _DAY)
    until = time.monotonic() + 60
    new: set[str] = set()
    while not new and time.monotonic() < until:
        listed = steps.list_executions(stateMachineArn=machine)["executions"]
        new = {each["executionArn"] for each in listed} - known
        time.sleep(0.1)
    assert new, "the schedule started nothing"
    assert ["SUCCEEDED"] == [rig.ended(arn).status for arn in new]
