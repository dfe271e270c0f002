"""Every operation of the three service models, called with requests that the models describe."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import requests
from botocore.exceptions import ClientError

from embedded_aws.personalize.kinds import KINDS
from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize import models
from emulator.tests.personalize.support import DEADLINE, Account, avro
from emulator.tests.personalize.world import ITEM_FIELDS, USER_FIELDS, World

RECIPE = "arn:aws:personalize:::recipe/"
LEFT_OUT: Final = {
    "autoMLConfig": "performAutoML is not emulated",
    "hpoObjective": "the service refuses it",
    "eventsConfig": "for v2 recipes, which have no HPO and no objective",
    "includedDatasetColumns": "instead of excludedDatasetColumns",
    "nextToken": "comes from an answer; see the test of lists",
    "recommenderArn": "instead of campaignArn",
    "itemId": "the campaign is for users",
    "itemExplorationConfig": "the recipe does not explore as told",
    "rankingInfluence": "for Semantic-Similarity",
    "kmsKeyArn": "the job is for S3 without a key of its own",
    "itemName": "themes are for Similar-Items",
    "themeGenerationConfig": "themes are for Similar-Items",
    "publishAttributionMetricsToS3": "the dataset has no interactions",
    "removeMetrics": "one metric is not removed and added at once",
    "domain": "a custom dataset group",
}
"""Members that no maximal request has, and why: mostly since another member excludes them."""


@pytest.fixture(scope="module")
def world(aws: EmbeddedAWS) -> Iterator[World]:
    """Give an account with one resource of every kind, in which everything is created at once."""
    progress(aws, "set", "immediate")
    yield World(Account(aws))
    progress(aws, "unset")


def progress(aws: EmbeddedAWS, verb: str, progression: str = "") -> None:
    """Set how resources pass from status to status, by moto's own door."""
    for kind in KINDS:
        body = {"model_name": f"personalize::{kind}", "transition": {"progression": progression}}
        url = f"{aws.endpoint_url}/moto-api/state-manager/{verb}-transition"
        assert requests.post(url, json=body, timeout=DEADLINE).ok


