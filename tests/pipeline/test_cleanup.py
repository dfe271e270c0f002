"""What the pipeline file names no more goes once its successor is published, and nothing else does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from definition.load import parse
from definition.plan.names import dataset_group_name
from lambdas.cleanup.cleanup import Request, clean_up
from stacks.states.run import definition
from tests.documents import shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

GROUP = 5
NIGHTS = 4 * GROUP


def document(threshold: float = 1.0, **changes: Any) -> dict[str, Any]:
    """Return the file with a threshold, which is part of the configuration; it keeps every interaction."""
    solution = {
        "name": "popular",
        "recipe": "aws-popularity-count",
        "event_value_threshold": threshold,
        "batch_inference": [{"name": "top", "num_results": 5}],
        "unchanged_data": "skip",
    }
    columns = {**shop()["datasets"]["interactions"]["columns"], "EVENT_VALUE": {"value": 5}}
    return shop(
        name="restless",
        solutions=[{**solution, **changes}],
        datasets__interactions__columns=columns,
        schedule=...,
    )


class Restless:
    """A pipeline whose configuration changes without a deployment: its state machine takes the plans from the input.

    Plans are what another configuration changes in the definition, and all that it changes.
    """

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        stepfunctions, arn = rig.aws.client("stepfunctions"), rig.deployment.state_machine_arn
        deployed = json.loads(stepfunctions.describe_state_machine(stateMachineArn=arn)["definition"])
        deployed["States"]["Begin run"]["Assign"]["known"] = "{% $states.input.comment %}"
        stepfunctions.update_state_machine(stateMachineArn=arn, definition=json.dumps(deployed))
        pipeline = parse(json.dumps(document()))
        self.group = f"arn:aws:personalize:us-east-1:123456789012:dataset-group/{dataset_group_name(pipeline, 'test')}"
        self._plans: list[dict[str, Any]] = []

    def configure(self, threshold: float, **changes: Any) -> str:
        """Let runs have the plans of a changed file; return the name of the solution."""
        changed = definition(parse(json.dumps(document(threshold, **changes))), "test", spec_hash="0")
        self._plans = changed["States"]["Begin run"]["Assign"]["known"]
        return str(self._plans[0]["resource"])

    def run(self, **execution_input: Any) -> Run:
        """Run with the plans."""
        return self.rig.run({"comment": self._plans, **execution_input})

    def solutions(self) -> set[str]:
        """Return the names of the solutions that there are."""
        pages = self.rig.aws.client("personalize").get_paginator("list_solutions").paginate(datasetGroupArn=self.group)
        return {solution["name"] for page in pages for solution in page["solutions"]}

    def make(self, name: str, **settings: Any) -> str:
        """Make a solution by hand; return its ARN."""
        arn: str = self.rig.aws.client("personalize").create_solution(
            name=name,
            datasetGroupArn=self.group,
            recipeArn="arn:aws:personalize:::recipe/aws-popularity-count",
            **{"performAutoTraining": False, **settings},
        )["solutionArn"]
        self.rig.wait_until(lambda: "ACTIVE" == self.described(arn)["status"])
        return arn

    def serve(self, name: str, solution: str) -> str:
        """Train a version by hand and make a campaign of it; return the campaign's ARN."""
        personalize = self.rig.aws.client("personalize")
        version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]

        def status(of: dict[str, Any]) -> str:
            return str(next(part["status"] for part in of.values() if "status" in part))

        self.rig.wait_until(
            lambda: "ACTIVE" == status(personalize.describe_solution_version(solutionVersionArn=version))
        )
        campaign: str = personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
        self.rig.wait_until(lambda: "ACTIVE" == status(personalize.describe_campaign(campaignArn=campaign)))
        return campaign

    def described(self, arn: str) -> dict[str, Any]:
        """Describe a solution."""
        solution: dict[str, Any] = self.rig.aws.client("personalize").describe_solution(solutionArn=arn)["solution"]
        return solution

    def removed(self, run: Run) -> dict[str, Any]:
        """Return the record of a run's clean-up."""
        record: dict[str, Any] = json.loads(self.rig.read(f"runs/{run.id}/cleanup.json"))
        return record

    def let_there_be(self, most: int) -> None:
        """Change how many solutions a dataset group may have."""
        self.rig.arm(quota="Solution", raised_to=most)


