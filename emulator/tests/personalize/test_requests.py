"""What is wrong with a request, and how it is told."""

import json

import pytest
import requests
from botocore.exceptions import ClientError

from emulator.tests.personalize.support import DEADLINE, Account, code, csv, message, two_groups


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        (
            {"name": "no blanks"},
            (
                "1 validation error detected: Value 'no blanks' at 'name' failed to satisfy constraint: Member must "
                r"satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\-_]*"
            ),
        ),
        (
            {"name": "n" * 64, "domain": "FOOD"},
            (
                f"2 validation errors detected: Value '{'n' * 64}' at 'name' failed to satisfy constraint: Member must "
                "have length less than or equal to 63; Value 'FOOD' at 'domain' failed to satisfy constraint: Member "
                "must satisfy enum value set: [ECOMMERCE, VIDEO_ON_DEMAND]"
            ),
        ),
        (
            {},
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"name": "n", "tags": [{"tagKey": "k"}]},
            (
                "1 validation error detected: Value null at 'tags.1.member.tagValue' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
    ],
)
def test_a_request_against_the_model_is_told_every_broken_constraint(
    account: Account, params: dict[str, object], complaint: str
) -> None:
    """Names, lengths, enums and missing members are checked by the service model, with AWS's texts."""
    client = account.client("personalize", parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        client.create_dataset_group(**params)

    assert code(caught) == "ValidationException"
    assert message(caught) == complaint


def test_a_value_of_the_wrong_type_cannot_be_read(account: Account) -> None:
    """A number where the model wants a string is a serialization error, not a crash."""
    client = account.client("personalize", parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        client.list_schemas(maxResults="many")

    assert code(caught) == "SerializationException"


POPULARITY = "arn:aws:personalize:::recipe/aws-popularity-count"


@pytest.mark.parametrize(
    ("operation", "params", "error", "complaint"),
    [
        ("create_solution", {}, "InvalidInputException", "recipeArn is required"),
        (
            "create_solution",
            {"performAutoML": True},
            "NotImplementedException",
            "performAutoML is not emulated: it chooses among HRNN recipes, which the service no longer offers; train a",
        ),
        ("create_solution", {"recipeArn": POPULARITY, "performHPO": True}, "InvalidInputException", "performHPO"),
        (
            "create_solution",
            {"recipeArn": POPULARITY, "performIncrementalUpdate": True},
            "InvalidInputException",
            "performIncrementalUpdate is not a setting",
        ),
        (
            "create_solution",
            {"recipeArn": POPULARITY, "solutionConfig": {"autoMLConfig": {"metricName": "precision"}}},
            "NotImplementedException",
            "train a solution version with each recipe, and compare their get_solution_metrics",
        ),
        (
            "create_solution",
            {
                "recipeArn": POPULARITY,
                "performAutoTraining": False,
                "solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}},
            },
            "InvalidInputException",
            "autoTrainingConfig needs performAutoTraining",
        ),
        ("create_dataset_import_job", {"dataSource": {}}, "InvalidInputException", "dataLocation is required"),
        (
            "create_dataset_import_job",
            {"dataSource": {"dataLocation": "s3://b/k"}},
            "InvalidInputException",
            "roleArn is required",
        ),
        (
            "create_dataset_import_job",
            {"dataSource": {"dataLocation": "s3://b/k"}, "publishAttributionMetricsToS3": True},
            "InvalidInputException",
            "publishAttributionMetricsToS3: the dataset group has no metric attribution with an S3 destination",
        ),
        (
            "create_dataset_group",
            {"roleArn": "arn:aws:iam::123456789012:role/r"},
            "InvalidInputException",
            "go together",
        ),
    ],
)
def test_what_a_request_lacks_or_asks_in_vain_is_said(
    account: Account, operation: str, params: dict[str, object], error: str, complaint: str
) -> None:
    """Missing members and features that are not emulated are refused, never ignored."""
    group = f"arn:aws:personalize:us-east-1:{account.id}:dataset-group/films"
    dataset = f"arn:aws:personalize:us-east-1:{account.id}:dataset/films/INTERACTIONS"
    common = {
        "create_solution": {"name": "s", "datasetGroupArn": group},
        "create_dataset_import_job": {"jobName": "j", "datasetArn": dataset},
        "create_dataset_group": {"name": "other"},
    }
    if operation != "create_dataset_group":
        account.dataset(account.group())
    if operation == "create_dataset_import_job" and "publishAttributionMetricsToS3" in params:
        params = {**params, "roleArn": account.role}
    with pytest.raises(ClientError) as caught:
        getattr(account.personalize, operation)(**common.get(operation, {}), **params)

    assert code(caught) == error
    assert complaint in message(caught)


@pytest.mark.parametrize(
    ("mode", "error", "complaint"),
    [
        ("UPDATE", "InvalidInputException", "trainingMode UPDATE is not a setting of"),
        ("AUTOTRAIN", "NotImplementedException", "trainingMode AUTOTRAIN"),
    ],
)
def test_a_training_mode_that_a_recipe_lacks_is_refused(
    account: Account, mode: str, error: str, complaint: str
) -> None:
    """UPDATE is for recipes that document it, AUTOTRAIN for none that is documented."""
    solution = account.solution(account.imported(csv(two_groups())))
    with pytest.raises(ClientError) as caught:
        account.start_training(solution, trainingMode=mode)

    assert code(caught) == error
    assert complaint in message(caught)


def test_an_update_needs_a_full_training_before(account: Account) -> None:
    """The first version of a solution cannot be an update; after a full one it can."""
    solution = account.solution(account.imported(csv(two_groups())), "aws-user-personalization")
    with pytest.raises(ClientError) as caught:
        account.start_training(solution, trainingMode="UPDATE")
    account.active(account.start_training(solution))
    updated = account.describe(account.active(account.start_training(solution, trainingMode="UPDATE")))

    assert code(caught) == "InvalidInputException"
    assert updated["trainingMode"] == "UPDATE"


def test_an_unknown_recipe_is_not_found(account: Account) -> None:
    """A recipe that the service never had is not found."""
    with pytest.raises(ClientError) as caught:
        account.personalize.describe_recipe(recipeArn="arn:aws:personalize:::recipe/aws-magic")

    assert code(caught) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [("list_campaigns", "solutionArn"), ("list_metric_attribution_metrics", "metricAttributionArn")],
)
def test_lists_have_no_errors_but_those_of_their_model(account: Account, operation: str, parameter: str) -> None:
    """Of what is not there a list says what its model names: InvalidInputException."""
    with pytest.raises(ClientError) as caught:
        getattr(account.personalize, operation)(**{parameter: "arn:aws:personalize:us-east-1:123456789012:solution/x"})

    assert code(caught) == "InvalidInputException"
    assert "solution/x" in message(caught)


def test_recipes_are_listed_by_domain(account: Account) -> None:
    """There are five use cases in each domain, with a page's token between them, and fifteen custom recipes."""
    first = account.personalize.list_recipes(domain="ECOMMERCE", maxResults=3)
    second = account.personalize.list_recipes(domain="ECOMMERCE", nextToken=first["nextToken"])
    names = [recipe["name"] for recipe in first["recipes"] + second["recipes"]]
    everything = account.personalize.list_recipes()["recipes"]

    assert len(names) == len(set(names)) == 5
    assert all(name.startswith("aws-ecomm-") for name in names)
    assert "nextToken" not in second
    assert len([recipe for recipe in everything if "domain" not in recipe]) == 15
    assert len([recipe for recipe in everything if recipe.get("domain") == "VIDEO_ON_DEMAND"]) == 5


@pytest.mark.parametrize(
    ("recipe", "config", "complaint"),
    [
        ("aws-user-personalization-v2", {"algorithmHyperParameters": {"bptt": "8"}}, "bptt is not one of"),
        ("aws-user-personalization", {"algorithmHyperParameters": {"bptt": "99"}}, "bptt must be from 2 to 32"),
        (
            "aws-user-personalization",
            {"eventsConfig": {"eventParametersList": [{"eventType": "buy", "weight": 1.0}]}},
            "eventsConfig is not a setting",
        ),
        (
            "aws-user-personalization-v2",
            {"eventsConfig": {"eventParametersList": [{"eventType": "buy"}, {"eventType": "BUY"}]}},
            "each of them once",
        ),
        (
            "aws-user-personalization-v2",
            {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"}},
            "optimizationObjective is not a setting",
        ),
        (
            "aws-user-personalization",
            {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"}},
            "a numeric column of the Items dataset",
        ),
        (
            "aws-sims",
            {"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["USER_ID"]}}},
            "Training needs USER_ID",
        ),
        ("aws-sims", {"trainingDataConfig": {"excludedDatasetColumns": {"BOOKS": ["A"]}}}, "not BOOKS"),
        (
            "aws-sims",
            {"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["COLOUR"]}}},
            "has no column COLOUR",
        ),
        ("aws-sims", {"hpoConfig": {"hpoResourceConfig": {}}}, "hpoConfig needs performHPO"),
        (
            "aws-sims",
            {
                "featureTransformationParameters": {
                    "min_item_interaction_count_percentile": "0.8",
                    "max_item_interaction_count_percentile": "0.2",
                }
            },
            "must not be above",
        ),
        ("aws-user-personalization", {"algorithmHyperParameters": {"bptt": "16.5"}}, "bptt must be a whole number"),
        ("aws-user-personalization", {"algorithmHyperParameters": {"bptt": "1e1"}}, "bptt must be a whole number"),
        ("aws-popularity-count", {"eventValueThreshold": "high"}, "eventValueThreshold must be a number"),
        (
            "aws-popularity-count",
            {"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}},
            "schedulingExpression must be rate(N days) with N from 1 to 30",
        ),
    ],
)
def test_settings_are_checked_against_the_recipe(
    account: Account, recipe: str, config: dict[str, object], complaint: str
) -> None:
    """Hyperparameters that a recipe does not document, and values out of range, are refused."""
    group = account.imported(csv(two_groups()))
    with pytest.raises(ClientError) as caught:
        account.solution(group, recipe, solutionConfig=config, performAutoTraining=True)

    assert code(caught) == "InvalidInputException"
    assert complaint in message(caught)


def post(account: Account, operation: str, body: dict[str, object]) -> requests.Response:
    """Send a request as a program without an SDK does."""
    headers = {
        "X-Amz-Target": f"AmazonPersonalize.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/personalize/aws4_request",
        "x-moto-account-id": account.id,
    }
    url = account.personalize.meta.endpoint_url
    return requests.post(url, data=json.dumps(body), headers=headers, timeout=DEADLINE)


def test_null_is_absent(account: Account) -> None:
    """A member that is null means the same as one that is missing, at every depth."""
    group = account.imported(csv(two_groups()))
    created = post(account, "CreateDatasetGroup", {"name": "other", "roleArn": None, "domain": None})
    config = {"trainingDataConfig": None, "algorithmHyperParameters": {}}
    recipe = "arn:aws:personalize:::recipe/aws-popularity-count"
    body = {"name": "s", "datasetGroupArn": group, "recipeArn": recipe, "solutionConfig": config}
    solution = post(account, "CreateSolution", {**body, "performAutoTraining": None, "eventType": None})
    listed = post(account, "ListSolutions", {"datasetGroupArn": None}).json()["solutions"]

    assert created.ok, created.text
    assert solution.ok, solution.text
    assert [one["name"] for one in listed] == ["s"]
    assert account.describe(solution.json()["solutionArn"])["performAutoTraining"] is True


def test_tags_have_limits(account: Account) -> None:
    """Fifty tags are the most, keys are given once, and those of AWS are AWS's."""
    group = account.group()
    fifty = [{"tagKey": f"k{number}", "tagValue": "v"} for number in range(50)]
    account.personalize.tag_resource(resourceArn=group, tags=fifty)
    account.personalize.tag_resource(resourceArn=group, tags=fifty[:3])
    codes = []
    for tags in (
        [{"tagKey": "more", "tagValue": "v"}],
        [{"tagKey": "twice", "tagValue": "1"}, {"tagKey": "twice", "tagValue": "2"}],
        [{"tagKey": "aws:mine", "tagValue": "v"}],
    ):
        with pytest.raises(ClientError) as caught:
            account.personalize.tag_resource(resourceArn=group, tags=tags)
        codes.append(code(caught))

    assert codes == ["TooManyTagsException", "InvalidInputException", "InvalidInputException"]
    assert len(account.personalize.list_tags_for_resource(resourceArn=group)["tags"]) == 50


@pytest.mark.parametrize(
    ("kind", "entry", "complaint"),
    [
        ("integer", {"name": "bptt", "minValue": 20, "maxValue": 2}, "needs a minValue and a maxValue"),
        ("integer", {"name": "bptt", "minValue": 2}, "needs a minValue and a maxValue"),
        ("integer", {"name": "bptt", "minValue": 2, "maxValue": 99}, "bptt must be from 2 to 32"),
        ("continuous", {"name": "bptt", "minValue": 2.0, "maxValue": 3.0}, "belongs into integerHyperParameterRanges"),
        ("categorical", {"name": "recency_mask", "values": []}, "recency_mask needs values"),
        ("categorical", {"name": "recency_mask", "values": ["maybe"]}, "recency_mask must be one of"),
        ("integer", {"name": "depth", "minValue": 1, "maxValue": 2}, "depth is not a hyperparameter"),
    ],
)
def test_ranges_of_hyperparameters_are_checked(
    shared: Account, kind: str, entry: dict[str, object], complaint: str
) -> None:
    """A range of the wrong kind, without ends or values, or with values that are not allowed is refused."""
    try:
        group = shared.imported(csv(two_groups()), name="tuned")
    except shared.personalize.exceptions.ResourceAlreadyExistsException:
        group = f"arn:aws:personalize:us-east-1:{shared.id}:dataset-group/tuned"
    ranges = {f"{one}HyperParameterRanges": [] for one in ("integer", "continuous", "categorical")}
    config = {"hpoConfig": {"algorithmHyperParameterRanges": {**ranges, f"{kind}HyperParameterRanges": [entry]}}}
    with pytest.raises(ClientError) as caught:
        shared.solution(group, "aws-user-personalization", performHPO=True, solutionConfig=config)

    assert code(caught) == "InvalidInputException"
    assert complaint in message(caught)
