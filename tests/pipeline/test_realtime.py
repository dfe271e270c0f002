"""Campaigns, recommenders and filters of a deployed pipeline, through runs, and through what then answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from typer.testing import CliRunner

from cli.follow import Follower
from cli.main import app
from definition.load import load
from definition.plan.names import dataset_group_name
from definition.plan.requests import recommender_config, solution_config
from embedded_aws.environment import ACCOUNT_ID
from tests.documents import popular, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig
from tests.pipeline.test_destroy import destroy, what_is_there
from tests.synthesis import synthesize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
TEAM = {"team": "shop floor"}
ROWS = planted()


def document() -> dict[str, Any]:
    """Return a shop of a domain, with everything that answers in real time."""
    solutions = [
        {
            "name": "live",
            "recipe": "aws-user-personalization-v2",
            "campaign": {"min_provisioned_tps": 2},
            "batch_inference": [{"name": "new", "num_results": 10, "filter": "not-bought"}],
        },
        popular(5),
    ]
    recommenders = [
        {"name": "best-sellers", "recipe": "aws-ecomm-popular-items-by-purchases"},
        {"name": "together", "recipe": "aws-ecomm-frequently-bought-together", "min_requests_per_second": 2},
    ]
    columns = {**shop()["datasets"]["interactions"]["columns"], "EVENT_TYPE": {"value": "Purchase"}}
    metrics = [{"name": "sales", "event_type": "Purchase", "expression": "SAMPLECOUNT()"}]
    return shop(
        name="lively",
        domain="ECOMMERCE",
        schedule=...,
        event_tracker=True,
        metric_attribution={"metrics": metrics, "report": "sales"},
        datasets__interactions__columns=columns,
        filters=[{"name": "not-bought", "expression": BOUGHT}],
        solutions=solutions,
        recommenders=recommenders,
        tags=TEAM,
    )


@pytest.fixture(scope="module")
def lively(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """The shop, deployed, with its raw data."""
    rig = Rig.deploy(aws, document(), tmp_path_factory.mktemp("lively"))
    rig.put_raw("events/part.csv", csv(ROWS))
    return rig


@pytest.fixture(scope="module")
def first(lively: Rig) -> Run:
    """The first run, which makes everything."""
    return lively.run()


@pytest.fixture
def rig(lively: Rig, first: Run) -> Iterator[Rig]:
    """The shop after its first run, with no faults left behind."""
    assert ("SUCCEEDED", "") == (first.status, first.cause)
    yield lively
    lively.disarm()


def campaigns(rig: Rig) -> list[dict[str, Any]]:
    """Return the pipeline's campaigns; other tests may have some too."""
    listed = rig.aws.client("personalize").list_campaigns()["campaigns"]
    return [each for each in listed if each["name"].startswith(f"{rig.pipeline.name}-test")]


def campaign(rig: Rig) -> dict[str, Any]:
    """Return the description of the pipeline's campaign."""
    personalize = rig.aws.client("personalize")
    (listed,) = campaigns(rig)
    described: dict[str, Any] = personalize.describe_campaign(campaignArn=listed["campaignArn"])["campaign"]
    return described


def recommenders(rig: Rig) -> dict[str, Any]:
    """Return the descriptions of the recommenders by what the file calls them."""
    personalize = rig.aws.client("personalize")
    listed = personalize.list_recommenders()["recommenders"]
    arns = [each["recommenderArn"] for each in listed if each["name"].startswith(f"{rig.pipeline.name}-test")]
    described = [personalize.describe_recommender(recommenderArn=arn)["recommender"] for arn in arns]
    return {each["name"].removeprefix("lively-test--").rpartition("-")[0]: each for each in described}


def version(run: Run, solution: str = "live") -> str:
    """Return the version that a run scored with."""
    assert run.manifest is not None, run.cause
    return next(str(each["version_arn"]) for each in run.manifest["solutions"] if each["name"] == solution)


def bought(user: str) -> set[str]:
    """Return what a user of the raw data has."""
    return {item for owner, item, _ in (row.split(",") for row in ROWS) if owner == user}


