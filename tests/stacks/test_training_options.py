"""Everything that CreateSolution takes, from the pipeline file into the request."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from embedded_aws.stepfunctions.casing import to_request
from stacks.states.run import definition
from tests.documents import parsed, shop
from tests.stacks.evaluation import evaluate

V1 = {
    "name": "for-you",
    "recipe": "aws-user-personalization",
    "event_type": "click",
    "event_value_threshold": 2.5,
    "hyperparameters": {"bptt": 16},
    "feature_transformation": {"max_user_history_length_percentile": 0.9},
    "hpo": {
        "max_training_jobs": 4,
        "max_parallel_jobs": 2,
        "integer": {"hidden_dimension": [32, 64]},
        "categorical": {"recency_mask": ["true", "false"]},
    },
    "objective": {"item_attribute": "PRICE", "sensitivity": "LOW"},
    "excluded_columns": {"items": ["PRICE"]},
    "included_columns": {"interactions": ["EVENT_TYPE"]},
    "auto_training": {"every": "1d"},
    "batch_inference": [{"name": "top"}],
}
COLUMNS = {
    "USER_ID": "user",
    "ITEM_ID": "item",
    "TIMESTAMP": {"from": "at", "unit": "s"},
    "EVENT_TYPE": {"value": "click"},
    "EVENT_VALUE": "value",
}
DATASETS = {
    "interactions": {"source": {"path": "events/"}, "columns": COLUMNS},
    "items": {
        "source": {"path": "items/"},
        "columns": {"ITEM_ID": "item", "PRICE": {"from": "price", "type": "float"}},
    },
}


def request(solution: dict[str, Any], datasets: dict[str, Any] = DATASETS) -> dict[str, Any]:
    """Return the request that CreateSolution gets, in boto3's spelling, checked against the service's model."""
    pipeline = parsed(solutions=[solution], datasets=datasets)
    config = definition(pipeline, "dev", spec_hash="0")["States"]["Begin run"]["Assign"]["known"][0]["config"]
    model = botocore.session.get_session().get_service_model("personalize").operation_model("CreateSolution")
    given: dict[str, Any] = to_request({"Name": "n", "DatasetGroupArn": "arn:aws:x", **config}, model.input_shape)
    validate_parameters(given, model.input_shape)
    return given


def test_every_option_arrives() -> None:
    """The file's options are the request's, in the API's types: text where it wants text."""
    assert {
        "name": "n",
        "datasetGroupArn": "arn:aws:x",
        "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization",
        "performAutoTraining": True,
        "performHPO": True,
        "eventType": "click",
        "solutionConfig": {
            "eventValueThreshold": "2.5",
            "algorithmHyperParameters": {"bptt": "16"},
            "featureTransformationParameters": {"max_user_history_length_percentile": "0.9"},
            "hpoConfig": {
                "hpoResourceConfig": {"maxNumberOfTrainingJobs": "4", "maxParallelTrainingJobs": "2"},
                "algorithmHyperParameterRanges": {
                    "integerHyperParameterRanges": [{"name": "hidden_dimension", "minValue": 32, "maxValue": 64}],
                    "continuousHyperParameterRanges": [],
                    "categoricalHyperParameterRanges": [{"name": "recency_mask", "values": ["true", "false"]}],
                },
            },
            "optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"},
            "trainingDataConfig": {
                "excludedDatasetColumns": {"ITEMS": ["PRICE"]},
                "includedDatasetColumns": {"INTERACTIONS": ["EVENT_TYPE"]},
            },
            "autoTrainingConfig": {"schedulingExpression": "rate(1 day)"},
        },
    } == request(V1)


def test_event_weights_arrive() -> None:
    """Event types carry their weights, and thresholds as numbers."""
    weights = [{"event_type": "buy", "event_value_threshold": 3}, {"event_type": "click", "weight": 0.25}]

    assert {
        "eventParametersList": [
            {"eventType": "buy", "weight": 1.0, "eventValueThreshold": 3.0},
            {"eventType": "click", "weight": 0.25},
        ]
    } == request({**shop()["solutions"][0], "event_weights": weights})["solutionConfig"]["eventsConfig"]


