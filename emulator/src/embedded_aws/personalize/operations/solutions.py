"""Solutions and solution versions.

Rules: CreateSolution, UpdateSolution, CreateSolutionVersion and StopSolutionVersionCreation in the API reference;
Developer Guide, solution-config-auto-training.
"""

import hashlib
from typing import Any, Final

from embedded_aws.personalize import training
from embedded_aws.personalize.contents import Datasets
from embedded_aws.personalize.datasets import datasets_of, schemas_of
from embedded_aws.personalize.exceptions import (
    InvalidInputException,
    JobFailedError,
    NotImplementedException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
)
from embedded_aws.personalize.faults import FAULTS
from embedded_aws.personalize.keys import refused_group
from embedded_aws.personalize.kinds import DATASET, DATASET_GROUP, SOLUTION, SOLUTION_VERSION, UNFINISHED, Status
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.operations.generic import Operation, Params, created, picked
from embedded_aws.personalize.recipes import Recipe, find_recipe
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.settings import (
    INSTEAD_OF_AUTO_ML,
    check_auto_training,
    check_events,
    check_solution_config,
)

NO_INTERACTIONS: Final = (
    "Dataset group must contain an INTERACTIONS dataset with successfully completed dataset import job "
    "or EVENT_INTERACTIONS"
)


def check_data(backend: PersonalizeBackend, group_arn: str, recipe: Recipe) -> None:
    """Check that a dataset group has the data that a recipe needs.

    Raises:
        InvalidInputException: a dataset is missing, or holds nothing.
    """
    holding = {
        dataset.members["datasetType"]
        for dataset in backend.all(DATASET, datasetGroupArn=group_arn)
        if not dataset.result.empty
    }
    for needed in recipe.needs:
        if needed not in holding:
            raise InvalidInputException(
                NO_INTERACTIONS
                if needed == "INTERACTIONS"
                else f"{recipe.arn} needs a dataset of type {needed} with imported records"
            )