def test_the_first_run_makes_what_answers(rig: Rig, first: Run) -> None:
    """Campaign and recommenders are made as the file says, answer, and stand in the manifest with ARN and status."""
    assert first.manifest is not None
    live, popular = first.manifest["solutions"]
    made = campaign(rig)

    assert (version(first), 2) == (made["solutionVersionArn"], made["minProvisionedTPS"])
    assert {"arn": made["campaignArn"], "status": "ACTIVE"} == live["campaign"]
    assert popular["campaign"] is None
    assert {"best-sellers": "ACTIVE", "together": "ACTIVE"} == {
        each["name"]: each["status"] for each in first.manifest["recommenders"]
    }
    runtime = rig.aws.client("personalize-runtime")
    items = runtime.get_recommendations(campaignArn=made["campaignArn"], userId="a0", numResults=5)["itemList"]
    assert {"A"} == {item["itemId"][0] for item in items}
    for each in first.manifest["recommenders"]:
        asked = {"recommenderArn": each["arn"], "itemId": "B01", "userId": "b1", "numResults": 5}
        assert runtime.get_recommendations(**asked)["itemList"]


def test_the_import_of_a_run_is_reported_on(rig: Rig, first: Run) -> None:
    """Personalize leaves how many purchases the first import has brought under the report's name."""
    assert first.manifest
    (key,) = rig.keys("attribution/sales/")
    told = pl.read_csv(rig.read(key))

    assert ["sales"] == told["METRIC_NAME"].unique().to_list()
    assert first.manifest["datasets"][0]["records"] == told["VALUE"].sum()


def test_what_a_run_makes_is_tagged(rig: Rig, first: Run) -> None:
    """Personalize bills by tag: pipeline, stage and those of the file are on everything, the run on what it made."""
    assert first.manifest is not None
    personalize = rig.aws.client("personalize")
    live, _ = first.manifest["solutions"]
    lasting = [live["arn"], live["campaign"]["arn"], *(each["arn"] for each in first.manifest["recommenders"])]
    own = [
        first.manifest["datasets"][0]["import_job_arn"],
        live["version_arn"],
        live["batch_inference"][0]["arn"],
    ]
    expected = {"pipeline": "lively", "stage": "test", **TEAM}

    for arns, more in ((lasting, {}), (own, {"run": first.id})):
        for arn in arns:
            tags = personalize.list_tags_for_resource(resourceArn=arn)["tags"]
            assert expected | more == {tag["tagKey"]: tag["tagValue"] for tag in tags}, arn


def test_a_dataset_group_becomes_a_pipeline_file(rig: Rig, tmp_path: Path) -> None:
    """`pipelines import` makes of what is in the account a file that trains, scores and answers alike."""
    file = tmp_path / "moved.yaml"
    group = f"arn:aws:personalize:us-east-1:{ACCOUNT_ID}:dataset-group/{dataset_group_name(rig.pipeline, 'test')}"
    done = CliRunner().invoke(
        app, ["import", "--dataset-group", group, "--name", "moved", "--output", str(file)], env=rig.aws.environment()
    )

    assert 0 == done.exit_code, done.output
    before, after = rig.pipeline, load(file)
    assert (before.domain, before.event_tracker) == (after.domain, after.event_tracker)
    configured = [[solution_config(each, each.recipes[0]) for each in one.solutions] for one in (before, after)]
    assert sorted(configured[0], key=str) == sorted(configured[1], key=str)
    assert {2} == {each.campaign.min_provisioned_tps for each in after.solutions if each.campaign}
    assert {10, 5} == {job.num_results for each in after.solutions for job in each.batch_inference}
    assert [each.expression for each in before.filters] == [each.expression for each in after.filters]
    assert sorted(map(recommender_config, before.recommenders), key=str) == sorted(
        map(recommender_config, after.recommenders), key=str
    )
    assert before.metric_attribution
    assert after.metric_attribution
    assert before.metric_attribution.metrics == after.metric_attribution.metrics
    assert set(before.datasets.interactions.columns) == set(after.datasets.interactions.columns)
    assert f"s3://{rig.deployment.bucket}/transformed/" in done.output


def test_batch_jobs_are_filtered(rig: Rig, first: Run) -> None:
    """A job with a filter offers nobody what they bought, and one without it does."""
    offers = {}
    for job in ("live/new", "popular/top"):
        (key,) = [key for key in rig.keys(f"batch/{first.id}/{job}/output/") if key.endswith(".out")]
        offers[job] = {line["input"]["userId"]: set(line["output"]["recommendedItems"]) for line in rig.lines(key)}

    assert all(offers["live/new"].values())
    assert not any(items & bought(user) for user, items in offers["live/new"].items())
    assert any(items & bought(user) for user, items in offers["popular/top"].items())


