"""Every operation that is emulated, by its name: Describe, List and Delete come from the table of kinds."""

from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.model import StructureShape
from moto.core.utils import get_service_model

from local.personalize.creation import CREATORS
from local.personalize.exceptions import (
    InvalidInputException,
    NotImplementedException,
    ResourceInUseException,
    ServiceError,
)
from local.personalize.faults import FAULTS
from local.personalize.kinds import KINDS, SOLUTION, SOLUTION_VERSION, UNFINISHED, Kind, Status
from local.personalize.models import PersonalizeBackend, tags_of
from local.personalize.recipes import RECIPES, describe_recipe, find_recipe
from local.personalize.resources import Resource
from local.personalize.validation import validate

Params = dict[str, Any]
Operation = Callable[[PersonalizeBackend, Params], dict[str, Any]]
"""Takes the checked request under the backend's lock; returns the answer, whose shape picks what it knows."""


def _describe(kind: Kind, backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    return {kind.member: _description(backend, backend.find(kind, params[kind.arn_member]))}


def _description(backend: PersonalizeBackend, resource: Resource) -> dict[str, Any]:
    description = resource.describe()
    if resource.kind is SOLUTION:
        versions = backend.all(SOLUTION_VERSION, solutionArn=resource.arn)
        if versions:
            description["latestSolutionVersion"] = versions[-1].describe()
    if resource.kind is SOLUTION_VERSION and resource.result is not None:
        description["trainingHours"] = resource.result.training_hours
    return description


def _list(kind: Kind, backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    selected = {member: params[member] for member in kind.selectors if member in params}
    if kind is SOLUTION_VERSION and "solutionArn" in selected:
        backend.find(SOLUTION, selected["solutionArn"])
    resources = backend.all(kind, **selected)
    return _answer_page(backend, f"List{kind.name}s", kind.list_member, resources, params)


def _answer_page(
    backend: PersonalizeBackend, operation: str, member: str, resources: list[Any], params: Params
) -> dict[str, Any]:
    page, token = backend.page(operation, resources, params.get("maxResults"), params.get("nextToken"))
    answer = {member: [item.describe() if isinstance(item, Resource) else item for item in page]}
    return answer if token is None else {**answer, "nextToken": token}


def _delete(kind: Kind, backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    backend.delete(backend.find(kind, params[kind.arn_member]))
    return {}


def _get_solution_metrics(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    version = backend.find_active(SOLUTION_VERSION, params["solutionVersionArn"])
    return {"solutionVersionArn": version.arn, "metrics": version.result.metrics}


def _stop_solution_version_creation(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    version = backend.find(SOLUTION_VERSION, params["solutionVersionArn"])
    if version.status is Status.CREATE_STOPPING:
        raise ResourceInUseException(f"{version.arn} is being stopped")
    if version.status not in UNFINISHED:
        raise InvalidInputException(f"{version.arn} is {version.status}: only training can be stopped")
    version.stop()
    return {}


def _describe_recipe(_backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    return {"recipe": describe_recipe(find_recipe(params["recipeArn"]))}


def _list_recipes(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    if "domain" in params:
        raise NotImplementedException("A domain's list of recipes")
    recipes = [describe_recipe(recipe) for recipe in RECIPES.values()]
    return _answer_page(backend, "ListRecipes", "recipes", recipes, params)


def _list_tags_for_resource(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    tags = backend.find_any(params["resourceArn"]).tags
    return {"tags": [{"tagKey": key, "tagValue": value} for key, value in tags.items()]}


def _tag_resource(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    backend.find_any(params["resourceArn"]).tags.update(tags_of(params))
    return {}


def _untag_resource(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    tags = backend.find_any(params["resourceArn"]).tags
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


OPERATIONS: dict[str, Operation] = {
    **CREATORS,
    **{f"Describe{kind.name}": partial(_describe, kind) for kind in KINDS.values()},
    **{f"List{kind.name}s": partial(_list, kind) for kind in KINDS.values()},
    **{f"Delete{kind.name}": partial(_delete, kind) for kind in KINDS.values() if kind.deletable},
    "GetSolutionMetrics": _get_solution_metrics,
    "StopSolutionVersionCreation": _stop_solution_version_creation,
    "DescribeRecipe": _describe_recipe,
    "ListRecipes": _list_recipes,
    "ListTagsForResource": _list_tags_for_resource,
    "TagResource": _tag_resource,
    "UntagResource": _untag_resource,
}


def call(backend: PersonalizeBackend, operation: str, params: Params) -> dict[str, Any]:
    """Check a request against the service model and answer it.

    Raises:
        ServiceError: whatever the service would say, or that the operation is not emulated.
    """
    model = get_service_model("personalize")
    if operation not in model.operation_names:
        raise ServiceError(f"Unknown operation {operation}", "UnknownOperationException")
    shape = model.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    validate(params, shape)
    FAULTS.on_call(operation)
    if operation not in OPERATIONS:
        raise NotImplementedException(operation)
    with backend.lock:
        return OPERATIONS[operation](backend, params)