def _create_solution(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    if params.get("performAutoML"):
        raise NotImplementedException("performAutoML", INSTEAD_OF_AUTO_ML)
    if "recipeArn" not in params:
        raise InvalidInputException("recipeArn is required")
    recipe = find_recipe(params["recipeArn"])
    if recipe.domain is not None:
        raise InvalidInputException(f"{recipe.arn} is for recommenders: a solution takes a custom recipe")
    check_solution_config(params, recipe, schemas_of(backend, group.arn))
    check_auto_training(params)
    _check_incremental_update(params, recipe)
    check_data(backend, group.arn, recipe)
    defaults = {"performAutoML": False, "performHPO": False, "performAutoTraining": True}
    return created(backend.add(SOLUTION, {**defaults, **params}))


def _check_incremental_update(params: Params, recipe: Recipe) -> None:
    if params.get("performIncrementalUpdate") and not recipe.updates_incrementally:
        raise InvalidInputException(f"performIncrementalUpdate is not a setting of {recipe.arn}")


def _update_solution(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    solution = backend.find_active(SOLUTION, params["solutionArn"])
    if solution.updating:
        raise ResourceInUseException(f"Solution {solution.arn} is being updated")
    recipe = find_recipe(solution.members["recipeArn"])
    config = params.get("solutionUpdateConfig", {})
    trains = params.get("performAutoTraining", solution.members["performAutoTraining"])
    check_auto_training({"performAutoTraining": trains, "solutionConfig": config})
    check_events(config, recipe)
    _check_incremental_update(params, recipe)
    shown = picked(params, "performAutoTraining", "performIncrementalUpdate", "solutionUpdateConfig")
    changed = {
        **picked(params, "performAutoTraining", "performIncrementalUpdate"),
        "solutionConfig": {**solution.members.get("solutionConfig", {}), **config},
    }
    solution.begin_update(shown, changed)
    return created(solution)


def _create_solution_version(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    solution = backend.find_active(SOLUTION, params["solutionArn"])
    mode = params.get("trainingMode", "FULL")
    if mode == "AUTOTRAIN":
        raise NotImplementedException(f"trainingMode {mode}, which the service does not document,")
    for version in backend.all(SOLUTION_VERSION, solutionArn=solution.arn):
        same_name = "name" in params and version.members.get("name") == params["name"]
        if same_name and FAULTS.version_names_are_unique:
            raise ResourceAlreadyExistsException(version.arn)
    recipe = find_recipe(solution.members["recipeArn"])
    before = _updated_version(backend, solution, recipe) if mode == "UPDATE" else None
    check_data(backend, solution.members["datasetGroupArn"], recipe)
    return created(start_training(backend, solution, {**params, "trainingMode": mode}, before))


def _updated_version(backend: PersonalizeBackend, solution: Resource, recipe: Recipe) -> training.Trained:
    """Return what the newest fully trained version of a solution learned."""
    if not recipe.updates:
        raise InvalidInputException(f"trainingMode UPDATE is not a setting of {recipe.arn}")
    full = [
        version
        for version in backend.all(SOLUTION_VERSION, solutionArn=solution.arn, trainingMode="FULL")
        if version.is_at(Status.ACTIVE)
    ]
    if not full:
        raise InvalidInputException("trainingMode UPDATE needs an ACTIVE solution version that was trained with FULL")
    trained: training.Trained = full[-1].result
    return trained


def start_training(
    backend: PersonalizeBackend,
    solution: Resource,
    params: Params,
    before: training.Trained | None = None,
    training_type: str = "MANUAL",
) -> Resource:
    """Create a solution version and train it in the background.

    Args:
        backend: that of the solution.
        solution: what to train.
        params: `name`, `tags` and `trainingMode`.
        before: what to update; None trains from the beginning.
        training_type: MANUAL or AUTOMATIC.
    """
    inherited = {member: value for member, value in solution.members.items() if member != "name"}
    name, group_arn = solution.members["name"], solution.members["datasetGroupArn"]
    members = {
        **inherited,
        **picked(params, "name", "tags", "trainingMode"),
        "solutionArn": solution.arn,
        "trainingType": training_type,
    }
    identifier = hashlib.sha256(f"{name}/{backend.added}".encode()).hexdigest()[:8]
    asked = training_type == "MANUAL"
    version = backend.add(SOLUTION_VERSION, members, asked=asked, solutionName=name, id=identifier)
    full_only = find_recipe(members["recipeArn"]).segments
    datasets = datasets_of(backend, group_arn, full_only=full_only)
    group = backend.find(DATASET_GROUP, group_arn)

    def train() -> training.Trained:
        if refusal := refused_group(backend, group):
            raise JobFailedError(refusal)
        return _train(members, datasets, before)

    backend.start(version, train)
    return version


def _train(members: dict[str, Any], datasets: Datasets, before: training.Trained | None) -> training.Trained:
    return training.train(members, datasets) if before is None else training.update(before, members, datasets)


def _stop_solution_version_creation(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    version = backend.find(SOLUTION_VERSION, params["solutionVersionArn"])
    if version.is_at(Status.CREATE_STOPPING):
        raise ResourceInUseException(f"{version.arn} is being stopped")
    if version.status not in UNFINISHED:
        raise InvalidInputException(f"{version.arn} is {version.status}: only training can be stopped")
    version.stop()
    return {}


def _get_solution_metrics(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    version = backend.find_active(SOLUTION_VERSION, params["solutionVersionArn"])
    return {"solutionVersionArn": version.arn, "metrics": version.result.metrics}


OPERATIONS: dict[str, Operation] = {
    "CreateSolution": _create_solution,
    "UpdateSolution": _update_solution,
    "CreateSolutionVersion": _create_solution_version,
    "StopSolutionVersionCreation": _stop_solution_version_creation,
    "GetSolutionMetrics": _get_solution_metrics,
}
