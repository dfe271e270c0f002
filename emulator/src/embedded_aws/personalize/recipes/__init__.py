"""The recipes, by ARN, and what the API tells about them. Another one is another entry in `CUSTOM` or `USE_CASES`."""

from datetime import UTC, datetime
from typing import Any, Final

from embedded_aws.personalize.exceptions import ResourceNotFoundException
from embedded_aws.personalize.recipes.base import Parameter, Recipe
from embedded_aws.personalize.recipes.custom import CUSTOM
from embedded_aws.personalize.recipes.use_cases import USE_CASES

__all__ = [
    "RECIPES",
    "Recipe",
    "describe_algorithm",
    "describe_feature_transformation",
    "describe_recipe",
    "find_recipe",
    "kind",
]

RECIPES: Final = {recipe.arn: recipe for recipe in (*CUSTOM, *USE_CASES)}
"""Every recipe, the custom ones first."""

_ALGORITHM_ARN: Final = "arn:aws:personalize:::algorithm/{}"
_FEATURES_ARN: Final = "arn:aws:personalize:::feature-transformation/{}"

_ALGORITHMS: Final = {"aws-trending-now": "aws-trending-now-custom"}
_TRANSFORMATIONS: Final = {
    "aws-user-personalization": "JSON-percentile-filtering",
    "aws-personalized-ranking": "JSON-percentile-filtering",
    "aws-hrnn": "JSON-percentile-filtering",
    "aws-hrnn-metadata": "featurize_metadata",
    "aws-hrnn-coldstart": "featurize_coldstart",
    "aws-sims": "sims",
    "aws-popularity-count": "sims",
    "aws-item-affinity": "item-affinity",
    "aws-item-attribute-affinity": "item-attribute-affinity",
}
"""Where the recipes' pages name one that is not called like the recipe."""

_PUBLISHED: Final = datetime(2019, 6, 10, tzinfo=UTC)


def find_recipe(arn: str) -> Recipe:
    """Return the recipe of that ARN.

    Raises:
        ResourceNotFoundException: there is no such recipe.
    """
    if arn not in RECIPES:
        raise ResourceNotFoundException(arn)
    return RECIPES[arn]


def describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as `DescribeRecipe` and `ListRecipes` know it; the dates are made up."""
    description = {
        "name": recipe.name,
        "recipeArn": recipe.arn,
        "algorithmArn": _algorithm_arn(recipe),
        "featureTransformationArn": _transformation_arn(recipe),
        "status": "ACTIVE",
        "description": recipe.description,
        "creationDateTime": _PUBLISHED,
        "lastUpdatedDateTime": _PUBLISHED,
        "recipeType": recipe.recipe_type,
    }
    return description if recipe.domain is None else {**description, "domain": recipe.domain}


def describe_algorithm(arn: str) -> dict[str, Any]:
    """Return an algorithm as `DescribeAlgorithm` knows it; image, role and resources are not emulated.

    Raises:
        ResourceNotFoundException: no recipe has such an algorithm.
    """
    for recipe in RECIPES.values():
        if _algorithm_arn(recipe) == arn:
            parameters = recipe.parameters.get("algorithmHyperParameters", {})
            return {
                "name": _name(arn),
                "algorithmArn": arn,
                "defaultHyperParameters": {name: found.default for name, found in parameters.items()},
                "defaultHyperParameterRanges": _ranges(parameters),
                "trainingInputMode": "File",
                "creationDateTime": _PUBLISHED,
                "lastUpdatedDateTime": _PUBLISHED,
            }
    raise ResourceNotFoundException(arn)


def describe_feature_transformation(arn: str) -> dict[str, Any]:
    """Return a feature transformation as `DescribeFeatureTransformation` knows it: of the first recipe that has it.

    Raises:
        ResourceNotFoundException: no recipe has such a feature transformation.
    """
    for recipe in RECIPES.values():
        if _transformation_arn(recipe) == arn:
            parameters = recipe.parameters.get("featureTransformationParameters", {})
            return {
                "name": _name(arn),
                "featureTransformationArn": arn,
                "defaultParameters": {name: found.default for name, found in parameters.items()},
                "status": "ACTIVE",
                "creationDateTime": _PUBLISHED,
                "lastUpdatedDateTime": _PUBLISHED,
            }
    raise ResourceNotFoundException(arn)


def _algorithm_arn(recipe: Recipe) -> str:
    return _ALGORITHM_ARN.format(_ALGORITHMS.get(recipe.name, recipe.name))


def _transformation_arn(recipe: Recipe) -> str:
    return _FEATURES_ARN.format(_TRANSFORMATIONS.get(recipe.name, recipe.name))


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _ranges(parameters: Any) -> dict[str, Any]:
    """Return the ranges of hyperparameters by kind; the default tells integers from other numbers."""
    ranges: dict[str, list[dict[str, Any]]] = {
        "integerHyperParameterRanges": [],
        "continuousHyperParameterRanges": [],
        "categoricalHyperParameterRanges": [],
    }
    for name, parameter in parameters.items():
        ranges[kind(parameter)].append({"name": name, **_limits(parameter), "isTunable": parameter.tunable})
    return ranges


def kind(parameter: Parameter) -> str:
    """Return the member of hyperparameter ranges that lists such a parameter."""
    if parameter.words:
        return "categoricalHyperParameterRanges"
    return "integerHyperParameterRanges" if parameter.whole else "continuousHyperParameterRanges"


def _limits(parameter: Parameter) -> dict[str, Any]:
    if parameter.words:
        return {"values": sorted(parameter.words)}
    number = float if "." in parameter.default else int
    return {"minValue": number(parameter.low), "maxValue": number(parameter.high)}