def key_of(account: Account) -> str:
    """Return the ARN of a key that the service and the role may use."""
    allow = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    name, grant = account.role.rpartition("/")[2], json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    account.iam.put_role_policy(RoleName=name, PolicyName="kms", PolicyDocument=grant)
    principals = {"AWS": f"arn:aws:iam::{account.id}:root", "Service": "personalize.amazonaws.com"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Principal": principals}]})
    return str(account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def values(world: World) -> models.Values:
    """Return what makes the values of requests."""
    account = world.account
    columns = {"ITEMS": ["TITLE"]}

    def nothing() -> None:
        return None

    found: dict[str, Callable[[], Any]] = {
        **dict.fromkeys(LEFT_OUT, nothing),
        "name": world.name,
        "jobName": world.name,
        "datasetGroupArn": lambda: world.group,
        "schemaArn": lambda: world.schema(USER_FIELDS, "Users", "ECOMMERCE"),
        "datasetArn": lambda: world.dataset("USERS"),
        "solutionArn": lambda: world.solution_of("aws-user-personalization-v2"),
        "solutionVersionArn": lambda: world.version_of("aws-user-personalization-v2"),
        "campaignArn": lambda: world.campaign,
        "recommenderArn": lambda: world.recommender,
        "filterArn": lambda: world.filter,
        "eventTrackerArn": lambda: world.tracker["eventTrackerArn"],
        "trackingId": lambda: world.tracker["trackingId"],
        "metricAttributionArn": lambda: world.attribution,
        "batchInferenceJobArn": lambda: world.batch_job,
        "batchSegmentJobArn": lambda: world.segment_job,
        "datasetImportJobArn": lambda: world.import_job,
        "datasetExportJobArn": lambda: world.export_job,
        "dataDeletionJobArn": lambda: world.deletion_job,
        "recipeArn": lambda: f"{RECIPE}aws-sims",
        "algorithmArn": lambda: "arn:aws:personalize:::algorithm/aws-sims",
        "featureTransformationArn": lambda: "arn:aws:personalize:::feature-transformation/sims",
        "resourceArn": lambda: world.group,
        "roleArn": lambda: account.role,
        "tagKey": lambda: "team",
        "tagValue": lambda: "films",
        "tagKeys": lambda: ["team"],
        "dataSource": lambda: {"dataLocation": account.put("gone.csv", "USER_ID\nnobody\n")},
        "schema": lambda: avro(ITEM_FIELDS, "Items"),
        "eventType": lambda: "View",
        "eventValueThreshold": lambda: "1",
        "expression": lambda: "SUM(Items.PRICE)",
        "metricName": world.name,
        "excludedDatasetColumns": lambda: columns,
        "schedulingExpression": lambda: "rate(3 days)",
        "filterExpression": lambda: "INCLUDE ItemID WHERE Items.PRICE < 9",
        "metadataColumns": lambda: {"ITEMS": ["PRICE"]},
        "context": lambda: {"DEVICE": "phone"},
        "filterValues": nothing,
        "sessionId": lambda: "session",
        "sentAt": lambda: 1_700_000_000,
        "timestamp": lambda: 1_700_000_000,
        "eventId": world.name,
        "recommendationId": lambda: "0a1b",
        "eventValue": lambda: 2.0,
        "eventAttributionSource": lambda: "app",
        "actionId": lambda: "a1",
        "impression": lambda: ["i1", "i2"],
        "inputList": lambda: ["i1", "i2"],
    }
    return {**found, **_particular(world)}


def _particular(world: World) -> models.Values:
    """Return what is different in some operations."""
    return {**_of_answers(world), **_of_jobs(world), **_of_resources(world), **_of_records(world)}


def _of_answers(world: World) -> models.Values:
    """Return what is particular to what answers in real time."""
    return {
        "GetPersonalizedRanking:campaignArn": lambda: world.ranking_campaign,
        "GetActionRecommendations:campaignArn": lambda: world.action_campaign,
        "GetActionRecommendations:filterArn": lambda: None,
        "GetActionRecommendations:userId": lambda: "u1",
        "GetPersonalizedRanking:userId": lambda: "u1",
        "GetRecommendations:userId": lambda: "u1",
        "GetRecommendations:recommenderArn": lambda: None,
        "GetRecommendations:campaignArn": lambda: world.campaign,
        "GetRecommendations.promotions.member.name": lambda: "sale",
        "GetRecommendations.promotions.member.filterValues": lambda: None,
        "DescribeCampaign:campaignArn": lambda: world.campaign,
        "UpdateCampaign:campaignArn": lambda: world.campaign,
        "DescribeRecommender:recommenderArn": lambda: world.recommender,
    }


def _of_jobs(world: World) -> models.Values:
    """Return what is particular to jobs."""
    account = world.account
    users, segment = world.place("conformance/"), world.place("segments/out/")
    return {
        "CreateBatchInferenceJob.jobInput.s3DataSource.path": lambda: world.users_file,
        "CreateBatchInferenceJob.jobOutput.s3DataDestination.path": lambda: users,
        "CreateBatchInferenceJob.batchInferenceJobConfig": dict,
        "CreateBatchInferenceJob:roleArn": lambda: account.role,
        "CreateBatchSegmentJob.jobInput.s3DataSource.path": lambda: world.items_file,
        "CreateBatchSegmentJob.jobOutput.s3DataDestination.path": lambda: segment,
        "CreateBatchSegmentJob:solutionVersionArn": lambda: world.version_of("aws-item-affinity"),
        "CreateBatchSegmentJob:filterArn": lambda: None,
        "CreateBatchSegmentJob:roleArn": lambda: account.role,
        "CreateDataDeletionJob:roleArn": lambda: account.role,
        "CreateDatasetGroup:kmsKeyArn": lambda: key_of(account),
        "CreateDatasetExportJob:roleArn": lambda: account.role,
        "CreateDatasetExportJob:path": lambda: world.place("exports/"),
        "CreateDatasetImportJob:roleArn": lambda: account.role,
        "CreateDatasetImportJob:dataSource": lambda: {
            "dataLocation": account.put("users.csv", "USER_ID,GENDER\nu1,f\n")
        },
    }


def _of_resources(world: World) -> models.Values:
    """Return what is particular to resources that are made, changed and described."""
    account = world.account
    return {
        "CreateMetricAttribution:roleArn": lambda: account.role,
        "CreateMetricAttribution:path": lambda: world.place("metrics/"),
        "CreateMetricAttribution:datasetGroupArn": lambda: world.shop,
        "UpdateMetricAttribution:roleArn": lambda: account.role,
        "UpdateMetricAttribution:path": lambda: world.place("metrics/"),
        "CreateEventTracker:datasetGroupArn": lambda: world.shop,
        "CreateDataset:datasetGroupArn": lambda: world.shop,
        "CreateDataset:datasetType": lambda: "Users",
        "CreateRecommender:datasetGroupArn": lambda: world.shop,
        "CreateRecommender:recipeArn": lambda: f"{RECIPE}aws-ecomm-popular-items-by-purchases",
        "CreateSolution:recipeArn": lambda: f"{RECIPE}aws-personalized-ranking",
        "CreateSolution:performHPO": lambda: True,
        "CreateSolution:performAutoTraining": lambda: True,
        "CreateSolution:itemAttribute": lambda: "PRICE",
        "CreateSolution:algorithmHyperParameters": lambda: {"bptt": "8"},
        "CreateSolution:featureTransformationParameters": lambda: {"max_user_history_length_percentile": "0.9"},
        "CreateSolution.solutionConfig.hpoConfig": lambda: {
            "hpoResourceConfig": {"maxNumberOfTrainingJobs": "2", "maxParallelTrainingJobs": "1"},
            "algorithmHyperParameterRanges": {
                "integerHyperParameterRanges": [{"name": "bptt", "minValue": 2, "maxValue": 16}],
                "continuousHyperParameterRanges": [],
                "categoricalHyperParameterRanges": [],
            },
        },
        "UpdateSolution.solutionUpdateConfig": lambda: {"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}},
        "UpdateSolution:performAutoTraining": lambda: True,
        "UpdateDataset:datasetArn": lambda: world.dataset("ITEMS"),
        "UpdateDataset:schemaArn": lambda: world.schema(
            [*ITEM_FIELDS, {"name": "SEASON", "type": ["string", "null"]}], "Items"
        ),
        "DescribeSchema:schemaArn": lambda: world.schema(ITEM_FIELDS, "Items"),
    }


def _of_records(world: World) -> models.Values:
    """Return what is particular to records that are put one by one."""
    account = world.account
    return {
        "PutActionInteractions:trackingId": lambda: account.describe(world.dataset("ACTION_INTERACTIONS"))[
            "trackingId"
        ],
        "PutActionInteractions:eventType": lambda: "Taken",
        "PutActionInteractions:properties": lambda: None,
        "PutActionInteractions:userId": lambda: "u1",
        "PutEvents:userId": lambda: "u1",
        "PutEvents:itemId": lambda: "i1",
        "PutEvents:properties": lambda: json.dumps({"device": "phone"}),
        "PutActions:datasetArn": lambda: world.dataset("ACTIONS"),
        "PutActions:actions": lambda: [{"actionId": "a1", "properties": json.dumps({"kind": "call"})}],
        "PutItems:datasetArn": lambda: world.dataset("ITEMS"),
        "PutItems:items": lambda: [{"itemId": "i1", "properties": json.dumps({"price": 2.5, "categoryL1": "comedy"})}],
        "PutUsers:userId": lambda: "u1",
        "PutUsers:properties": lambda: json.dumps({"gender": "f"}),
    }


def used_up(world: World) -> models.Values:
    """Return what makes the values of requests after which something is gone or stands still."""
    account = world.account
    return {
        "DeleteSchema:schemaArn": lambda: world.schema(ITEM_FIELDS, "Items"),
        "DeleteCampaign:campaignArn": world.new_campaign,
        "DeleteRecommender:recommenderArn": world.new_recommender,
        "StopRecommender:recommenderArn": world.new_recommender,
        "StartRecommender:recommenderArn": world.stopped_recommender,
        "DeleteFilter:filterArn": world.new_filter,
        "DeleteSolution:solutionArn": lambda: account.solution(world.group, name=world.name()),
        "DeleteDatasetGroup:datasetGroupArn": lambda: account.group(world.name()),
        "DeleteDataset:datasetArn": world.new_dataset,
        "DeleteEventTracker:eventTrackerArn": lambda: world.new_tracker(world.shop),
        "DeleteMetricAttribution:metricAttributionArn": lambda: world.new_attribution(world.shop),
        "StopSolutionVersionCreation:solutionVersionArn": world.stalled_version,
    }


class Caller:
    """Calls an operation, and looks at the answer as it comes over the wire."""

    def __init__(self, world: World, service: str, operation: str) -> None:
        self.client = world.account.client(service, parameter_validation=False)
        self.service, self.operation = service, operation
        self.body: Any = None
        self.client.meta.events.register("after-call", self._look)

    def _look(self, http_response: Any, **_: Any) -> None:
        self.body = (
            json.loads(http_response.content or b"{}") if http_response.status_code == requests.codes.ok else None
        )

    def __call__(self, params: dict[str, Any]) -> dict[str, Any]:
        """Call the operation; return the answer as botocore parses it."""
        names = {value: key for key, value in self.client.meta.method_to_api_mapping.items()}
        answer: dict[str, Any] = getattr(self.client, names[self.operation])(**params)
        return answer


@pytest.fixture(scope="module")
def made(world: World) -> models.Values:
    """Give what makes the values of requests."""
    return values(world)


@pytest.mark.parametrize(("service", "operation"), models.OPERATIONS)
def test_valid_requests_get_responses_of_the_model(
    world: World, made: models.Values, service: str, operation: str
) -> None:
    """With the required members and with all of them, the answer has the shape of the service's model."""
    call = Caller(world, service, operation)
    for full in (False, True):
        params = models.request(service, operation, {**made, **used_up(world)}, full=full)
        if full:
            missing = models.shape_of(service, operation).members.keys() - params.keys()
            assert missing <= LEFT_OUT.keys() | {"filterArn", "filterValues"}
        answer = call({**_needed(operation, world), **params})
        assert set(models.violations(call.body, service, operation)) <= _flaws(world)
        _forget(world, operation, answer)


def _flaws(world: World) -> set[str]:
    """Return what the model itself has wrong: it wants the role of some jobs to be an ARN of Personalize."""
    jobs = ("DescribeDatasetImportJob.datasetImportJob", "DescribeDatasetExportJob.datasetExportJob")
    pattern = r"arn:([a-z\d-]+):personalize:.*:.*:.+"
    return {f"{job}.roleArn is {world.account.role!r}, which does not match {pattern}" for job in jobs}


def _needed(operation: str, world: World) -> dict[str, Any]:
    """Return what the service asks for although its model does not."""
    match operation:
        case "CreateSolution":
            return {"recipeArn": f"{RECIPE}aws-sims"}
        case "CreateDatasetImportJob":
            return {"roleArn": world.account.role}
        case "CreateDatasetExportJob":
            return {"ingestionMode": "ALL"}
        case "GetRecommendations":
            return {"campaignArn": world.campaign, "userId": "u1"}
        case "GetActionRecommendations":
            return {"campaignArn": world.action_campaign, "userId": "u1"}
        case "ListMetricAttributionMetrics" | "UpdateMetricAttribution":
            return {"metricAttributionArn": world.attribution}
        case _:
            return {}


def _forget(world: World, operation: str, answer: dict[str, Any]) -> None:
    """Delete what was created, so that quotas leave room for the next request."""
    kind = KINDS.get(operation.removeprefix("Create"))
    if not operation.startswith("Create") or kind is None:
        return
    arn = answer[kind.arn_member]
    if kind.name not in {"Schema", "DataDeletionJob"}:
        world.account.wait(arn, {"ACTIVE"})
    if kind.deletable:
        names = {value: key for key, value in world.account.personalize.meta.method_to_api_mapping.items()}
        getattr(world.account.personalize, names[f"Delete{kind.name}"])(**{kind.arn_member: arn})


@pytest.mark.parametrize(("service", "operation"), models.OPERATIONS)
def test_broken_requests_are_refused_by_the_member_that_breaks_them(
    world: World, made: models.Values, service: str, operation: str
) -> None:
    """A missing member, a value too long, too large or of no pattern: each is an error that names the member."""
    call = Caller(world, service, operation)
    valid = models.request(service, operation, made, full=True)
    for member, params in models.broken(service, operation, valid):
        with pytest.raises(ClientError) as caught:
            call(params)
        error = caught.value.response["Error"]
        assert error["Code"] == ("ValidationException" if service == "personalize" else "InvalidInputException")
        assert f"'{member}" in error["Message"]


@pytest.mark.parametrize(("service", "operation"), models.OPERATIONS)
def test_values_of_another_type_are_refused(world: World, made: models.Values, service: str, operation: str) -> None:
    """A list of lists where the model has a text, a number or a truth value cannot be read."""
    call = Caller(world, service, operation)
    valid = models.request(service, operation, made, full=True)
    for member in (name for name, value in valid.items() if not isinstance(value, dict | list)):
        with pytest.raises(ClientError) as caught:
            call({**valid, member: [["no such type"]]})
        assert caught.value.response["Error"]["Code"] in {"SerializationException", "InvalidInputException"}


ARNS: Final = [
    (service, operation, member)
    for service, operation in models.OPERATIONS
    for member in models.shape_of(service, operation).metadata.get("required", ())
    if member.endswith("Arn")
    and member != "roleArn"
    and "ResourceNotFoundException" in models.errors_of(service, operation)
]


@pytest.mark.parametrize(("service", "operation", "member"), ARNS)
def test_an_arn_of_nothing_is_not_found(
    world: World, made: models.Values, service: str, operation: str, member: str
) -> None:
    """An ARN that names nothing is an error of the model, with the ARN in its text."""
    params = {**_needed(operation, world), **models.request(service, operation, made, full=False)}
    unknown = f"{params[member]}-none"
    with pytest.raises(ClientError) as caught:
        Caller(world, service, operation)({**params, member: unknown})

    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert unknown in caught.value.response["Error"]["Message"]


LISTS: Final = [
    operation
    for service, operation in models.OPERATIONS
    if service == "personalize" and "nextToken" in models.shape_of(service, operation).members
]


@pytest.mark.parametrize("operation", LISTS)
def test_a_token_that_was_never_given_is_refused(world: World, operation: str) -> None:
    """A list goes on where its own token says, and nowhere else."""
    with pytest.raises(ClientError) as caught:
        Caller(world, "personalize", operation)({**_needed(operation, world), "nextToken": "made up"})

    assert caught.value.response["Error"]["Code"] == "InvalidNextTokenException"
