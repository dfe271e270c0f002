"""What is wrong with a request, and how it is told."""

import pytest
from botocore.exceptions import ClientError

from tests.local.personalize.support import Account, code, csv, message, two_groups


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


def test_what_is_not_emulated_says_so(account: Account) -> None:
    """An operation and a recipe that are not emulated are errors that name them."""
    group = account.imported(csv(two_groups()))
    with pytest.raises(ClientError) as operation:
        account.personalize.list_campaigns()
    with pytest.raises(ClientError) as recipe:
        account.solution(group, recipe="aws-sims")

    assert code(operation) == code(recipe) == "NotImplementedException"
    assert message(operation) == "ListCampaigns is not emulated"
    assert "aws-sims is not emulated" in message(recipe)


POPULARITY = "arn:aws:personalize:::recipe/aws-popularity-count"


@pytest.mark.parametrize(
    ("operation", "params", "error", "complaint"),
    [
        ("create_solution", {}, "InvalidInputException", "recipeArn is required"),
        ("create_solution", {"performAutoML": True}, "NotImplementedException", "performAutoML"),
        ("create_solution", {"recipeArn": POPULARITY, "performHPO": True}, "NotImplementedException", "performHPO"),
        (
            "create_solution",
            {"recipeArn": POPULARITY, "solutionConfig": {"optimizationObjective": {"itemAttribute": "PRICE"}}},
            "NotImplementedException",
            "solutionConfig.optimizationObjective",
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
            "NotImplementedException",
            "publishAttributionMetricsToS3",
        ),
        (
            "create_dataset_group",
            {"roleArn": "arn:aws:iam::123456789012:role/r"},
            "InvalidInputException",
            "go together",
        ),
        ("list_recipes", {"domain": "ECOMMERCE"}, "NotImplementedException", "recipes"),
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


@pytest.mark.parametrize("mode", ["UPDATE", "AUTOTRAIN"])
def test_only_full_training_is_emulated(account: Account, mode: str) -> None:
    """The other training modes are refused by name."""
    solution = account.solution(account.imported(csv(two_groups())))
    with pytest.raises(ClientError) as caught:
        account.start_training(solution, trainingMode=mode)

    assert message(caught) == f"trainingMode {mode} is not emulated"


def test_an_unknown_recipe_is_not_found(account: Account) -> None:
    """A recipe that the service never had is not found, and the list holds those that are emulated."""
    with pytest.raises(ClientError) as caught:
        account.personalize.describe_recipe(recipeArn="arn:aws:personalize:::recipe/aws-magic")
    recipes = account.personalize.list_recipes()["recipes"]

    assert code(caught) == "ResourceNotFoundException"
    assert [recipe["name"] for recipe in recipes] == [
        "aws-popularity-count",
        "aws-user-personalization",
        "aws-user-personalization-v2",
    ]


@pytest.mark.parametrize(
    ("recipe", "config", "complaint"),
    [
        ("aws-user-personalization-v2", {"algorithmHyperParameters": {"bptt": "8"}}, "bptt is not one of"),
        ("aws-user-personalization", {"algorithmHyperParameters": {"bptt": "99"}}, "bptt must be from 2 to 32"),
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