def test_events_are_taken_in(rig: Rig, first: Run) -> None:
    """The deployment tells the tracking id, and events that bear it count at once."""
    assert first.manifest is not None
    stacks = rig.aws.client("cloudformation").describe_stacks(StackName="lively-test-personalize")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
    (not_bought,) = (value for key, value in outputs.items() if key.startswith("FilterArn"))
    runtime = rig.aws.client("personalize-runtime")
    asked = {"campaignArn": campaign(rig)["campaignArn"], "userId": "a0", "filterArn": not_bought, "numResults": 1}
    offered = runtime.get_recommendations(**asked)["itemList"][0]["itemId"]
    rig.aws.client("personalize-events").put_events(
        trackingId=outputs["TrackingId"],
        userId="a0",
        sessionId="now",
        eventList=[{"eventType": "Purchase", "itemId": offered, "sentAt": 1_800_000_000}],
    )

    assert offered != runtime.get_recommendations(**asked)["itemList"][0]["itemId"]


def test_the_next_run_serves_its_version(rig: Rig) -> None:
    """The campaign keeps its ARN and is updated to the new version, which is waited for; recommenders stay as they are.

    Also one that somebody has stopped.
    """
    before = campaign(rig)
    personalize = rig.aws.client("personalize")
    stopped = recommenders(rig)["together"]["recommenderArn"]
    personalize.stop_recommender(recommenderArn=stopped)
    run = rig.run()
    after = campaign(rig)
    assert "INACTIVE" == recommenders(rig)["together"]["status"]
    personalize.start_recommender(recommenderArn=stopped)

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert before["campaignArn"] == after["campaignArn"]
    assert version(run) == after["solutionVersionArn"] != before["solutionVersionArn"]
    assert "ACTIVE" == after["latestCampaignUpdate"]["status"]
    assert {"Take over campaign", "Update campaign"} <= set(run.states)
    told = Follower(rig.aws.client("stepfunctions"), run.execution["executionArn"]).progress()
    assert "lively-test--live: update ACTIVE" in {progress.detail for progress in told}
    assert "Update recommender" not in run.states


def test_a_version_that_is_kept_changes_nothing(rig: Rig) -> None:
    """Without training the campaign already serves the version; where it was moved elsewhere, it is moved back."""
    served = campaign(rig)["solutionVersionArn"]
    kept = rig.run({"training": "skip", "jobs": ["live/new"]})
    assert "Update campaign" not in kept.states

    personalize = rig.aws.client("personalize")
    other = next(arn for arn in rig.versions() if arn != served)
    personalize.update_campaign(campaignArn=campaign(rig)["campaignArn"], solutionVersionArn=other)
    back = rig.run({"training": "skip", "jobs": ["live/new"]})

    assert ("SUCCEEDED", "") == (back.status, back.cause)
    assert served == campaign(rig)["solutionVersionArn"]


def test_an_update_that_fails_is_told(rig: Rig) -> None:
    """The solution fails with the service's reason, its siblings are published, and the campaign answers as before.

    A redrive updates it to the version that is there, and makes nothing twice.
    """
    served = campaign(rig)["solutionVersionArn"]
    rig.arm(job="CampaignUpdate", outcome="CREATE FAILED", reason="The ore was barren")
    run = rig.run()

    assert "FAILED" == run.status
    assert "Describe campaign (live): JobFailed: The ore was barren" in run.cause
    assert campaign(rig)["campaignArn"] in run.cause
    assert served == campaign(rig)["solutionVersionArn"]
    assert run.manifest is not None
    assert {"live": "FAILED", "popular": "SUCCEEDED"} == {
        each["name"]: each["status"] for each in run.manifest["solutions"]
    }
    assert run.id == rig.lines("curated/popular/top/latest.json")[0]["run"]

    versions = rig.versions()
    rig.aws.client("stepfunctions").redrive_execution(executionArn=run.execution["executionArn"])
    again = rig.ended(run.execution["executionArn"])
    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert versions == rig.versions()
    assert version(again) == campaign(rig)["solutionVersionArn"] != served


