"""What works the same for every kind of resource: Describe, List, Delete, and tags; and the recipes' descriptions."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.kinds import CAMPAIGN, KINDS, RECOMMENDER, SOLUTION, SOLUTION_VERSION, Kind, Status
from embedded_aws.personalize.models import PersonalizeBackend, tags_of
from embedded_aws.personalize.recipes import (
    RECIPES,
    describe_algorithm,
    describe_feature_transformation,
    describe_recipe,
    find_recipe,
)
from embedded_aws.personalize.resources import Resource

Params = dict[str, Any]
Operation = Callable[[PersonalizeBackend, Params], dict[str, Any]]
"""Takes the checked request under the backend's lock; returns the answer, whose shape picks what it knows."""


def created(resource: Resource) -> dict[str, Any]:
    """Return the answer of a Create operation."""
    return {resource.kind.arn_member: resource.arn}


def picked(params: Params, *members: str) -> dict[str, Any]:
    """Return those of the members that the request has."""
    return {member: params[member] for member in members if member in params}


def answer_page(
    backend: PersonalizeBackend, operation: str, member: str, items: Sequence[Resource | dict[str, Any]], params: Params
) -> dict[str, Any]:
    """Return one page of a list, with the token of the next; only the resources on the page are shown."""
    found, token = backend.page(operation, list(items), params.get("maxResults"), params.get("nextToken"))
    page = [item.describe() if isinstance(item, Resource) else item for item in found]
    return {member: page} if token is None else {member: page, "nextToken": token}


def _describe(kind: Kind, backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    resource = backend.find(kind, params[kind.arn_member])
    description = resource.describe()
    if kind is SOLUTION:
        versions = backend.all(SOLUTION_VERSION, solutionArn=resource.arn)
        if versions:
            description["latestSolutionVersion"] = versions[-1].describe(counts=False)
    trained = resource.result if resource.is_at(Status.ACTIVE) else None
    if kind is SOLUTION_VERSION and trained is not None:
        description["trainingHours"] = trained.training_hours
        if trained.tuned_hpo_params:
            description["tunedHPOParams"] = {"algorithmHyperParameters": trained.tuned_hpo_params}
    if kind is RECOMMENDER and resource.result is not None and not resource.unfinished:
        description["modelMetrics"] = resource.result.metrics
    return {kind.member: description}


def _list(kind: Kind, backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    selected = {member: params[member] for member in kind.selectors if member in params}
    if kind in (SOLUTION_VERSION, CAMPAIGN) and "solutionArn" in selected:
        backend.find(SOLUTION, selected["solutionArn"])
    return answer_page(backend, f"List{kind.name}s", kind.list_member, backend.all(kind, **selected), params)


def _delete(kind: Kind, backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    backend.delete(backend.find(kind, params[kind.arn_member]))
    return {}


def _describe_recipe(_backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    return {"recipe": describe_recipe(find_recipe(params["recipeArn"]))}


def _describe_algorithm(_backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    return {"algorithm": describe_algorithm(params["algorithmArn"])}


def _describe_feature_transformation(_backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    return {"featureTransformation": describe_feature_transformation(params["featureTransformationArn"])}


def _list_recipes(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    recipes = [
        describe_recipe(recipe)
        for recipe in RECIPES.values()
        if "domain" not in params or recipe.domain == params["domain"]
    ]
    return answer_page(backend, "ListRecipes", "recipes", recipes, params)


def _taggable(backend: PersonalizeBackend, params: Params) -> Resource:
    resource = backend.find_any(params["resourceArn"])
    if not resource.kind.taggable:
        raise InvalidInputException(f"A {resource.kind.name} cannot have tags")
    return resource


def _list_tags_for_resource(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    tags = _taggable(backend, params).tags
    return {"tags": [{"tagKey": key, "tagValue": value} for key, value in tags.items()]}


def _tag_resource(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    resource = _taggable(backend, params)
    resource.tags = tags_of(params, resource.tags)
    return {}


def _untag_resource(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    tags = _taggable(backend, params).tags
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


OPERATIONS: dict[str, Operation] = {
    **{f"Describe{kind.name}": partial(_describe, kind) for kind in KINDS.values()},
    **{f"List{kind.name}s": partial(_list, kind) for kind in KINDS.values()},
    **{f"Delete{kind.name}": partial(_delete, kind) for kind in KINDS.values() if kind.deletable},
    "DescribeRecipe": _describe_recipe,
    "DescribeAlgorithm": _describe_algorithm,
    "DescribeFeatureTransformation": _describe_feature_transformation,
    "ListRecipes": _list_recipes,
    "ListTagsForResource": _list_tags_for_resource,
    "TagResource": _tag_resource,
    "UntagResource": _untag_resource,
}
