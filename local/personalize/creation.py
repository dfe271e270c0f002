"""What each Create operation asks for before it creates, in the order in which it is asked."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from local.personalize import batch, importing, training
from local.personalize.choices import MAX_BATCH_RESULTS
from local.personalize.exceptions import (
    InvalidInputException,
    LimitExceededException,
    NotImplementedException,
    ResourceAlreadyExistsException,
)
from local.personalize.kinds import (
    BATCH_INFERENCE_JOB,
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    SOLUTIONS_PER_GROUP,
)
from local.personalize.models import PersonalizeBackend
from local.personalize.recipes import find_recipe
from local.personalize.resources import Resource
from local.personalize.schemas import check_dataset_fits, parse_schema
from local.personalize.settings import check_auto_training, check_exploration, check_solution_config

Params = dict[str, Any]

NO_INTERACTIONS = (
    "Dataset group must contain an INTERACTIONS dataset with successfully completed dataset import job "
    "or EVENT_INTERACTIONS"
)


def _create_schema(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    parse_schema(params["schema"], params.get("domain"))
    return _created(backend.add(SCHEMA, params))


def _create_dataset_group(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    if ("roleArn" in params) != ("kmsKeyArn" in params):
        raise InvalidInputException("roleArn and kmsKeyArn go together")
    group = backend.add(DATASET_GROUP, params)
    return {**_created(group), **_picked(params, "domain")}


def _create_dataset(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    schema = backend.find(SCHEMA, params["schemaArn"])
    dataset_type = params["datasetType"].upper()
    check_dataset_fits(dataset_type, schema.members, group.members)
    members = {**params, "datasetType": dataset_type}
    return _created(backend.add(DATASET, members, datasetGroupName=group.members["name"]))


def _create_dataset_import_job(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    dataset = backend.find_active(DATASET, params["datasetArn"])
    if "dataLocation" not in params["dataSource"]:
        raise InvalidInputException("dataSource.dataLocation is required")
    if "roleArn" not in params:
        raise InvalidInputException("roleArn is required")
    if params.get("publishAttributionMetricsToS3"):
        raise NotImplementedException("publishAttributionMetricsToS3")
    schema = parse_schema(backend.find(SCHEMA, dataset.members["schemaArn"]).members["schema"], None)
    job = backend.add(DATASET_IMPORT_JOB, {"importMode": "FULL", **params})
    backend.start(job, lambda: importing.run(backend, job, dataset, schema))
    return _created(job)


def _create_solution(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    if "recipeArn" not in params:
        if params.get("performAutoML"):
            raise NotImplementedException("performAutoML")
        raise InvalidInputException("recipeArn is required")
    recipe = find_recipe(params["recipeArn"])
    _refuse(params, "performAutoML", "performHPO", "performIncrementalUpdate")
    check_solution_config(params.get("solutionConfig", {}), recipe)
    check_auto_training(params)
    if _interactions(backend, group.arn) is None:
        raise InvalidInputException(NO_INTERACTIONS)
    if len(backend.all(SOLUTION, datasetGroupArn=group.arn)) >= SOLUTIONS_PER_GROUP:
        raise LimitExceededException(f"More than {SOLUTIONS_PER_GROUP} solutions in {group.arn}")
    defaults = {"performAutoML": False, "performHPO": False, "performAutoTraining": True}
    return _created(backend.add(SOLUTION, {**defaults, **params}))


def _create_solution_version(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    solution = backend.find_active(SOLUTION, params["solutionArn"])
    mode = params.get("trainingMode", "FULL")
    if mode != "FULL":
        raise NotImplementedException(f"trainingMode {mode}")
    versions = backend.all(SOLUTION_VERSION, solutionArn=solution.arn)
    for version in versions:
        if "name" in params and version.members.get("name") == params["name"]:
            raise ResourceAlreadyExistsException(version.arn)
    interactions = _interactions(backend, solution.members["datasetGroupArn"])
    if interactions is None:
        raise InvalidInputException(NO_INTERACTIONS)
    inherited = {member: value for member, value in solution.members.items() if member != "name"}
    name = solution.members["name"]
    version = backend.add(
        SOLUTION_VERSION,
        {
            **inherited,
            **_picked(params, "name", "tags"),
            "solutionArn": solution.arn,
            "trainingMode": mode,
            "trainingType": "MANUAL",
        },
        solutionName=name,
        id=hashlib.sha256(f"{name}/{len(versions)}".encode()).hexdigest()[:8],
    )
    items = _dataset(backend, solution.members["datasetGroupArn"], "ITEMS")
    catalogue = None if items is None else items.result
    backend.start(version, lambda: training.train(version.members, interactions.result, catalogue))
    return _created(version)


def _create_batch_inference_job(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    version = backend.find_active(SOLUTION_VERSION, params["solutionVersionArn"])
    recipe = find_recipe(version.members["recipeArn"])
    _refuse(params, "filterArn", "themeGenerationConfig")
    if params.get("batchInferenceJobMode", "BATCH_INFERENCE") != "BATCH_INFERENCE":
        raise NotImplementedException(f"batchInferenceJobMode {params['batchInferenceJobMode']}")
    results = params.get("numResults", 25)
    if not 1 <= results <= MAX_BATCH_RESULTS:
        raise InvalidInputException(f"numResults must be from 1 to {MAX_BATCH_RESULTS}, not {results}")
    check_exploration(params.get("batchInferenceJobConfig", {}), recipe)
    batch.check_locations(params)
    defaults = {"batchInferenceJobMode": "BATCH_INFERENCE", "numResults": results}
    job = backend.add(BATCH_INFERENCE_JOB, {**defaults, **params})
    backend.start(job, lambda: batch.run(backend, job, version.result))
    return _created(job)


def _created(resource: Resource) -> dict[str, Any]:
    return {resource.kind.arn_member: resource.arn}


def _picked(params: Params, *members: str) -> dict[str, Any]:
    return {member: params[member] for member in members if member in params}


def _refuse(params: Params, *members: str) -> None:
    for member in members:
        if params.get(member):
            raise NotImplementedException(member)


def _dataset(backend: PersonalizeBackend, group_arn: str, dataset_type: str) -> Resource | None:
    """Return the dataset of that type if an import into it succeeded."""
    for dataset in backend.all(DATASET, datasetGroupArn=group_arn, datasetType=dataset_type):
        if dataset.result is not None:
            return dataset
    return None


def _interactions(backend: PersonalizeBackend, group_arn: str) -> Resource | None:
    return _dataset(backend, group_arn, "INTERACTIONS")


CREATORS: Mapping[str, Callable[[PersonalizeBackend, Params], dict[str, Any]]] = {
    "CreateSchema": _create_schema,
    "CreateDatasetGroup": _create_dataset_group,
    "CreateDataset": _create_dataset,
    "CreateDatasetImportJob": _create_dataset_import_job,
    "CreateSolution": _create_solution,
    "CreateSolutionVersion": _create_solution_version,
    "CreateBatchInferenceJob": _create_batch_inference_job,
}