def test_an_update_that_never_ends_is_given_up(rig: Rig) -> None:
    """An update that stays at work is waited for until the timeout of the file, although the campaign is ACTIVE."""
    rig.arm(job="CampaignUpdate", delay=4 * 3600)
    arn = rig.start({"solutions": ["live"]})
    rig.wait_for_state(arn, "Update campaign")
    rig.wait_until(lambda: bool(rig.fired()))
    rig.aws.skip(2 * 3600)
    run = rig.ended(arn)

    assert "JobTimedOut: still CREATE" in run.cause
    assert "ACTIVE" == campaign(rig)["status"]
    rig.aws.skip(2 * 3600)


def update(aws: EmbeddedAWS, file: Path) -> None:
    """Update the stacks to what a changed file makes of them; assets are those that lie there already."""
    out = Path(synthesize(load(file), file.parent / "cdk.out", stage="test"))
    cloudformation = aws.client("cloudformation")
    for part in ("storage", "personalize", "workflow"):
        name = f"lively-test-{part}"
        template = (out / f"{name}.template.json").read_text()
        cloudformation.update_stack(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
        # What an update takes away is deleted by functions, in their own time.
        cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


@pytest.fixture(scope="module")
def changed(lively: Rig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with one solution without its campaign, a recommender that is changed, one that is new, and one less."""
    file = tmp_path_factory.mktemp("changed") / "lively.yaml"
    file.write_text(
        json.dumps(
            document()
            | {
                "solutions": document()["solutions"][1:],
                "tags": {"team": "warehouse"},
                "recommenders": [
                    {
                        "name": "best-sellers",
                        "recipe": "aws-ecomm-popular-items-by-purchases",
                        "min_requests_per_second": 3,
                    },
                    {"name": "for-you", "recipe": "aws-ecomm-recommended-for-you"},
                ],
            }
        )
    )
    update(lively.aws, file)
    return file


def test_what_the_file_names_no_more_goes_with_its_deployment(rig: Rig, changed: Path) -> None:
    """Campaigns and recommenders that the file lacks are deleted when it is deployed: they would be billed on."""
    assert changed.exists()

    assert [] == campaigns(rig)
    assert {"best-sellers"} == set(recommenders(rig))


def test_another_tag_replaces_nothing(rig: Rig, changed: Path) -> None:
    """What is deployed has the new value after an update in place: bucket and machine are those from before."""
    assert changed.exists()
    bucket = rig.aws.client("s3").get_bucket_tagging(Bucket=rig.deployment.bucket)["TagSet"]
    machine = rig.aws.client("stepfunctions").list_tags_for_resource(resourceArn=rig.deployment.state_machine_arn)

    assert "warehouse" == {each["Key"]: each["Value"] for each in bucket}["team"]
    assert "warehouse" == {each["key"]: each["value"] for each in machine["tags"]}["team"]
    assert rig.keys("curated/")


def test_a_recommender_that_fails_is_told(rig: Rig, changed: Path) -> None:
    """It fails alone, with the service's reason: a sibling is updated, solutions are published; a redrive mends it."""
    assert changed.exists()
    rig.arm(job="Recommender", outcome="CREATE FAILED", reason="The ore was barren")
    run = rig.run()

    assert "FAILED" == run.status
    assert "Describe recommender (for-you): JobFailed: The ore was barren" in run.cause
    assert run.manifest is not None
    assert {"best-sellers": "ACTIVE", "for-you": "FAILED"} == {
        each["name"]: each["status"] for each in run.manifest["recommenders"]
    }
    assert run.id == rig.lines("curated/popular/top/latest.json")[0]["run"]
    config = recommenders(rig)["best-sellers"]["recommenderConfig"]
    assert 3 == config["minRecommendationRequestsPerSecond"]

    rig.aws.client("stepfunctions").redrive_execution(executionArn=run.execution["executionArn"])
    again = rig.ended(run.execution["executionArn"])
    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert {"best-sellers": "ACTIVE", "for-you": "ACTIVE"} == {
        name: each["status"] for name, each in recommenders(rig).items()
    }


def test_destroy_removes_what_answers(rig: Rig, changed: Path) -> None:
    """Destroy deletes recommenders, solutions, filters, event tracker and metric attribution; the bucket stays."""
    destroy(rig.aws, changed)

    left = {kind: [name for name in names if "lively" in name] for kind, names in what_is_there(rig.aws).items()}
    assert {"buckets": 1, "queues": 1} == {kind: len(names) for kind, names in left.items() if names}
    assert rig.keys("curated/")
