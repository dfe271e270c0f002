"""Batch inference jobs and batch segment jobs.

Rules: CreateBatchInferenceJob and CreateBatchSegmentJob in the API reference; Developer Guide,
creating-batch-inference-job, creating-batch-seg-job, themed-batch-recommendations and limits.
"""

from typing import Any, Final

from embedded_aws.personalize import batch
from embedded_aws.personalize.asking import check_filter
from embedded_aws.personalize.batch import THEMES
from embedded_aws.personalize.choices import MAX_BATCH_RESULTS
from embedded_aws.personalize.datasets import schemas_of
from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.kinds import BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB, FILTER, SOLUTION_VERSION, Kind
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.operations.generic import Operation, Params, created
from embedded_aws.personalize.recipes import Recipe, find_recipe
from embedded_aws.personalize.recipes.base import Asks
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.schemas import Schema
from embedded_aws.personalize.settings import check_exploration, check_influence

_DEFAULT_RESULTS: Final = 25
_MOST_USERS: Final = 5_000_000


def _create_batch_inference_job(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    version, recipe = _version(backend, params)
    if recipe.segments or not recipe.batch:
        raise InvalidInputException(f"{recipe.arn} cannot be used with batch inference jobs")
    config = params.get("batchInferenceJobConfig", {})
    check_exploration(config, recipe)
    check_influence(config, recipe)
    defaults = {"batchInferenceJobMode": "BATCH_INFERENCE", "numResults": _DEFAULT_RESULTS}
    members = {**defaults, **params}
    _check_results(members["numResults"], MAX_BATCH_RESULTS)
    _check_themes(members, recipe, schemas_of(backend, version.members["datasetGroupArn"]))
    return _start(backend, BATCH_INFERENCE_JOB, members, version)


def _create_batch_segment_job(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    version, recipe = _version(backend, params)
    if not recipe.segments:
        raise InvalidInputException(f"{recipe.arn} cannot be used with batch segment jobs")
    members = {"numResults": _DEFAULT_RESULTS, **params}
    _check_results(members["numResults"], _MOST_USERS)
    return _start(backend, BATCH_SEGMENT_JOB, members, version)


def _version(backend: PersonalizeBackend, params: Params) -> tuple[Resource, Recipe]:
    version = backend.find_active(SOLUTION_VERSION, params["solutionVersionArn"])
    return version, find_recipe(version.members["recipeArn"])


def _check_results(results: int, most: int) -> None:
    if not 1 <= results <= most:
        raise InvalidInputException(f"numResults must be from 1 to {most}, not {results}")


def _check_themes(members: dict[str, Any], recipe: Recipe, schemas: dict[str, Schema]) -> None:
    """Check a job with themes: Similar-Items, a textual column, and the column of the titles."""
    if members["batchInferenceJobMode"] != THEMES:
        if members.get("themeGenerationConfig"):
            raise InvalidInputException(f"themeGenerationConfig needs batchInferenceJobMode {THEMES}")
        return
    if recipe.asks is not Asks.ITEM or not recipe.name.endswith("similar-items"):
        raise InvalidInputException(f"{recipe.arn} cannot be used with {THEMES}")
    if "themeGenerationConfig" not in members:
        raise InvalidInputException(f"batchInferenceJobMode {THEMES} needs themeGenerationConfig")
    fields = schemas["ITEMS"].fields if "ITEMS" in schemas else ()
    title = members["themeGenerationConfig"]["fieldsForThemeGeneration"]["itemName"]
    if not any(field.textual for field in fields) or title not in {field.name for field in fields}:
        raise InvalidInputException(f"Themes need an Items dataset with a textual field and the column {title}")


def _start(backend: PersonalizeBackend, kind: Kind, members: dict[str, Any], version: Resource) -> dict[str, str]:
    found = None
    if "filterArn" in members:
        found = backend.find_active(FILTER, members["filterArn"])
        recipe, group_arn = find_recipe(version.members["recipeArn"]), version.members["datasetGroupArn"]
        check_filter(found, recipe, group_arn)
    batch.check_locations(members)
    job = backend.add(kind, members)
    backend.start(job, lambda: batch.run(backend, job, version, found))
    return created(job)


OPERATIONS: dict[str, Operation] = {
    "CreateBatchInferenceJob": _create_batch_inference_job,
    "CreateBatchSegmentJob": _create_batch_segment_job,
}