def test_solutions_do_not_train_by_themselves() -> None:
    """The service's weekly automatic training, which is billed, is off unless the file asks for it."""
    assert {
        "name": "n",
        "datasetGroupArn": "arn:aws:x",
        "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization-v2",
        "performAutoTraining": False,
    } == request(shop()["solutions"][0])


@pytest.mark.parametrize(
    ("mode", "override", "published", "trained"),
    [
        ("full", "run", "arn:s", "FULL"),
        ("update", "run", "arn:s", "UPDATE"),
        ("update", "run", "arn:another", "FULL"),
        ("update", "full", "arn:s", "FULL"),
    ],
)
def test_an_update_needs_a_version_of_this_very_solution(
    mode: str, override: str, published: str, trained: str
) -> None:
    """UPDATE goes on from a published version of the same configuration; an input of full trains anew."""
    states = definition(parsed(), "dev", spec_hash="0")["States"]["Solutions"]["ItemProcessor"]["States"]
    expression = states["Create solution version"]["Arguments"]["TrainingMode"]
    found = evaluate(
        expression,
        plan={"training": {"mode": mode}},
        given={"trainingMode": override},
        published={"solution_arn": published},
        solution={"arn": "arn:s"},
    )

    assert trained == found


def test_incremental_updates_are_asked_for() -> None:
    """Semantic-Similarity may take new items in between trainings; what is not said is not in the request."""
    items = {**DATASETS["items"], "columns": {"ITEM_ID": "item", "ABOUT": {"from": "about", "type": "textual"}}}
    solution = {"name": "like", "recipe": "aws-semantic-similarity", "batch_inference": [{"name": "all"}]}
    datasets = {**DATASETS, "items": items}

    assert request({**solution, "incremental_updates": True}, datasets)["performIncrementalUpdate"] is True
    assert "performIncrementalUpdate" not in request(solution, datasets)


@pytest.mark.parametrize(
    ("recipe", "given", "config"),
    [
        (
            "aws-user-personalization",
            {"exploration": {"weight": 0, "item_age_cut_off": 7}},
            {"itemExplorationConfig": {"explorationWeight": "0", "explorationItemAgeCutOff": "7"}},
        ),
        (
            "aws-semantic-similarity",
            {"ranking_influence": {"popularity": 0.25, "freshness": 1}},
            {"rankingInfluence": {"POPULARITY": 0.25, "FRESHNESS": 1}},
        ),
    ],
)
def test_options_of_a_batch_inference_job_arrive(recipe: str, given: dict[str, Any], config: dict[str, Any]) -> None:
    """Exploration, as texts, and influences, as numbers, are the job's own: the other job of the solution has none."""
    jobs = [{"name": "plain"}, {"name": "set", **given}]
    items = {**DATASETS["items"], "columns": {"ITEM_ID": "item", "ABOUT": {"from": "about", "type": "textual"}}}
    pipeline = parsed(
        solutions=[{"name": "s", "recipe": recipe, "batch_inference": jobs}], datasets={**DATASETS, "items": items}
    )
    machine = definition(pipeline, "dev", spec_hash="0")["States"]
    (plan,) = machine["Begin run"]["Assign"]["known"]
    batch = machine["Solutions"]["ItemProcessor"]["States"]["Run batch jobs"]["ItemProcessor"]["States"]
    model = botocore.session.get_session().get_service_model("personalize").operation_model("CreateBatchInferenceJob")
    text = batch["Create batch inference job"]["Arguments"].replace(
        "${ServiceRoleArn}", "arn:aws:iam::111122223333:role/r"
    )
    made = [
        to_request(
            evaluate(text, job=job, task={"run": "r", "solution": "s", "version": "arn:aws:v"}, batchInferenceJob={}),
            model.input_shape,
        )
        for job in plan["jobs"]
    ]

    for each in made:
        validate_parameters(each, model.input_shape)
    assert [None, config] == [each.get("batchInferenceJobConfig") for each in made]
