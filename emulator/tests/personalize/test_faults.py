"""The door through which faults are switched on."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, avro, csv, two_groups

DOCUMENTED = {
    "active schemas": 500,
    "active dataset groups": 5,
    "pending or in progress dataset import jobs": 5,
    "pending or in progress data deletion jobs per dataset group": 5,
    "pending or in progress solution versions": 20,
    "pending or in progress batch inference jobs": 5,
    "pending or in progress batch segment jobs": 5,
    "active solutions per dataset group": 10,
    "active campaigns per dataset group": 5,
    "active recommenders per dataset group": 5,
    "active filters per dataset group": 30,
}
"""The quotas of the Developer Guide's page limits that count resources."""


@pytest.fixture
def door(aws: EmbeddedAWS) -> Iterator[str]:
    """Give the door's address; other tests' faults are forgotten before, the test's own after it."""
    url = f"{aws.endpoint_url}/personalize-faults"
    requests.delete(url, timeout=10)
    yield url
    requests.delete(url, timeout=10)


def test_a_call_fails_as_often_as_wanted(account: Account, door: str) -> None:
    """Two calls raise the error, even one that the service model lacks; the third does its work."""
    account.fault(operation="CreateSchema", error="ThrottlingException", message="Rate exceeded", times=2)
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            account.personalize.create_schema(name="s", schema=avro(INTERACTION_FIELDS))
        assert caught.value.response["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    account.personalize.create_schema(name="s", schema=avro(INTERACTION_FIELDS))

    fired = {"operation": "CreateSchema", "error": "ThrottlingException", "message": "Rate exceeded"}
    assert requests.get(door, timeout=10).json() == {"armed": [], "fired": [fired, fired]}


def test_an_answer_is_lost(account: Account, door: str) -> None:
    """The caller gets the error although the call has had its effect."""
    account.fault(operation="CreateSchema", error="InternalServerError", lost=True)
    with pytest.raises(ClientError, match="InternalServerError"):
        account.personalize.create_schema(name="lost", schema=avro(INTERACTION_FIELDS))

    assert "lost" in {schema["name"] for schema in account.personalize.list_schemas()["schemas"]}
    assert requests.get(door, timeout=10).json()["fired"][0]["lost"] is True


def test_versions_of_one_name(account: Account, door: str) -> None:
    """A solution has one version of a name, or several where the door says so."""
    solution = account.solution(account.imported(csv(two_groups())))
    account.personalize.create_solution_version(solutionArn=solution, name="same")
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        account.personalize.create_solution_version(solutionArn=solution, name="same")
    account.fault(names="SolutionVersion", unique=False)
    account.personalize.create_solution_version(solutionArn=solution, name="same")
    account.fault(names="SolutionVersion", unique=True)

    listed = account.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    assert 2 == len(listed)
    assert 400 == requests.post(door, json={"names": "Campaign", "unique": False}, timeout=10).status_code


def test_a_job_fails_for_the_wanted_reason(account: Account, door: str) -> None:
    """The next import ends as failed with the reason given; the one after it succeeds."""
    account.fault(job="DatasetImportJob", outcome="CREATE FAILED", reason="a power cut")
    dataset = account.dataset(account.group())
    url = account.put("one.csv", csv(two_groups()))
    first = account.settle(account.start_import(dataset, url, "first"))

    assert (first["status"], first["failureReason"]) == ("CREATE FAILED", "a power cut")
    assert account.settle(account.start_import(dataset, url, "second"))["status"] == "ACTIVE"
    assert requests.get(door, timeout=10).json()["armed"] == []


def test_a_stalled_job_stays_in_progress(account: Account, door: str) -> None:
    """A job that stalls is in progress, and another one can overtake it."""
    account.fault(job="DatasetImportJob", outcome="STALL")
    dataset = account.dataset(account.group())
    url = account.put("one.csv", csv(two_groups()))
    stalled = account.start_import(dataset, url, "stalled")
    account.active(account.start_import(dataset, url, "next"))

    assert account.describe(stalled)["status"] == "CREATE IN_PROGRESS"
    assert [fault["outcome"] for fault in requests.get(door, timeout=10).json()["fired"]] == ["STALL"]


def test_a_solution_fails_or_stalls(account: Account, door: str) -> None:
    """What is only a configuration can fail too, or never be ready; nothing trains with it, the next one is as ever."""
    group = account.imported(csv(two_groups()))
    recipe = "arn:aws:personalize:::recipe/aws-popularity-count"

    def begun(name: str, **fault: Any) -> str:
        account.fault(job="Solution", **fault)
        created = account.personalize.create_solution(name=name, datasetGroupArn=group, recipeArn=recipe)
        return str(created["solutionArn"])

    failed, stalled = begun("failed", outcome="CREATE FAILED"), begun("stalled", outcome="STALL")
    shown = [account.describe(failed)["status"] for _ in range(3)]
    assert ["CREATE PENDING", "CREATE IN_PROGRESS", "CREATE FAILED"] == shown
    assert "CREATE IN_PROGRESS" == [account.describe(stalled)["status"] for _ in range(9)][-1]
    for arn, complaint in ((failed, "is CREATE FAILED"), (stalled, "is CREATE IN_PROGRESS, not ACTIVE")):
        with pytest.raises(ClientError, match=complaint):
            account.start_training(arn)
    account.active(account.start_training(account.solution(group)))
    assert ["CREATE FAILED", "STALL"] == [each["outcome"] for each in requests.get(door, timeout=10).json()["fired"]]


def test_other_resources_fail_and_take_their_time(account: Account, door: str, aws: EmbeddedAWS) -> None:
    """A dataset group fails with the wanted reason, and another is ready when the delay is over."""
    del door
    account.fault(job="DatasetGroup", outcome="CREATE FAILED", reason="no room")
    account.fault(job="DatasetGroup", delay=3600)
    failed, slow = (account.personalize.create_dataset_group(name=name)["datasetGroupArn"] for name in ("a", "b"))
    assert ("CREATE FAILED", "no room") == tuple(
        account.settle(failed)[member] for member in ("status", "failureReason")
    )
    account.wait(slow, {"CREATE IN_PROGRESS"})
    aws.skip(3500)
    assert "CREATE IN_PROGRESS" == account.describe(slow)["status"]
    aws.skip(100)
    account.active(slow)


def test_a_quota_is_raised(account: Account, door: str) -> None:
    """So many dataset groups as were granted, and not one more; forgetting faults does not take it back."""
    account.fault(quota="DatasetGroup", raised_to=6)
    requests.delete(door, timeout=10)
    for number in range(6):
        account.personalize.create_dataset_group(name=f"g{number}")
    with pytest.raises(ClientError, match="More than 6 resources of type DatasetGroup"):
        account.personalize.create_dataset_group(name="g6")
    account.fault(quota="DatasetGroup", raised_to=5)


def test_service_quotas_tell_what_holds(account: Account) -> None:
    """Each quota that is kept here is listed with its number, a raised one as it is now; other services are unknown."""
    quotas = account.client("service-quotas")

    def numbers() -> dict[str, float]:
        listed = quotas.list_service_quotas(ServiceCode="personalize")["Quotas"]
        return {quota["QuotaName"].removeprefix("Total number of "): quota["Value"] for quota in listed}

    documented = numbers()
    account.fault(quota="DatasetGroup", raised_to=6)
    raised = numbers()
    account.fault(quota="DatasetGroup", raised_to=5)

    assert DOCUMENTED == documented
    assert {**DOCUMENTED, "active dataset groups": 6} == raised
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        quotas.list_service_quotas(ServiceCode="glue")


def test_a_quota_is_used_up(account: Account, door: str) -> None:
    """The next import is refused as if five were at work; the one after it is accepted."""
    dataset = account.dataset(account.group())
    url = account.put("one.csv", csv(two_groups()))
    account.fault(quota="DatasetImportJob")
    with pytest.raises(ClientError) as caught:
        account.start_import(dataset, url, "first")
    account.active(account.start_import(dataset, url, "second"))

    assert caught.value.response["Error"] == {
        "Code": "LimitExceededException",
        "Message": "More than 5 resources with PENDING or IN_PROGRESS status",
    }
    assert requests.get(door, timeout=10).json()["fired"] == [{"quota": "DatasetImportJob"}]


def test_a_job_takes_its_time(account: Account, door: str, aws: EmbeddedAWS) -> None:
    """A delayed job is at work until the delay is over on the embedded clock."""
    del door
    account.fault(job="DatasetImportJob", delay=3600)
    dataset = account.dataset(account.group())
    job = account.start_import(dataset, account.put("one.csv", csv(two_groups())))
    account.wait(job, {"CREATE IN_PROGRESS"})
    aws.skip(3000)
    before = account.describe(job)["status"]
    aws.skip(600)

    assert (before, account.settle(job)["status"]) == ("CREATE IN_PROGRESS", "ACTIVE")


@pytest.mark.parametrize("outcome", ["CREATE STOPPED", "CREATE EXPLODED"])
def test_a_job_ends_in_whatever_status_is_wanted(account: Account, door: str, outcome: str) -> None:
    """Stopped, or with a status that the service does not have: for programs that must not trust the list."""
    del door
    account.fault(job="DatasetImportJob", outcome=outcome, reason="because")
    dataset = account.dataset(account.group())
    job = account.start_import(dataset, account.put("one.csv", csv(two_groups())))

    assert account.wait(job, {outcome})["failureReason"] == "because"


def test_lines_of_a_batch_job_break(account: Account, door: str) -> None:
    """The first lines of each output have the error, the others their answer, and the job is ACTIVE."""
    del door
    version = account.active(account.start_training(account.solution(account.imported(csv(two_groups())))))
    account.fault(job="BatchInferenceJob", broken_lines=2, reason="Internal error")
    source = account.put("in/users.json", "".join(f'{{"userId": "a{user}"}}\n' for user in range(4)))
    account.active(account.start_batch(version, source, f"s3://{account.bucket}/out/"))
    lines = account.answers("out/users.json.out")

    assert [line["error"] for line in lines] == ["Internal error", "Internal error", None, None]
    assert [bool(line["output"]["recommendedItems"]) for line in lines] == [False, False, True, True]


def test_faults_can_be_forgotten(account: Account, door: str) -> None:
    """After DELETE nothing is armed."""
    account.fault(operation="ListSchemas", error="InternalFailure")
    assert len(requests.get(door, timeout=10).json()["armed"]) == 1
    requests.delete(door, timeout=10)

    assert account.personalize.list_schemas()["schemas"] == []


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ("no JSON", "Expecting value"),
        ("[]", "a fault is a JSON object"),
        ('{"operation": "CreateBook", "error": "X"}', "CreateBook is not an operation of Amazon Personalize"),
        ('{"operation": "CreateSchema"}', "error"),
        ('{"job": "Schema", "outcome": "STALL"}', "job must be one of BatchInferenceJob, BatchSegmentJob"),
        ('{"job": "SolutionVersion"}', "say what happens to it"),
        ('{"job": "SolutionVersion", "outcome": 3}', "outcome must be a text"),
        ('{"job": "SolutionVersion", "delay": -1}', "delay must be a number of seconds"),
        ('{"job": "SolutionVersion", "broken_lines": 2}', "broken_lines is for batch jobs"),
        ('{"job": "BatchInferenceJob", "broken_lines": "two"}', "broken_lines must be a whole number"),
        ('{"job": "SolutionVersion", "delay": 1e15}', "delay must be a number of seconds"),
        ('{"job": "SolutionVersion", "delay": NaN}', "delay must be a number of seconds"),
        ('{"job": "SolutionVersion", "outcome": "ACTIVE"}', "outcome ACTIVE is no fault"),
        ('{"job": "SolutionVersion", "outcome": "STALL", "reason": ["a"]}', "reason must be a text"),
        ('{"operation": "CreateSchema", "error": 5}', "error must be a text"),
        ('{"operation": "CreateSchema", "error": "A\\nB"}', "error must be a text without line breaks"),
        ('{"quota": "Book"}', "quota must be one of Schema"),
        ('{"job": "SolutionVersion", "outcome": "STALL", "times": 0}', "times must be a whole number from 1"),
    ],
)
def test_a_wrong_wish_is_explained(door: str, wish: str, complaint: str) -> None:
    """What cannot be armed is answered with 400 and what is wrong with it."""
    answer = requests.post(door, data=wish, timeout=10)

    assert answer.status_code == 400
    assert complaint in answer.json()["message"]
    assert requests.get(door, timeout=10).json()["armed"] == []