@pytest.fixture(scope="module")
def restless(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Restless:
    """The pipeline after a first run."""
    rig = Rig.deploy(aws, document(), tmp_path_factory.mktemp("restless"))
    rig.put_raw("events/part.csv", csv(planted()))
    first = rig.run()
    assert ("SUCCEEDED", "") == (first.status, first.cause)
    return Restless(rig)


@pytest.fixture(autouse=True)
def as_usual(restless: Restless) -> Iterator[None]:
    """Ten solutions to a group, no faults and an empty mailbox."""
    restless.rig.messages()
    yield
    restless.rig.disarm()
    restless.let_there_be(10)


def test_four_times_as_many_changes_as_a_group_has_solutions(restless: Restless) -> None:
    """A configuration that changes every night is trained every night, and on the night after the last change.

    Forty nights in a group of ten would show no more than twenty in a group of five, and cost twice as much: a run
    costs some two seconds of CPU.
    """
    restless.let_there_be(GROUP)
    for night in range(1, NIGHTS + 1):
        name = restless.configure(night / 100)
        run = restless.run(jobs=[])
        assert ("SUCCEEDED", "") == (run.status, run.cause), night
        assert {name} == restless.solutions()
    assert restless.run(jobs=[]).manifest is not None


def test_what_its_successor_has_not_replaced_stays(restless: Restless) -> None:
    """Where the new version fails the former solution stays; the run that publishes one removes it, and says so."""
    former = restless.configure(2.0)
    restless.run(jobs=[])
    wanted = restless.configure(2.1)
    restless.rig.arm(job="SolutionVersion", outcome="CREATE FAILED", reason="No")
    failed = restless.run(jobs=[])
    assert "FAILED" == failed.status
    assert {former, wanted} == restless.solutions()
    run = restless.run(jobs=[])

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert {wanted} == restless.solutions()
    record = restless.removed(run)
    assert [former] == [arn.rpartition("/")[2] for arn in record["deleted"]]
    assert [] == record["remaining"]
    assert {"Clean up", "Record removals"} <= set(run.states)
    assert "Record removals" not in restless.run(jobs=[]).states


def test_automatic_training_ends_with_its_place_in_the_file(restless: Restless) -> None:
    """Without auto_training in the file the solution that trains by itself is another one, and goes."""
    trains = restless.configure(3.0, auto_training={"every": "7d"}, unchanged_data="train")
    restless.run(jobs=[])
    arn = f"{restless.group.replace('dataset-group', 'solution').rpartition('/')[0]}/{trains}"
    assert restless.described(arn)["performAutoTraining"] is True
    wanted = restless.configure(3.0)
    run = restless.run(jobs=[])

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert {wanted} == restless.solutions()


@pytest.fixture
def others(restless: Restless) -> Iterator[dict[str, str]]:
    """ARNs by name of solutions that were made by hand, two of them with campaigns; they go afterwards."""
    personalize, bucket = restless.rig.aws.client("personalize"), restless.rig.deployment.bucket
    names = ["named-000000", "named-000000-1", "published-000000", "served-000000", "shared-000000", "spare-000000"]
    arns = {name: restless.make(f"mine-test--{name}", performAutoTraining=True) for name in names}
    arns["elsewhere"] = restless.make("elsewhere-000000", performAutoTraining=True)
    campaigns = [
        restless.serve("mine-test--live", arns["served-000000"]),
        restless.serve("elsewhere-live", arns["shared-000000"]),
    ]
    restless.rig.aws.client("s3").put_object(
        Bucket=bucket,
        Key="curated/published/latest.json",
        Body=json.dumps({"solution_arn": arns["published-000000"]}),
    )
    yield arns
    for campaign in campaigns:
        personalize.delete_campaign(campaignArn=campaign)
    restless.rig.wait_until(
        lambda: not {each["campaignArn"] for each in personalize.list_campaigns()["campaigns"]} & set(campaigns)
    )
    for prefix in ("mine-test--", "elsewhere-"):
        request = Request(restless.group, prefix, bucket, [])
        clean_up(personalize, restless.rig.aws.client("s3"), request, seconds=60)


def test_only_what_nothing_needs_goes(restless: Restless, others: dict[str, str]) -> None:
    """What is published, serves a campaign of the file, or is not of the pipeline stays; all others go.

    Automatic training of all that the file does not name is switched off, but not of what is others'.
    """
    aws = restless.rig.aws
    known = [
        {"name": "named", "resource": "mine-test--named-000000"},
        {"name": "published", "resource": "mine-test--published-111111"},
        {"name": "live", "resource": "mine-test--live-111111", "campaign": "mine-test--live"},
    ]
    request = Request(restless.group, "mine-test--", restless.rig.deployment.bucket, known)
    outcome = clean_up(aws.client("personalize"), aws.client("s3"), request, seconds=60)

    assert [others["spare-000000"]] == outcome.deleted
    assert [(others["shared-000000"], True)] == [
        (each["arn"], "elsewhere-live" in each["reason"]) for each in outcome.remaining
    ]
    left = {name: arn for name, arn in others.items() if arn not in outcome.deleted}
    training = {name for name, arn in left.items() if restless.described(arn)["performAutoTraining"]}
    assert {"named-000000", "named-000000-1", "elsewhere"} == training


def test_room_is_made_for_another_configuration(restless: Restless) -> None:
    """Where the group is full of what is needed, the former solution of that name goes before another is trained."""
    former = restless.configure(4.0)
    restless.run(jobs=[])
    restless.let_there_be(1)
    wanted = restless.configure(4.1)
    run = restless.run(jobs=[])

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert {wanted} == restless.solutions() != {former}
    assert "Make room" in run.states


def test_what_is_in_the_way_is_told(restless: Restless) -> None:
    """Where no room can be made, the reason names what takes it, and the remedy says what to do; one try is enough."""
    restless.configure(4.2)
    restless.run(jobs=[])
    foreign = restless.make("elsewhere-222222")
    restless.let_there_be(1)
    restless.configure(4.3)
    run = restless.run(jobs=[])
    restless.rig.aws.client("personalize").delete_solution(solutionArn=foreign)
    restless.rig.wait_until(lambda: "elsewhere-222222" not in restless.solutions())

    assert "Personalize.LimitExceededException" == run.execution["error"]
    assert f"In the way: {foreign} (is not of this pipeline)" in run.cause
    assert run.failure is not None
    assert run.failure["remedy"].startswith("Delete a solution of the dataset group that nothing needs")
    assert 1 == run.states.count("Make room")


def test_a_table_that_the_catalog_does_not_take_is_told(restless: Restless) -> None:
    """The run succeeds, its results are in the bucket, and the message names the table that shows the run before."""
    rig = restless.rig
    restless.configure(5.0)
    rig.aws.client("glue").delete_table(DatabaseName="restless_test", Name="popular_top")
    run = restless.run()

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    (message,) = rig.messages(run.id)
    assert (
        "The table popular_top of the data catalog still shows the run before: Glue.EntityNotFound"
        in message["Message"]
    )
    assert run.id == rig.lines("curated/popular/top/latest.json")[0]["run"]


def test_a_clean_up_that_fails_fails_no_run(restless: Restless) -> None:
    """The run succeeds, and its message says what the clean-up could not do."""
    rig = restless.rig
    restless.configure(5.0)
    client, name = rig.aws.client("lambda"), "restless-test-cleanup"
    was = client.get_function_configuration(FunctionName=name)["Handler"]
    client.update_function_configuration(FunctionName=name, Handler="lambdas.cleanup.handler.nothing")
    try:
        run = restless.run(jobs=[])
    finally:
        client.update_function_configuration(FunctionName=name, Handler=was)

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    (message,) = rig.messages(run.id)
    assert "The clean-up failed: " in message["Message"]
