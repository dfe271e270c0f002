"""The recipes that are emulated. Another one is another entry in `RECIPES`."""

from datetime import UTC, datetime
from typing import Any

from local.personalize.exceptions import NotImplementedException, ResourceNotFoundException
from local.personalize.recipes import popularity, user_personalization
from local.personalize.recipes.base import RECIPE_ARN, Parameter, Recipe

__all__ = ["RECIPES", "Recipe", "describe_recipe", "find_recipe"]

_TRUTH = Parameter(words=frozenset({"true", "false"}))

RECIPES = {
    recipe.arn: recipe
    for recipe in (
        Recipe(
            name="aws-popularity-count",
            recipe_type="USER_PERSONALIZATION",
            description="Calculates popularity of items based on count of events against that item.",
            fit=popularity.fit,
        ),
        Recipe(
            name="aws-user-personalization",
            recipe_type="USER_PERSONALIZATION",
            description="Predicts items a user will interact with, and explores new ones.",
            fit=user_personalization.fit,
            explores=True,
            parameters={
                "algorithmHyperParameters": {
                    "hidden_dimension": Parameter(32, 256),
                    "bptt": Parameter(2, 32),
                    "recency_mask": _TRUTH,
                },
                "featureTransformationParameters": {
                    "min_user_history_length_percentile": Parameter(0, 1),
                    "max_user_history_length_percentile": Parameter(0, 1),
                },
            },
        ),
        Recipe(
            name="aws-user-personalization-v2",
            recipe_type="USER_PERSONALIZATION",
            description="Predicts items a user will interact with.",
            fit=user_personalization.fit,
            parameters={"algorithmHyperParameters": {"apply_recency_bias": _TRUTH}},
        ),
    )
}
"""By ARN. Types and hyperparameters: the recipes' own pages of the Developer Guide."""

_NOT_EMULATED = frozenset(
    RECIPE_ARN.format(f"aws-{name}")
    for name in (
        "trending-now",
        "personalized-ranking-v2",
        "personalized-ranking",
        "similar-items",
        "sims",
        "semantic-similarity",
        "next-best-action",
        "item-affinity",
        "item-attribute-affinity",
        "hrnn",
        "hrnn-metadata",
        "hrnn-coldstart",
    )
)
_PUBLISHED = datetime(2019, 6, 10, tzinfo=UTC)


def find_recipe(arn: str) -> Recipe:
    """Return the recipe of that ARN.

    Raises:
        NotImplementedException: the service has it, the emulation does not.
        ResourceNotFoundException: there is no such recipe.
    """
    if arn in _NOT_EMULATED:
        raise NotImplementedException(f"The recipe {arn}")
    if arn not in RECIPES:
        raise ResourceNotFoundException(arn)
    return RECIPES[arn]


def describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as `DescribeRecipe` and `ListRecipes` know it; the dates are made up."""
    return {
        "name": recipe.name,
        "recipeArn": recipe.arn,
        "algorithmArn": f"arn:aws:personalize:::algorithm/{recipe.name}",
        "featureTransformationArn": f"arn:aws:personalize:::feature-transformation/{recipe.name}",
        "status": "ACTIVE",
        "description": recipe.description,
        "creationDateTime": _PUBLISHED,
        "lastUpdatedDateTime": _PUBLISHED,
        "recipeType": recipe.recipe_type,
    }
