"""What answers in real time: campaigns of solution versions, and recommenders, which train by themselves.

Rules: Create-, Update-, Start- and Stop- operations of campaigns and recommenders in the API reference.
"""

import logging
from typing import Any, Final

from embedded_aws import clock
from embedded_aws.personalize import training
from embedded_aws.personalize.datasets import datasets_of, schemas_of
from embedded_aws.personalize.exceptions import (
    InvalidInputException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from embedded_aws.personalize.kinds import CAMPAIGN, DATASET_GROUP, RECOMMENDER, SOLUTION, SOLUTION_VERSION, Status
from embedded_aws.personalize.models import PersonalizeBackend, Work
from embedded_aws.personalize.operations.generic import Operation, Params, created, picked
from embedded_aws.personalize.operations.solutions import check_data
from embedded_aws.personalize.recipes import Recipe, find_recipe
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.settings import check_columns, check_exploration, check_influence

_log = logging.getLogger(__name__)

_LATEST: Final = "/$LATEST"


def served_version(backend: PersonalizeBackend, campaign: Resource) -> Resource:
    """Return the solution version that a campaign answers with: its own, or the newest of its solution.

    Raises:
        ResourceNotFoundException: it is gone.
    """
    campaign.settle()
    arn: str = campaign.members["solutionVersionArn"]
    return _latest_version(backend, arn) if arn.endswith(_LATEST) else backend.find(SOLUTION_VERSION, arn)


def _latest_version(backend: PersonalizeBackend, arn: str) -> Resource:
    solution = backend.find(SOLUTION, arn.removesuffix(_LATEST))
    versions = backend.all(SOLUTION_VERSION, solutionArn=solution.arn)
    ready = [version for version in versions if version.is_at(Status.ACTIVE)]
    if not ready:
        raise ResourceNotFoundException(arn)
    return ready[-1]


def _create_campaign(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    version = _checked_version(backend, params["solutionVersionArn"], params.get("campaignConfig", {}))
    members = {
        "minProvisionedTPS": 1,
        **params,
        "solutionArn": version.members["solutionArn"],
        "datasetGroupArn": version.members["datasetGroupArn"],
    }
    return created(backend.add(CAMPAIGN, members))


def _update_campaign(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    campaign = backend.find(CAMPAIGN, params["campaignArn"])
    if campaign.status not in {Status.ACTIVE, Status.CREATE_FAILED} or campaign.updating:
        raise ResourceInUseException(f"Campaign {campaign.arn} is {campaign.status} or being updated")
    changed = picked(params, "solutionVersionArn", "minProvisionedTPS", "campaignConfig")
    wanted = {**picked(campaign.members, "solutionVersionArn", "minProvisionedTPS", "campaignConfig"), **changed}
    version = _checked_version(backend, wanted["solutionVersionArn"], wanted.get("campaignConfig", {}))
    if version.members["datasetGroupArn"] != campaign.members["datasetGroupArn"]:
        raise InvalidInputException(f"{version.arn} belongs to another dataset group than {campaign.arn}")
    changed["solutionArn"] = version.members["solutionArn"]
    backend.update(campaign, wanted, changed)
    return created(campaign)


def _checked_version(backend: PersonalizeBackend, arn: str, config: dict[str, Any]) -> Resource:
    """Return the version to deploy; it must be ACTIVE, and of a recipe that answers in real time."""
    follows = config.get("syncWithLatestSolutionVersion", False)
    if follows != arn.endswith(_LATEST):
        raise InvalidInputException(
            "syncWithLatestSolutionVersion and a solutionVersionArn in the format SolutionArn/$LATEST go together"
        )
    version = _latest_version(backend, arn) if follows else backend.find_active(SOLUTION_VERSION, arn)
    recipe = find_recipe(version.members["recipeArn"])
    if recipe.segments:
        raise InvalidInputException(f"{recipe.arn} answers batch segment jobs only: it cannot be deployed")
    check_exploration(config, recipe)
    check_influence(config, recipe)
    return version


def _create_recommender(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    recipe = find_recipe(params["recipeArn"])
    if recipe.domain is None or recipe.domain != group.members.get("domain"):
        raise InvalidInputException(f"{recipe.arn} is not a use case of the domain of {group.arn}")
    config = _checked_config(backend, group.arn, params.get("recommenderConfig", {}), recipe)
    check_data(backend, group.arn, recipe)
    members = {**params, "recommenderConfig": config, "trainedAt": clock.now()}
    recommender = backend.add(RECOMMENDER, members)
    backend.start(recommender, _training(backend, recommender, config))
    return created(recommender)


def _checked_config(
    backend: PersonalizeBackend, group_arn: str, config: dict[str, Any], recipe: Recipe
) -> dict[str, Any]:
    check_exploration(config, recipe)
    check_columns(config.get("trainingDataConfig", {}), schemas_of(backend, group_arn))
    return {"minRecommendationRequestsPerSecond": 1, **config}


def _training(backend: PersonalizeBackend, recommender: Resource, config: dict[str, Any]) -> Work:
    """Return the work of training a recommender on what its dataset group holds now."""
    datasets = datasets_of(backend, recommender.members["datasetGroupArn"])
    solution = {
        "recipeArn": recommender.members["recipeArn"],
        "solutionConfig": picked(config, "trainingDataConfig"),
    }
    return lambda: training.train(solution, datasets)


def retrain(backend: PersonalizeBackend, recommender: Resource) -> None:
    """Train a recommender again in the background; nothing of it shows but its answers.

    When it fails, the recommender goes on with what it had.
    """
    recommender.members["trainedAt"] = clock.now()
    train = _training(backend, recommender, recommender.members["recommenderConfig"])

    def replace() -> None:
        try:
            trained = train()
        except Exception as error:  # noqa: BLE001  # nobody waits for it: the log is where it can be told
            _log.warning("%s was not trained again: %r", recommender.arn, error)
            return
        with backend.lock:
            recommender.result = trained

    backend.later(replace)


def _update_recommender(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    recommender = backend.find(RECOMMENDER, params["recommenderArn"])
    if recommender.status not in {Status.ACTIVE, Status.INACTIVE, Status.CREATE_FAILED} or recommender.updating:
        raise ResourceInUseException(f"Recommender {recommender.arn} is {recommender.status} or being updated")
    before = recommender.members["recommenderConfig"]
    recipe = find_recipe(recommender.members["recipeArn"])
    group_arn = recommender.members["datasetGroupArn"]
    config = {**before, **_checked_config(backend, group_arn, params["recommenderConfig"], recipe)}
    failed = recommender.is_at(Status.CREATE_FAILED)
    trains = failed or config.get("trainingDataConfig") != before.get("trainingDataConfig")
    work = _training(backend, recommender, config) if trains else None
    backend.update(recommender, {"recommenderConfig": config}, {"recommenderConfig": config}, work)
    return created(recommender)


def _stop_recommender(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    recommender = backend.find(RECOMMENDER, params["recommenderArn"])
    if not recommender.is_at(Status.ACTIVE) or recommender.updating:
        raise ResourceInUseException(f"Recommender {recommender.arn} is {recommender.status}, not {Status.ACTIVE}")
    recommender.deactivate()
    return created(recommender)


def _start_recommender(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    recommender = backend.find(RECOMMENDER, params["recommenderArn"])
    if not recommender.is_at(Status.INACTIVE) or recommender.updating:
        raise ResourceInUseException(f"Recommender {recommender.arn} is {recommender.status}, not {Status.INACTIVE}")
    recommender.activate()
    return created(recommender)


OPERATIONS: dict[str, Operation] = {
    "CreateCampaign": _create_campaign,
    "UpdateCampaign": _update_campaign,
    "CreateRecommender": _create_recommender,
    "UpdateRecommender": _update_recommender,
    "StopRecommender": _stop_recommender,
    "StartRecommender": _start_recommender,
}
