"""The shop that ships, with its sample: what its recommenders and a campaign answer after a run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from cli.terminal import Terminal
from cli.uploading import upload
from cli.view import View
from definition.contract.manifest import Manifest
from definition.paths import PIPELINES, ROOT
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    import pathlib

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run


@pytest.fixture(scope="module")
def retail(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """The shipped file with the campaign that it leaves out, and the bundled orders."""
    document = YAML(typ="safe", pure=True).load((PIPELINES / "online-retail.yaml").read_text())
    document["solutions"][0]["campaign"] = {"min_provisioned_tps": 1}
    folder: pathlib.Path = tmp_path_factory.mktemp("retail")
    rig = Rig.deploy(aws, document, folder)
    upload(aws.client("s3"), rig.deployment.bucket, ROOT / "samples" / "online-retail")
    return rig


@pytest.fixture(scope="module")
def run(retail: Rig) -> Run:
    """A run of its first solution, without batch jobs."""
    return retail.run({"solutions": ["for-you"], "jobs": []})


def test_the_shop_answers_in_real_time(retail: Rig, run: Run) -> None:
    """Best sellers are the same for everybody, what is bought together depends on the item, a campaign on the user."""
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert run.manifest is not None
    arns = {each["name"]: each["arn"] for each in run.manifest["recommenders"]}
    campaign = run.manifest["solutions"][0]["campaign"]["arn"]
    runtime = retail.aws.client("personalize-runtime")

    def asked(**question: Any) -> list[str]:
        answer = runtime.get_recommendations(numResults=5, **question)
        return [item["itemId"] for item in answer["itemList"]]

    best = asked(recommenderArn=arns["best-sellers"], userId="nobody")
    assert 5 == len(set(best))
    together = [asked(recommenderArn=arns["together"], itemId=item) for item in best[:2]]
    assert together[0] != together[1]
    assert not {best[0]} & set(together[0])
    users = [line["USER_ID"] for line in users_of(retail, run)[:2]]
    assert asked(campaignArn=campaign, userId=users[0]) != asked(campaignArn=campaign, userId=users[1])


def test_the_terminal_shows_what_is_billed(run: Run) -> None:
    """After a run people see each campaign and recommender with its status and ARN."""
    assert run.manifest is not None
    shown = io.StringIO()
    View(Terminal(file=shown, width=200)).summary(Manifest.model_validate(run.manifest))

    live = [*run.manifest["recommenders"], run.manifest["solutions"][0]["campaign"]]
    assert 3 == len(live)
    rows = [line for line in shown.getvalue().splitlines() if "arn:" in line]
    assert [("ACTIVE" in row, each["arn"] in row) for row, each in zip(rows, [live[2], *live[:2]], strict=True)] == [
        (True, True)
    ] * 3


def users_of(rig: Rig, run: Run) -> list[dict[str, str]]:
    """Return the users that a run imported."""
    (key,) = rig.keys(f"transformed/{run.id}/users/")
    header, *lines = rig.read(key).decode().splitlines()
    return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