def test_the_door_knows_three_methods(door: str) -> None:
    """Anything but GET, POST and DELETE is answered with 405."""
    assert requests.put(door, timeout=10).status_code == 405


def test_a_delay_is_over_with_its_job(account: Account, door: str, aws: EmbeddedAWS) -> None:
    """What was delayed in the making is deleted as fast as anything else."""
    del door
    account.fault(job="SolutionVersion", delay=3600)
    solution = account.solution(account.imported(csv(two_groups())))
    version = account.start_training(solution)
    aws.skip(3600)
    account.active(version)
    account.personalize.delete_solution(solutionArn=solution)

    assert [account.describe(solution)["status"] for _ in range(2)] == ["DELETE PENDING", "DELETE IN_PROGRESS"]
    account.vanish(solution)
    with pytest.raises(account.personalize.exceptions.ResourceNotFoundException):
        account.describe(version)


def test_an_update_fails_for_the_wanted_reason(account: Account, door: str) -> None:
    """An armed update ends with the wanted status and reason; the campaign goes on as it was, and the next is done."""
    del door
    version = account.active(account.start_training(account.solution(account.imported(csv(two_groups())))))
    arn = account.active(account.personalize.create_campaign(name="live", solutionVersionArn=version)["campaignArn"])

    def updated(rate: int) -> dict[str, Any]:
        account.personalize.update_campaign(campaignArn=arn, minProvisionedTPS=rate)
        while (seen := account.describe(arn))["latestCampaignUpdate"]["status"] not in {"ACTIVE", "CREATE FAILED"}:
            pass
        return seen

    account.fault(job="CampaignUpdate", outcome="CREATE FAILED", reason="no room")
    failed, done = updated(2), updated(3)

    assert (failed["status"], failed["minProvisionedTPS"]) == ("ACTIVE", 1)
    assert failed["latestCampaignUpdate"]["failureReason"] == "no room"
    assert account.describe(arn)["minProvisionedTPS"] == 3
    assert done["latestCampaignUpdate"]["status"] == "ACTIVE"
